/** What FrameTransformer's layers are made of, and how they relate to layers that everybody has. Numbers of the original: test/goldens. */
import { describe, expect, it } from 'vitest'
import { ConvolutionalEmbedding } from '../../../src/models/frame-transformer/convolutional-embedding.ts'
import { foldedConv2d, gainsByFolding } from '../../../src/models/frame-transformer/folded-conv.ts'
import { FrameConv } from '../../../src/models/frame-transformer/frame-conv.ts'
import { FrameDecoder, FrameEncoder } from '../../../src/models/frame-transformer/levels.ts'
import { MultichannelLinear } from '../../../src/models/frame-transformer/multichannel-linear.ts'
import { ChannelNorm, MultichannelLayerNorm } from '../../../src/models/frame-transformer/norms.ts'
import { PlaneConv } from '../../../src/models/frame-transformer/plane-conv.ts'
import { ResBlock } from '../../../src/models/frame-transformer/res-block.ts'
import { initialValues, layoutOf, linear, loadStateDict, squaredRelu, traceTraining } from '../../../src/nn/index.ts'
import {
  concat,
  constant,
  conv2d,
  div,
  grad,
  input,
  layerNorm,
  narrow,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../../nn/run.ts'
import { data, expectEqual, outputs, rounding, set, valuesOf } from './support.ts'

const sizes = (inputs: number, outputs: number, inputBins: number, outputBins: number) => ({ inputs, outputs, inputBins, outputBins })

describe('dense layers', () => {
  it('4.3 MultichannelLinear: is a linear layer for each channel', async () => {
    const layer = new MultichannelLinear(sizes(3, 3, 4, 5))
    const x = filledTensor([2, 3, 6, 4], 0.4)
    layoutOf(layer)
    const each = [0, 1, 2].map((c) => linear(narrow(x, 1, c, c + 1), reshape(narrow(layer.weight_pw!, 0, c, c + 1), [5, 4])))
    await expectEqual(layer.forward(x), concat(each, 1), valuesOf(layer))
  })

  it('4.3 MultichannelLinear: mixes channels as a 1×1 convolution does', async () => {
    const layer = new MultichannelLinear(sizes(3, 2, 4, 4), { positionwise: false, bias: true })
    const x = filledTensor([2, 3, 6, 4], 0.4)
    layoutOf(layer)
    const mixed = conv2d(x, reshape(layer.weight_dw!, [2, 3, 1, 1]))
    await expectEqual(sub(layer.forward(x), layer.bias_dw!), mixed, valuesOf(layer))
  })

  it('4.3 MultichannelLinear: one channel for one channel is a factor', async () => {
    const layer = new MultichannelLinear(sizes(1, 1, 4, 5), { depthwise: true })
    const plain = new MultichannelLinear(sizes(1, 1, 4, 5))
    const x = filledTensor([2, 1, 6, 4], 0.4)
    layoutOf(layer)
    layoutOf(plain)
    const values = valuesOf(layer)
    const [{ y }, { z }] = [await run({ y: layer.forward(x) }, values), await run({ z: plain.forward(x) }, values)]
    const [factor] = values.weight_dw!
    const scaled = z.map((value) => factor! * value)
    expect(worst(y, scaled)).toBeLessThan(rounding)
  })

  it('4.3 MultichannelLinear: has matrices only where they are asked for or bins or channels change', () => {
    const names = (layer: MultichannelLinear) => layoutOf(layer).parameters.map(({ name, parameter: { shape } }) => `${name} ${shape}`)
    expect(names(new MultichannelLinear(sizes(2, 2, 4, 4)))).toEqual(['weight_pw 2,4,4'])
    expect(names(new MultichannelLinear(sizes(2, 3, 4, 4), { positionwise: false }))).toEqual(['weight_dw 3,2'])
    expect(names(new MultichannelLinear(sizes(2, 3, 4, 5), { positionwise: false, bias: true }))).toEqual([
      'weight_pw 2,5,4',
      'bias_pw 2,5,1',
      'weight_dw 3,2',
      'bias_dw 3,1,1',
    ])
    const values = initialValues(new MultichannelLinear(sizes(9, 9, 16, 16), { depthwise: true }), 1)
    const most = (name: string) => Math.max(...values.get(name)!.map(Math.abs))
    for (const [name, bound] of [
      ['weight_pw', 1 / 4],
      ['weight_dw', 1 / 3],
    ] as const) {
      expect(most(name)).toBeLessThanOrEqual(bound)
      expect(most(name)).toBeGreaterThan(0.9 * bound)
    }
    expect(() => new MultichannelLinear(sizes(2, 2, 4, 4), { positionwise: false })).toThrow('nothing is left of it')
    expect(() => new MultichannelLinear(sizes(2, 0, 4, 4))).toThrow('MultichannelLinear: outputs 0; allowed are whole numbers ≥ 1')
    expect(() => new MultichannelLinear(sizes(2, 2, 4, 4)).forward(input('x', [1, 3, 2, 4]))).toThrow('needs (b, c, t, i) and (c, o, i)')
  })

  it('4.4 FrameConv: an identity matrix leaves the convolution, a kernel of one number the matrix', async () => {
    const layer = new FrameConv(sizes(2, 2, 4, 4), { groups: 2 })
    const x = filledTensor([2, 2, 6, 4], 0.4)
    layoutOf(layer)
    const convolved = layer.conv.forward(x)
    await expectEqual(
      layer.forward(x),
      convolved,
      valuesOf(layer, (values) => set(values, /weight_pw/, (i) => Number(i % 16 === 5 * ((i % 16) >> 2)))),
    )
    const dense = new MultichannelLinear(sizes(2, 2, 4, 4))
    layoutOf(dense)
    const delta = valuesOf(layer, (values) => {
      set(values, /conv.weight/, (i) => Number(i % 9 === 4))
      set(values, /conv.bias/, () => 0)
    })
    const [{ y }, { z }] = [await run({ y: layer.forward(x) }, delta), await run({ z: dense.forward(x) }, delta)]
    expect(worst(y, z)).toBeLessThan(rounding)
  })

  it('4.4 large convolutions of few channels are folded, and equal to what they are', async () => {
    const [x, weight] = [input('x', [2, 4, 40, 3]), input('weight', [4, 2, 11, 3])]
    expect(gainsByFolding(x, weight, 2)).toBe(true)
    expect(gainsByFolding(input('few', [2, 4, 31, 3]), weight, 2)).toBe(false)
    expect(gainsByFolding(x, input('small', [4, 2, 5, 3]), 2)).toBe(false)
    expect(gainsByFolding(x, input('tall', [4, 2, 19, 3]), 2)).toBe(false)
    expect(gainsByFolding(x, input('wide', [6, 2, 11, 3]), 2)).toBe(false)
    const of = (y: Tensor) => ({ y, gradients: grad(sum(square(y)), [x, weight]) })
    const plain = of(conv2d(x, weight, { padding: [5, 1], groups: 2 }))
    const folded = of(foldedConv2d(x, weight, { padding: [5, 1], groups: 2 }))
    const values = { x: await data(filledTensor([2, 4, 40, 3], 0.1)), weight: await data(filledTensor([4, 2, 11, 3], 0.7)) }
    await expectEqual(folded.y, plain.y, values)
    for (const [i, gradient] of folded.gradients.entries()) await expectEqual(div(gradient, 1000), div(plain.gradients[i]!, 1000), values)
    // As the networks use it.
    const layer = new PlaneConv(1, 1, [3, 9], { padding: [1, 4] })
    layoutOf(layer)
    const map = filledTensor([1, 1, 40, 3], 0.1)
    await expectEqual(
      sub(layer.forward(map), layer.bias!),
      conv2d(map, transpose(layer.weight, [0, 1, 3, 2]), { padding: [4, 1] }),
      valuesOf(layer),
    )
  })
})

describe('squared ReLU', () => {
  it('4.7 squared ReLU: 3 → 9, −3 → 0, with slopes 6 and 0', async () => {
    const x = constant([3, -3])
    const y = squaredRelu(x)
    const { of, slope } = await run({ of: y, slope: grad(sum(y), [x])[0]! })
    expect([of, slope]).toEqual([
      [9, 0],
      [6, 0],
    ])
  })
})

describe('norms', () => {
  it('4.5 MultichannelLayerNorm: is layer norm for one channel, and has gains of its own for each', async () => {
    const one = new MultichannelLayerNorm(1, 4)
    layoutOf(one)
    const x = filledTensor([2, 1, 3, 4], 0.3)
    await expectEqual(one.forward(x), layerNorm(x, reshape(one.weight, [4]), reshape(one.bias, [4]), 1e-8), valuesOf(one))
    const layer = new MultichannelLayerNorm(2, 4)
    const trace = () => ({ y: layer.forward(filledTensor([1, 2, 3, 4], 0.3)) })
    const first = (values: Record<string, Float64Array>) => {
      values.weight![0]! += 1
      values.bias![3]! += 1
    }
    const [before, after] = [(await outputs(layer, trace)).y, (await outputs(layer, trace, first)).y]
    expect(after.slice(12)).toEqual(before.slice(12))
    expect(worst(after.slice(0, 12), before.slice(0, 12))).toBeGreaterThan(0.1)
  })

  it('4.5 MultichannelLayerNorm: adds 1e-8, one bin is its bias, and what is not trained is kept', async () => {
    const layer = new MultichannelLayerNorm(1, 2)
    layoutOf(layer)
    const { y } = await run(
      { y: layer.forward(constant([0, 2e-4], [1, 1, 1, 2])) },
      { weight: Float64Array.of(1, 1), bias: Float64Array.of(0, 0) },
    )
    expect(worst(y, [-Math.SQRT1_2, Math.SQRT1_2])).toBeLessThan(rounding)
    const single = new MultichannelLayerNorm(1, 1, { trainable: false })
    expect([layoutOf(single).parameterCount, layoutOf(single).bufferCount]).toEqual([0, 2])
    const { z } = await run({ z: single.forward(constant([7], [1, 1, 1, 1])) }, { weight: Float64Array.of(3), bias: Float64Array.of(5) })
    expect(z).toEqual([5])
    expect(() => layer.forward(input('x', [1, 1, 3, 4]))).toThrow('MultichannelLayerNorm: input (1, 1, 3, 4); needs (b, 1, t, 2)')
  })

  it('4.6 ChannelNorm: the channels of each bin have mean 0 and deviation 1', async () => {
    const layer = new ChannelNorm(3)
    const change = (values: Record<string, Float64Array>) => {
      set(values, /weight/, () => 1)
      set(values, /bias/, () => 0)
    }
    const { y } = await outputs(layer, () => ({ y: layer.forward(filledTensor([1, 3, 2, 2], 0.3)) }), change)
    for (let at = 0; at < 4; at++) {
      const channels = [y[at]!, y[at + 4]!, y[at + 8]!]
      expect(Math.abs(channels.reduce((a, b) => a + b))).toBeLessThan(rounding)
      // 1e-5 is added to variances of about a half.
      expect(channels.reduce((total, value) => total + value ** 2, 0) / 3).toBeCloseTo(1, 3)
    }
    expect(() => layer.forward(input('x', [1, 2, 3, 4]))).toThrow('ChannelNorm: input (1, 2, 3, 4); needs (b, 3, t, f)')
  })
})

describe('levels', () => {
  it('4.8 ResBlock: without its second convolution it is the way beside it', async () => {
    const block = new ResBlock(2, 2, 4)
    const x = filledTensor([1, 2, 3, 4], 0.3)
    layoutOf(block)
    expect(block.identity).toBeUndefined()
    await expectEqual(
      block.forward(x),
      x,
      valuesOf(block, (values) => set(values, /conv2/, () => 0)),
    )
    expect(layoutOf(new ResBlock(2, 3, 4)).parameters.map(({ name }) => name)).toEqual([
      'norm.weight',
      'norm.bias',
      'conv1.weight',
      'conv2.weight',
      'identity.weight',
    ])
  })

  it.each(['channels', 'elements'] as const)('4.8 ResBlock: training drops %s of the branch', async (dropoutMode) => {
    const block = new ResBlock(6, 6, 4, { dropout: 0.5, dropoutMode })
    const x = filledTensor([4, 6, 5, 4], 0.3)
    layoutOf(block)
    const branch = () => sub(block.forward(x), x)
    const { result } = traceTraining(branch, { key: constant([1, 2], [2], 'int32') })
    const { trained, evaluated } = await run({ trained: result, evaluated: branch() }, valuesOf(block))
    const maps = Array.from({ length: 24 }, (_, map) => {
      const factors = trained.slice(20 * map, 20 * map + 20).map((value, i) => value / evaluated[20 * map + i]!)
      return new Set(factors.filter(Number.isFinite).map((factor) => Math.round(factor * 1e6) / 1e6))
    })
    const all = new Set(maps.flatMap((factors) => [...factors]))
    expect([...all].sort()).toEqual([0, 2])
    expect(maps.some((factors) => factors.size > 1)).toBe(dropoutMode === 'elements')
    expect(() => new ResBlock(1, 1, 4, { dropout: 2 })).toThrow('ResBlock: dropout 2; allowed are numbers in 0…1')
  })

  it('4.9, 4.10 FrameEncoder and FrameDecoder: halve and double the bins, and keep the frames', async () => {
    const x = input('x', [2, 3, 7, 8])
    expect(new FrameEncoder(3, 5, 8).forward(x).shape).toEqual([2, 5, 7, 4])
    expect(new FrameEncoder(3, 5, 8, { downsample: false }).forward(x).shape).toEqual([2, 5, 7, 8])
    const decoder = new FrameDecoder(5, 4, 16)
    const skip = input('skip', [2, 2, 7, 16])
    const y = decoder.forward(x, skip)
    expect(y.shape).toEqual([2, 4, 7, 16])
    layoutOf(decoder)
    const values = { ...valuesOf(decoder), x: await data(filledTensor(x.shape, 0.1)), skip: await data(filledTensor(skip.shape, 0.2)) }
    const { dx, ds } = await run({ dx: grad(sum(square(y)), [x])[0]!, ds: grad(sum(square(y)), [skip])[0]! }, values)
    for (const gradient of [dx, ds]) expect(gradient.every((value) => value !== 0)).toBe(true)
  })

  it('4.11 ConvolutionalEmbedding: one channel for any number of frames, another one in each place', async () => {
    const embedding = new ConvolutionalEmbedding(2, 16, { depth: 4, maxFrames: 40 })
    for (const frames of [1, 2, 3, 7, 40]) expect(embedding.forward(input('x', [2, 2, frames, 16])).shape).toEqual([2, 1, frames, 16])
    expect(() => embedding.forward(input('x', [2, 2, 41, 16]))).toThrow('needs (b, 2, t, 16) with t in 1…40 (maxFrames)')
    expect(() => new ConvolutionalEmbedding(2, 16, { depth: 6 })).toThrow(
      'ConvolutionalEmbedding: 16 bins at depth 6; needs an even number ≥ 32',
    )
    const constantInput = constant(new Float64Array(2 * 6 * 16).fill(0.5), [1, 2, 6, 16])
    const { y } = await outputs(embedding, () => ({ y: embedding.forward(constantInput) }))
    const frames = Array.from({ length: 6 }, (_, t) => y.slice(16 * t, 16 * t + 16))
    for (const [t, frame] of frames.entries()) for (const other of frames.slice(t + 1)) expect(worst(frame, other)).toBeGreaterThan(1e-3)
  })

  it('4.11 ConvolutionalEmbedding: takes the sinusoids of a state, which it computes, and refuses others', () => {
    const embedding = new ConvolutionalEmbedding(1, 4, { depth: 1, maxFrames: 3 })
    const { parameters } = layoutOf(embedding)
    const state = new Map(
      [...initialValues(embedding, 1)].map(([name, values]) => [
        name,
        { shape: parameters.find((slot) => slot.name === name)!.parameter.shape, data: values },
      ]),
    )
    const angles = [0, 1, 2, 0, 1, 2, 0, 0.01, 0.02, 0, 0.01, 0.02]
    const pe = Float32Array.from(angles, (angle, i) => (Math.floor(i / 3) % 2 === 0 ? Math.sin(angle) : Math.cos(angle)))
    expect(loadStateDict(embedding, new Map([...state, ['pe', { shape: [1, 1, 4, 3], data: pe }]])).has('pe')).toBe(false)
    const others = pe.map((value, i) => (i === 7 ? value + 0.01 : value))
    const wrong = new Map([...state, ['pe', { shape: [1, 1, 4, 3], data: others }]])
    expect(() => loadStateDict(embedding, wrong)).toThrow(/"pe" has 0.0199\d* at 7, the model computes/)
  })
})
