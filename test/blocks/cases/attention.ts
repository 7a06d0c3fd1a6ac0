import {
  additiveScores,
  alibiBias,
  attend,
  BahdanauAttention,
  ClassToken,
  classState,
  dotScores,
  gelu,
  generalScores,
  LayerNorm,
  LearnedPositions,
  MultiheadAttention,
  maskedSoftmax,
  paddingMask,
  RelativePositionBias,
  rotary,
  SinusoidalPositions,
  scaledDotProductAttention,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from '../../../src/nn/index.ts'
import { add, type Shape, type Tensor } from '../../../src/tensor/index.ts'
import { type Block, type BlockCase, calling, of } from '../support.ts'

const same = (first: Shape, ...others: readonly Shape[]): [BlockCase, ...BlockCase[]] => {
  const unchanged = (shape: Shape) => ({ inputs: [shape], outputs: [shape] })
  return [unchanged(first), ...others.map(unchanged)]
}

const small: TransformerLayerOptions = { dimFeedforward: 6 }
const attentionCases: Block['cases'] = [
  {
    inputs: [
      [2, 3, 4],
      [2, 2, 4],
      [2, 2, 3],
    ],
    outputs: [[2, 3, 3]],
  },
  {
    inputs: [
      [1, 1, 2],
      [1, 1, 2],
      [1, 1, 1],
    ],
    outputs: [[1, 1, 1]],
  },
]
/** Sequences of 4 features: to themselves, and to a memory. */
const ofOne = same([2, 3, 4], [1, 1, 4])
const ofMemory: Block['cases'] = [
  {
    inputs: [
      [2, 3, 4],
      [2, 2, 4],
    ],
    outputs: [[2, 3, 4]],
  },
  {
    inputs: [
      [1, 1, 4],
      [1, 1, 4],
    ],
    outputs: [[1, 1, 4]],
  },
]
const padding = ([b, t]: Shape) =>
  paddingMask(
    Array.from({ length: b! }, (_, i) => Math.max(0, t! - 2 * i)),
    t!,
  )

export const attention: readonly Block[] = [
  {
    ids: ['0.13', '0.14'],
    name: 'attend',
    ...calling((scores, values) => {
      const { output, weights } = attend(scores!, values!, { causal: true })
      return [output, weights]
    }),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 4, 2],
        ],
        outputs: [
          [2, 3, 2],
          [2, 3, 4],
        ],
      },
      {
        inputs: [
          [1, 1, 1],
          [1, 1, 1],
        ],
        outputs: [
          [1, 1, 1],
          [1, 1, 1],
        ],
      },
    ],
  },
  {
    ids: ['0.14'],
    name: 'maskedSoftmax',
    create: of((x) => maskedSoftmax(x, padding(x.shape))),
    cases: same([2, 2], [1, 1]),
  },
  {
    ids: ['0.14'],
    name: 'scaledDotProductAttention',
    ...calling((q, k, v) => scaledDotProductAttention(q!, k!, v!)),
    cases: attentionCases,
  },
  {
    ids: ['0.14'],
    name: 'scaledDotProductAttention with an added mask and padding',
    ...calling((q, k, v, mask) =>
      scaledDotProductAttention(q!, k!, v!, { mask: mask!, keyPaddingMask: padding(k!.shape), causal: true, scale: 0.5 }),
    ),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 2, 4],
          [2, 2, 3],
          [3, 2],
        ],
        outputs: [[2, 3, 3]],
      },
    ],
  },
  {
    ids: ['0.13'],
    name: 'dotScores',
    ...calling((q, k) => dotScores(q!, k!)),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 2, 4],
        ],
        outputs: [[2, 3, 2]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: [[1, 1]],
      },
    ],
  },
  {
    ids: ['0.13'],
    name: 'generalScores',
    ...calling((q, k, weight) => generalScores(q!, k!, weight!)),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 2, 3],
          [4, 3],
        ],
        outputs: [[2, 3, 2]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        outputs: [[1, 1]],
      },
    ],
  },
  {
    ids: ['0.13'],
    name: 'additiveScores',
    ...calling((q, k, v) => additiveScores(q!, k!, v!)),
    cases: [
      { inputs: [[2, 3, 4], [2, 2, 4], [4]], outputs: [[2, 3, 2]] },
      { inputs: [[1, 1], [1, 1], [1]], outputs: [[1, 1]] },
    ],
  },
  {
    ids: ['0.13'],
    name: 'BahdanauAttention',
    create: () => new BahdanauAttention(3, 2, { hidden: 4 }),
    call: (module, [state, sequence]) => {
      const { output, weights } = (module as BahdanauAttention).attend(state!, sequence!, { keyPaddingMask: padding(sequence!.shape) })
      return [output, weights]
    },
    cases: [
      {
        inputs: [
          [2, 3],
          [2, 3, 2],
        ],
        outputs: [
          [2, 2],
          [2, 3],
        ],
      },
      {
        inputs: [
          [2, 4, 3],
          [2, 3, 2],
        ],
        outputs: [
          [2, 4, 2],
          [2, 4, 3],
        ],
      },
      {
        inputs: [
          [1, 3],
          [1, 1, 2],
        ],
        outputs: [
          [1, 2],
          [1, 1],
        ],
      },
    ],
  },
  { ids: ['0.15'], name: 'MultiheadAttention', create: () => new MultiheadAttention(4, 2), cases: ofOne },
  {
    ids: ['0.15'],
    name: 'MultiheadAttention to a memory of other features, in training',
    create: () => new MultiheadAttention(4, 2, { kdim: 3, vdim: 2, dropout: 0.3 }),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 2, 3],
          [2, 2, 2],
        ],
        outputs: [[2, 3, 4]],
      },
      {
        inputs: [
          [1, 1, 4],
          [1, 1, 3],
          [1, 1, 2],
        ],
        outputs: [[1, 1, 4]],
      },
    ],
    training: 'random',
  },
  {
    ids: ['0.15', '0.16'],
    name: 'MultiheadAttention, rotary and causal',
    create: () => new MultiheadAttention(4, 2, { rotary: {}, causal: true, bias: false }),
    cases: ofOne,
  },
  {
    ids: ['0.15'],
    name: 'TransformerEncoderLayer',
    create: () => new TransformerEncoderLayer(4, 2, { ...small, activation: gelu }),
    call: (module, [x]) => [(module as TransformerEncoderLayer).forward(x!, { keyPaddingMask: padding(x!.shape) })],
    cases: ofOne,
    training: 'random',
  },
  {
    ids: ['0.15'],
    name: 'TransformerDecoderLayer',
    create: () => new TransformerDecoderLayer(4, 2, { ...small, activation: gelu, normFirst: true, causal: true }),
    cases: ofMemory,
    training: 'random',
  },
  {
    ids: ['0.15'],
    name: 'TransformerEncoder',
    create: () => new TransformerEncoder(() => new TransformerEncoderLayer(4, 2, { ...small, activation: gelu }), 2, new LayerNorm(4)),
    cases: ofOne,
    training: 'random',
  },
  {
    ids: ['0.15'],
    name: 'TransformerDecoder',
    create: () => new TransformerDecoder(() => new TransformerDecoderLayer(4, 1, { ...small, activation: gelu }), 2),
    cases: ofMemory,
    training: 'random',
  },
  { ids: ['0.16'], name: 'SinusoidalPositions', create: () => new SinusoidalPositions(), cases: same([2, 3, 4], [1, 1, 2]) },
  { ids: ['0.16'], name: 'LearnedPositions', create: () => new LearnedPositions(5, 4), cases: ofOne },
  { ids: ['0.16'], name: 'rotary', create: of(rotary), cases: same([2, 3, 4], [1, 1, 2]) },
  {
    ids: ['0.16'],
    name: 'rotary of halves',
    create: of((x: Tensor) => rotary(x, { pairs: 'half', offset: 2 })),
    cases: same([2, 3, 4], [1, 2]),
  },
  {
    ids: ['0.16'],
    name: 'RelativePositionBias',
    create: () => new RelativePositionBias(2, { buckets: 8, maxDistance: 6 }),
    cases: same([2, 2, 3, 5], [1, 2, 1, 1]),
  },
  {
    ids: ['0.16'],
    name: 'alibiBias',
    create: of((x: Tensor) => add(x, alibiBias(x.shape[1]!, x.shape[2]!, x.shape[3]!))),
    cases: same([2, 3, 2, 4], [1, 1, 1, 1]),
  },
  {
    ids: ['0.12'],
    name: 'ClassToken',
    create: () => new ClassToken(3),
    cases: [
      { inputs: [[2, 4, 3]], outputs: [[2, 5, 3]] },
      { inputs: [[1, 1, 3]], outputs: [[1, 2, 3]] },
    ],
  },
  {
    ids: ['0.12'],
    name: 'classState',
    create: of(classState),
    cases: [
      { inputs: [[2, 4, 3]], outputs: [[2, 3]] },
      { inputs: [[1, 1, 1]], outputs: [[1, 1]] },
    ],
  },
]
