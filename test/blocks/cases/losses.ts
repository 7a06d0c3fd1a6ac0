import {
  assignedLoss,
  binaryCrossEntropyWithLogits,
  chimeraLoss,
  crossEntropy,
  deepClusteringLoss,
  huberLoss,
  l1Loss,
  magnitudeApproximation,
  mseLoss,
  multiResolutionStftLoss,
  nllLoss,
  pairwiseLosses,
  permutationInvariantLoss,
  phaseSensitiveApproximation,
  silenceWeights,
  siSdrLoss,
  smoothL1Loss,
  snrLoss,
  whitenedKMeansLoss,
} from '../../../src/losses/index.ts'
import { logSoftmax, type Tensor } from '../../../src/tensor/index.ts'
import { type Block, calling } from '../support.ts'

const none = { reduction: 'none' } as const
const int64 = (...shape: number[]) => ({ shape, dtype: 'int64' }) as const

/** Two tensors of one shape to one number. */
const pairs: Block['cases'] = [
  {
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
    ],
    outputs: [[]],
  },
  {
    inputs: [
      [1, 1],
      [1, 1],
    ],
    outputs: [[]],
  },
]
/** Rows of two tensors to a number each. */
const rows: Block['cases'] = [
  {
    inputs: [
      [2, 3, 8],
      [2, 3, 8],
    ],
    outputs: [[2, 3]],
  },
  {
    inputs: [
      [1, 1],
      [1, 1],
    ],
    outputs: [[1]],
  },
]
/** A mask, the parts of the mixture, the parts of the source. */
const spectra: Block['cases'] = [
  { inputs: new Array(5).fill([2, 3, 4]), outputs: [[]] },
  { inputs: new Array(5).fill([1, 1]), outputs: [[]] },
]
const embeddings: Block['cases'] = [
  {
    inputs: [
      [2, 12, 3],
      [2, 12, 2],
      [2, 12],
    ],
    outputs: [[2]],
  },
  {
    inputs: [
      [1, 1, 1],
      [1, 1, 1],
      [1, 1],
    ],
    outputs: [[1]],
  },
]

type OfTwo = (a: Tensor, b: Tensor) => Tensor
type OfSpectra = (mask: Tensor, re: Tensor, im: Tensor, sourceRe: Tensor, sourceIm: Tensor) => Tensor

