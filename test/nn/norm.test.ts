import { describe, expect, it } from 'vitest'
import {
  BatchNorm,
  CumulativeLayerNorm,
  cumulativeLayerNorm,
  GroupNorm,
  InstanceNorm,
  initialValues,
  LayerNorm,
  layoutOf,
  type Module,
  traceTraining,
} from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { add, constant, input, mul, sizeOf, type Tensor } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'
import { filled, filledTensor, filledValues, run, worst } from './run.ts'

/** Sums of some dozen numbers about 1 in float64, in different orders. */
const tolerance = 1e-12

const momentsOf = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b) / values.length
  return { mean, variance: values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length }
}

/** Weights that do nothing. */
function plain(module: Module): Record<string, Float64Array> {
  const { parameters, buffers } = layoutOf(module)
  const ones = /weight|running_var/
  return Object.fromEntries(
    [...parameters, ...buffers].map(({ name, size }) => [name, new Float64Array(size).fill(ones.test(name) ? 1 : 0)]),
  )
}

describe('batch norm', () => {
  const shape = [4, 3, 5]
  const channel = (values: readonly number[], c: number) => values.filter((_, i) => Math.floor(i / 5) % 3 === c)

  it('3.17 batch norm: in training each channel of the batch has mean 0 and variance 1 (less what eps takes)', async () => {
    const layer = new BatchNorm(3)
    const x = filledTensor(shape, 0.5)
    const { y, before } = await run({ y: traceTraining(() => layer.forward(x)).result, before: add(x, 0) }, plain(layer))
    for (const c of [0, 1, 2]) {
      const { mean, variance } = momentsOf(channel(y, c))
      const original = momentsOf(channel(before, c)).variance
      expect(Math.abs(mean)).toBeLessThan(tolerance)
      expect(Math.abs(variance - original / (original + 1e-5))).toBeLessThan(tolerance)
    }
  })

  it('3.17 batch norm: running statistics move by momentum 0.1 from (0, 1), with the unbiased variance; evaluation uses them', async () => {
    const layer = new BatchNorm(3)
    const x = filledTensor(shape, 0.5)
    const { updates } = traceTraining(() => layer.forward(x))
    const { mean, variance, before } = await run(
      { mean: updates.get(layer.running_mean!)!, variance: updates.get(layer.running_var!)!, before: add(x, 0) },
      plain(layer),
    )
    const moments = [0, 1, 2].map((c) => momentsOf(channel(before, c)))
    expect(
      worst(
        mean,
        moments.map((m) => 0.1 * m.mean),
      ),
    ).toBeLessThan(tolerance)
    expect(
      worst(
        variance,
        moments.map((m) => 0.9 + 0.1 * m.variance * (20 / 19)),
      ),
    ).toBeLessThan(tolerance)
    const statistics = { running_mean: Float64Array.of(1, 2, 3), running_var: Float64Array.of(4, 9, 16) }
    const { y } = await run({ y: layer.forward(x) }, { ...plain(layer), ...statistics })
    const expected = before.map((value, i) => {
      const c = Math.floor(i / 5) % 3
      return (value - [1, 2, 3][c]!) / Math.sqrt([4, 9, 16][c]! + 1e-5)
    })
    expect(worst(y, expected)).toBeLessThan(tolerance)
  })

  it('3.17, 3.18 running variances are unbiased also of two values, where that doubles them, and finite of one', async () => {
    for (const layer of [new BatchNorm(1, { momentum: 1 }), new InstanceNorm(1, { track: true, momentum: 1 })]) {
      for (const [values, expected] of [
        [[1, 3], 2],
        [[5], 0],
      ] as const) {
        const { updates } = traceTraining(() => layer.forward(constant(values, [1, 1, values.length])))
        const { variance } = await run({ variance: updates.get(layer.running_var!)! }, plain(layer))
        expect(variance).toEqual([expected])
      }
    }
  })

  it('3.17 batch norm: without affine it has no parameters, without tracking no buffers, and evaluation then uses its batch', async () => {
    const names = (module: Module) => {
      const { parameters, buffers } = layoutOf(module)
      return [...parameters, ...buffers].map(({ name }) => name)
    }
    expect(names(new BatchNorm(3, { affine: false }))).toEqual(['running_mean', 'running_var'])
    expect(names(new BatchNorm(3, { track: false }))).toEqual(['weight', 'bias'])
    const [bare, tracked] = [new BatchNorm(3, { affine: false, track: false }), new BatchNorm(3)]
    const x = filledTensor(shape, 0.5)
    const { now } = await run({ now: bare.forward(x) })
    const { training } = await run({ training: traceTraining(() => tracked.forward(x)).result }, plain(tracked))
    expect(worst(now, training)).toBeLessThan(tolerance)
    expect(traceTraining(() => bare.forward(x)).updates.size).toBe(0)
    expect([bare.isCausal, tracked.isCausal]).toEqual([false, true])
  })

  it('3.17 batch norm: the momentum of a trace comes before the layer’s: 1 takes the batch alone', async () => {
    const layer = new BatchNorm(3)
    const x = filledTensor(shape, 0.5)
    const { updates } = traceTraining(() => layer.forward(x), { momentum: constant(1) })
    const { mean, before } = await run({ mean: updates.get(layer.running_mean!)!, before: add(x, 0) }, plain(layer))
    expect(
      worst(
        mean,
        [0, 1, 2].map((c) => momentsOf(channel(before, c)).mean),
      ),
    ).toBeLessThan(tolerance)
  })
})

