/**
 * The discrete Fourier transform of real rows as matrix products: X[k] = Σ x[n] e^{−2πikn/N}, k = 0 … N/2.
 * N = N₁N₂ in two stages (Cooley & Tukey 1965): n = N₂n₁ + n₂, k = k₁ + N₁k₂. The twiddle factors are folded into the second stage's
 * matrices, one per k₁. Two 64-point stages cost 16 times less than one dense 4096-point matrix. Lengths whose matrices would be too large
 * (large primes, 32768 points and more) go through fft.
 */
import {
  adjoint,
  type Complex,
  complex,
  constant,
  formatShape,
  matmul,
  mul,
  narrow,
  reshape,
  ShapeError,
  sizeOf,
  slice,
  type Tensor,
  transpose,
  zerosLike,
} from '../tensor/index.ts'
import { fft, smallFactor } from './fft.ts'

/** Up to this many numbers in the second stage's matrices (4096 points have half a million, 16384 four); beyond, factors are cut further. */
const LARGEST_STAGE = 2 ** 23

interface Stages {
  readonly first: Tensor
  readonly second: Tensor
}

const numbersIn = ({ first, second }: Stages) => sizeOf(first.shape) + sizeOf(second.shape)

/** By length, the longest unused first; all together no larger than the largest stage. */
const cache = new Map<number, Stages>()

function remember(n: number, stages: Stages): Stages {
  cache.delete(n)
  cache.set(n, stages)
  let total = [...cache.values()].reduce((numbers, kept) => numbers + numbersIn(kept), 0)
  for (const [length, kept] of cache) {
    if (total <= LARGEST_STAGE || length === n) break
    cache.delete(length)
    total -= numbersIn(kept)
  }
  return stages
}

/** Stage matrices: first (2·N₁, N₁) gives real and imaginary parts per k₁; second (N₁, 2·N₂, 2·K₂) per k₁ maps [re, im] to [re, im]. */
function stages(n: number, n1: number, n2: number, k2: number): Stages {
  const known = cache.get(n)
  if (known) return remember(n, known)
  const first = new Float64Array(2 * n1 * n1)
  for (let k = 0; k < n1; k++) {
    for (let j = 0; j < n1; j++) {
      const angle = (-2 * Math.PI * ((k * j) % n1)) / n1
      first[2 * k * n1 + j] = Math.cos(angle)
      first[(2 * k + 1) * n1 + j] = Math.sin(angle)
    }
  }
  const second = new Float64Array(n1 * 2 * n2 * 2 * k2)
  for (let k1 = 0; k1 < n1; k1++) {
    for (let j = 0; j < n2; j++) {
      for (let k = 0; k < k2; k++) {
        const angle = (-2 * Math.PI * ((j * (k1 + n1 * k)) % n)) / n
        const [c, s] = [Math.cos(angle), Math.sin(angle)]
        const re = (k1 * 2 * n2 + j) * 2 * k2 + k
        const im = (k1 * 2 * n2 + n2 + j) * 2 * k2 + k
        second[re] = c
        second[re + k2] = s
        second[im] = -s
        second[im + k2] = c
      }
    }
  }
  return remember(n, { first: constant(first, [2 * n1, n1]), second: constant(second, [n1, 2 * n2, 2 * k2]) })
}

/** (rows, n) → re and im, each (rows, bins), by the two stages. */
function byStages(x: Tensor, n1: number, n2: number, k2: number): Complex {
  const [rows, n] = x.shape as readonly [number, number]
  const bins = Math.floor(n / 2) + 1
  const { first, second } = stages(n, n1, n2, k2)
  const partial = matmul(first, reshape(x, [rows, n1, n2])) // (rows, 2·n1, n2)
  const byK1 = transpose(reshape(partial, [rows, n1, 2 * n2]), [1, 0, 2]) // (n1, rows, [re, im]·n2)
  const joined = matmul(byK1, second) // (n1, rows, [re, im]·k2)
  // Moving one axis to the end is a blocked copy in ONNX Runtime; any other order of these axes takes 28 ms where this takes a few (26 MB).
  const ordered = transpose(reshape(joined, [n1, rows, 2, k2]), [1, 2, 3, 0]) // (rows, 2, k2, n1): k = k1 + n1·k2
  const flat = reshape(ordered, [rows, 2, k2 * n1])
  const part = (i: number) => reshape(slice(flat, [0, i, 0], [rows, i + 1, bins]), [rows, bins])
  return { re: part(0), im: part(1) }
}

/**
 * Spectrum of real numbers along the last axis, of any length n ≥ 1: (…, n) → re and im, each (…, ⌊n/2⌋ + 1), as numpy.fft.rfft.
 *
 * @throws ShapeError for a scalar
 *
 * @example
 * const [re] = await evaluate(() => [rfft(constant([1, 0, -1, 0])).re]) // [0.0, 2.0, 0.0]
 */
export function rfft(x: Tensor): Complex {
  const n = x.shape.at(-1)
  if (n === undefined) throw new ShapeError('rfft', 'a scalar has no axis to transform along; needs (…, n)')
  const shape = [...x.shape.slice(0, -1), Math.floor(n / 2) + 1]
  const rows = reshape(x, [-1, n])
  const n1 = smallFactor(n)
  const n2 = n / n1
  const k2 = Math.floor(n2 / 2) + 1
  const spectrum = 4 * n * k2 <= LARGEST_STAGE ? byStages(rows, n1, n2, k2) : complex.map(fft({ re: rows, im: zerosLike(rows) }), firstHalf)
  return complex.map(spectrum, (part) => reshape(part, shape))
}

function firstHalf(x: Tensor): Tensor {
  return narrow(x, 1, 0, Math.floor(x.shape[1]! / 2) + 1)
}

/** How often each bin of the first half stands in the whole spectrum of n real numbers: twice, but for those that are their own mirror image. */
export function binCounts(n: number): Float64Array {
  return Float64Array.from({ length: Math.floor(n / 2) + 1 }, (_, k) => (k === 0 || 2 * k === n ? 1 : 2))
}

/**
 * Real numbers from the first half of their spectrum: re and im (…, ⌊n/2⌋ + 1) → (…, n), as numpy.fft.irfft. The imaginary parts of bin 0, and
 * of bin n/2, are not looked at. It is the adjoint of rfft, weighted.
 *
 * @param n how many numbers: 2·bins − 2 and 2·bins − 1 have equally many bins
 * @throws ShapeError for another number of bins than n has; RangeError for an n that is no whole number ≥ 1
 *
 * @example
 * const [x] = await evaluate(() => [irfft(rfft(constant([1, 2, 3])), 3)]) // [1.00, 2.00, 3.00]
 */
export function irfft({ re, im }: Complex, n: number): Tensor {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`irfft: n ${n}; allowed are whole numbers ≥ 1`)
  const counts = binCounts(n)
  const bins = counts.length
  if (re.shape.at(-1) !== bins || re.shape.join() !== im.shape.join()) {
    throw new ShapeError('irfft', `re ${formatShape(re.shape)}, im ${formatShape(im.shape)} to ${n}: needs two of (…, ${bins})`)
  }
  const weights = constant(counts.map((count) => count / n))
  const rows = [re, im].map((part) => mul(reshape(part, [-1, bins]), weights))
  const x = adjoint((numbers) => Object.values(rfft(numbers)), [rows[0]!.shape[0]!, n], rows)
  return reshape(x, [...re.shape.slice(0, -1), n])
}
