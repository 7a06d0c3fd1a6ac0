/** Layers against PyTorch 1.13, given the same weights and inputs: test/goldens/layers.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  Apply,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  BatchNorm,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  Embedding,
  elu,
  Flatten,
  GroupNorm,
  gelu,
  InstanceNorm,
  LayerNorm,
  Linear,
  layoutOf,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  type Module,
  PReLU,
  silu,
  traceTraining,
  Upsample,
} from '../../src/nn/index.ts'
import { constant, grad, leakyRelu, mul, type Shape, softmax, softplus, sum, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, filledValues, run, worst } from './run.ts'

interface Golden {
  readonly shape: Shape
  readonly values: number[]
}

interface Layer {
  readonly state: readonly (readonly [string, Shape])[]
  readonly input: Shape
  readonly y: Golden
  readonly after?: Readonly<Record<string, number[]>>
}

interface Goldens {
  readonly layers: Readonly<Record<string, Layer>>
  readonly embedding: { readonly y: Golden; readonly gradient: Golden }
}

const goldens = JSON.parse(readFileSync('test/goldens/layers.json', 'utf8')) as Goldens

/** float64 on both sides, stored with 9 digits of numbers below 10. */
const tolerance = 1e-8

const layers: Readonly<Record<string, () => Module>> = {
  Linear: () => new Linear(3, 4),
  'Linear, no bias': () => new Linear(3, 2, { bias: false }),
  Conv1d: () => new Conv1d(4, 6, 3, { stride: 3, padding: 3, dilation: 2, groups: 2 }),
  'Conv1d, same': () => new Conv1d(2, 2, 4, { padding: 'same', dilation: 3 }),
  Conv2d: () => new Conv2d(2, 3, [3, 2], { stride: [2, 1], padding: [1, 0], bias: false }),
  Conv3d: () => new Conv3d(2, 2, [2, 3, 1], { stride: [1, 2, 1], padding: [0, 1, 0] }),
  ConvTranspose1d: () => new ConvTranspose1d(4, 2, 3, { stride: 3, padding: 1, outputPadding: 2, dilation: 2, groups: 2 }),
  ConvTranspose2d: () => new ConvTranspose2d(2, 3, [2, 3], { stride: [2, 1], padding: [0, 1] }),
  ConvTranspose3d: () => new ConvTranspose3d(2, 1, [1, 2, 2], { stride: [1, 2, 1] }),
  MaxPool1d: () => new MaxPool1d(3, { stride: 2, padding: 1, dilation: 3 }),
  MaxPool2d: () => new MaxPool2d([2, 3]),
  MaxPool3d: () => new MaxPool3d([1, 2, 2], { stride: 1 }),
  AvgPool1d: () => new AvgPool1d(3, { stride: 2, padding: 1 }),
  AvgPool2d: () => new AvgPool2d([2, 3], { padding: [1, 1], countIncludePad: false }),
  AvgPool3d: () => new AvgPool3d(2, { stride: 1 }),
  'Upsample, nearest': () => new Upsample({ scale: [2, 3] }),
  'Upsample, linear': () => new Upsample({ scale: 3, mode: 'linear' }),
  'Upsample, bilinear': () => new Upsample({ scale: 2, mode: 'bilinear' }),
  'Upsample, corners': () => new Upsample({ size: [5, 4], mode: 'bilinear', alignCorners: true }),
  BatchNorm: () => new BatchNorm(3),
  'BatchNorm, training': () => new BatchNorm(3, { momentum: 0.3, eps: 1e-3 }),
  'BatchNorm, no affine': () => new BatchNorm(3, { affine: false }),
  'BatchNorm, no track': () => new BatchNorm(3, { track: false }),
  LayerNorm: () => new LayerNorm([2, 3]),
  'LayerNorm, no affine': () => new LayerNorm(4, { eps: 1e-3, affine: false }),
  InstanceNorm: () => new InstanceNorm(3),
  'InstanceNorm, affine': () => new InstanceNorm(3, { affine: true }),
  'InstanceNorm, training': () => new InstanceNorm(3, { track: true, momentum: 0.3 }),
  'InstanceNorm, tracked': () => new InstanceNorm(3, { affine: true, track: true }),
  GroupNorm: () => new GroupNorm(2, 4),
  'GroupNorm, no affine': () => new GroupNorm(2, 4, { affine: false }),
  Flatten: () => new Flatten(1, 2),
  PReLU: () => new PReLU(3),
  ELU: () => new Apply(elu),
  GELU: () => new Apply(gelu),
  SiLU: () => new Apply(silu),
  Softplus: () => new Apply(softplus),
  LeakyReLU: () => new Apply(leakyRelu),
  Softmax: () => new Apply(softmax),
}

describe('layers given to PyTorch', () => {
  it('are those of the script', () => {
    expect(Object.keys(goldens.layers).sort()).toEqual(Object.keys(layers).sort())
  })

  it.each(Object.entries(layers))('%s: names and shapes of the state dict, values, running statistics', async (name, create) => {
    const { state, input, y, after = {} } = goldens.layers[name]!
    const layer = create()
    const { parameters, buffers } = layoutOf(layer)
    expect([...parameters, ...buffers].map(({ name: key, parameter: { shape } }) => [key, shape])).toEqual(state)
    const x = filledTensor(input, 0.5)
    const forward = () => layer.forward(x) as Tensor
    const { result, updates } = name.endsWith('training') ? traceTraining(forward) : { result: forward(), updates: new Map() }
    expect(result.shape).toEqual(y.shape)
    const running = buffers.flatMap(({ name: key, parameter }) =>
      updates.has(parameter) ? [[`${key} after`, updates.get(parameter) as Tensor]] : [],
    )
    const outputs = await run({ y: result, ...Object.fromEntries(running) } as Record<string, Tensor>, filledValues(layer))
    expect(worst(outputs.y!, y.values)).toBeLessThan(tolerance)
    expect(running).toHaveLength(Object.keys(after).length)
    for (const [key, values] of Object.entries(after)) expect(worst(outputs[`${key} after`]!, values), key).toBeLessThan(tolerance)
  })

  it('Embedding: values, and a gradient in rows that are used, without the padding’s', async () => {
    const layer = new Embedding(5, 3, { paddingIndex: 2 })
    const feeds = filledValues(layer)
    const y = layer.forward(constant([0, 2, 4, 4, 4, 2], [2, 3], 'int64'))
    const [gradient] = grad(sum(mul(y, constant(filled(y.shape, 0.5), y.shape))), [layer.weight])
    const outputs = await run({ y, gradient: gradient! }, feeds)
    expect(worst(outputs.y, goldens.embedding.y.values)).toBeLessThan(tolerance)
    expect(worst(outputs.gradient, goldens.embedding.gradient.values)).toBeLessThan(tolerance)
  })
})
