/** Cases of reading and adding by index, and of orders. */
import fc from 'fast-check'
import type { DType, Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, extent, shape, unary } from './support.ts'

/** Whole numbers in -n…n-1, so many that some are equal. */
function indices(seed: number, n: number, extents: readonly number[], dtype: DType = 'int64'): Tensor {
  const random = t.createRandom(seed)
  return t.constant(
    Array.from({ length: t.sizeOf(extents) }, () => Math.floor(random.uniform(-n, n))),
    extents,
    dtype,
  )
}

interface Where {
  readonly axis: number
  readonly at: (extents: readonly number[]) => Tensor
}

/** Drawn shapes with an axis, shapes of indices, and indices into that axis. */
const place = fc
  .tuple(shape(1, 3), shape(0, 2), fc.nat(), fc.nat(), fc.constantFrom<DType>('int32', 'int64'))
  .map(([s, at, axis, seed, dtype]) => {
    const along = axis % s.length
    const where: Where = { axis: along, at: (extents) => indices(seed, s[along]!, extents, dtype) }
    return { s, at, where, gathered: [...s.slice(0, along), ...at, ...s.slice(along + 1)] }
  })

const alongAxis = fc.tuple(shape(1, 3), extent, fc.nat(), fc.nat()).map(([s, n, axis, seed]) => {
  const along = axis % s.length
  const extents = s.map((size, i) => (i === along ? n : size))
  return { s, along, extents, at: indices(seed, s[along]!, extents) }
})

const asFloat = (x: Tensor) => t.cast(x, 'float32')

export const indexingCases: readonly Case[] = [
  {
    covers: ['gather', 'scatterAdd'],
    draw: place.map(({ s, at, where }) => ({ shapes: [s], f: (x: Tensor) => t.gather(x, where.at(at), where.axis) })),
  },
  {
    covers: ['scatterAdd'],
    draw: place.map(({ s, at, where, gathered }) => ({
      shapes: [s, gathered],
      f: (x: Tensor, updates: Tensor) => t.scatterAdd(x, where.at(at), updates, where.axis),
    })),
  },
  // An axis of more than 128 places is added to one by one.
  {
    covers: ['scatterAdd'],
    draw: fc.tuple(shape(0, 1), shape(1, 2), shape(0, 1), fc.nat()).map(([before, at, after, seed]) => ({
      shapes: [
        [...before, 130, ...after],
        [...before, ...at, ...after],
      ],
      f: (x: Tensor, updates: Tensor) => t.scatterAdd(t.sin(x), t.mul(indices(seed, 2, at), 50), t.mul(updates, updates), before.length),
    })),
  },
  {
    covers: ['takeAlongAxis', 'addAlongAxis'],
    draw: alongAxis.map(({ s, along, at }) => ({ shapes: [s], f: (x: Tensor) => t.takeAlongAxis(x, at, along) })),
  },
  {
    covers: ['addAlongAxis'],
    draw: alongAxis.map(({ s, along, extents, at }) => ({
      shapes: [s, extents],
      f: (x: Tensor, updates: Tensor) => t.addAlongAxis(x, at, updates, along),
    })),
  },
  {
    covers: ['topK'],
    draw: fc.tuple(shape(1, 3), fc.nat(), fc.nat(), fc.boolean()).map(([s, a, k, largest]) => {
      const axis = a % s.length
      return { shapes: [s], f: (x: Tensor) => t.topK(x, 1 + (k % s[axis]!), { axis, largest }).values }
    }),
  },
  unary('topK', (x) => asFloat(t.argsort(t.reshape(x, [-1]))), { differentiable: false }),
  unary('argmax', (x) => asFloat(t.argmax(x)), { differentiable: false }),
  {
    covers: ['argmax', 'argmin'],
    draw: fc.tuple(shape(1, 3), fc.nat()).map(([s, a]) => {
      const options = { axis: a % s.length, keepDims: true }
      return { shapes: [s], f: (x: Tensor) => t.sub(asFloat(t.argmax(x, options)), asFloat(t.argmin(x, options))) }
    }),
    differentiable: false,
  },
]
