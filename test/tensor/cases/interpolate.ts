/** Cases of resampling: to sizes and by factors, up and down, one to three axes. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import type { Case } from './support.ts'

const extents = (rank: number) => fc.array(fc.integer({ min: 1, max: rank === 3 ? 3 : 5 }), { minLength: rank, maxLength: rank })
const target = (rank: number) =>
  fc.oneof(
    fc.record({ size: extents(rank) }),
    fc.record({ scale: fc.array(fc.constantFrom(1, 1.5, 1.7, 2, 2.4, 3), { minLength: rank, maxLength: rank }) }),
  )

export const interpolateCases: readonly Case[] = (['nearest', 'linear', 'bilinear'] as const).flatMap((mode) =>
  (mode === 'nearest' ? [1, 2, 3] : mode === 'linear' ? [1] : [2]).map((rank) => ({
    covers: ['interpolate', 'interpolateAdjoint'],
    draw: fc.tuple(extents(rank), target(rank), fc.boolean()).map(([spatial, to, corners]) => ({
      shapes: [[1, 2, ...spatial]],
      f: (x: Tensor) => t.interpolate(x, { ...to, mode, alignCorners: corners && mode !== 'nearest' }),
    })),
  })),
)
