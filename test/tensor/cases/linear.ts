/** Cases of products of matrices and of what is built on them. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape } from './support.ts'

export const linearCases: readonly Case[] = [
  {
    covers: ['matmul'],
    draw: fc.tuple(extent, extent, extent, shape(0, 2), fc.constantFrom('both', 'left', 'right')).map(([m, k, n, batch, who]) => ({
      shapes: [
        [...(who === 'right' ? batch.map(() => 1) : batch), m, k],
        [...(who === 'left' ? [] : batch), k, n],
      ],
      f: (a: Tensor, b: Tensor) => t.matmul(a, b),
    })),
  },
]
