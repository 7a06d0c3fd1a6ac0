import {
  applyMask,
  binaryMask,
  clusterMasks,
  complexRatioMask,
  compressMask,
  expandMask,
  griffinLim,
  inverseMask,
  kMeans,
  misi,
  mixturePhase,
  phaseSensitiveMask,
  phaseSensitiveTarget,
  ratioMask,
  silhouette,
  silhouetteConfidence,
  softKMeans,
  softMask,
  spatialModel,
  wienerEM,
  wienerFilter,
} from '../../../src/dsp/index.ts'
import { randomKey, type Tensor } from '../../../src/tensor/index.ts'
import { type Block, calling, of } from '../support.ts'

const one: Block['cases'] = [
  { inputs: [[2, 3, 4]], outputs: [[2, 3, 4]] },
  { inputs: [[1, 1]], outputs: [[1, 1]] },
]
/** Two spectra, as four parts, to a real tensor. */
const spectraToReal: Block['cases'] = [
  { inputs: new Array(4).fill([2, 3, 4]), outputs: [[2, 3, 4]] },
  { inputs: new Array(4).fill([1, 1]), outputs: [[1, 1]] },
]
/** Two spectra to a spectrum. */
const spectra: Block['cases'] = [
  {
    inputs: new Array(4).fill([2, 3, 4]),
    outputs: [
      [2, 3, 4],
      [2, 3, 4],
    ],
  },
  {
    inputs: new Array(4).fill([1, 1]),
    outputs: [
      [1, 1],
      [1, 1],
    ],
  },
]

type OfParts = (aRe: Tensor, aIm: Tensor, bRe: Tensor, bIm: Tensor) => Tensor | readonly Tensor[]
const key = randomKey(1)
const frames = { nFft: 4, hopLength: 2 }

const masks: readonly Block[] = [
  { ids: ['3.34'], name: 'binaryMask', create: of((x) => binaryMask(x, { axis: 0 })), cases: one, range: [0, 1], differentiable: false },
  { ids: ['3.34'], name: 'ratioMask', create: of(ratioMask), cases: one, range: [0.1, 1] },
  { ids: ['3.34'], name: 'ratioMask of power 1.5', create: of((x) => ratioMask(x, { axis: 0, power: 1.5 })), cases: one, range: [0.1, 1] },
  { ids: ['3.34'], name: 'softMask', create: of((x) => softMask(x, { axis: 0 })), cases: one },
  { ids: ['3.34'], name: 'inverseMask', create: of(inverseMask), cases: one },
  {
    ids: ['3.34'],
    name: 'applyMask',
    ...calling(((maskRe, maskIm, re, im) => [
      ...Object.values(applyMask(maskRe, { re, im })),
      ...Object.values(applyMask({ re: maskRe, im: maskIm }, { re, im })),
    ]) as OfParts),
    cases: [
      { inputs: new Array(4).fill([2, 3, 4]), outputs: new Array(4).fill([2, 3, 4]) },
      { inputs: new Array(4).fill([1, 1]), outputs: new Array(4).fill([1, 1]) },
    ],
  },
  {
    ids: ['3.27'],
    name: 'phaseSensitiveTarget',
    ...calling(((sRe, sIm, re, im) => phaseSensitiveTarget({ re: sRe, im: sIm }, { re, im }, { truncated: true })) as OfParts),
    cases: spectraToReal,
  },
  {
    ids: ['3.34'],
    name: 'phaseSensitiveMask',
    ...calling(((sRe, sIm, re, im) => phaseSensitiveMask({ re: sRe, im: sIm }, { re, im }, { truncated: true })) as OfParts),
    cases: spectraToReal,
  },
  {
    ids: ['3.34'],
    name: 'complexRatioMask',
    ...calling(((sRe, sIm, re, im) => Object.values(complexRatioMask({ re: sRe, im: sIm }, { re, im }))) as OfParts),
    cases: spectra,
    range: [0.2, 1],
  },
  {
    ids: ['3.34'],
    name: 'compressMask and expandMask',
    ...calling((re: Tensor, im: Tensor) => [...Object.values(compressMask({ re, im })), ...Object.values(expandMask({ re, im }))]),
    cases: [
      {
        inputs: [
          [2, 3],
          [2, 3],
        ],
        outputs: new Array(4).fill([2, 3]),
      },
      {
        inputs: [
          [1, 1],
          [1, 1],
        ],
        outputs: new Array(4).fill([1, 1]),
      },
    ],
    range: [-9, 9],
  },
]

