/** Weights of attention, from the outside: rows of softmaxes of the scores that layers hand on. */
import { describe, expect, it } from 'vitest'
import {
  attentionWeights,
  bodyConfig,
  createNetwork,
  FrameTransformer,
  FrameTransformerSeparation,
  frameTransformerConfig,
  networkConfig,
} from '../../../src/models/index.ts'
import { initialValues } from '../../../src/nn/index.ts'
import { createReferenceBackend } from '../../../src/runtime/index.ts'
import { createRandom, input } from '../../../src/tensor/index.ts'
import { runOnce } from '../../tensor/generic.ts'

const sizes = { nFft: 32, multipliers: [1, 2, 3], width: 2, heads: 2, expansion: 8, maps: 2 }
const frames = 6

async function weightsOf(config: Parameters<typeof bodyConfig.parse>[0]) {
  const network = new FrameTransformer(bodyConfig.parse(config))
  const x = input('x', [1, 4, frames, 16])
  const layers = attentionWeights(network, () => network.forward(x))
  const random = createRandom(3)
  const feeds = {
    ...Object.fromEntries(initialValues(network, 1)),
    x: Float32Array.from({ length: 4 * frames * 16 }, () => random.uniform(-1, 1)),
  }
  const values = await runOnce(createReferenceBackend(), Object.fromEntries(layers.map(({ layer, weights }) => [layer, weights])), feeds)
  return { layers, values: Object.fromEntries(Object.entries(values).map(([layer, flat]) => [layer, Array.from(flat, Number)])) }
}

describe('attentionWeights', () => {
  it('4.20 gives every layer in the order of the forward pass: encoder, bridge, decoder from the coarsest level up', async () => {
    const { layers } = await weightsOf({ ...sizes, bridgeLayers: 2 })
    expect(layers.map(({ layer }) => layer)).toEqual([
      'enc1_transformer.attn',
      'enc2_transformer.attn',
      'enc3_transformer.0.attn',
      'enc3_transformer.1.attn',
      ...['dec2', 'dec1'].flatMap((level) => ['attn1a', 'attn1b', 'attn2', 'attn3'].map((name) => `${level}_transformer.${name}`)),
    ])
    for (const { weights } of layers) expect(weights.shape).toEqual([1, 2, frames, frames])
  })

  it.each(['et', 'plain', 'snap', 'et+v'] as const)('4.20 rows are shares: above 0, and 1 together: %s', async (variant) => {
    const { values } = await weightsOf({ ...sizes, variant, bridgeLayers: 1 })
    const all = Object.values(values)
    expect(all.length).toBeGreaterThan(4)
    for (const flat of all) {
      expect(flat.every((weight) => weight > 0)).toBe(true)
      // float64 on the reference: roundings alone.
      for (let row = 0; row < flat.length; row += frames)
        expect(flat.slice(row, row + frames).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10)
    }
  })

  it('4.20 gives all of them where scores are computed in parts', async () => {
    const [whole, inParts] = [
      await weightsOf({ ...sizes, bridgeLayers: 2 }),
      await weightsOf({ ...sizes, bridgeLayers: 2, scoreBytes: 64 }),
    ]
    for (const [layer, flat] of Object.entries(whole.values))
      for (const [i, weight] of flat.entries()) expect(Math.abs(inParts.values[layer]![i]! - weight)).toBeLessThan(1e-10)
  })

  it('finds them inside of a separating network, and none in others', () => {
    const model = new FrameTransformerSeparation(
      frameTransformerConfig.parse({ architecture: 'frame-transformer', ...sizes, hopLength: 16, bridgeLayers: 1 }),
    )
    const layers = attentionWeights(model, () => model.forward(input('mixture', [1, 2, 100])))
    expect(layers[0]!.layer).toBe('network.enc1_transformer.attn')
    const other = createNetwork(networkConfig.parse({ architecture: 'lenet', classes: ['a', 'b'] }))
    expect(attentionWeights(other, () => (other as { forward(x: unknown): unknown }).forward(input('x', [1, 3, 32, 32])))).toEqual([])
  })
})
