/** Attention and transformer layers against PyTorch's, by weights that are loaded by name. The numbers are test/goldens/attention.py's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  gelu,
  LayerNorm,
  layoutOf,
  type Module,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  paddingMask,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from '../../src/nn/index.ts'
import type { Shape, Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from './run.ts'

interface Golden {
  readonly state: readonly (readonly [string, Shape])[]
  readonly inputs: readonly Shape[]
  readonly outputs: readonly (readonly number[])[]
}

const goldens: Readonly<Record<string, Golden>> = JSON.parse(readFileSync(new URL('../goldens/attention.json', import.meta.url), 'utf8'))

type Trace = (inputs: readonly Tensor[]) => readonly Tensor[]
interface Case {
  readonly model: Module
  readonly trace: Trace
}

function attention(options: MultiheadAttentionOptions, call: Parameters<MultiheadAttention['attend']>[3] = {}): Case {
  const model = new MultiheadAttention(4, 2, options)
  return {
    model,
    trace: ([query, key, value]) => {
      const { output, weights } = model.attend(query!, key, value, call)
      return [output, weights]
    },
  }
}

const small: TransformerLayerOptions = { dimFeedforward: 6, dropout: 0.5 }
const encoderLayer = (options: TransformerLayerOptions = {}) => new TransformerEncoderLayer(4, 2, { ...small, ...options })
const decoderLayer = (options: TransformerLayerOptions = {}) => new TransformerDecoderLayer(4, 2, { ...small, ...options })
const padding = () => paddingMask([2, 3], 3)

function encoder(model: TransformerEncoderLayer | TransformerEncoder, call: Parameters<TransformerEncoder['forward']>[1] = {}): Case {
  return { model, trace: ([x]) => [model.forward(x!, call)] }
}

function decoder(model: TransformerDecoderLayer | TransformerDecoder, call: Parameters<TransformerDecoder['forward']>[2] = {}): Case {
  return { model, trace: ([x, memory]) => [model.forward(x!, memory!, call)] }
}

const cases: Readonly<Record<string, () => Case>> = {
  'three inputs': () => attention({}),
  'causal, weights per head': () => attention({ causal: true }, { averageAttnWeights: false }),
  padding: () => attention({}, { keyPaddingMask: padding() }),
  added: () => attention({}, { attnMask: filledTensor([4, 3, 3], 3) }),
  'memory, without bias': () => attention({ bias: false }),
  'kdim, vdim': () => attention({ kdim: 3, vdim: 5 }),
  'encoder layer': () => encoder(encoderLayer(), { keyPaddingMask: padding() }),
  'encoder layer, norms first, gelu': () => encoder(encoderLayer({ normFirst: true, activation: gelu, causal: true })),
  'decoder layer': () => decoder(decoderLayer({ causal: true }), { memoryKeyPaddingMask: paddingMask([1, 2], 2) }),
  'decoder layer, norms first, gelu': () => decoder(decoderLayer({ normFirst: true, activation: gelu })),
  encoder: () => encoder(new TransformerEncoder(() => encoderLayer({ normFirst: true }), 2, new LayerNorm(4))),
  decoder: () => decoder(new TransformerDecoder(() => decoderLayer(), 2, new LayerNorm(4))),
}

describe('PyTorch', () => {
  it('made a golden for every case', () => {
    expect(Object.keys(cases)).toEqual(Object.keys(goldens))
  })

  it.each(Object.entries(cases))('0.15 attention and transformer layers as in PyTorch: %s', async (name, create) => {
    const { state, inputs, outputs } = goldens[name]!
    const { model, trace } = create()
    const { parameters } = layoutOf(model)
    const described = parameters.map(({ name, parameter: { shape } }) => [name, shape] as const)
    const byName = (entries: readonly (readonly [string, Shape])[]) => Object.fromEntries(entries)
    expect(byName(described)).toEqual(byName(state))
    const weights = Object.fromEntries(state.map(([name, shape], j) => [name, filled(shape, j + 1)]))
    const traced = trace(inputs.map((shape, k) => filledTensor(shape, k + 0.5)))
    const actual = await run(Object.fromEntries(traced.map((y, i) => [i, y])), weights)
    // Both in float64; the goldens have nine digits, their largest is 3.9.
    for (const [i, values] of outputs.entries()) expect(worst(actual[i]!, values)).toBeLessThan(1e-8)
    expect(traced.length).toBe(outputs.length)
  })
})