export const losses: readonly Block[] = [
  { ids: ['3.25', '3.33'], name: 'l1Loss', ...calling(l1Loss as OfTwo), cases: pairs },
  { ids: ['3.25', '3.33'], name: 'mseLoss', ...calling(mseLoss as OfTwo), cases: pairs },
  { ids: ['3.25'], name: 'huberLoss', ...calling((a: Tensor, b: Tensor) => huberLoss(a, b, { delta: 0.5 })), cases: pairs },
  { ids: ['3.25'], name: 'smoothL1Loss', ...calling((a: Tensor, b: Tensor) => smoothL1Loss(a, b, { beta: 0.5 })), cases: pairs },
  {
    ids: ['3.25', '3.26'],
    name: 'magnitudeApproximation',
    ...calling(((mask, re, im, sourceRe, sourceIm) =>
      magnitudeApproximation(mask, { re, im }, { re: sourceRe, im: sourceIm }, { norm: 'l1' })) as OfSpectra),
    cases: spectra,
  },
  {
    ids: ['3.27'],
    name: 'phaseSensitiveApproximation',
    ...calling(((mask, re, im, sourceRe, sourceIm) =>
      phaseSensitiveApproximation(mask, { re, im }, { re: sourceRe, im: sourceIm }, { truncated: true })) as OfSpectra),
    cases: spectra,
  },
  {
    ids: ['3.28'],
    name: 'deepClusteringLoss',
    ...calling((v: Tensor, y: Tensor, weights: Tensor) => deepClusteringLoss(v, y, { weights, normalize: true, ...none })),
    cases: embeddings,
    range: [0.1, 1],
  },
  {
    ids: ['3.28'],
    name: 'silenceWeights',
    ...calling((magnitude: Tensor) => silenceWeights(magnitude, { rangeDb: 6 })),
    cases: [
      { inputs: [[2, 3, 4]], outputs: [[2, 3, 4]] },
      { inputs: [[1, 1, 1]], outputs: [[1, 1, 1]] },
    ],
    range: [0, 1],
    differentiable: false,
  },
  {
    ids: ['3.29'],
    name: 'whitenedKMeansLoss',
    ...calling((v: Tensor, y: Tensor, weights: Tensor) => whitenedKMeansLoss(v, y, { weights, ridge: 0.1, ...none })),
    cases: embeddings,
    range: [0.1, 1],
  },
  {
    ids: ['3.31'],
    name: 'chimeraLoss',
    ...calling((a: Tensor, b: Tensor) => chimeraLoss(a, b, 0.3)),
    cases: [{ inputs: [[], []], outputs: [[]] }],
  },
  {
    ids: ['3.32'],
    name: 'pairwiseLosses and permutationInvariantLoss',
    ...calling((a: Tensor, b: Tensor) => {
      const losses = pairwiseLosses(a, b, (x, y) => l1Loss(x, y, none))
      return [losses, permutationInvariantLoss(losses, none)]
    }),
    cases: [
      {
        inputs: [
          [2, 3, 4],
          [2, 3, 4],
        ],
        outputs: [[2, 3, 3], [2]],
      },
      {
        inputs: [
          [1, 1, 1],
          [1, 1, 1],
        ],
        outputs: [[1, 1, 1], [1]],
      },
    ],
  },
  {
    ids: ['3.32'],
    name: 'assignedLoss',
    ...calling((losses: Tensor, assignment: Tensor) => assignedLoss(losses, assignment, none)),
    cases: [
      { inputs: [[2, 3, 3], int64(2, 3)], outputs: [[2]] },
      { inputs: [[1, 2, 2], int64(1, 2)], outputs: [[1]] },
    ],
  },
  { ids: ['3.33'], name: 'snrLoss', ...calling((a: Tensor, b: Tensor) => snrLoss(a, b, none)), cases: rows },
  {
    ids: ['3.33'],
    name: 'siSdrLoss',
    ...calling((a: Tensor, b: Tensor) => [siSdrLoss(a, b, none), siSdrLoss(a, b, { zeroMean: true, eps: 1e-3, ...none })]),
    cases: [
      {
        inputs: [
          [2, 3, 8],
          [2, 3, 8],
        ],
        outputs: [
          [2, 3],
          [2, 3],
        ],
      },
      {
        inputs: [
          [1, 2],
          [1, 2],
        ],
        outputs: [[1], [1]],
      },
    ],
  },
  {
    ids: ['3.33'],
    name: 'multiResolutionStftLoss',
    ...calling((a: Tensor, b: Tensor) =>
      multiResolutionStftLoss(a, b, {
        resolutions: [
          { nFft: 8, hopLength: 3, winLength: 6 },
          { nFft: 4, hopLength: 2 },
        ],
        floor: 1e-2,
        ...none,
      }),
    ),
    cases: [
      {
        inputs: [
          [2, 20],
          [2, 20],
        ],
        outputs: [[2]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: [[1]],
      },
    ],
  },
  {
    ids: ['2.15'],
    name: 'crossEntropy of indices',
    ...calling((x: Tensor, target: Tensor, weight: Tensor) => crossEntropy(x, target, { weight, ignoreIndex: 1, labelSmoothing: 0.2 })),
    cases: [
      { inputs: [[3, 4, 2], int64(3, 2), [4]], outputs: [[]] },
      { inputs: [[4], int64(), [4]], outputs: [[]] },
    ],
    below: 4,
    range: [0.1, 2],
  },
  {
    ids: ['2.15'],
    name: 'crossEntropy of probabilities',
    ...calling((x: Tensor, target: Tensor) => crossEntropy(x, target, { labelSmoothing: 0.1, ...none })),
    cases: [
      {
        inputs: [
          [3, 4, 2],
          [3, 4, 2],
        ],
        outputs: [[3, 2]],
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: [[1]],
      },
    ],
  },
  {
    ids: ['2.15'],
    name: 'nllLoss',
    ...calling((x: Tensor, target: Tensor) => nllLoss(logSoftmax(x, 1), target)),
    cases: [
      { inputs: [[3, 4], int64(3)], outputs: [[]] },
      { inputs: [[1, 4], int64(1)], outputs: [[]] },
    ],
    below: 4,
  },
  {
    ids: ['2.15'],
    name: 'binaryCrossEntropyWithLogits',
    ...calling((x: Tensor, y: Tensor, posWeight: Tensor) => binaryCrossEntropyWithLogits(x, y, { posWeight, ...none })),
    cases: [
      { inputs: [[3, 4], [3, 4], [4]], outputs: [[3, 4]] },
      { inputs: [[1, 1], [1, 1], [1]], outputs: [[1, 1]] },
    ],
    range: [-4, 4],
  },
]
