/** FrameTransformer's blocks and networks, of tiny sizes. */
import { bodyConfig } from '../../../src/models/frame-transformer/body-config.ts'
import { EvolvedBridgeBlock, PlainBridgeBlock } from '../../../src/models/frame-transformer/bridge-block.ts'
import { ConvolutionalAttention } from '../../../src/models/frame-transformer/convolutional-attention.ts'
import { ConvolutionalEmbedding } from '../../../src/models/frame-transformer/convolutional-embedding.ts'
import { EvolvedDecoderBlock, type FrameDecoderBlock, PlainDecoderBlock } from '../../../src/models/frame-transformer/decoder-block.ts'
import { FrameTransformerDiscriminator } from '../../../src/models/frame-transformer/discriminator.ts'
import { EvolvedEncoderBlock, PlainEncoderBlock } from '../../../src/models/frame-transformer/encoder-block.ts'
import { foldedConv2d } from '../../../src/models/frame-transformer/folded-conv.ts'
import { FrameConv } from '../../../src/models/frame-transformer/frame-conv.ts'
import { HeadGate, PairGate, type ScoreGate } from '../../../src/models/frame-transformer/gate.ts'
import { FrameTransformer } from '../../../src/models/frame-transformer/generator.ts'
import { FrameDecoder, FrameEncoder } from '../../../src/models/frame-transformer/levels.ts'
import { MultichannelAttention } from '../../../src/models/frame-transformer/multichannel-attention.ts'
import { MultichannelLinear } from '../../../src/models/frame-transformer/multichannel-linear.ts'
import { ChannelNorm, MultichannelLayerNorm } from '../../../src/models/frame-transformer/norms.ts'
import { ResBlock } from '../../../src/models/frame-transformer/res-block.ts'
import { residualAttention } from '../../../src/models/frame-transformer/residual-attention.ts'
import { RotaryEmbedding } from '../../../src/models/frame-transformer/rotary-embedding.ts'
import { type Scores, wholeScores } from '../../../src/models/frame-transformer/scores.ts'
import type { Module } from '../../../src/nn/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import { type Block, calling } from '../support.ts'

/** A usual eps: with the original's, norms of few bins have derivatives that neither float32 nor differences can follow. */
const eps = 1e-2
const sizes = (inputs: number, outputs: number, inputBins: number, outputBins: number) => ({ inputs, outputs, inputBins, outputBins })

/** With the scores of the layer before. */
const scored = (module: Module, [x, previous]: readonly Tensor[]) =>
  Object.values<Scores>({ ...(module as EvolvedEncoderBlock).forward(x!, previous) }).map(wholeScores)

const decoded = (module: Module, [x, maps, scores, self, cross]: readonly Tensor[]) => {
  const previous = { ...(self && { self }), ...(cross && { cross }) }
  const { joined, scores: found } = (module as FrameDecoderBlock).forward(x!, { maps: maps!, scores: scores! }, previous)
  return [joined, wholeScores(found.self), wholeScores(found.cross)]
}

const block = { maps: 2, heads: 2, expansion: 3, eps }
/**
 * One level gives its scores to the next in the decoder, of three. Sizes at which no rectifier is so near 0 that the differences of G1 step over the
 * bend in its slope.
 */
const body = {
  width: 2,
  multipliers: [1, 2],
  nFft: 16,
  heads: 2,
  expansion: 3,
  bridgeLayers: 1,
  bridgeExpansion: 1,
  embeddingDepth: 1,
  eps,
}
const variants = [
  ['et', { ...body, multipliers: [1, 2, 3], embeddingDepth: 2 }],
  ['snap', body],
  ['plain', { ...body, width: 3 }],
  ['et+v', body],
] as const

const decoderCases = [
  {
    inputs: [
      [2, 3, 3, 4],
      [2, 2, 3, 4],
      [2, 2, 2, 3, 3],
      [2, 2, 2, 3, 3],
      [2, 2, 2, 3, 3],
    ],
    outputs: [
      [2, 5, 3, 4],
      [2, 2, 2, 3, 3],
      [2, 2, 2, 3, 3],
    ],
  },
] as const