const phases: readonly Block[] = [
  {
    ids: ['3.35'],
    name: 'mixturePhase',
    ...calling((magnitude: Tensor, re: Tensor, im: Tensor) => Object.values(mixturePhase(magnitude, { re, im }))),
    cases: [
      { inputs: new Array(3).fill([2, 3, 4]), outputs: new Array(2).fill([2, 3, 4]) },
      { inputs: new Array(3).fill([1, 1]), outputs: new Array(2).fill([1, 1]) },
    ],
    range: [0.2, 1],
  },
  {
    ids: ['3.35'],
    name: 'griffinLim',
    ...calling((magnitude: Tensor) => {
      const { signal, errors } = griffinLim(magnitude, 8, { ...frames, iterations: 2, momentum: 0.5, key })
      return [signal, errors]
    }),
    cases: [
      {
        inputs: [[2, 5, 3]],
        outputs: [
          [2, 8],
          [2, 2],
        ],
      },
      { inputs: [[5, 3]], outputs: [[8], [2]] },
    ],
    range: [0.2, 1],
  },
  {
    ids: ['3.35'],
    name: 'misi',
    ...calling((magnitudes: Tensor, mixture: Tensor) => misi(magnitudes, mixture, { ...frames, iterations: 2 })),
    cases: [
      {
        inputs: [
          [2, 2, 5, 3],
          [2, 8],
        ],
        outputs: [[2, 2, 8]],
      },
      { inputs: [[1, 1, 3], [1]], outputs: [[1, 1]] },
    ],
    range: [0.2, 1],
  },
  {
    ids: ['3.35'],
    name: 'spatialModel and wienerFilter',
    ...calling((re: Tensor, im: Tensor, mixRe: Tensor, mixIm: Tensor) => {
      const model = spatialModel({ re, im })
      const y = wienerFilter({ re, im }, model, { re: mixRe, im: mixIm }, { noise: 0.1 })
      return [model.covariance.re, model.covariance.im, model.power, y.re, y.im]
    }),
    cases: [
      {
        inputs: [
          [2, 3, 4, 2],
          [2, 3, 4, 2],
          [3, 4, 2],
          [3, 4, 2],
        ],
        outputs: [
          [2, 3, 3, 2],
          [2, 3, 3, 2],
          [2, 2],
          [2, 3, 4, 2],
          [2, 3, 4, 2],
        ],
      },
      {
        inputs: [
          [2, 1, 1, 1],
          [2, 1, 1, 1],
          [1, 1, 1],
          [1, 1, 1],
        ],
        outputs: [
          [2, 1, 1, 1],
          [2, 1, 1, 1],
          [2, 1],
          [2, 1, 1, 1],
          [2, 1, 1, 1],
        ],
      },
    ],
  },
  {
    ids: ['3.35'],
    name: 'wienerEM',
    ...calling((re: Tensor, im: Tensor, mixRe: Tensor, mixIm: Tensor) =>
      Object.values(wienerEM({ re, im }, { re: mixRe, im: mixIm }, { iterations: 2, noise: 0.1 })),
    ),
    cases: [
      {
        inputs: [
          [2, 2, 3, 2],
          [2, 2, 3, 2],
          [2, 3, 2],
          [2, 3, 2],
        ],
        outputs: [
          [2, 2, 3, 2],
          [2, 2, 3, 2],
        ],
      },
      {
        inputs: [
          [1, 2, 1, 1],
          [1, 2, 1, 1],
          [2, 1, 1],
          [2, 1, 1],
        ],
        outputs: [
          [1, 2, 1, 1],
          [1, 2, 1, 1],
        ],
      },
    ],
  },
]

const clustering: readonly Block[] = [
  {
    ids: ['3.30'],
    name: 'kMeans',
    ...calling((points: Tensor, weights: Tensor) => {
      const { centres, labels, inertia } = kMeans(points, { clusters: 2, key, iterations: 3, restarts: 2, weights })
      return [centres, labels, inertia]
    }),
    cases: [
      {
        inputs: [
          [2, 8, 2],
          [2, 8],
        ],
        outputs: [[2, 2, 2], [2, 8], [2]],
      },
      {
        inputs: [
          [1, 2, 1],
          [1, 2],
        ],
        outputs: [[1, 2, 1], [1, 2], [1]],
      },
    ],
    range: [0.1, 1],
  },
  {
    ids: ['3.30'],
    name: 'softKMeans',
    ...calling((points: Tensor) => {
      const { centres, shares } = softKMeans(points, { clusters: 2, key, iterations: 3 })
      return [centres, shares]
    }),
    cases: [
      {
        inputs: [[2, 8, 2]],
        outputs: [
          [2, 2, 2],
          [2, 8, 2],
        ],
      },
      {
        inputs: [[1, 2, 1]],
        outputs: [
          [1, 2, 1],
          [1, 2, 2],
        ],
      },
    ],
  },
  {
    ids: ['3.30'],
    name: 'clusterMasks',
    ...calling((embeddings: Tensor, weights: Tensor) => [
      clusterMasks(embeddings, { clusters: 2, key, iterations: 3, weights }),
      clusterMasks(embeddings, { clusters: 2, key, iterations: 3, hardness: 2 }),
    ]),
    cases: [
      {
        inputs: [
          [2, 3, 4, 2],
          [2, 3, 4],
        ],
        outputs: [
          [2, 3, 4, 2],
          [2, 3, 4, 2],
        ],
      },
      {
        inputs: [
          [1, 1, 2, 1],
          [1, 1, 2],
        ],
        outputs: [
          [1, 1, 2, 2],
          [1, 1, 2, 2],
        ],
      },
    ],
    range: [0.1, 1],
  },
  {
    ids: ['3.30'],
    name: 'silhouette and silhouetteConfidence',
    ...calling((points: Tensor, labels: Tensor) => [
      silhouette(points, labels, 2),
      silhouetteConfidence(points, labels, { clusters: 2, key, samples: 4 }),
    ]),
    cases: [
      { inputs: [[2, 6, 2], { shape: [2, 6], dtype: 'int64' }], outputs: [[2, 6], [2]] },
      { inputs: [[1, 1, 1], { shape: [1, 1], dtype: 'int64' }], outputs: [[1, 1], [1]] },
    ],
  },
]

export const separation: readonly Block[] = [...masks, ...phases, ...clustering]
