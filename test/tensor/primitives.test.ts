import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { createRandom, grad, input, mul, primitiveNames, sizeOf, sum, type Tensor } from '../../src/tensor/index.ts'
import { cases } from './cases/index.ts'

const reference = createReferenceBackend()
let onnx: Backend
beforeAll(async () => {
  onnx = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(() => onnx.dispose())

function values(shape: readonly number[], seed: number, [low, high]: readonly [number, number] = [-1, 1]): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(low, high))
}

function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, scale] = [0, 1]
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!))
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!))
  return actual.length === expected.length ? worst / scale : Infinity
}

async function run(
  backend: Backend,
  outputs: Record<string, Tensor>,
  feeds: Record<string, HostArray>,
): Promise<Record<string, HostArray>> {
  const program = await backend.load(outputs)
  const result = await program.run(feeds)
  await program.dispose()
  return result
}

it('has a generic case for every primitive', () => {
  const covered = new Set(cases.flatMap(({ covers }) => covers))
  expect(primitiveNames().filter((name) => !covered.has(name))).toEqual([])
})

describe.each(cases.map((c, i) => ({ ...c, title: `${c.covers.join(', ')} #${i}` })))(
  '$title',
  ({ draw, range, differentiable = true }) => {
    // float32 sums of at most a few hundred products of numbers ≤ 1: 1e-5 of the largest value is some 80 units of rounding.
    it('computes on onnxruntime-node, values and gradients, what the float64 reference computes', async () => {
      await fc.assert(
        fc.asyncProperty(draw, fc.integer(), async ({ shapes, f }, seed) => {
          const inputs = shapes.map((shape, i) => input(`x${i}`, shape))
          const y = f(...inputs)
          const weighted = sum(mul(y, input('ct', y.shape)))
          const outputs: Record<string, Tensor> = { y }
          if (differentiable) for (const [i, g] of grad(weighted, inputs).entries()) outputs[`g${i}`] = g
          const feeds: Record<string, HostArray> = { ct: values(y.shape, seed + 99) }
          for (const [i, shape] of shapes.entries()) feeds[`x${i}`] = values(shape, seed + i, range)
          const [expected, actual] = [await run(reference, outputs, feeds), await run(onnx, outputs, feeds)]
          for (const name of Object.keys(outputs)) {
            expect(
              distance(actual[name] as Float32Array, expected[name] as Float64Array),
              `${name} of shapes ${JSON.stringify(shapes)}`,
            ).toBeLessThan(1e-5)
          }
        }),
        { numRuns: 15, seed: 1 },
      )
    })

    // Central differences with step 1e-5 in float64 err by about step² + rounding/step ≈ 1e-10; 1e-6 leaves room for large derivatives.
    it(differentiable ? 'has the derivative that central differences give' : 'is flat or cut off, so its gradient is zero', async () => {
      await fc.assert(
        fc.asyncProperty(draw, fc.integer(), async ({ shapes, f }, seed) => {
          const inputs = shapes.map((shape, i) => input(`x${i}`, shape))
          const y = f(...inputs)
          const loss = sum(mul(y, input('ct', y.shape)))
          const program = await reference.load({ loss })
          const feeds: Record<string, Float64Array> = { ct: Float64Array.from(values(y.shape, seed + 99)) }
          for (const [i, shape] of shapes.entries()) feeds[`x${i}`] = Float64Array.from(values(shape, seed + i, range))
          const gradients = await run(reference, Object.fromEntries(grad(loss, inputs).map((g, i) => [`g${i}`, g])), feeds)
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
  },
)
