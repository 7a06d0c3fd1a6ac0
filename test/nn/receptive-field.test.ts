/** What layers say of their reach, against what their derivative shows: the input steps on which an output step really depends. */
import { describe, expect, it } from 'vitest'
import {
  AvgPool1d,
  BatchNorm,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  layoutOf,
  type Module,
  pointwiseReach,
  receptiveField,
  Sequential,
  Upsample,
  wholeReach,
} from '../../src/nn/index.ts'
import { constant, grad, mul, relu, type Shape, sizeOf, sum, type Tensor } from '../../src/tensor/index.ts'
import { run } from './run.ts'

/** First and last step along axis 2 of the input that each output step depends on, for weights without zeros. */
async function probe(model: Module, shape: Shape): Promise<(readonly [number, number])[]> {
  const { parameters, buffers } = layoutOf(model)
  // Positive, so that nothing cancels and no rectifier closes.
  const feeds = Object.fromEntries([...parameters, ...buffers].map(({ name, size }) => [name, new Float64Array(size).fill(1)]))
  const x = constant(new Float64Array(sizeOf(shape)).fill(1), shape)
  const y = model.forward(x) as Tensor
  const steps = y.shape[2]!
  const perStep = sizeOf(shape.slice(3))
  const spans: (readonly [number, number])[] = []
  for (let step = 0; step < steps; step++) {
    const impulse = constant(
      Array.from({ length: steps }, (_, i) => Number(i === step)),
      [steps, ...y.shape.slice(3).map(() => 1)],
    )
    const [gradient] = grad(sum(mul(y, impulse)), [x])
    const { g } = await run({ g: gradient! }, feeds)
    const read = g.flatMap((value, i) => (value === 0 ? [] : [Math.floor(i / perStep) % shape[2]!]))
    spans.push([Math.min(...read), Math.max(...read)])
  }
  return spans
}

/** The spans of steps whose reach lies inside the input. */
async function inside(model: Module, shape: Shape) {
  const { stride, first, last } = model.reach()
  const spans = await probe(model, shape)
  return spans.flatMap(([from, to], step) => {
    const [low, high] = [stride * step + first, stride * step + last]
    return low >= 0 && high <= shape[2]! - 1 ? [{ from, to, low, high }] : []
  })
}

const stacks: readonly (readonly [string, Module, Shape])[] = [
  ['strides', new Sequential(new Conv1d(1, 1, 3, { stride: 2 }), new Conv1d(1, 1, 4, { stride: 3, padding: 2 })), [1, 1, 40]],
  [
    'dilations, a rectifier, a norm',
    new Sequential(new Conv1d(1, 1, 3, { dilation: 4 }), new BatchNorm(1), relu, new Conv1d(1, 1, 2, { dilation: 3, padding: 1 })),
    [1, 1, 24],
  ],
  ['causal', new Sequential(...[1, 2, 4].map((dilation) => new Conv1d(1, 1, 2, { dilation, padding: 'causal' }))), [1, 1, 12]],
  ['same', new Sequential(new Conv1d(1, 1, 4, { padding: 'same' }), new Conv1d(1, 1, 5, { padding: 'same', dilation: 2 })), [1, 1, 20]],
  ['pooling with padding before', new Sequential(new AvgPool1d(4, { stride: 1, padding: [[2, 0]] }), new AvgPool1d(2)), [1, 1, 14]],
  ['pooling', new Sequential(new Conv1d(1, 1, 3, { padding: 1 }), new AvgPool1d(2), new AvgPool1d(3, { stride: 2 })), [1, 1, 20]],
  [
    'two dimensions, time first',
    new Sequential(new Conv2d(1, 1, [3, 2], { stride: [2, 1] }), new Conv2d(1, 1, [2, 3], { dilation: [2, 1], padding: [1, 1] })),
    [1, 1, 14, 4],
  ],
]

