/** Attention, gates and transformers of FrameTransformer, and how they relate to what everybody has. Numbers of the original: test/goldens. */
import { describe, expect, it } from 'vitest'
import { EvolvedBridgeBlock } from '../../../src/models/frame-transformer/bridge-block.ts'
import { ConvolutionalAttention } from '../../../src/models/frame-transformer/convolutional-attention.ts'
import { EvolvedDecoderBlock } from '../../../src/models/frame-transformer/decoder-block.ts'
import { EvolvedEncoderBlock } from '../../../src/models/frame-transformer/encoder-block.ts'
import { HeadGate, PairGate } from '../../../src/models/frame-transformer/gate.ts'
import { MultichannelAttention } from '../../../src/models/frame-transformer/multichannel-attention.ts'
import type { MultichannelLinear } from '../../../src/models/frame-transformer/multichannel-linear.ts'
import type { PlaneConv } from '../../../src/models/frame-transformer/plane-conv.ts'
import { residualAttention } from '../../../src/models/frame-transformer/residual-attention.ts'
import { RotaryEmbedding } from '../../../src/models/frame-transformer/rotary-embedding.ts'
import { wholeScores } from '../../../src/models/frame-transformer/scores.ts'
import { initialValues, layoutOf, linear, rotary, type Warning, withWarnings } from '../../../src/nn/index.ts'
import {
  concat,
  constant,
  div,
  grad,
  input,
  matmul,
  mul,
  narrow,
  reshape,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../../nn/run.ts'
import { data, expectEqual, outputs, rounding, set, valuesOf } from './support.ts'

/** Scores of attention, before the softmax: (b, heads, t, t'). */
const heads = (x: Tensor, count: number) => transpose(reshape(x, [...x.shape.slice(0, -1), count, x.shape.at(-1)! / count]), [0, 2, 1, 3])

describe('attention', () => {
  it('4.12 RotaryEmbedding: norms stay, and scores depend on the difference of positions only, of any number of features', async () => {
    for (const d of [2, 5, 6]) {
      const layer = new RotaryEmbedding(d)
      const [q, k] = [filledTensor([1, d], 0.5), filledTensor([1, d], 2)]
      const score = (m: number, n: number) => sum(mul(layer.forward(q, [m]), layer.forward(k, [n])))
      const { near, far, other, before, after } = await run({
        near: score(9, 4),
        far: score(105, 100),
        other: score(9, 6),
        before: sum(square(q)),
        after: sum(square(layer.forward(q, [77]))),
      })
      expect(Math.abs(near[0]! - far[0]!)).toBeLessThan(rounding)
      expect(Math.abs(near[0]! - other[0]!)).toBeGreaterThan(1e-2)
      expect(Math.abs(before[0]! - after[0]!)).toBeLessThan(rounding)
    }
    const even = filledTensor([2, 4], 0.5)
    await expectEqual(new RotaryEmbedding(4).forward(even), rotary(even))
    expect(() => new RotaryEmbedding(4).forward(input('x', [2, 3]))).toThrow('RotaryEmbedding: input (2, 3); needs (…, t, 4)')
  })

  it('4.12 RotaryEmbedding: of single features has no positions, and says so', async () => {
    const heard: Warning[] = []
    const x = filledTensor([3, 1], 0.5)
    const y = withWarnings(
      (warning) => heard.push(warning),
      () => new RotaryEmbedding(1).forward(x),
    )
    await expectEqual(y, x)
    expect(heard.map(({ code, message }) => [code, message])).toEqual([['unturned-positions', expect.stringContaining('heads of one bin')]])
  })

  /** Convolutions that pass the frame on. */
  const passing = (values: Record<string, Float64Array>) => {
    for (const part of ['q_proj', 'k_proj', 'v_proj']) {
      set(values, new RegExp(`${part}.0.weight`), (i) => Number(i % 9 === 4))
      set(values, new RegExp(`${part}.0.bias`), () => 0)
    }
  }

  it('4.13 MultichannelAttention: with such convolutions it is attention with rotary positions, scaled by all bins', async () => {
    const layer = new MultichannelAttention(1, 2, 8)
    layoutOf(layer)
    const x = filledTensor([2, 1, 5, 8], 0.3)
    const rows = reshape(x, [2, 5, 8])
    const weight = (projection: typeof layer.q_proj) => reshape((projection[1] as MultichannelLinear).weight_pw!, [8, 8])
    const project = (projection: typeof layer.q_proj) => heads(linear(rows, weight(projection)), 2)
    const [q, k, v] = [rotary(project(layer.q_proj)), rotary(project(layer.k_proj)), project(layer.v_proj)]
    const scores = div(matmul(q, transpose(k, [0, 1, 3, 2])), Math.sqrt(8))
    const mixed = reshape(transpose(matmul(softmax(scores), v), [0, 2, 1, 3]), [2, 5, 8])
    const found = layer.forward(x)
    await expectEqual(found.output, reshape(linear(mixed, reshape(layer.o_proj.weight_pw!, [8, 8])), x.shape), valuesOf(layer, passing))
    await expectEqual(wholeScores(found.scores), reshape(scores, [2, 1, 2, 5, 5]), valuesOf(layer, passing))
  })

  it('4.13 MultichannelAttention: channels know of each other by the convolutions alone', async () => {
    const layer = new MultichannelAttention(2, 2, 4)
    layoutOf(layer)
    const x = input('x', [1, 2, 3, 4])
    const first = sum(square(narrow(layer.forward(x).output, 1, 0, 1)))
    const [dx] = grad(first, [x])
    const change = (only: boolean) => (values: Record<string, Float64Array>) => {
      if (only)
        for (const part of ['q_proj', 'k_proj', 'v_proj']) set(values, new RegExp(`${part}.0.weight`), (i) => Number(i === 4 || i === 31))
    }
    const at = async (only: boolean) =>
      (await run({ dx: dx! }, { ...valuesOf(layer, change(only)), x: await data(filledTensor([1, 2, 3, 4], 0.1)) })).dx.slice(12)
    expect((await at(true)).every((value) => value === 0)).toBe(true)
    expect((await at(false)).every((value) => value !== 0)).toBe(true)
  })

  it('4.13 MultichannelAttention: attends to a memory of any length, and where large scores say', async () => {
    const layer = new MultichannelAttention(1, 1, 4)
    layoutOf(layer)
    const [x, memory] = [filledTensor([1, 1, 2, 4], 0.3), filledTensor([1, 1, 5, 4], 0.6)]
    const values = valuesOf(layer, passing)
    const bias = constant([0, 0, 0, 1000, 0, 1000, 0, 0, 0, 0], [1, 1, 1, 2, 5])
    const seen = concat([narrow(memory, 2, 3, 4), narrow(memory, 2, 0, 1)], 2)
    const [, matrix] = layer.v_proj as readonly [PlaneConv, MultichannelLinear]
    await expectEqual(layer.forward(x, { memory, previous: bias }).output, layer.o_proj.forward(matrix.forward(seen)), values)
    expect(() => new MultichannelAttention(1, 3, 8)).toThrow('MultichannelAttention: 8 bins for 3 heads; the heads have to divide the bins')
    expect(() => new MultichannelAttention(1, 2, 8, { projection: 'linear' as 'linear-conv' })).toThrow(
      'allowed are conv-linear, linear-conv',
    )
  })

  it('4.14 ConvolutionalAttention: with kernels of one it is attention over all positions, numbered bin by bin', async () => {
    const layer = new ConvolutionalAttention(4, 2, { kernel: 1, padding: 0 })
    layoutOf(layer)
    const [frames, bins] = [3, 2]
    const x = filledTensor([1, 4, frames, bins], 0.3)
    // (1, positions, channels), the first bin's frames before the second's.
    const rows = reshape(transpose(x, [0, 3, 2, 1]), [1, frames * bins, 4])
    const project = (conv: PlaneConv) => heads(linear(rows, reshape(conv.weight, [4, 4]), conv.bias), 2)
    const [q, k, v] = [rotary(project(layer.q_proj)), rotary(project(layer.k_proj)), project(layer.v_proj)]
    const attended = matmul(softmax(div(matmul(q, transpose(k, [0, 1, 3, 2])), 2)), v)
    const joined = linear(
      reshape(transpose(attended, [0, 2, 1, 3]), [1, frames * bins, 4]),
      reshape(layer.o_proj.weight, [4, 4]),
      layer.o_proj.bias,
    )
    await expectEqual(layer.forward(x).output, transpose(reshape(joined, [1, bins, frames, 4]), [0, 3, 2, 1]), valuesOf(layer))
    expect(() => new ConvolutionalAttention(4, 3)).toThrow('4 channels for 3 heads; the heads have to divide the channels')
  })

  it('4.15 residual attention: scores are the sum of all layers so far', async () => {
    const [q, k, v] = [filledTensor([2, 3, 4], 0.1), filledTensor([2, 3, 4], 0.5), filledTensor([2, 3, 4], 0.9)]
    const one = residualAttention(q, k, v, { scale: 0.5 })
    const two = residualAttention(k, q, v, { scale: 0.25, previous: one.scores })
    const own = matmul(k, transpose(q, [0, 2, 1]))
    const scores = mul(own, 0.25)
    const { sum: both, manual } = await run({ sum: sub(wholeScores(two.scores), wholeScores(one.scores)), manual: scores })
    expect(worst(both, manual)).toBeLessThan(rounding)
    const alone = residualAttention(k, q, v, { scale: 0.25 })
    const { joined, single } = await run({ joined: two.output, single: alone.output })
    expect(worst(joined, single)).toBeGreaterThan(1e-2)
    expect(two.scores.shape).toEqual(one.scores.shape)
  })
})

describe('transformers', () => {
  const options = { maps: 2, heads: 2, expansion: 3, dropout: 0 }

  /** Of all parameters, those that the gradient does not reach. */
  async function unreached(module: Parameters<typeof layoutOf>[0], loss: Tensor, feeds: Record<string, Float64Array>): Promise<string[]> {
    const { parameters } = layoutOf(module)
    const gradients = grad(
      loss,
      parameters.map(({ parameter }) => parameter),
    )
    const found = await run(Object.fromEntries(parameters.map(({ name }, i) => [`gradient ${name}`, gradients[i]!])), {
      ...valuesOf(module),
      ...feeds,
    })
    return parameters.map(({ name }) => name).filter((name) => found[`gradient ${name}`]!.every((value) => value === 0))
  }

  it('4.16 EvolvedEncoderBlock: without its sublayers it is the embedding; every parameter learns', async () => {
    const block = new EvolvedEncoderBlock(3, 4, options)
    const x = input('x', [1, 3, 5, 4])
    const feeds = { x: await data(filledTensor(x.shape, 0.3)) }
    const { joined, maps } = block.forward(x)
    expect(joined.shape).toEqual([1, 5, 5, 4])
    layoutOf(block)
    const silent = valuesOf(block, (values) => set(values, /^(glu.0|conv1a|conv1b|conv2|attn.o_proj|conv4).weight_pw/, () => 0))
    await expectEqual(maps, block.embed!.forward(x), { ...silent, ...feeds })
    await expectEqual(joined, concat([x, maps], 1), { ...silent, ...feeds })
    expect(await unreached(block, sum(square(joined)), feeds)).toEqual([])
  })

  it('4.17 EvolvedDecoderBlock: every parameter learns, and so does what the encoder gave', async () => {
    const block = new EvolvedDecoderBlock(3, 4, options)
    const names = { x: [1, 3, 5, 4], maps: [1, 2, 5, 4], scores: [1, 2, 2, 5, 5], self: [1, 2, 2, 5, 5], cross: [1, 2, 2, 5, 5] } as const
    const given = Object.fromEntries(Object.entries(names).map(([name, shape]) => [name, input(name, shape)])) as Record<
      keyof typeof names,
      Tensor
    >
    const feeds: Record<string, Float64Array> = {}
    for (const [i, [name, shape]] of Object.entries(names).entries()) feeds[name] = await data(filledTensor(shape, 0.1 * i))
    const { joined } = block.forward(given.x, given, given)
    expect(await unreached(block, sum(square(joined)), feeds)).toEqual([])
    const [dm, ds] = grad(sum(square(joined)), [given.maps, given.scores])
    const { ofMaps, ofScores } = await run({ ofMaps: dm!, ofScores: ds! }, { ...valuesOf(block), ...feeds })
    for (const gradient of [ofMaps, ofScores]) expect(gradient.some((value) => value !== 0)).toBe(true)
    expect(() => block.forward(given.x, given)).toThrow('previous has no cross; a block with hasPrevious needs the scores')
  })

  it('4.18 gates: are in 0…1, and choose one side as their bias says', async () => {
    const gate = new PairGate(2)
    const [a, b] = [filledTensor([1, 2, 3, 4, 4], 0.2), filledTensor([1, 2, 3, 4, 4], 0.9)]
    const trace = () => gate.forward(a, b)
    const between = await outputs(gate, trace)
    expect(between.gate.every((value) => value > 0 && value < 1)).toBe(true)
    expect(between.gate.length).toBe(48)
    for (const [bias, side] of [
      [1000, a],
      [-1000, b],
    ] as const) {
      const { mixed } = await outputs(gate, trace, (values) => set(values, /2.bias/, () => bias))
      expect(worst(mixed, Array.from(await data(side)))).toBeLessThan(rounding)
    }
    const head = new HeadGate(2, 3)
    layoutOf(head)
    const { gate: half, mixed } = await run({ ...head.forward(a, b) }, Object.fromEntries(initialValues(head, 1)))
    expect(half).toEqual(Array(6).fill(0.5))
    const mean = Array.from(await data(div(concat([a, b], 0), 2)))
    expect(
      worst(
        mixed,
        mixed.map((_, i) => mean[i]! + mean[i + mixed.length]!),
      ),
    ).toBeLessThan(rounding)
  })

  it('4.19 bridge: restarts from its input, as in the original, or sums; then the first sublayers learn without attention too', async () => {
    const gluGradient = async (residual: 'restart' | 'sum') => {
      const block = new EvolvedBridgeBlock(4, { heads: 2, expansion: 2, residual, dropout: 0 })
      layoutOf(block)
      const x = filledTensor([1, 4, 3, 2], 0.3)
      const [gradient] = grad(sum(square(block.forward(x).output)), [block.glu[0].weight])
      return (
        await run(
          { g: gradient! },
          valuesOf(block, (values) => set(values, /attn.o_proj/, () => 0)),
        )
      ).g
    }
    expect((await gluGradient('restart')).every((value) => value === 0)).toBe(true)
    expect((await gluGradient('sum')).every((value) => value !== 0)).toBe(true)
  })
})
