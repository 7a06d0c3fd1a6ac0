import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fft, ifft, irfft, rfft } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { type Complex, complex, constant, input, type Shape, topologicalOrder } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { noise } from './support.ts'

/** Σ z[j] e^{∓2πijk/n} by its definition. */
function definition(re: ArrayLike<number>, im: ArrayLike<number>, sign: -1 | 1): { re: number[]; im: number[] } {
  const n = re.length
  const bins = Array.from({ length: n }, (_, k) => {
    let [a, b] = [0, 0]
    for (let j = 0; j < n; j++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n
      a += re[j]! * Math.cos(angle) - im[j]! * Math.sin(angle)
      b += re[j]! * Math.sin(angle) + im[j]! * Math.cos(angle)
    }
    return [a, b] as const
  })
  return { re: bins.map(([a]) => a), im: bins.map(([, b]) => b) }
}

const pair = (re: ArrayLike<number>, im: ArrayLike<number>, shape?: Shape): Complex => ({
  re: constant(re, shape),
  im: constant(im, shape),
})

// Every way through the code: matrices (≤ 32, primes ≤ 256), factors, chirps (257), and factors whose factors are chirps (514, 771).
const lengths = [1, 2, 3, 4, 5, 7, 8, 12, 31, 32, 33, 37, 60, 64, 97, 100, 121, 128, 251, 257, 263, 360, 514, 771]

/** Rounding of a sum of n products in float64, for values up to 1. */
const exact = (n: number) => 1e-12 * Math.max(1, n / 8)

describe('5.9 Fourier transforms of any length', () => {
  it.each(lengths)('5.9 fft and ifft of %i points are the sums of their definition', async (n) => {
    const [a, b] = [noise(n, n), noise(n, n + 1)]
    const z = pair(a, b)
    const [forward, backward] = [fft(z), ifft(z)]
    const values = await run({ re: forward.re, im: forward.im, backRe: backward.re, backIm: backward.im })
    const expected = definition(a, b, -1)
    expect(worst(values.re, expected.re)).toBeLessThan(exact(n))
    expect(worst(values.im, expected.im)).toBeLessThan(exact(n))
    const inverse = definition(a, b, 1)
    const scaled = (part: readonly number[]) => part.map((value) => value / n)
    expect(worst(values.backRe, scaled(inverse.re))).toBeLessThan(1e-12)
    expect(worst(values.backIm, scaled(inverse.im))).toBeLessThan(1e-12)
  })

  it.each(lengths)('5.9 rfft of %i points is the first half of the sums, and irfft undoes it', async (n) => {
    const x = noise(n, n)
    const spectrum = rfft(constant(x))
    const values = await run({ ...spectrum, back: irfft(spectrum, n) } as const)
    const expected = definition(x, new Float64Array(n), -1)
    const bins = Math.floor(n / 2) + 1
    expect(worst(values.re, expected.re.slice(0, bins))).toBeLessThan(exact(n))
    expect(worst(values.im, expected.im.slice(0, bins))).toBeLessThan(exact(n))
    expect(worst(values.back, Array.from(x))).toBeLessThan(1e-12)
  })

  it('5.9 leading axes are transformed one by one, and inverses undo any shape', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 }), async (p, q, n) => {
        const size = p * q * n
        const [a, b] = [noise(size, 1), noise(size, 2)]
        const z = pair(a, b, [p, q, n])
        const there = fft(z)
        expect(there.re.shape).toEqual([p, q, n])
        const again = ifft(there)
        const values = await run({ there: there.re, re: again.re, im: again.im })
        const row = definition(a.slice(size - n), b.slice(size - n), -1)
        expect(worst(values.there.slice(size - n), row.re)).toBeLessThan(exact(n))
        expect(worst(values.re, Array.from(a))).toBeLessThan(1e-12)
        expect(worst(values.im, Array.from(b))).toBeLessThan(1e-12)
      }),
      { numRuns: 20, seed: 1 },
    )
  })

  it('5.9 energies agree (Parseval): Σ|X|² = n Σ|x|², and products of spectra are circular convolutions', async () => {
    const n = 263
    const [a, b] = [noise(n, 5), noise(n, 6)]
    const product = complex.mul(rfft(constant(a)), rfft(constant(b)))
    const spectrum = fft(pair(a, b))
    const values = await run({ energy: complex.power(spectrum), y: irfft(product, n) })
    const total = values.energy.reduce((sum, value) => sum + value, 0)
    const expected = n * a.reduce((sum, value, i) => sum + value ** 2 + b[i]! ** 2, 0)
    expect(Math.abs(total / expected - 1)).toBeLessThan(1e-13)
    const convolved = Array.from({ length: n }, (_, t) => a.reduce((sum, value, i) => sum + value * b[(t - i + n) % n]!, 0))
    expect(worst(values.y, convolved)).toBeLessThan(exact(n))
  })

  it('5.9 lengths whose matrices would not fit are cut further: 44101 samples, a prime, and 32768 come back', async () => {
    for (const [n, backend] of [
      [44101, onnx()],
      [32768, onnx()],
    ] as const) {
      const x = noise(n, 9)
      const [re, back] = await evaluate(() => {
        const spectrum = rfft(constant(x))
        return [spectrum.re, irfft(spectrum, n)]
      }, backend)
      // float32: errors grow with the root of the number of passes; the spectrum's scale is √n.
      expect(worst(Array.from(back as Float32Array), Array.from(x))).toBeLessThan(1e-5)
      for (const k of [0, 1, 1000]) {
        const expected = x.reduce((sum, value, i) => sum + value * Math.cos((2 * Math.PI * ((i * k) % n)) / n), 0)
        expect(Math.abs((re![k] as number) - expected) / Math.sqrt(n)).toBeLessThan(1e-5)
      }
    }
  })

  const onnx = onnxRuntime()

  it('5.9 remembers the matrices of the lengths in use, and forgets others: many large lengths would fill the memory', () => {
    const matricesOf = (n: number) => topologicalOrder([rfft(input('x', [n])).re]).flatMap(({ inputs }) => inputs.map(({ node }) => node))
    const shared = (n: number, before: ReturnType<typeof matricesOf>) => {
      const now = new Set(matricesOf(n))
      return before.filter((node) => node.kind === 'constant' && now.has(node)).length
    }
    const [used, unused] = [matricesOf(64), matricesOf(48)]
    expect(shared(48, unused)).toBe(2)
    // Primes whose matrices have 4 million numbers each: two of them are more than the largest one may have.
    for (const n of [1427, 1429, 1433]) {
      matricesOf(n)
      expect(shared(64, used)).toBe(2)
    }
    expect(shared(48, unused)).toBe(0)
  })

  it('5.9 refuses parts of two shapes, scalars, and halves of another length', () => {
    expect(() => fft(pair([1, 2], [1, 2, 3]))).toThrow('fft: re (2), im (3): needs two of one shape (…, n)')
    expect(() => ifft({ re: constant(1), im: constant(1) })).toThrow(/needs two of one shape/)
    expect(() => rfft(constant(1))).toThrow('rfft: a scalar has no axis')
    expect(() => irfft(pair([1, 2], [1, 2]), 5)).toThrow('irfft: re (2), im (2) to 5: needs two of (…, 3)')
    for (const n of [0, 2.5, NaN]) expect(() => irfft(pair([1], [1]), n)).toThrow(`irfft: n ${n}; allowed are whole numbers ≥ 1`)
  })
})
