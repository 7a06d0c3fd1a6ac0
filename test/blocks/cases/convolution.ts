import {
  convolve,
  crossCorrelate,
  filterImage,
  gaussianKernel,
  laplacianKernel,
  sharpenKernel,
  sobelKernels,
} from '../../../src/dsp/index.ts'
import {
  addPerChannel,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  convByUnfold,
  Flatten,
  Linear,
  MaxPool2d,
  Sequential,
  UnfoldConv2d,
  Upsample,
} from '../../../src/nn/index.ts'
import { fold, relu, softmax, unfold } from '../../../src/tensor/index.ts'
import { type Block, calling, of } from '../support.ts'

const convolutions: readonly Block[] = [
  {
    ids: ['3.12'],
    name: 'Conv1d',
    create: () => new Conv1d(4, 6, 3, { stride: 3, padding: 2, dilation: 2, groups: 2 }),
    cases: [
      { inputs: [[2, 4, 8]], outputs: [[2, 6, 3]] },
      { inputs: [[1, 4, 1]], outputs: [[1, 6, 1]] },
    ],
  },
  {
    ids: ['3.12', '3.11'],
    name: 'Conv1d, causal',
    create: () => new Conv1d(2, 3, 3, { padding: 'causal', dilation: 2 }),
    cases: [
      { inputs: [[2, 2, 6]], outputs: [[2, 3, 6]] },
      { inputs: [[1, 2, 1]], outputs: [[1, 3, 1]] },
    ],
  },
  {
    ids: ['2.3', '2.4', '3.12'],
    name: 'Conv2d',
    create: () => new Conv2d(2, 3, [3, 2], { stride: [2, 1], padding: [1, 0] }),
    cases: [
      { inputs: [[2, 2, 5, 4]], outputs: [[2, 3, 3, 3]] },
      { inputs: [[1, 2, 1, 2]], outputs: [[1, 3, 1, 1]] },
    ],
  },
  {
    ids: ['3.12'],
    name: 'Conv3d',
    create: () => new Conv3d(2, 2, [2, 3, 1], { padding: 'same' }),
    cases: [
      { inputs: [[1, 2, 3, 3, 2]], outputs: [[1, 2, 3, 3, 2]] },
      { inputs: [[1, 2, 1, 1, 1]], outputs: [[1, 2, 1, 1, 1]] },
    ],
  },
  {
    ids: ['0.3'],
    name: 'ConvTranspose1d',
    create: () => new ConvTranspose1d(4, 2, 3, { stride: 3, padding: 1, dilation: 2, groups: 2, outputPadding: 1 }),
    cases: [
      { inputs: [[2, 4, 4]], outputs: [[2, 2, 13]] },
      { inputs: [[1, 4, 1]], outputs: [[1, 2, 4]] },
    ],
  },
  {
    ids: ['0.3'],
    name: 'ConvTranspose2d',
    create: () => new ConvTranspose2d(2, 3, [2, 3], { stride: [2, 1], padding: [0, 1] }),
    cases: [
      { inputs: [[2, 2, 3, 3]], outputs: [[2, 3, 6, 3]] },
      { inputs: [[1, 2, 1, 1]], outputs: [[1, 3, 2, 1]] },
    ],
  },
  {
    ids: ['0.3'],
    name: 'ConvTranspose3d',
    create: () => new ConvTranspose3d(2, 2, [1, 2, 2], { stride: [1, 2, 2] }),
    cases: [
      { inputs: [[1, 2, 2, 2, 3]], outputs: [[1, 2, 2, 4, 6]] },
      { inputs: [[1, 2, 1, 1, 1]], outputs: [[1, 2, 1, 2, 2]] },
    ],
  },
  {
    ids: ['2.11'],
    name: 'addPerChannel',
    ...calling((x, values) => addPerChannel(x, values)),
    cases: [{ inputs: [[2, 3, 4], [3]], outputs: [[2, 3, 4]] }],
  },
  {
    ids: ['2.19'],
    name: 'UnfoldConv2d',
    create: () => new UnfoldConv2d(2, 3, [3, 2], { stride: [1, 2], padding: 1, dilation: [2, 1] }),
    cases: [
      { inputs: [[2, 2, 6, 5]], outputs: [[2, 3, 4, 3]] },
      { inputs: [[1, 2, 3, 1]], outputs: [[1, 3, 1, 1]] },
    ],
  },
  {
    ids: ['2.19'],
    name: 'convByUnfold',
    ...calling((x, weight) => convByUnfold(x, weight, { stride: 2 })),
    cases: [
      {
        inputs: [
          [2, 2, 7],
          [3, 2, 3],
        ],
        outputs: [[2, 3, 3]],
      },
    ],
  },
  {
    ids: ['2.20'],
    name: 'unfold',
    create: of((x) => unfold(x, [2, 3], { stride: [1, 2], padding: [0, 1] })),
    cases: [
      { inputs: [[2, 2, 3, 5]], outputs: [[2, 12, 6]] },
      { inputs: [[1, 1, 2, 1]], outputs: [[1, 6, 1]] },
    ],
  },
  {
    ids: ['2.20'],
    name: 'fold',
    create: of((x) => fold(x, [3, 5], [2, 3], { stride: [1, 2], padding: [0, 1] })),
    cases: [
      { inputs: [[2, 12, 6]], outputs: [[2, 2, 3, 5]] },
      { inputs: [[1, 6, 6]], outputs: [[1, 1, 3, 5]] },
    ],
  },
  {
    ids: ['2.10', '2.6'],
    name: 'Sequential',
    create: () => new Sequential(new Conv2d(1, 2, 3), relu, new MaxPool2d(2), new Flatten(), new Linear(8, 3), softmax),
    cases: [{ inputs: [[2, 1, 6, 6]], outputs: [[2, 3]] }],
  },
  {
    ids: ['0.4'],
    name: 'Upsample and Conv2d',
    create: () => new Sequential(new Upsample({ scale: 2 }), new Conv2d(2, 2, 3, { padding: 'same' })),
    cases: [
      { inputs: [[2, 2, 2, 3]], outputs: [[2, 2, 4, 6]] },
      { inputs: [[1, 2, 1, 1]], outputs: [[1, 2, 2, 2]] },
    ],
  },
]