describe('layer, instance and group norm', () => {
  const x = filledTensor([2, 4, 3, 5], 0.5)

  it('3.18 group norm: GN(1) = LN over (C, H, W), GN(C) = IN', async () => {
    const same = async (a: Module, b: Module) => {
      const [{ y: one }, { y: other }] = [
        await run({ y: a.forward(x) as Tensor }, plain(a)),
        await run({ y: b.forward(x) as Tensor }, plain(b)),
      ]
      expect(one).toHaveLength(120)
      expect(worst(one!, other!)).toBeLessThan(tolerance)
    }
    await same(new GroupNorm(1, 4), new LayerNorm([4, 3, 5]))
    await same(new GroupNorm(4, 4), new InstanceNorm(4))
    await same(new GroupNorm(4, 4, { affine: false }), new InstanceNorm(4, { affine: true }))
  })

  it.each([
    ['layer', new LayerNorm(5), 5],
    ['layer, three axes', new LayerNorm([4, 3, 5]), 60],
    ['instance', new InstanceNorm(4), 15],
    ['group', new GroupNorm(2, 4), 30],
  ] as const)('3.18 %s norm: each row has mean 0 and variance 1 (less what eps takes), whatever the others are', async (_, layer, size) => {
    const { y, before } = await run({ y: layer.forward(x), before: add(x, 0) }, plain(layer))
    for (let at = 0; at < 120; at += size) {
      const { mean, variance } = momentsOf(y.slice(at, at + size))
      const original = momentsOf(before.slice(at, at + size)).variance
      expect(Math.abs(mean)).toBeLessThan(tolerance)
      expect(Math.abs(variance - original / (original + 1e-5))).toBeLessThan(tolerance)
    }
  })

  it('3.18 norms: same in training and evaluation, but for an InstanceNorm that tracks', async () => {
    for (const layer of [new LayerNorm(5), new GroupNorm(2, 4), new InstanceNorm(4, { affine: true })]) {
      const { result, updates } = traceTraining(() => layer.forward(x))
      const { training, evaluation } = await run({ training: result, evaluation: layer.forward(x) }, filledValues(layer))
      expect(training).toEqual(evaluation)
      expect(updates.size).toBe(0)
    }
    const tracking = new InstanceNorm(4, { track: true })
    const { updates } = traceTraining(() => tracking.forward(x))
    expect([...updates.keys()]).toEqual([tracking.running_mean, tracking.running_var])
  })

  it('3.17, 3.18 norms start as maps that change nothing: gains 1, offsets 0, running statistics (0, 1)', () => {
    for (const layer of [
      new BatchNorm(2),
      new InstanceNorm(2, { affine: true, track: true }),
      new GroupNorm(1, 2),
      new LayerNorm(2),
      new CumulativeLayerNorm(2),
    ]) {
      for (const [name, values] of initialValues(layer, 1)) {
        const start = /weight|running_var/.test(name) ? 1 : 0
        expect(Array.from(values), `${layer.type} ${name}`).toEqual([start, start])
      }
    }
  })

  it('say which steps they read', () => {
    expect([new LayerNorm(5), new LayerNorm([4, 3, 5]), new GroupNorm(2, 4), new InstanceNorm(4)].map(({ isCausal }) => isCausal)).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(new InstanceNorm(4, { track: true }).isCausal).toBe(true)
  })

  it('refuse arguments that do not fit, by name', () => {
    expect(() => new GroupNorm(3, 4)).toThrow('GroupNorm: 3 groups of 4 channels; groups have to divide them')
    expect(() => new LayerNorm([])).toThrow('LayerNorm: shape []; needs at least one axis')
    expect(() => new BatchNorm(0)).toThrow('BatchNorm: channels 0; allowed are whole numbers ≥ 1')
    expect(() => new GroupNorm(1, 5, { affine: false }).forward(x)).toThrow('GroupNorm: input (2, 4, 3, 5); needs (b, 5, …)')
    expect(() => new BatchNorm(3, { affine: false, track: false }).forward(x)).toThrow('BatchNorm: input (2, 4, 3, 5); needs (b, 3, …)')
    expect(() => new InstanceNorm(3).forward(x)).toThrow('InstanceNorm: input (2, 4, 3, 5); needs (b, 3, …)')
    expect(() => new LayerNorm([3, 4], { affine: false }).forward(x)).toThrow(
      'LayerNorm: input (2, 4, 3, 5); its last axes need to be (3, 4)',
    )
    expect(() => new LayerNorm(4).forward(x)).toThrow(/^layerNorm: input \(2, 4, 3, 5\), weight \(4\)/)
    expect(() => cumulativeLayerNorm(input('x', [2, 3]), input('w', [3]), input('b', [3]))).toThrow(/^cumulativeLayerNorm: input \(2, 3\)/)
    expect(() => cumulativeLayerNorm(input('x', [2, 3, 4]), input('w', [3]), input('b', [3, 1]))).toThrow(
      /^cumulativeLayerNorm: .*bias \(3, 1\)/,
    )
  })
})

