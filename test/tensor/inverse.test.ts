import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom, grad, inverse, matmul, sum } from '../../src/tensor/index.ts'
import { onnxRuntime } from './support.ts'

const backend = onnxRuntime()

/** An orthogonal matrix: the identity reflected at a random plane, as often as it has rows. */
function orthogonal(n: number, random: { normal(): number }): Float64Array {
  const q = new Float64Array(n * n)
  for (let i = 0; i < n; i++) q[i * n + i] = 1
  for (let k = 0; k < n; k++) {
    const v = Float64Array.from({ length: n }, () => random.normal())
    const norm = v.reduce((total, x) => total + x * x, 0)
    for (let i = 0; i < n; i++) {
      const row = q.subarray(i * n, (i + 1) * n)
      const along = row.reduce((total, x, j) => total + x * v[j]!, 0)
      for (let j = 0; j < n; j++) row[j]! -= (2 * along * v[j]!) / norm
    }
  }
  return q
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    let total = 0
    for (let k = 0; k < n; k++) total += a[Math.floor(at / n) * n + k]! * b[k * n + (at % n)]!
    return total
  })
}

/** U · diag · V with singular values from 1 down to 1/κ; symmetric and positive definite where V is Uᵀ. */
function matrixOfCondition(n: number, condition: number, definite: boolean, seed: number): Float64Array {
  const random = createRandom(seed)
  const u = orthogonal(n, random)
  const v = definite ? u.map((_, at) => u[(at % n) * n + Math.floor(at / n)]!) : orthogonal(n, random)
  const scaled = u.map((value, at) => value * condition ** (-(at % n) / (n - 1)))
  return product(scaled, v, n)
}

describe('inverse', () => {
  it('has the derivative of 1/x, and pivots where the diagonal is zero', async () => {
    const [y, d, p] = await evaluate(() => {
      const x = constant([4], [1, 1])
      const swap = constant([0, 0, 2, 1, 0, 0, 0, 4, 0], [3, 3])
      return [inverse(x), grad(sum(inverse(x)), [x])[0]!, inverse(swap)]
    }, backend())
    expect(y![0]).toBe(0.25)
    expect(d![0]).toBe(-1 / 16)
    expect(Array.from(p as Float32Array)).toEqual([0, 1, 0, 0, 0, 0.25, 0.5, 0, 0])
  })

  // Rounding A to float32 alone moves the inverse by κ·6e-8 of its norm; pivoted elimination is stable, with a modest factor that grows with n.
  it.each([
    [2, 10, true],
    [2, 1e4, false],
    [4, 1e3, true],
    [8, 1e4, false],
    [8, 1e5, true],
    [32, 1e2, false],
    [32, 1e4, true],
  ])('of %i × %i matrices of condition %f is right to 4e-7 of it in float32', async (n, condition, definite) => {
    const count = 20
    const matrices = Array.from({ length: count }, (_, seed) => Float32Array.from(matrixOfCondition(n, condition, definite, seed)))
    const f = () => [inverse(constant(Float32Array.from(matrices.flatMap((a) => Array.from(a))), [count, n, n]))]
    const [actual] = await evaluate(f, backend())
    const [exact] = await evaluate(f)
    for (let i = 0; i < count; i++) {
      let [worst, scale] = [0, 0]
      for (let k = i * n * n; k < (i + 1) * n * n; k++) {
        worst = Math.max(worst, Math.abs(Number(actual![k]) - Number(exact![k])))
        scale = Math.max(scale, Math.abs(Number(exact![k])))
      }
      expect(worst / scale, `matrix ${i}`).toBeLessThan(4e-7 * condition)
    }
  })

  it('in float64 is an inverse', async () => {
    const a = matrixOfCondition(6, 1e3, false, 3)
    const [identity] = await evaluate(() => [matmul(constant(a, [6, 6]), inverse(constant(a, [6, 6])))])
    // 1e-16 · κ · n.
    for (const [i, value] of identity!.entries()) expect(Math.abs(Number(value) - Number(i % 7 === 0))).toBeLessThan(1e-12)
  })

  it('of a singular matrix is not finite, and of too large or oblong ones refused', async () => {
    for (const where of [undefined, backend()]) {
      const [y] = await evaluate(() => [inverse(constant([1, 2, 2, 4], [2, 2])), inverse(constant(new Float64Array(9), [3, 3]))], where)
      expect(Array.from(y as Float32Array).some(Number.isFinite)).toBe(false)
    }
    expect(() => inverse(constant(new Float64Array(33 * 33), [33, 33]))).toThrow('inverse: (33, 33): needs (…, n, n) with n in 1…32')
    expect(() => inverse(constant([1, 2], [1, 2]))).toThrow('inverse: (1, 2)')
    expect(() => inverse(constant([1, 2]))).toThrow('inverse: (2)')
  })
})
