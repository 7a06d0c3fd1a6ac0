/** Cases of reductions and running sums. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, shape } from './support.ts'

type Reduce = (x: Tensor, options: t.ReduceOptions) => Tensor

/** A reduction over drawn axes, kept or dropped. */
const over = (name: string, reduce: Reduce, options: Partial<Case> = {}): Case => ({
  covers: [name],
  draw: fc.tuple(shape(1, 4), fc.nat(), fc.nat(), fc.boolean()).map(([s, a, b, keepDims]) => ({
    shapes: [s],
    f: (x: Tensor) => reduce(x, { axes: [a % s.length, b % s.length], keepDims }),
  })),
  ...options,
})

export const reduceCases: readonly Case[] = [
  over('max', t.max),
  over('min', t.min),
  over('max', t.logSumExp),
  over('sum', t.prod),
  over('sum', (x, options) => t.variance(t.mul(x, 3), { ...options, correction: 0 })),
  {
    covers: ['cumsum'],
    draw: fc.tuple(shape(1, 3), fc.nat(), fc.boolean(), fc.boolean()).map(([s, axis, reverse, exclusive]) => ({
      shapes: [s],
      f: (x: Tensor) => t.cumsum(x, axis % s.length, { reverse, exclusive }),
    })),
  },
  // Wide enough for the lowering that transposes.
  {
    covers: ['cumsum'],
    draw: fc
      .tuple(fc.integer({ min: 14, max: 18 }), fc.integer({ min: 1, max: 4 }))
      .map((s) => ({ shapes: [s], f: (x: Tensor) => t.cumsum(x, 1) })),
  },
]
