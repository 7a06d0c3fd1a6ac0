/** What cases are made of: a case is functions of drawn tensors that exercise primitives. */
import fc from 'fast-check'
import type { Tensor } from '../../../src/tensor/index.ts'
import * as t from '../../../src/tensor/index.ts'

export interface Case {
  /** Primitives that the case is the proof of. */
  readonly covers: readonly string[]
  /** Input shapes and a function of tensors of those shapes. */
  readonly draw: fc.Arbitrary<{ readonly shapes: readonly (readonly number[])[]; readonly f: (...x: Tensor[]) => Tensor }>
  /** Range of the drawn inputs, [-1, 1] by default. */
  readonly range?: readonly [number, number]
  /** False where the function is flat or has kinks that random points may hit. */
  readonly differentiable?: boolean
}

export const extent = fc.integer({ min: 1, max: 4 })
export const shape = (min = 1, max = 3) => fc.array(extent, { minLength: min, maxLength: max })
const drawn = (f: (...x: Tensor[]) => Tensor, shapes: fc.Arbitrary<readonly (readonly number[])[]>) => shapes.map((s) => ({ shapes: s, f }))
export const unary = (name: string, f: (x: Tensor) => Tensor, options: Partial<Case> = {}): Case => ({
  covers: [name],
  draw: drawn(
    f,
    shape(0, 3).map((s) => [s]),
  ),
  ...options,
})
/** Two shapes that broadcast: axes of one are dropped to 1 or left out at the front. */
const broadcastPair = fc
  .tuple(shape(0, 3), fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }), extent)
  .map(([s, how, cut]) => {
    const left = s.map((n, i) => (how[i] === 1 ? 1 : n))
    const right = s.map((n, i) => (how[i] === 2 ? 1 : n)).slice(Math.min(cut - 1, s.length))
    return [left, right]
  })
export const binary = (name: string, f: (a: Tensor, b: Tensor) => Tensor, options: Partial<Case> = {}): Case => ({
  covers: [name],
  draw: drawn(f as (...x: Tensor[]) => Tensor, broadcastPair),
  ...options,
})
export const asFloat = (f: (a: Tensor, b: Tensor) => Tensor) => (a: Tensor, b: Tensor) => t.cast(f(a, b), 'float32')

/** One spatial axis under a window: padding of at most `widest` on each side, and up to `spare` elements more than the window reaches. */
export const windowAxis = (widest: number, spare: number) =>
  fc.record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: widest }),
    after: fc.integer({ min: 0, max: widest }),
    dilation: fc.integer({ min: 1, max: 2 }),
    spare: fc.integer({ min: 0, max: spare }),
  })
