/** Cases of random numbers in the graph: the same numbers on every backend, and no derivative. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'
import { type Case, shape } from './support.ts'

/** A key that depends on x, whatever its values: constants would be drawn when the graph is loaded, on the CPU. */
const keyOf = (x: Tensor, seed: number) => t.foldIn(t.randomKey(seed), t.cast(t.mul(t.sum(t.stopGradient(x)), 0), 'int32'))

const drawn = (f: (key: Tensor, s: readonly number[]) => Tensor, sizes = shape(1, 3)) =>
  fc.tuple(sizes, fc.integer()).map(([s, seed]) => ({ shapes: [s], f: (x: Tensor) => t.mul(t.stopGradient(x), f(keyOf(x, seed), s)) }))

export const randomCases: readonly Case[] = [
  {
    covers: ['uniform', 'foldIn'],
    draw: drawn((key, s) => t.uniform(t.foldIn(key, t.cast(t.constant(7), 'int32')), s)),
    differentiable: false,
  },
  // Sizes above 4096 are products of two vectors; those without a divisor near their root are cut from a larger product.
  { covers: ['uniform'], draw: drawn(t.uniform, fc.constantFrom([4099], [2, 2053], [64, 65])), differentiable: false },
  { covers: ['bernoulli'], draw: drawn((key, s) => t.cast(t.bernoulli(key, 0.3, s), 'float32')), differentiable: false },
  { covers: ['uniform'], draw: drawn(t.normal), differentiable: false },
]
