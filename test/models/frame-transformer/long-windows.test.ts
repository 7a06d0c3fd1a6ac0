/** Attention and gates in parts: equal to those at once, with equal gradients, and without tensors of all scores. */
import { describe, expect, it } from 'vitest'
import { bodyConfig } from '../../../src/models/frame-transformer/body-config.ts'
import { HeadGate, PairGate } from '../../../src/models/frame-transformer/gate.ts'
import { FrameTransformer } from '../../../src/models/frame-transformer/generator.ts'
import { HeadConv } from '../../../src/models/frame-transformer/head-conv.ts'
import { residualAttention } from '../../../src/models/frame-transformer/residual-attention.ts'
import { intoParts, isProduct, joinParts, partsOf, productScores, wholeScores } from '../../../src/models/frame-transformer/scores.ts'
import { addPerChannel, layoutOf, type Module, traceTraining } from '../../../src/nn/index.ts'
import { watchForwards } from '../../../src/nn/module.ts'
import { add, conv3d, grad, input, type Shape, sin, sizeOf, sum, type Tensor, topologicalOrder } from '../../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from '../../nn/run.ts'
import { expectEqual, rounding, valuesOf } from './support.ts'

/** So few that parts are of two queries, whatever the sizes here. */
const few = 8

/** Outputs, and gradients by inputs and parameters, with so few bytes and without a bound; differences relative to the largest value. */
async function expectEqualInParts(
  trace: (scoreBytes: number | undefined) => readonly Tensor[],
  { inputs, module, tolerance = rounding }: { inputs: readonly Tensor[]; module?: Module; tolerance?: number },
): Promise<void> {
  const parameters = module ? layoutOf(module).parameters.map(({ parameter }) => parameter) : []
  const traced = (scoreBytes: number | undefined) => {
    const outputs = trace(scoreBytes)
    // Sines, so that each number counts differently.
    const loss = outputs.map((x) => sum(sin(x))).reduce(add)
    return [...outputs, ...grad(loss, [...inputs, ...parameters])]
  }
  const [whole, inParts] = [traced(undefined), traced(few)]
  const feeds = Object.fromEntries(inputs.map((x, i) => [x.node.kind === 'input' ? x.node.name : '', filled(x.shape, i + 0.3)]))
  const named = Object.fromEntries(whole.flatMap((x, i) => [[`whole ${i}`, x] as const, [`parts ${i}`, inParts[i]!] as const]))
  const found = await run<string>(named, { ...(module && valuesOf(module)), ...feeds })
  for (const [i, x] of whole.entries()) {
    const expected = found[`whole ${i}`]!
    expect(inParts[i]!.shape).toEqual(x.shape)
    expect(expected.some((value) => value !== 0)).toBe(true)
    const largest = Math.max(...expected.map(Math.abs))
    expect(worst(found[`parts ${i}`]!, expected) / largest).toBeLessThan(tolerance)
  }
}

/** The most numbers in a tensor outside of loops that these are computed by. */
function largestOf(outputs: readonly Tensor[]): number {
  return Math.max(...topologicalOrder(outputs).flatMap((node) => node.outputs.map(({ shape }) => sizeOf(shape))))
}

const shapes = (lead: Shape, n: number, d: number) => [...lead, n, d]

