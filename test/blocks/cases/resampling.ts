import { AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d, Upsample } from '../../../src/nn/index.ts'
import type { Block } from '../support.ts'

export const resampling: readonly Block[] = [
  {
    ids: ['0.4'],
    name: 'Upsample, linear',
    create: () => new Upsample({ scale: 3, mode: 'linear' }),
    cases: [
      { inputs: [[2, 2, 4]], outputs: [[2, 2, 12]] },
      { inputs: [[1, 1, 1]], outputs: [[1, 1, 3]] },
    ],
  },
  {
    ids: ['0.4'],
    name: 'Upsample, bilinear',
    create: () => new Upsample({ scale: 2, mode: 'bilinear' }),
    cases: [
      { inputs: [[2, 1, 3, 4]], outputs: [[2, 1, 6, 8]] },
      { inputs: [[1, 1, 1, 1]], outputs: [[1, 1, 2, 2]] },
    ],
  },
  {
    ids: ['0.4'],
    name: 'Upsample, bilinear with aligned corners',
    create: () => new Upsample({ size: [5, 3], mode: 'bilinear', alignCorners: true }),
    cases: [
      { inputs: [[2, 1, 3, 2]], outputs: [[2, 1, 5, 3]] },
      { inputs: [[1, 1, 1, 1]], outputs: [[1, 1, 5, 3]] },
    ],
  },
  {
    ids: ['1.16'],
    name: 'MaxPool1d',
    create: () => new MaxPool1d(3, { stride: 2, padding: 1 }),
    cases: [
      { inputs: [[2, 2, 7]], outputs: [[2, 2, 4]] },
      { inputs: [[1, 1, 1]], outputs: [[1, 1, 1]] },
    ],
  },
  {
    ids: ['2.6'],
    name: 'MaxPool2d',
    create: () => new MaxPool2d(2),
    cases: [
      { inputs: [[2, 2, 4, 5]], outputs: [[2, 2, 2, 2]] },
      { inputs: [[1, 1, 2, 2]], outputs: [[1, 1, 1, 1]] },
    ],
  },
  {
    ids: ['2.6'],
    name: 'MaxPool3d',
    create: () => new MaxPool3d([1, 2, 2], { stride: 1 }),
    cases: [
      { inputs: [[1, 2, 2, 3, 3]], outputs: [[1, 2, 2, 2, 2]] },
      { inputs: [[1, 1, 1, 2, 2]], outputs: [[1, 1, 1, 1, 1]] },
    ],
  },
  {
    ids: ['1.16'],
    name: 'AvgPool1d',
    create: () => new AvgPool1d(3, { stride: 2, padding: 1 }),
    cases: [
      { inputs: [[2, 2, 7]], outputs: [[2, 2, 4]] },
      { inputs: [[1, 1, 1]], outputs: [[1, 1, 1]] },
    ],
  },
  {
    ids: ['2.6'],
    name: 'AvgPool2d',
    create: () => new AvgPool2d([2, 3], { padding: 1, countIncludePad: false }),
    cases: [
      { inputs: [[2, 1, 5, 4]], outputs: [[2, 1, 3, 2]] },
      { inputs: [[1, 1, 1, 1]], outputs: [[1, 1, 1, 1]] },
    ],
  },
  {
    ids: ['2.6'],
    name: 'AvgPool3d',
    create: () => new AvgPool3d(2, { stride: 1 }),
    cases: [
      { inputs: [[1, 2, 3, 2, 3]], outputs: [[1, 2, 2, 1, 2]] },
      { inputs: [[1, 1, 2, 2, 2]], outputs: [[1, 1, 1, 1, 1]] },
    ],
  },
]
