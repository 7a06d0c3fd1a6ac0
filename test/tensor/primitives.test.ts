import { describe, expect, it } from 'vitest'
import { createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { primitiveNames } from '../../src/tensor/index.ts'
import { cases } from './cases/index.ts'
import { expectCentralDifferences } from './differences.ts'
import { describePrimitives, titleOf } from './generic.ts'

it('has a generic case for every primitive', () => {
  const covered = new Set(cases.flatMap(({ covers }) => covers))
  expect(primitiveNames().filter((name) => !covered.has(name))).toEqual([])
})

// float32 sums of at most a few hundred products of numbers ≤ 1: 1e-5 of the largest value is some 80 units of rounding.
describePrimitives('onnxruntime-node, 1 thread', () => createOnnxRuntimeBackend({ threads: 1 }), { tolerance: 1e-5, numRuns: 15 })
// Two threads cut the same sums in other places: the same bound.
describePrimitives('onnxruntime-node, 2 threads', () => createOnnxRuntimeBackend({ threads: 2 }), { tolerance: 1e-5, numRuns: 5 })

describe('derivatives', () => {
  it.each(
    cases.map((c, i) => ({
      ...c,
      title: `${titleOf(c, i)} ${(c.differentiable ?? true) ? 'has the derivative that central differences give' : 'is flat or cut off, so its gradient is zero'}`,
    })),
  )('$title', (one) => expectCentralDifferences(one))
})
