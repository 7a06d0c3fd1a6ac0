/**
 * The generic test of primitives on one backend: values and gradients of every case against the float64 reference. Imports nothing of
 * Node: the same cases run in a browser.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, createReferenceBackend, type HostArray, type Program } from '../../src/runtime/browser.ts'
import { createRandom, grad, input, mul, sizeOf, sum, type Tensor } from '../../src/tensor/index.ts'
import { cases } from './cases/index.ts'
import type { Case } from './cases/support.ts'

export const titleOf = ({ covers }: Case, index: number) => `${covers.join(', ')} #${index}`

export function drawValues(shape: readonly number[], seed: number, [low, high]: readonly [number, number] = [-1, 1]): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(low, high))
}

/** The largest difference, relative to the largest expected value where that exceeds 1. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, scale] = [0, 1]
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!))
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!))
  return actual.length === expected.length ? worst / scale : Infinity
}

export async function runOnce(
  backend: Backend,
  outputs: Record<string, Tensor>,
  feeds: Record<string, HostArray>,
  look: (program: Program) => void = () => {},
): Promise<Record<string, HostArray>> {
  const program = await backend.load(outputs)
  look(program)
  try {
    return await program.run(feeds)
  } finally {
    await program.dispose()
  }
}

/** An operator of ONNX that a GPU's backend leaves to the CPU. */
export interface LeftToCpu {
  readonly operator: string
  readonly reason: string
}

export interface GenericOptions {
  /** Largest `distance` of float32 values. Integers and truth values leave the cases through casts to float32 and have to be exact. */
  readonly tolerance: number
  readonly numRuns: number
  /** All operators of all cases that may run on the CPU beside a GPU: others fail the test, and so do those that never do. */
  readonly leftToCpu?: readonly LeftToCpu[]
}

export function describePrimitives(
  name: string,
  create: () => Promise<Backend>,
  { tolerance, numRuns, leftToCpu = [] }: GenericOptions,
): void {
  describe(`primitives on ${name}`, () => {
    const reference = createReferenceBackend()
    const seenOnCpu = new Set<string>()
    let backend: Backend
    beforeAll(async () => {
      backend = await create()
    })
    afterAll(() => backend?.dispose())

    for (const [i, { draw, range, differentiable = true, covers }] of cases.entries()) {
      it(`${covers.join(', ')} #${i}: values and gradients are those of the float64 reference`, async () => {
        await fc.assert(
          fc.asyncProperty(draw, fc.integer(), async ({ shapes, f }, seed) => {
            const inputs = shapes.map((shape, k) => input(`x${k}`, shape))
            const y = f(...inputs)
            const weighted = sum(mul(y, input('ct', y.shape)))
            const outputs: Record<string, Tensor> = { y }
            if (differentiable) for (const [k, g] of grad(weighted, inputs).entries()) outputs[`g${k}`] = g
            const feeds: Record<string, HostArray> = { ct: drawValues(y.shape, seed + 99) }
            for (const [k, shape] of shapes.entries()) feeds[`x${k}`] = drawValues(shape, seed + k, range)
            const expected = await runOnce(reference, outputs, feeds)
            const actual = await runOnce(backend, outputs, feeds, ({ placement }) => {
              const operators = (placement?.onCpu ?? []).map((node) => node.slice(0, node.indexOf(' ')))
              for (const operator of operators) seenOnCpu.add(operator)
              expect(operators.filter((operator) => !leftToCpu.some((known) => known.operator === operator))).toEqual([])
            })
            for (const output of Object.keys(outputs)) {
              expect(
                distance(actual[output] as Float32Array, expected[output] as Float64Array),
                `${output} of shapes ${JSON.stringify(shapes)}`,
              ).toBeLessThan(tolerance)
            }
          }),
          { numRuns, seed: 1 },
        )
      })
    }

    it('leaves to the CPU what is listed as such, each of it', () => {
      expect([...seenOnCpu].sort()).toEqual(leftToCpu.map(({ operator }) => operator).sort())
    })
  })
}
