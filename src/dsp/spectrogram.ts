/**
 * Spectrograms and what is computed of them, as tensor functions: magnitude, power, logarithms, mel bands, mel-frequency cepstral coefficients
 * (Davis & Mermelstein 1980), with librosa's definitions. Time comes before frequency: (…, frames, bins).
 */
import { type Complex, complex, constant, formatShape, matmul, mul, ShapeError, type Tensor } from '../tensor/index.ts'
import { type DecibelOptions, flooredLog, powerToDb } from './levels.ts'
import { type MelOptions, melFilterBank } from './mel.ts'
import { type StftOptions, stft } from './stft.ts'

/** |z|, with the derivative 0 at 0. */
export function magnitude(z: Complex): Tensor {
  return complex.abs(z)
}

/** log max(|z|, floor); below the floor the derivative is 0. */
export function logMagnitude(z: Complex, floor = 1e-5): Tensor {
  return flooredLog(magnitude(z), floor)
}

/**
 * log max(|z|², floor); below the floor the derivative is 0.
 *
 * @example
 * const z = { re: constant([3, 0]), im: constant([4, 0]) }
 * const [y] = await evaluate(() => [logPower(z)]) // [3.218876, -23.025851]
 */
export function logPower(z: Complex, floor = 1e-10): Tensor {
  return flooredLog(complex.power(z), floor)
}

export interface SpectrogramOptions extends StftOptions {
  /** Of the magnitude: 2 by default, 1 for the magnitude itself. */
  readonly power?: 1 | 2
}

/**
 * |STFT|^power: (…, n) → (…, frames, nFft/2 + 1).
 *
 * @throws RangeError for a power other than 1 and 2, and for what stft refuses
 *
 * @example
 * const [y] = await evaluate(() => [spectrogram(constant([0, 1, 0, 0]), { nFft: 4, hopLength: 4, power: 1 })]) // [0.5, 0.5, 0.5, 0, 0, 0]
 */
export function spectrogram(x: Tensor, { power = 2, ...options }: SpectrogramOptions): Tensor {
  if (power !== 1 && power !== 2) throw new RangeError(`power: ${power}; allowed are 1 (magnitude) and 2 (power)`)
  const z = stft(x, options)
  return power === 1 ? magnitude(z) : complex.power(z)
}

/**
 * Bands of a magnitude or power spectrogram: (…, frames, nFft/2 + 1) → (…, frames, melBands).
 *
 * @throws ShapeError where the last axis is not that of nFft; RangeError for what melFilterBank refuses
 *
 * @example
 * const bands = toMel(constant([0, 1, 0, 0, 2]), { sampleRate: 8000, nFft: 8, melBands: 2, norm: 'none' })
 * const [y] = await evaluate(() => [bands]) // [0.78, 0.22]
 */
export function toMel(x: Tensor, options: MelOptions): Tensor {
  const bank = melFilterBank(options)
  const bins = Math.floor(options.nFft / 2) + 1
  if (x.shape.at(-1) !== bins) {
    throw new ShapeError('toMel', `${formatShape(x.shape)}, nFft ${options.nFft}: needs (…, ${bins})`)
  }
  const bands = bank.length / bins
  const columns = Float64Array.from({ length: bank.length }, (_, i) => bank[(i % bands) * bins + Math.floor(i / bands)]!)
  return matmul(x, constant(columns, [bins, bands]))
}

export interface MelSpectrogramOptions extends SpectrogramOptions, MelOptions {}

/**
 * librosa.feature.melspectrogram: (…, n) → (…, frames, melBands).
 *
 * @throws RangeError for what stft and melFilterBank refuse
 *
 * @example
 * melSpectrogram(constant(new Float32Array(400)), { sampleRate: 8000, nFft: 64, hopLength: 32, melBands: 10 }).shape // [13, 10]
 */
export function melSpectrogram(x: Tensor, options: MelSpectrogramOptions): Tensor {
  return toMel(spectrogram(x, options), options)
}

export interface LogMelOptions extends MelSpectrogramOptions, DecibelOptions {}

/** Mel spectrogram in decibels: librosa.power_to_db of it, topDb 80 below the loudest by default; (…, n) → (…, frames, melBands). */
export function logMelSpectrogram(x: Tensor, options: LogMelOptions): Tensor {
  return powerToDb(melSpectrogram(x, options), options)
}

/**
 * The orthonormal discrete cosine transform of type II along the last axis, its first coefficients: (…, n) → (…, count).
 *
 * @throws ShapeError for a count outside 1…n
 *
 * @example
 * const [y] = await evaluate(() => [dct(constant([1, 2, 3, 4]))]) // [5.0000, -2.2304, 0.0000, -0.1585]
 */
export function dct(x: Tensor, count = x.shape.at(-1) ?? 0): Tensor {
  const n = x.shape.at(-1) ?? 0
  if (!Number.isInteger(count) || count < 1 || count > n) {
    throw new ShapeError('dct', `${count} coefficients of ${formatShape(x.shape)}; allowed are whole numbers in 1…${n}`)
  }
  const basis = Float64Array.from({ length: n * count }, (_, at) => {
    const [i, k] = [Math.floor(at / count), at % count]
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * k * (2 * i + 1)) / (2 * n))
  })
  return matmul(x, constant(basis, [n, count]))
}

export interface MfccOptions extends LogMelOptions {
  /** How many coefficients, 20 by default. */
  readonly coefficients?: number
  /** Coefficient k = 1, 2, … is multiplied with 1 + (lifter/2) sin(πk/lifter); 0, the default, for not. */
  readonly lifter?: number
}

/**
 * librosa.feature.mfcc: the cosine transform of the log-mel spectrogram, (…, n) → (…, frames, coefficients).
 *
 * @throws ShapeError for more coefficients than bands; RangeError for a lifter that is no finite number ≥ 0 and for what melSpectrogram refuses
 *
 * @example
 * mfcc(constant(new Float32Array(400)), { sampleRate: 8000, nFft: 256, hopLength: 80, melBands: 20, coefficients: 13 }).shape // [6, 13]
 */
export function mfcc(x: Tensor, { coefficients = 20, lifter = 0, ...options }: MfccOptions): Tensor {
  if (!(lifter >= 0 && lifter < Infinity)) throw new RangeError(`lifter: ${lifter}; allowed are finite numbers ≥ 0`)
  const cepstrum = dct(logMelSpectrogram(x, options), coefficients)
  if (lifter === 0) return cepstrum
  const gains = Float64Array.from({ length: coefficients }, (_, k) => 1 + (lifter / 2) * Math.sin((Math.PI * (k + 1)) / lifter))
  return mul(cepstrum, constant(gains))
}