export const frameTransformer: readonly Block[] = [
  {
    ids: ['4.3'],
    name: 'MultichannelLinear',
    create: () => new MultichannelLinear(sizes(2, 3, 4, 5), { bias: true }),
    cases: [
      { inputs: [[2, 2, 3, 4]], outputs: [[2, 3, 3, 5]] },
      { inputs: [[1, 2, 1, 4]], outputs: [[1, 3, 1, 5]] },
    ],
  },
  {
    ids: ['4.3'],
    name: 'MultichannelLinear (one channel)',
    create: () => new MultichannelLinear(sizes(1, 1, 4, 5), { depthwise: true }),
    cases: [{ inputs: [[2, 1, 3, 4]], outputs: [[2, 1, 3, 5]] }],
  },
  {
    ids: ['4.3'],
    name: 'MultichannelLinear (channels alone)',
    create: () => new MultichannelLinear(sizes(2, 3, 4, 4), { positionwise: false }),
    cases: [{ inputs: [[2, 2, 3, 4]], outputs: [[2, 3, 3, 4]] }],
  },
  {
    ids: ['4.4'],
    name: 'FrameConv',
    create: () => new FrameConv(sizes(2, 4, 4, 3), { groups: 2, bias: true }),
    cases: [
      { inputs: [[2, 2, 3, 4]], outputs: [[2, 4, 3, 3]] },
      { inputs: [[1, 2, 1, 4]], outputs: [[1, 4, 1, 3]] },
    ],
  },
  {
    ids: ['4.4'],
    name: 'foldedConv2d',
    ...calling((x, weight) => foldedConv2d(x, weight, { padding: [3, 1], groups: 2 })),
    cases: [
      {
        inputs: [
          [2, 4, 35, 2],
          [4, 2, 7, 3],
        ],
        outputs: [[2, 4, 35, 2]],
      },
      {
        inputs: [
          [1, 2, 1, 1],
          [2, 1, 7, 3],
        ],
        outputs: [[1, 2, 1, 1]],
      },
    ],
  },
  {
    ids: ['4.5'],
    name: 'MultichannelLayerNorm',
    create: () => new MultichannelLayerNorm(2, 4, { eps }),
    cases: [
      { inputs: [[2, 2, 3, 4]], outputs: [[2, 2, 3, 4]] },
      { inputs: [[1, 2, 1, 4]], outputs: [[1, 2, 1, 4]] },
    ],
  },
  {
    ids: ['4.6'],
    name: 'ChannelNorm',
    create: () => new ChannelNorm(3),
    cases: [
      { inputs: [[2, 3, 2, 4]], outputs: [[2, 3, 2, 4]] },
      { inputs: [[1, 3, 1, 1]], outputs: [[1, 3, 1, 1]] },
    ],
  },
  {
    ids: ['4.8'],
    name: 'ResBlock',
    create: () => new ResBlock(2, 3, 4, { downsample: true, dropout: 0.5, eps }),
    cases: [
      { inputs: [[2, 2, 3, 4]], outputs: [[2, 3, 3, 2]] },
      { inputs: [[1, 2, 1, 4]], outputs: [[1, 3, 1, 2]] },
    ],
    training: 'random',
  },
  {
    ids: ['4.9'],
    name: 'FrameEncoder',
    create: () => new FrameEncoder(2, 3, 4, { eps }),
    cases: [
      { inputs: [[2, 2, 3, 4]], outputs: [[2, 3, 3, 2]] },
      { inputs: [[1, 2, 1, 4]], outputs: [[1, 3, 1, 2]] },
    ],
  },
  {
    ids: ['4.10'],
    name: 'FrameDecoder',
    create: () => new FrameDecoder(3, 2, 4, { dropout: 0.5, dropoutMode: 'elements', eps }),
    cases: [
      {
        inputs: [
          [2, 2, 3, 2],
          [2, 1, 3, 4],
        ],
        outputs: [[2, 2, 3, 4]],
      },
      {
        inputs: [
          [1, 2, 1, 2],
          [1, 1, 1, 4],
        ],
        outputs: [[1, 2, 1, 4]],
      },
    ],
    training: 'random',
  },
  {
    ids: ['4.11'],
    name: 'ConvolutionalEmbedding',
    create: () => new ConvolutionalEmbedding(1, 8, { depth: 2, eps }),
    cases: [
      { inputs: [[2, 1, 4, 8]], outputs: [[2, 1, 4, 8]] },
      { inputs: [[1, 1, 1, 8]], outputs: [[1, 1, 1, 8]] },
    ],
  },
  {
    ids: ['4.12'],
    name: 'RotaryEmbedding',
    create: () => new RotaryEmbedding(5),
    cases: [
      { inputs: [[2, 3, 5]], outputs: [[2, 3, 5]] },
      { inputs: [[1, 1, 5]], outputs: [[1, 1, 5]] },
    ],
  },
  ...(['conv-linear', 'linear-conv'] as const).map(
    (projection): Block => ({
      ids: ['4.13', '4.15'],
      name: `MultichannelAttention (${projection})`,
      create: () => new MultichannelAttention(2, 2, 6, { projection }),
      call: (module, [x, memory, previous]) => {
        const { output, scores } = (module as MultichannelAttention).forward(x!, { memory, previous })
        return [output, wholeScores(scores)]
      },
      cases: [
        {
          inputs: [
            [2, 2, 3, 6],
            [2, 2, 4, 6],
            [2, 2, 2, 3, 4],
          ],
          outputs: [
            [2, 2, 3, 6],
            [2, 2, 2, 3, 4],
          ],
        },
        {
          inputs: [[1, 2, 1, 6]],
          outputs: [
            [1, 2, 1, 6],
            [1, 2, 2, 1, 1],
          ],
        },
      ],
    }),
  ),
  {
    ids: ['4.14'],
    name: 'ConvolutionalAttention',
    create: () => new ConvolutionalAttention(4, 2),
    call: (module, [x, previous]) => {
      const { output, scores } = (module as ConvolutionalAttention).forward(x!, { previous })
      return [output, wholeScores(scores)]
    },
    cases: [
      {
        inputs: [
          [2, 4, 3, 2],
          [2, 2, 6, 6],
        ],
        outputs: [
          [2, 4, 3, 2],
          [2, 2, 6, 6],
        ],
      },
      {
        inputs: [[1, 4, 1, 1]],
        outputs: [
          [1, 4, 1, 1],
          [1, 2, 1, 1],
        ],
      },
    ],
  },
  ...[undefined, 16].map(
    (scoreBytes): Block => ({
      ids: ['4.15'],
      name: `residualAttention${scoreBytes ? ' in parts' : ''}`,
      ...calling((q, k, v, previous) =>
        Object.values<Scores>({ ...residualAttention(q, k, v, { scale: 0.5, previous, scoreBytes }) }).map(wholeScores),
      ),
      cases: [
        {
          inputs: [
            [2, 3, 4],
            [2, 2, 4],
            [2, 2, 5],
            [2, 3, 2],
          ],
          outputs: [
            [2, 3, 5],
            [2, 3, 2],
          ],
        },
        {
          inputs: [
            [1, 1, 1],
            [1, 1, 1],
            [1, 1, 1],
          ],
          outputs: [
            [1, 1, 1],
            [1, 1, 1],
          ],
        },
      ],
    }),
  ),
  ...[EvolvedEncoderBlock, PlainEncoderBlock].map(
    (Encoder): Block => ({
      ids: ['4.16'],
      name: Encoder.name,
      create: () => new Encoder(3, 4, block),
      call: scored,
      cases: [
        {
          inputs: [
            [2, 3, 3, 4],
            [2, 2, 2, 3, 3],
          ],
          outputs: [
            [2, 5, 3, 4],
            [2, 2, 3, 4],
            [2, 2, 2, 3, 3],
          ],
        },
        {
          inputs: [[1, 3, 1, 4]],
          outputs: [
            [1, 5, 1, 4],
            [1, 2, 1, 4],
            [1, 2, 2, 1, 1],
          ],
        },
      ],
      training: 'random',
    }),
  ),
  ...[EvolvedDecoderBlock, PlainDecoderBlock].map(
    (Decoder): Block => ({
      ids: ['4.17'],
      name: Decoder.name,
      create: () => new Decoder(3, 4, block),
      call: decoded,
      cases: decoderCases,
      training: 'random',
    }),
  ),
  {
    ids: ['4.17'],
    name: 'EvolvedDecoderBlock (the first)',
    create: () => new EvolvedDecoderBlock(1, 4, { ...block, maps: 1, hasPrevious: false, gate: 'heads' }),
    call: decoded,
    cases: [
      {
        inputs: [
          [1, 1, 1, 4],
          [1, 1, 1, 4],
          [1, 1, 2, 1, 1],
        ],
        outputs: [
          [1, 2, 1, 4],
          [1, 1, 2, 1, 1],
          [1, 1, 2, 1, 1],
        ],
      },
    ],
    training: 'random',
  },
  ...[() => new PairGate(2), () => new HeadGate(2, 3)].map(
    (create): Block => ({
      ids: ['4.18'],
      name: create().type,
      create,
      call: (module, [decoder, encoder]) => [(module as ScoreGate).forward(decoder!, encoder!).mixed],
      cases: [
        {
          inputs: [
            [2, 2, 3, 4, 4],
            [2, 2, 3, 4, 4],
          ],
          outputs: [[2, 2, 3, 4, 4]],
        },
        {
          inputs: [
            [1, 2, 3, 1, 1],
            [1, 2, 3, 1, 1],
          ],
          outputs: [[1, 2, 3, 1, 1]],
        },
      ],
    }),
  ),
  ...[
    ['EvolvedBridgeBlock', () => new EvolvedBridgeBlock(4, { heads: 2, expansion: 2, kernel: 1, padding: 0 })] as const,
    ['EvolvedBridgeBlock (sum)', () => new EvolvedBridgeBlock(4, { heads: 2, expansion: 2, residual: 'sum' })] as const,
    ['PlainBridgeBlock', () => new PlainBridgeBlock(4, { heads: 2, expansion: 2 })] as const,
  ].map(
    ([name, create]): Block => ({
      ids: ['4.19'],
      name,
      create,
      call: scored,
      cases: [
        {
          inputs: [
            [2, 4, 3, 2],
            [2, 2, 6, 6],
          ],
          outputs: [
            [2, 4, 3, 2],
            [2, 2, 6, 6],
          ],
        },
        {
          inputs: [[1, 4, 1, 1]],
          outputs: [
            [1, 4, 1, 1],
            [1, 2, 1, 1],
          ],
        },
      ],
      training: 'random',
    }),
  ),
  ...variants.map(([variant, config]): Block => {
    const bins = 16 / 2 ** config.multipliers.length
    const batch = variant === 'et' ? 1 : 2
    return {
      ids: ['4.20'],
      name: `FrameTransformer (${variant})`,
      create: () => new FrameTransformer(bodyConfig.parse({ ...config, variant, inputs: 1, outputs: 2 })),
      call: (module, [x]) => Object.values((module as FrameTransformer).generate(x!)) as Tensor[],
      cases: [
        { inputs: [[batch, 1, 2, 8]], outputs: [[batch, 2, 2, 8], ...(variant === 'et+v' ? [[batch, 2, 2, bins]] : [])] },
        { inputs: [[1, 1, 1, 8]], outputs: [[1, 2, 1, 8], ...(variant === 'et+v' ? [[1, 2, 1, bins]] : [])] },
      ],
      training: 'random',
    }
  }),
  ...(['et', 'plain', 'et+v'] as const).map(
    (variant): Block => ({
      ids: ['4.21'],
      name: `FrameTransformerDiscriminator (${variant})`,
      create: () => new FrameTransformerDiscriminator(bodyConfig.parse({ ...body, variant, inputs: 3 })),
      cases: [
        { inputs: [[2, 3, 2, 8]], outputs: [variant === 'et+v' ? [2, 1, 1, 4] : [2, 3, 2, 4]] },
        { inputs: [[1, 3, 1, 8]], outputs: [variant === 'et+v' ? [1, 1, 1, 4] : [1, 3, 1, 4]] },
      ],
      training: 'random',
    }),
  ),
]
