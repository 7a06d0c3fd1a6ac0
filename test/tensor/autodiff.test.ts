/** What automatic differentiation has to be able to do, by name. The generic tests of primitives do the same over all that there is. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { istft, stft } from '../../src/dsp/index.ts'
import { createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { add, complex, div, grad, input, mul, sub, sum, type Tensor } from '../../src/tensor/index.ts'
import { cases } from './cases/index.ts'
import type { Case } from './cases/support.ts'
import { expectCentralDifferences } from './differences.ts'
import { distance, drawValues, runOnce } from './generic.ts'
import { onnxRuntime } from './support.ts'

type Drawn = Pick<Case, 'draw' | 'range'>

/** A function of pairs of tensors of one shape. */
function ofPairs(pairs: number, shape: readonly number[], f: (...z: { re: Tensor; im: Tensor }[]) => Tensor): Drawn {
  const parts = Array.from({ length: 2 * pairs }, () => shape)
  const paired = (x: readonly Tensor[]) => Array.from({ length: pairs }, (_, i) => ({ re: x[2 * i]!, im: x[2 * i + 1]! }))
  return { draw: fc.constant({ shapes: parts, f: (...x: Tensor[]) => f(...paired(x)) }), range: [0.2, 1] }
}

const together = ({ re, im }: { re: Tensor; im: Tensor }) => add(mul(re, 0.7), im)

const complexCases: readonly Drawn[] = [
  ofPairs(2, [2, 3], (a, b) => together(complex.mul(a, b))),
  ofPairs(2, [2, 3], (a, b) => together(complex.div(a, b))),
  ofPairs(1, [4], (z) => complex.abs(z)),
  ofPairs(1, [4], (z) => complex.angle(z)),
  ofPairs(2, [2, 2], (a, b) => together(complex.matmul(a, b))),
  {
    draw: fc.constant({
      shapes: [[1, 40]],
      f: (x: Tensor) => {
        const spectrum = stft(x, { nFft: 16, hopLength: 4 })
        return add(istft(spectrum, 40, { nFft: 16, hopLength: 4 }), mul(sum(complex.abs(spectrum)), 0.1))
      },
    }),
  },
]

const covering = (...names: readonly string[]): readonly Drawn[] =>
  cases.filter(({ covers, differentiable = true }) => differentiable && covers.some((name) => names.includes(name)))

/** The operations of the specification, and what proves each. */
const operations: Readonly<Record<string, readonly Drawn[]>> = {
  broadcast: covering('add', 'sub', 'mul', 'div', 'expand'),
  matmul: covering('matmul', 'inverse'),
  conv: covering('conv', 'convTranspose'),
  reduce: covering('sum', 'max', 'min', 'cumsum'),
  slice: covering('slice', 'split'),
  concat: covering('concat'),
  gather: covering('gather', 'takeAlongAxis'),
  complex: complexCases,
}

describe.each(Object.entries(operations))('5.1 automatic differentiation of %s', (_, drawn) => {
  const backend = onnxRuntime()

  it('5.1 gives what central differences give, in float64', async () => {
    expect(drawn.length).toBeGreaterThan(0)
    for (const one of drawn) await expectCentralDifferences(one, { numRuns: 3, seed: 11 })
  })

  // float32 sums of at most a few hundred products of numbers near 1, and of quotients by numbers above 0.2: 1e-5 of the largest.
  it('5.1 gives the same in float32', async () => {
    for (const { draw, range } of drawn) {
      for (const [seed, { shapes, f }] of fc.sample(draw, { numRuns: 3, seed: 12 }).entries()) {
        const inputs = shapes.map((shape, i) => input(`x${i}`, shape))
        const y = f(...inputs)
        const gradients = grad(sum(mul(y, input('ct', y.shape))), inputs)
        const outputs: Record<string, Tensor> = { y, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) }
        const feeds: Record<string, HostArray> = { ct: drawValues(y.shape, seed + 99) }
        for (const [i, shape] of shapes.entries()) feeds[`x${i}`] = drawValues(shape, seed + i, range)
        const [exact, single] = [await runOnce(createReferenceBackend(), outputs, feeds), await runOnce(backend(), outputs, feeds)]
        for (const name of Object.keys(outputs))
          expect(distance(single[name] as Float32Array, exact[name] as Float64Array), name).toBeLessThan(1e-5)
      }
    }
  })
})

it('5.1 gradients add up where a tensor is used more than once, and are zero where it is not used', async () => {
  const [x, unused] = [input('x', [1]), input('unused', [2])]
  // d/dx (x·x + x/(x − 3)) = 2x − 3/(x − 3)²
  const [used, zero] = grad(sum(add(mul(x, x), div(x, sub(x, 3)))), [x, unused])
  const values = await runOnce(createReferenceBackend(), { used: used!, zero: zero! }, { x: Float64Array.of(1) })
  expect([Number(values.used![0]), ...(values.zero as Float64Array)]).toEqual([2 - 3 / 4, 0, 0])
})
