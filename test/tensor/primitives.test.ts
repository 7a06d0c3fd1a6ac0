import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { grad, input, mul, primitiveNames, sizeOf, sum } from '../../src/tensor/index.ts'
import { cases } from './cases/index.ts'
import { describePrimitives, distance, drawValues, runOnce, titleOf } from './generic.ts'

const reference = createReferenceBackend()

it('has a generic case for every primitive', () => {
  const covered = new Set(cases.flatMap(({ covers }) => covers))
  expect(primitiveNames().filter((name) => !covered.has(name))).toEqual([])
})

// float32 sums of at most a few hundred products of numbers ≤ 1: 1e-5 of the largest value is some 80 units of rounding.
describePrimitives('onnxruntime-node, 1 thread', () => createOnnxRuntimeBackend({ threads: 1 }), { tolerance: 1e-5, numRuns: 15 })
// Two threads cut the same sums in other places: the same bound.
describePrimitives('onnxruntime-node, 2 threads', () => createOnnxRuntimeBackend({ threads: 2 }), { tolerance: 1e-5, numRuns: 5 })

describe('derivatives', () => {
  // Central differences with step 1e-5 in float64 err by about step² + rounding/step ≈ 1e-10; 1e-6 leaves room for large derivatives.
  it.each(
    cases.map((c, i) => ({
      ...c,
      title: `${titleOf(c, i)} ${(c.differentiable ?? true) ? 'has the derivative that central differences give' : 'is flat or cut off, so its gradient is zero'}`,
    })),
  )('$title', async ({ draw, range, differentiable = true }) => {
    await fc.assert(
      fc.asyncProperty(draw, fc.integer(), async ({ shapes, f }, seed) => {
        const inputs = shapes.map((shape, i) => input(`x${i}`, shape))
        const y = f(...inputs)
        const loss = sum(mul(y, input('ct', y.shape)))
        const program = await reference.load({ loss })
        const feeds: Record<string, Float64Array> = { ct: Float64Array.from(drawValues(y.shape, seed + 99)) }
        for (const [i, shape] of shapes.entries()) feeds[`x${i}`] = Float64Array.from(drawValues(shape, seed + i, range))
        const gradients = await runOnce(reference, Object.fromEntries(grad(loss, inputs).map((g, i) => [`g${i}`, g])), feeds)
        const step = 1e-5
        for (const [i, shape] of shapes.entries()) {
          const x = feeds[`x${i}`]!
          const numeric = new Float64Array(sizeOf(shape))
          for (let k = 0; differentiable && k < x.length; k++) {
            const at = async (value: number) => {
              const moved = x.slice()
              moved[k] = value
              return (await program.run({ ...feeds, [`x${i}`]: moved })).loss![0] as number
            }
            numeric[k] = ((await at(x[k]! + step)) - (await at(x[k]! - step))) / (2 * step)
          }
          expect(distance(gradients[`g${i}`] as Float64Array, numeric), `gradient ${i} of shapes ${JSON.stringify(shapes)}`).toBeLessThan(
            1e-6,
          )
        }
      }),
      { numRuns: 8, seed: 2 },
    )
  })
})
