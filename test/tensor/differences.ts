/** Derivatives against central differences, in float64. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { createReferenceBackend } from '../../src/runtime/browser.ts'
import { grad, input, mul, sizeOf, sum } from '../../src/tensor/index.ts'
import type { Case } from './cases/support.ts'
import { distance, drawValues, runOnce } from './generic.ts'

const reference = createReferenceBackend()

/**
 * Draws shapes and values of a case, and compares the gradients of a weighted sum of its output with central differences; those of functions that
 * are not differentiable with zeros.
 *
 * With step 1e-5 in float64 differences err by about step² + rounding/step ≈ 1e-10; 1e-6 leaves room for large derivatives.
 */
export async function expectCentralDifferences(
  { draw, range, differentiable = true }: Pick<Case, 'draw' | 'range' | 'differentiable'>,
  { numRuns = 8, seed: first = 2 } = {},
): Promise<void> {
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
    { numRuns, seed: first },
  )
}
