/** Cases of the first primitives: movement, up-sampling. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape, unary } from './support.ts'

export const coreCases: readonly Case[] = [
  unary('stopGradient', t.stopGradient, { differentiable: false }),
  {
    covers: ['reshape', 'transpose'],
    draw: fc.tuple(shape(1, 4), fc.integer()).map(([s, seed]) => {
      const random = t.createRandom(seed)
      const permutation = s.map((_, i) => i).sort(() => random.uniform(-1, 1))
      return { shapes: [s], f: (x: Tensor) => t.reshape(t.transpose(x, permutation), [-1]) }
    }),
  },
  {
    covers: ['transpose'],
    draw: fc.tuple(shape(2, 4), fc.integer()).map(([s, seed]) => {
      const random = t.createRandom(seed)
      const [first, second] = [0, 1].map(() => s.map((_, i) => i).sort(() => random.uniform(-1, 1)))
      return { shapes: [s], f: (x: Tensor) => t.transpose(t.transpose(x, first!), second!) }
    }),
  },
  {
    covers: ['expand', 'sum'],
    draw: shape(1, 4).map((s) => ({
      shapes: [s],
      f: (x: Tensor) => t.sum(t.expand(t.reshape(x, [1, ...s]), [3, ...s]), { axes: [0, -1] }),
    })),
  },
  {
    covers: ['upsampleNearest', 'blockSum'],
    draw: fc.tuple(shape(4, 4), extent, extent, extent).map(([s, a, b, c]) => ({
      shapes: [s],
      f: (x: Tensor) => t.mul(t.upsampleNearest(x, [1, c > 2 ? 2 : 1, a, b]), 0.5),
    })),
  },
  {
    covers: ['blockSum'],
    draw: fc.tuple(shape(4, 4), extent, extent).map(([[b, c, h, w], kh, kw]) => ({
      shapes: [[b!, c!, h! * kh, w! * kw]],
      f: (x: Tensor) => t.blockSum(x, [1, 1, kh, kw]),
    })),
  },
]