describe('scores', () => {
  it('are parted where they take more bytes than allowed, and never below two queries', () => {
    expect(partsOf([8, 2048, 2048], 2 ** 25)).toEqual({ count: 16, size: 128, queries: 2048 })
    expect(partsOf([8, 1024, 1024], 2 ** 25)).toEqual({ count: 1, size: 1024, queries: 1024 })
    expect(partsOf([1, 5, 100], 1)).toEqual({ count: 3, size: 2, queries: 5 })
    expect(() => partsOf([1, 2, 2], 0.5)).toThrow('attention: scoreBytes 0.5; allowed are whole numbers ≥ 1')
  })

  it('come back from their parts, whose last one reaches beyond them', async () => {
    const x = filledTensor([2, 3, 5, 4], 0.2)
    const parts = partsOf([2, 3, 5, 4], few)
    expect(intoParts(x, parts).shape).toEqual([3, 2, 3, 2, 4])
    await expectEqual(joinParts(intoParts(x, parts), parts), x)
  })

  it('4.15 of layers in a row are one product', async () => {
    const [q, k] = [filledTensor([2, 5, 3], 0.1), filledTensor([2, 4, 3], 0.4)]
    const options = { scale: 0.5, scoreBytes: few }
    const one = residualAttention(q, k, k, options)
    const two = residualAttention(q, k, k, { ...options, previous: one.scores })
    expect(isProduct(two.scores)).toBe(true)
    await expectEqual(wholeScores(two.scores), add(wholeScores(one.scores), wholeScores(one.scores)))
    const given = filledTensor([2, 5, 3], 0)
    expect(() => residualAttention(q, k, k, { ...options, previous: given })).toThrow(
      'previous (2, 5, 3); needs (2, 5, 4), a score for each',
    )
  })
})

describe('parts are equal to all at once', () => {
  const [q, k, v] = [input('q', shapes([2, 2], 5, 3)), input('k', shapes([2, 2], 4, 3)), input('v', shapes([2, 2], 4, 2))]
  const previous = input('previous', [2, 2, 5, 4])

  it('4.15 residual attention', async () => {
    await expectEqualInParts(
      (scoreBytes) => {
        const one = residualAttention(q, k, v, { scale: 0.5, scoreBytes })
        const two = residualAttention(q, k, v, { scale: 0.3, previous: one.scores, scoreBytes })
        return [one.output, two.output, wholeScores(two.scores)]
      },
      { inputs: [q, k, v] },
    )
  })

  it('4.15 residual attention after scores that are kept', async () => {
    await expectEqualInParts(
      (scoreBytes) => {
        const one = residualAttention(q, k, v, { scale: 0.5, previous, scoreBytes })
        const two = residualAttention(q, k, v, { scale: 0.3, previous: one.scores, scoreBytes })
        return [one.output, two.output, wholeScores(two.scores)]
      },
      { inputs: [q, k, v, previous] },
    )
  })

  it.each([
    ['PairGate', () => new PairGate(2)],
    ['HeadGate', () => new HeadGate(2, 3)],
  ])('4.18 %s, one after the other, of products and of scores that are kept', async (_, create) => {
    const gate = create()
    layoutOf(gate)
    // Seven queries in parts of two: a gate sees two parts further, and beyond both ends.
    const lead = [2, 2, 3]
    const [a, b, c] = [input('a', shapes(lead, 7, 2)), input('b', shapes(lead, 7, 2)), input('c', shapes(lead, 7, 2))]
    await expectEqualInParts(
      (scoreBytes) => {
        const encoder = scoreBytes ? productScores(a, b) : wholeScores(productScores(a, b))
        const decoder = scoreBytes ? productScores(b, c) : wholeScores(productScores(b, c))
        const first = residualAttention(a, b, c, { scale: 0.5, previous: gate.mix(decoder, encoder, scoreBytes), scoreBytes })
        const mixed = gate.mix(first.scores, encoder, scoreBytes)
        return [first.output, wholeScores(mixed), residualAttention(c, b, a, { scale: 1, previous: mixed, scoreBytes }).output]
      },
      { inputs: [a, b, c], module: gate },
    )
  })

  it.each(['et', 'snap', 'plain', 'et+v'] as const)('4.20 the network: %s', async (variant) => {
    const sizes = { variant, inputs: 1, outputs: 1, width: 2, multipliers: [1, 2, 3], nFft: 16, heads: 2, expansion: 3 }
    const config = { ...sizes, bridgeLayers: 2, bridgeExpansion: 1, embeddingDepth: 1, eps: 1e-2, dropout: 0, decoderDropout: 0 }
    const network = (scoreBytes?: number) => new FrameTransformer(bodyConfig.parse({ ...config, scoreBytes }))
    const x = input('x', [1, 1, 5, 8])
    const values = valuesOf(network())
    const outputs = await Promise.all(
      [undefined, few].map(async (scoreBytes) => {
        const model = network(scoreBytes)
        const { parameters } = layoutOf(model)
        const y = model.forward(x)
        const gradients = grad(
          sum(sin(y)),
          parameters.map(({ parameter }) => parameter),
        )
        const named = Object.fromEntries(parameters.map(({ name }, i) => [`gradient ${name}`, gradients[i]!]))
        return run<string>({ y, ...named }, { ...values, x: filled(x.shape, 0.3) })
      }),
    )
    const [whole, inParts] = outputs as [Record<string, number[]>, Record<string, number[]>]
    for (const [name, expected] of Object.entries(whole)) {
      // Rounding is multiplied on its way through all layers.
      expect(worst(inParts[name]!, expected) / Math.max(1, ...expected.map(Math.abs))).toBeLessThan(1e3 * rounding)
    }
  })
})

