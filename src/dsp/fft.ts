/**
 * Fourier transforms of any length: X[k] = Σ x[n] e^{−2πikn/N} along the last axis. Composite lengths are cut into their factors (Cooley &
 * Tukey 1965), small factors and primes are one matrix product, large primes a convolution of chirps (Bluestein 1970). The cost grows as
 * N·(sum of factors) with factors up to 256.
 */
import FFT from 'fft.js'
import {
  type Complex,
  complex,
  concat,
  constant,
  formatShape,
  matmul,
  narrow,
  pad,
  reshape,
  ShapeError,
  sizeOf,
  transpose,
} from '../tensor/index.ts'

/** Up to here a matrix of the whole transform is faster than what it could be cut into. */
const DENSE = 32
/** Up to here a prime's matrix is smaller work than three transforms of more than twice its length. */
const DENSE_PRIME = 256

/** The divisor of n nearest to its square root from below; 1 for primes. */
export function smallFactor(n: number): number {
  let factor = Math.floor(Math.sqrt(n))
  while (n % factor !== 0) factor--
  return factor
}

interface Turns {
  readonly re: Float64Array
  readonly im: Float64Array
}

/** e^{−2πi·ab/period} for a < rows, b < columns; ab is reduced before it is an angle, which keeps large products exact. */
function turns(rows: number, columns: number, period: number): Turns {
  const angles = Float64Array.from({ length: rows * columns }, (_, at) => {
    const product = Math.floor(at / columns) * (at % columns)
    return (-2 * Math.PI * (product % period)) / period
  })
  return { re: angles.map(Math.cos), im: angles.map(Math.sin) }
}

/** One product of [re, im] (rows, 2n) with the matrix [[cos, sin], [−sin, cos]] of the transform. */
function dense({ re, im }: Complex, n: number): Complex {
  const basis = turns(n, n, n)
  const matrix = new Float64Array(4 * n * n)
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      const [upper, lower] = [2 * a * n + b, 2 * (n + a) * n + b]
      matrix[upper] = matrix[lower + n] = basis.re[a * n + b]!
      matrix[upper + n] = basis.im[a * n + b]!
      matrix[lower] = -basis.im[a * n + b]!
    }
  }
  const joined = matmul(concat([re, im], 1), constant(matrix, [2 * n, 2 * n]))
  return { re: narrow(joined, 1, 0, n), im: narrow(joined, 1, n, 2 * n) }
}

/** n = n₁n₂ by index n₂i₁ + i₂: transforms of n₁, a turn by i₂k₁/n, transforms of n₂; the result's index is k₁ + n₁k₂. */
function factored(z: Complex, n1: number, n2: number): Complex {
  const rows = z.re.shape[0]!
  const columns = complex.map(z, (x) => reshape(transpose(reshape(x, [rows, n1, n2]), [0, 2, 1]), [rows * n2, n1]))
  const first = complex.map(transform(columns), (x) => reshape(x, [rows, n2, n1]))
  const twiddles = turns(n2, n1, n1 * n2)
  const turn = { re: constant(twiddles.re, [n2, n1]), im: constant(twiddles.im, [n2, n1]) }
  const turned = complex.mul(first, turn)
  const lines = complex.map(turned, (x) => reshape(transpose(x, [0, 2, 1]), [rows * n1, n2]))
  return complex.map(transform(lines), (x) => reshape(transpose(reshape(x, [rows, n1, n2]), [0, 2, 1]), [rows, n1 * n2]))
}

/** The transform of a chirp's conjugate on m points, m a power of two: it lies around 0 from −(n − 1) to n − 1. */
function chirpSpectrum(chirp: Turns, n: number, m: number): Complex {
  const fft = new FFT(m)
  const [packed, spectrum] = [fft.createComplexArray(), fft.createComplexArray()]
  packed.fill(0)
  for (let j = 0; j < n; j++) {
    for (const at of j === 0 ? [0] : [j, m - j]) {
      packed[2 * at] = chirp.re[j]!
      packed[2 * at + 1] = -chirp.im[j]!
    }
  }
  fft.transform(spectrum, packed)
  const part = (offset: number) => constant(Float64Array.from({ length: m }, (_, k) => spectrum[2 * k + offset]!))
  return { re: part(0), im: part(1) }
}

/** kn = (k² + n² − (k − n)²)/2 makes the transform a convolution with w̄[j] = e^{πij²/N}: any length by transforms of a power of two. */
function bluestein(z: Complex, n: number): Complex {
  const m = 2 ** Math.ceil(Math.log2(2 * n - 1))
  const rows = z.re.shape[0]!
  const angles = Float64Array.from({ length: n }, (_, j) => (-Math.PI * (j ** 2 % (2 * n))) / n)
  const chirp = { re: angles.map(Math.cos), im: angles.map(Math.sin) }
  const turn: Complex = { re: constant(chirp.re), im: constant(chirp.im) }
  const padded = complex.map(complex.mul(z, turn), (x) => pad(x, [0, 0], [0, m - n]))
  const convolved = inverse(complex.mul(transform(padded), chirpSpectrum(chirp, n, m)))
  return complex.mul(
    complex.map(convolved, (x) => reshape(narrow(x, 1, 0, n), [rows, n])),
    turn,
  )
}

/** Of rows (rows, n). */
function transform(z: Complex): Complex {
  const n = z.re.shape[1]!
  if (n === 1) return z
  const n1 = smallFactor(n)
  if (n <= DENSE || (n1 === 1 && n <= DENSE_PRIME)) return dense(z, n)
  return n1 === 1 ? bluestein(z, n) : factored(z, n1, n / n1)
}

/** The inverse is the transform with real and imaginary parts exchanged before and after, divided by n. */
function inverse({ re, im }: Complex): Complex {
  const swapped = transform({ re: im, im: re })
  return complex.scale({ re: swapped.im, im: swapped.re }, 1 / re.shape[1]!)
}

function alongRows(who: string, z: Complex, f: (rows: Complex) => Complex): Complex {
  const { shape } = z.re
  if (shape.length === 0 || shape.join() !== z.im.shape.join()) {
    throw new ShapeError(who, `re ${formatShape(shape)}, im ${formatShape(z.im.shape)}: needs two of one shape (…, n)`)
  }
  const n = shape.at(-1)!
  const rows = [sizeOf(shape) / n, n]
  return complex.map(f(complex.map(z, (x) => reshape(x, rows))), (x) => reshape(x, shape))
}

/**
 * The Fourier transform along the last axis, of any length n ≥ 1: (…, n) → (…, n), as numpy.fft.fft.
 *
 * @throws ShapeError where the parts differ in shape or are scalars
 *
 * @example
 * const z = { re: constant([1, 0, 0]), im: constant([0, 1, 0]) }
 * const [re, im] = await evaluate(() => Object.values(fft(z)))
 * re // [1, 1.866, 0.134]
 * im // [1, -0.5, -0.5]
 */
export function fft(z: Complex): Complex {
  return alongRows('fft', z, transform)
}

/**
 * The inverse of fft: (…, n) → (…, n), with 1/n.
 *
 * @throws ShapeError where the parts differ in shape or are scalars
 *
 * @example
 * const z = { re: constant([1, 0, 0]), im: constant([0, 1, 0]) }
 * const [re, im] = await evaluate(() => Object.values(ifft(fft(z))))
 * re // [1.00, 0.00, 0.00]
 * im // [0.00, 1.00, 0.00]
 */
export function ifft(z: Complex): Complex {
  return alongRows('ifft', z, inverse)
}
