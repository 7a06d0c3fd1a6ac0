import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import {
  add,
  batchNormInference,
  constant,
  conv2d,
  createRandom,
  grad,
  input,
  mul,
  type Shape,
  sizeOf,
  sum,
  type Tensor,
  upsampleNearest,
} from '../../src/tensor/index.ts'
import { countOps } from './support.ts'

function drawn(shape: Shape, seed: number): Tensor {
  const random = createRandom(seed)
  return constant(
    Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1)),
    shape,
  )
}

/** Hides from conv2d where its input comes from: the plain form. */
const hidden = (x: Tensor) => add(x, 0)

const side = fc.record({
  extent: fc.integer({ min: 2, max: 4 }),
  kernel: fc.integer({ min: 3, max: 5 }),
  before: fc.integer({ min: 0, max: 4 }),
  after: fc.integer({ min: 0, max: 4 }),
})

describe('conv2d of an up-sampled tensor', () => {
  it('gives values and gradients of the plain form', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(side, side),
        fc.integer({ min: 2, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        async (sides, factor, batch, channels, outputs, seed) => {
          fc.pre(sides.every(({ extent, kernel, before, after }) => extent * factor + before + after >= kernel))
          const x = drawn([batch, channels, ...sides.map(({ extent }) => extent)], seed)
          const weight = drawn([outputs, channels, ...sides.map(({ kernel }) => kernel)], seed + 1)
          const padding = sides.map(({ before, after }) => [before, after] as const)
          const [cheap, plain] = await Promise.all(
            [(up: Tensor) => up, hidden].map((through) =>
              evaluate(() => {
                const y = conv2d(through(upsampleNearest(x, [1, 1, factor, factor])), weight, { padding })
                return [y, ...grad(sum(mul(y, drawn(y.shape, seed + 2))), [x, weight])]
              }),
            ),
          )
          const numbers = (results: typeof cheap) => results!.map((values) => Array.from<number | bigint, number>(values, Number))
          const expected = numbers(plain)
          const differences = numbers(cheap).flatMap((values, i) => {
            expect(values).toHaveLength(expected[i]!.length)
            return values.map((value, at) => Math.abs(value - expected[i]![at]!))
          })
          expect(Math.max(...differences)).toBeLessThan(1e-10)
        },
      ),
    )
  })

  it('writes no up-sampled copy, in the pass back neither', () => {
    const x = input('x', [1, 2, 4, 6])
    const weight = input('weight', [3, 2, 3, 3])
    const y = conv2d(upsampleNearest(x, [1, 1, 2, 2]), weight, { padding: 1 })
    const [dx, dw] = grad(sum(mul(y, y)), [x, weight])
    const counts = countOps(writeOnnx({ y, dx: dx!, dw: dw! }))
    expect(y.shape).toEqual([1, 3, 8, 12])
    expect(counts).toMatchObject({ Conv: 2, DepthToSpace: 1, SpaceToDepth: 1 })
    expect(counts).not.toHaveProperty('Resize')
    expect(counts).not.toHaveProperty('AveragePool')
  })

  it('stays plain before a normalisation with fixed statistics, which ONNX Runtime folds into it', () => {
    const x = input('x', [1, 2, 4, 6])
    const values = () => constant([1, 2, 3])
    const y = conv2d(upsampleNearest(x, [1, 1, 2, 2]), input('weight', [3, 2, 3, 3]), { padding: 1 })
    const normed = batchNormInference(y, values(), values(), values(), values())
    expect(countOps(writeOnnx({ normed }))).toEqual({ Resize: 1, Conv: 1, BatchNormalization: 1 })
  })
})