const signals: readonly Block[] = [
  {
    ids: ['2.1'],
    name: 'convolve',
    ...calling((x, k) => convolve(x, k)),
    cases: [
      { inputs: [[2, 7], [3]], outputs: [[2, 9]] },
      { inputs: [[1], [1]], outputs: [[1]] },
    ],
  },
  {
    ids: ['2.1'],
    name: 'crossCorrelate',
    ...calling((x, k) => crossCorrelate(x, k, { mode: 'same' })),
    cases: [
      {
        inputs: [
          [2, 4, 5],
          [3, 2],
        ],
        outputs: [[2, 4, 5]],
      },
      { inputs: [[1], [1]], outputs: [[1]] },
    ],
  },
  {
    ids: ['2.2'],
    name: 'filterImage',
    ...calling((x, k) => filterImage(x, k)),
    cases: [
      {
        inputs: [
          [2, 4, 5],
          [3, 3],
        ],
        outputs: [[2, 4, 5]],
      },
      {
        inputs: [
          [1, 1],
          [3, 3],
        ],
        outputs: [[1, 1]],
      },
    ],
  },
  {
    ids: ['2.2'],
    name: 'gaussianKernel, laplacianKernel, sharpenKernel, sobelKernels',
    ...calling((x) =>
      [gaussianKernel(0.6), laplacianKernel(), sharpenKernel(), sobelKernels().right].map((kernel) => filterImage(x, kernel)),
    ),
    cases: [
      {
        inputs: [[4, 5]],
        outputs: [
          [4, 5],
          [4, 5],
          [4, 5],
          [4, 5],
        ],
      },
    ],
  },
]

export const convolution: readonly Block[] = [...convolutions, ...signals]