describe('memory', () => {
  const [n, heads] = [64, 2]
  const all = heads * n * n

  it('4.14 of attention and of its derivative: none of the tensors outside of loops holds as many numbers as all scores', () => {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [1, heads, n, 4])) as [Tensor, Tensor, Tensor]
    const attention = (scoreBytes?: number) => {
      const one = residualAttention(q, k, v, { scale: 1, scoreBytes })
      return residualAttention(q, k, v, { scale: 1, previous: one.scores, scoreBytes }).output
    }
    expect(largestOf([attention()])).toBe(all)
    expect(largestOf([attention(1024)])).toBeLessThan(all / 4)
    expect(largestOf(grad(sum(sin(attention(1024))), [q, k, v]))).toBeLessThan(all / 4)
  })

  it('4.18 of gates: what is kept are the scores of one layer', () => {
    const gate = new PairGate(1)
    layoutOf(gate)
    const [q, k] = ['q', 'k'].map((name) => input(name, [1, 1, heads, n, 4])) as [Tensor, Tensor]
    const product = productScores(q, k)
    const attended = residualAttention(q, k, k, { scale: 1, previous: gate.mix(product, product, 1024), scoreBytes: 1024 })
    expect(largestOf([attended.output])).toBe(all)
    const kept = topologicalOrder([attended.output]).filter((node) => node.outputs.some(({ shape }) => sizeOf(shape) >= all))
    expect(kept.length).toBe(1)
  })
})

describe('the encoder of a long window', () => {
  const sizes = { nFft: 32, multipliers: [1, 2], width: 2, heads: 2, expansion: 8, bridgeLayers: 1 }
  /** Places of what is computed outside of loops. */
  const places = (output: Tensor) => topologicalOrder([output]).map(({ place }) => place ?? '')

  it('4.20 is computed apart from the decoder, so that its memory is free by then; not in training, and not where it is watched', () => {
    const network = new FrameTransformer(bodyConfig.parse({ ...sizes, scoreBytes: few }))
    layoutOf(network)
    const forward = () => network.forward(input('x', [1, 4, 6, 16]))
    const encodes = (output: Tensor) => places(output).some((place) => place.startsWith('enc1.'))
    expect(encodes(forward())).toBe(false)
    expect(encodes(traceTraining(forward, { key: input('key', [2], 'int32') }).result)).toBe(true)
    expect(encodes(watchForwards(() => {}, forward))).toBe(true)
  })

  it('4.20 is one program with the decoder where all scores fit', () => {
    const network = new FrameTransformer(bodyConfig.parse(sizes))
    layoutOf(network)
    expect(places(network.forward(input('x', [1, 4, 6, 16]))).some((place) => place.startsWith('enc1.'))).toBe(true)
  })
})

describe('HeadConv', () => {
  it('4.18 is a convolution over heads, queries and keys', async () => {
    const layer = new HeadConv(2, 3)
    layoutOf(layer)
    const x = filledTensor([2, 2, 4, 5, 3], 0.3)
    await expectEqual(layer.forward(x), addPerChannel(conv3d(x, layer.weight, { padding: 1 }), layer.bias), valuesOf(layer))
    expect(() => layer.forward(filledTensor([1, 3, 4, 5, 3], 0))).toThrow(
      'HeadConv: input (1, 3, 4, 5, 3); needs (b, 2, heads, queries, keys)',
    )
  })
})
