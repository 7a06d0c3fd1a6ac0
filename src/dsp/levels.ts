/**
 * How loud: decibels of amplitudes and of powers with librosa's definitions and defaults (power_to_db, amplitude_to_db, db_to_power,
 * db_to_amplitude), and the compression log(1 + Cx) with its inverse. All have finite derivatives at silence.
 */
import { abs, div, exp, expm1, formatShape, log, log1p, max, maximum, mul, ShapeError, sub, type Tensor } from '../tensor/index.ts'

/** Decibels of a power per unit of natural logarithm. */
const DB_PER_NEPER = 10 / Math.LN10

export interface DecibelOptions {
  /** What is 0 dB: 1 by default; `max` makes it the largest value. */
  readonly ref?: number | ((x: Tensor) => Tensor)
  /** Values below count as this: 1e-10 of powers, 1e-5 of amplitudes by default. Their derivative is 0. */
  readonly amin?: number
  /** Levels further than this below the largest one are raised to that, 80 dB by default, Infinity for not. */
  readonly topDb?: number
  /**
   * Where the largest one is searched: all axes by default, as librosa does. In batches of spectrograms, [-2, -1] lets each be by itself.
   */
  readonly axes?: readonly number[]
}

function decibels(who: string, x: Tensor, perNeper: number, options: DecibelOptions & { readonly amin: number }): Tensor {
  const { ref = 1, amin, topDb = 80, axes } = options
  if (!(amin > 0 && amin < Infinity)) throw new ShapeError(who, `amin ${amin}; allowed are finite numbers > 0`)
  if (typeof ref === 'number' && !Number.isFinite(ref)) throw new ShapeError(who, `ref ${ref}; allowed are finite numbers and functions`)
  if (!(topDb >= 0)) throw new ShapeError(who, `topDb ${topDb}; allowed are numbers ≥ 0 and Infinity`)
  const level = (value: Tensor) => mul(log(maximum(value, amin)), perNeper)
  const reference = typeof ref === 'number' ? perNeper * Math.log(Math.max(amin, Math.abs(ref))) : level(ref(x))
  const levels = sub(level(x), reference)
  if (levels.shape.join() !== x.shape.join())
    throw new ShapeError(
      who,
      `ref gives a shape that makes ${formatShape(levels.shape)} of ${formatShape(x.shape)}; it must broadcast to it`,
    )
  if (topDb === Infinity) return levels
  return maximum(levels, sub(max(levels, { keepDims: true, ...(axes && { axes }) }), topDb))
}

/**
 * 10 log₁₀(max(amin, x) / ref), not below its maximum less topDb: x of any shape, powers.
 *
 * @throws ShapeError where amin is no finite number above 0, topDb is negative, or ref is not finite or gives a shape that does not fit
 *
 * @example
 * const [db] = await evaluate(() => [powerToDb(constant([1, 0.01, 0]))]) // [0.00, -20.00, -80.00]
 */
export function powerToDb(x: Tensor, options: DecibelOptions = {}): Tensor {
  return decibels('powerToDb', x, DB_PER_NEPER, { amin: 1e-10, ...options })
}

/**
 * 20 log₁₀(max(amin, |x|) / ref), not below its maximum less topDb: x of any shape, amplitudes.
 *
 * @throws ShapeError where amin is no finite number above 0, topDb is negative, or ref is not finite or gives a shape that does not fit
 *
 * @example
 * const [db] = await evaluate(() => [amplitudeToDb(constant([2, 1, -0.1]), { ref: max })]) // [0.00, -6.02, -26.02]
 */
export function amplitudeToDb(x: Tensor, options: DecibelOptions = {}): Tensor {
  return decibels('amplitudeToDb', abs(x), 2 * DB_PER_NEPER, { amin: 1e-5, ...options })
}

/** ref · 10^(x/10): the power of a level. */
export function dbToPower(x: Tensor, ref = 1): Tensor {
  return mul(exp(mul(x, 1 / DB_PER_NEPER)), ref)
}

/**
 * ref · 10^(x/20): the amplitude of a level.
 *
 * @example
 * const [x] = await evaluate(() => [dbToAmplitude(constant([0, -20]))]) // [1.000, 0.100]
 */
export function dbToAmplitude(x: Tensor, ref = 1): Tensor {
  return mul(exp(mul(x, 0.5 / DB_PER_NEPER)), ref)
}

function checkCompression(who: string, c: number): void {
  if (!(c > 0 && Number.isFinite(c))) throw new ShapeError(who, `c ${c}; allowed are finite numbers > 0`)
}

/**
 * log(1 + Cx): nearly linear below 1/C, logarithmic above, 0 at 0. x ≥ 0 of any shape. C from 10 to 10⁴ is usual for magnitudes (Choi et al.
 * 2018, arXiv 1709.01922, section II).
 *
 * @throws ShapeError where c is no finite number above 0
 *
 * @example
 * const [y] = await evaluate(() => [logCompress(constant([0, 1, 9.9]), 10)]) // [0.000, 2.398, 4.605]
 */
export function logCompress(x: Tensor, c = 1): Tensor {
  checkCompression('logCompress', c)
  return log1p(mul(x, c))
}

/**
 * (eʸ − 1)/C: the inverse of logCompress.
 *
 * @throws ShapeError where c is no finite number above 0
 *
 * @example
 * const [x] = await evaluate(() => [logExpand(logCompress(constant([0, 0.5, 20]), 10), 10)]) // [0.000, 0.500, 20.000]
 */
export function logExpand(y: Tensor, c = 1): Tensor {
  checkCompression('logExpand', c)
  return div(expm1(y), c)
}

/** log max(x, floor): of powers and magnitudes; the derivative below the floor is 0. */
export function flooredLog(x: Tensor, floor: number): Tensor {
  if (!(floor > 0)) throw new ShapeError('flooredLog', `floor ${floor}; allowed are numbers > 0`)
  return log(maximum(x, floor))
}