describe('cumulative layer norm', () => {
  it('3.18 cumulative layer norm: mean and variance over all channels of the steps so far, as a loop computes them', async () => {
    for (const shape of [
      [2, 3, 7],
      [1, 2, 4, 3],
    ]) {
      const layer = new CumulativeLayerNorm(shape[1]!)
      const values = filledValues(layer)
      const data = filled(shape, 0.5)
      const [batch, channels, steps] = shape as [number, number, number]
      const width = sizeOf(shape.slice(3))
      const expected: number[] = []
      for (let b = 0; b < batch; b++) {
        const at = (c: number, t: number, f: number) => data[((b * channels + c) * steps + t) * width + f]!
        for (let c = 0; c < channels; c++) {
          for (let t = 0; t < steps; t++) {
            const seen: number[] = []
            for (let k = 0; k < channels; k++) for (let s = 0; s <= t; s++) for (let f = 0; f < width; f++) seen.push(at(k, s, f))
            const { mean, variance } = momentsOf(seen)
            for (let f = 0; f < width; f++)
              expected.push(((at(c, t, f) - mean) / Math.sqrt(variance + 1e-5)) * values.weight![c]! + values.bias![c]!)
          }
        }
      }
      expect(worst((await run({ y: layer.forward(constant(data, shape)) }, values)).y, expected)).toBeLessThan(tolerance)
    }
  })

  it('3.18 cumulative layer norm: no step sees a later one, and the last sees what group norm of one group sees', async () => {
    const [causal, whole] = [new CumulativeLayerNorm(3), new GroupNorm(1, 3)]
    expect([causal.isCausal, whole.isCausal]).toEqual([true, false])
    const x = filledTensor([1, 3, 6], 0.5)
    const later = mul(x, constant([1, 1, 1, 1, 9, 9]))
    const { y, changed } = await run({ y: causal.forward(x), changed: causal.forward(later) }, plain(causal))
    const { all } = await run({ all: whole.forward(x) }, plain(whole))
    const at = (values: readonly number[], wanted: (t: number) => boolean) => values.filter((_, i) => wanted(i % 6))
    expect(at(changed, (t) => t < 4)).toEqual(at(y, (t) => t < 4))
    expect(at(changed, (t) => t >= 4)).not.toEqual(at(y, (t) => t >= 4))
    const last = (t: number) => t === 5
    expect(worst(at(y, last), at(all, last))).toBeLessThan(tolerance)
  })

  it('3.18 cumulative layer norm: in float32 a mean a thousand times the deviation leaves three digits, where E[x²] − E[x]² leaves one', async () => {
    const layer = new CumulativeLayerNorm(4)
    const values = plain(layer)
    const shape = [1, 4, 500]
    const x = input('x', shape)
    // What float32 makes of the numbers, on both sides: the difference is that of the arithmetic.
    const data = Float32Array.from(filled(shape, 0.5), (value) => 1000 + value)
    const y = layer.forward(x)
    const backend = await createOnnxRuntimeBackend({ threads: 1 })
    const { y: single } = await runOnce(backend, { y }, { x: data, ...plain32(values) })
    await backend.dispose()
    const { y: double } = await run({ y }, { x: data, ...values })
    expect(worst(Array.from(single as Float32Array), double)).toBeLessThan(2e-3)
    // The textbook's other formula, each operation rounded to float32.
    const mean32 = (of: (value: number) => number) =>
      Math.fround(data.reduce((total, value) => Math.fround(total + Math.fround(of(value))), 0) / 2000)
    const naive = mean32((value) => value ** 2) - Math.fround(mean32((value) => value) ** 2)
    expect(Math.abs(naive - 0.5)).toBeGreaterThan(0.05)
  })
})

function plain32(values: Readonly<Record<string, Float64Array>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, Float32Array.from(list)]))
}