describe('3.12 receptive field', () => {
  it.each(stacks)('3.12 receptive field, %s: an impulse probe sees exactly the computed steps', async (_, model, shape) => {
    const spans = await inside(model, shape)
    expect(spans.length).toBeGreaterThan(2)
    for (const { from, to, low, high } of spans) {
      expect([from, to]).toEqual([low, high])
      expect(to - from + 1).toBe(receptiveField(model.reach()))
    }
    expect(model.isCausal).toBe(model.reach().last <= 0)
  })

  const rising: readonly (readonly [string, Module])[] = [
    ['transposed convolution', new ConvTranspose1d(1, 1, 5, { stride: 2, padding: 1 })],
    ['cut at the end', new ConvTranspose1d(1, 1, 6, { stride: 3, padding: [[0, 3]] })],
    ['dilated', new ConvTranspose1d(1, 1, 2, { stride: 3, dilation: 4 })],
    ['down and up', new Sequential(new Conv1d(1, 1, 4, { stride: 2 }), new ConvTranspose1d(1, 1, 4, { stride: 2 }))],
    ['nearest', new Upsample({ scale: 3 })],
    ['nearest, 2.5', new Upsample({ scale: 2.5 })],
    ['linear, 2', new Upsample({ scale: 2, mode: 'linear' })],
    ['linear, 1.5', new Upsample({ scale: 1.5, mode: 'linear' })],
    ['linear, 3', new Upsample({ scale: 3, mode: 'linear' })],
  ]

  it.each(rising)(
    '3.12 receptive field, %s: where steps multiply, the probe stays inside and some step reaches each end',
    async (name, model) => {
      const spans = await inside(model, [1, 1, 12])
      expect(spans.length).toBeGreaterThan(5)
      for (const { from, to, low, high } of spans) {
        expect(from).toBeGreaterThanOrEqual(low - 1e-9)
        expect(to).toBeLessThanOrEqual(high + 1e-9)
      }
      // Between fractions of steps the ends are bounds, less than a step away.
      const near = name.endsWith('.5') ? 1 : 1e-9
      expect(spans.some(({ from, low }) => Math.abs(from - low) < near)).toBe(true)
      expect(spans.some(({ to, high }) => Math.abs(to - high) < near)).toBe(true)
      const widest = Math.max(...spans.map(({ from, to }) => to - from + 1))
      // A bound where taps further apart than the stride never lie on the input together, or steps between are left out on the way.
      if (near < 1 && !['dilated', 'down and up'].includes(name)) expect(widest).toBe(receptiveField(model.reach()))
      else expect(widest).toBeLessThanOrEqual(receptiveField(model.reach()))
    },
  )

  it('0.4, 3.12 interpolation to a size and between aligned corners reads all, by a factor of one its own step, in a plane as along time', () => {
    expect(new Upsample({ size: 7 }).reach()).toEqual(wholeReach)
    expect(new Upsample({ scale: 2, mode: 'linear', alignCorners: true }).reach()).toEqual(wholeReach)
    expect(new Upsample({ scale: 1, mode: 'linear' }).reach()).toEqual(pointwiseReach)
    expect(new Upsample({ scale: [1, 4], mode: 'bilinear' }).reach()).toEqual(pointwiseReach)
    expect(new Upsample({ scale: [4, 1] }).reach()).toEqual({ stride: 0.25, first: -0.75, last: 0 })
  })

  it('3.11, 3.12 a transposed convolution is causal where nothing is cut off its start', () => {
    expect(new ConvTranspose1d(1, 1, 6, { stride: 3, padding: [[0, 3]] }).isCausal).toBe(true)
    expect(new ConvTranspose1d(1, 1, 6, { stride: 3, padding: [[1, 2]] }).isCausal).toBe(false)
  })

  it('3.12 receptive field: the published ones of a dilated stack and of a strided one', () => {
    // WaveNet's block (van den Oord et al. 2016): kernel 2, dilations 1 … 512, 1024 steps.
    const wavenet = new Sequential(...Array.from({ length: 10 }, (_, i) => new Conv1d(1, 1, 2, { dilation: 2 ** i, padding: 'causal' })))
    expect([receptiveField(wavenet.reach()), wavenet.isCausal]).toEqual([1024, true])
    // AlexNet's first stages (Krizhevsky et al. 2012): kernel 11, 2 more at distance 4, 4 more at distance 8.
    const alexnet = new Sequential(
      new Conv2d(3, 4, 11, { stride: 4, padding: 2 }),
      new AvgPool1d(3, { stride: 2 }),
      new Conv2d(4, 4, 5, { padding: 2 }),
    )
    expect(receptiveField(alexnet.reach())).toBe(51)
  })
})
