import {
  BatchNorm,
  binEmbeddings,
  CumulativeLayerNorm,
  channelDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  Embedding,
  EmbeddingHead,
  Flatten,
  GroupNorm,
  InstanceNorm,
  LayerNorm,
  Linear,
  linear,
  MaskHead,
  splitSources,
  unitNorm,
} from '../../../src/nn/index.ts'
import { softmax } from '../../../src/tensor/index.ts'
import { type Block, calling, of } from '../support.ts'

const unchanged = (...shapes: readonly (readonly number[])[]) =>
  shapes.map((shape) => ({ inputs: [shape], outputs: [shape] })) as unknown as Block['cases']

const dense: readonly Block[] = [
  {
    ids: ['2.8', '3.3'],
    name: 'Linear',
    create: () => new Linear(4, 3),
    cases: [
      { inputs: [[2, 5, 4]], outputs: [[2, 5, 3]] },
      { inputs: [[1, 1, 4]], outputs: [[1, 1, 3]] },
      { inputs: [[4]], outputs: [[3]] },
    ],
  },
  {
    ids: ['2.11', '3.3'],
    name: 'linear',
    ...calling((x, w, b) => linear(x, w, b)),
    cases: [{ inputs: [[2, 4], [3, 4], [3]], outputs: [[2, 3]] }],
  },
  {
    ids: ['1.3'],
    name: 'Embedding',
    // Padding, which has no gradient though the result depends on it, is not among what is drawn.
    create: () => new Embedding(6, 3, { paddingIndex: 5 }),
    below: 5,
    cases: [
      { inputs: [{ shape: [2, 6], dtype: 'int64' }], outputs: [[2, 6, 3]] },
      { inputs: [{ shape: [1, 1], dtype: 'int32' }], outputs: [[1, 1, 3]] },
    ],
  },
  {
    ids: ['2.7'],
    name: 'Flatten',
    create: () => new Flatten(),
    cases: [
      { inputs: [[2, 3, 2, 2]], outputs: [[2, 12]] },
      { inputs: [[1, 1]], outputs: [[1, 1]] },
    ],
  },
]

const norms: readonly Block[] = [
  { ids: ['3.17'], name: 'BatchNorm', create: () => new BatchNorm(3), training: 'statistics', cases: unchanged([4, 3, 5], [1, 3, 1]) },
  {
    ids: ['3.17'],
    name: 'BatchNorm, no affine, no track',
    create: () => new BatchNorm(3, { affine: false, track: false }),
    cases: unchanged([4, 3, 5]),
  },
  { ids: ['3.18'], name: 'LayerNorm', create: () => new LayerNorm(5), cases: unchanged([2, 3, 5], [1, 1, 5]) },
  {
    ids: ['3.18'],
    name: 'LayerNorm, no affine',
    create: () => new LayerNorm([3, 5], { affine: false }),
    cases: unchanged([2, 3, 5], [1, 3, 5]),
  },
  { ids: ['3.18'], name: 'InstanceNorm', create: () => new InstanceNorm(3, { affine: true }), cases: unchanged([2, 3, 6], [1, 3, 1]) },
  {
    ids: ['3.18'],
    name: 'InstanceNorm, tracking',
    create: () => new InstanceNorm(3, { track: true }),
    training: 'statistics',
    cases: unchanged([2, 3, 6], [1, 3, 2]),
  },
  { ids: ['3.18'], name: 'GroupNorm', create: () => new GroupNorm(2, 4), cases: unchanged([2, 4, 3], [1, 4, 1]) },
  {
    ids: ['3.18'],
    name: 'CumulativeLayerNorm',
    create: () => new CumulativeLayerNorm(3),
    cases: unchanged([2, 3, 6], [1, 3, 1], [1, 3, 2, 2]),
  },
]

const dropouts: readonly Block[] = [
  { ids: ['3.16'], name: 'Dropout', create: () => new Dropout(0.4), training: 'random', cases: unchanged([2, 3, 5], [1, 1]) },
  { ids: ['3.16'], name: 'Dropout1d', create: () => new Dropout1d(), training: 'random', cases: unchanged([4, 6, 2], [1, 1, 1]) },
  { ids: ['3.16'], name: 'Dropout2d', create: () => new Dropout2d(), training: 'random', cases: unchanged([4, 6, 2, 2], [1, 1, 1, 1]) },
  {
    ids: ['3.16'],
    name: 'Dropout3d',
    create: () => new Dropout3d(),
    training: 'random',
    cases: unchanged([4, 6, 1, 2, 2], [1, 1, 1, 1, 1]),
  },
  { ids: ['3.16'], name: 'channelDropout', create: of((x) => channelDropout(x)), training: 'random', cases: unchanged([4, 6, 2], [1, 1]) },
]

const heads: readonly Block[] = [
  {
    ids: ['3.4'],
    name: 'MaskHead',
    create: () => new MaskHead(4, 3),
    cases: [
      { inputs: [[2, 5, 4]], outputs: [[2, 5, 3]] },
      { inputs: [[1, 1, 4]], outputs: [[1, 1, 3]] },
    ],
  },
  {
    ids: ['3.5'],
    name: 'MaskHead, sources',
    create: () => new MaskHead(4, 3, { sources: 2, activation: softmax }),
    cases: [
      { inputs: [[2, 5, 4]], outputs: [[2, 5, 3, 2]] },
      { inputs: [[1, 1, 4]], outputs: [[1, 1, 3, 2]] },
    ],
  },
  { ids: ['3.5'], name: 'splitSources', create: of((x) => splitSources(x, 2)), cases: [{ inputs: [[2, 3, 8]], outputs: [[2, 3, 4, 2]] }] },
  {
    ids: ['3.6'],
    name: 'EmbeddingHead',
    create: () => new EmbeddingHead(4, 3, 2),
    cases: [
      { inputs: [[2, 5, 4]], outputs: [[2, 15, 2]] },
      { inputs: [[1, 1, 4]], outputs: [[1, 3, 2]] },
    ],
  },
  { ids: ['3.6'], name: 'binEmbeddings', create: of((x) => binEmbeddings(x, 2)), cases: [{ inputs: [[2, 3, 8]], outputs: [[2, 12, 2]] }] },
  { ids: ['3.6'], name: 'unitNorm', create: of((x) => unitNorm(x)), cases: unchanged([2, 3, 4], [1, 1]) },
]

export const layers: readonly Block[] = [...dense, ...norms, ...dropouts, ...heads]
