/**
 * Masks that know of phases: real ones that make up for the mixture's wrong phase (Erdogan et al. 2015, "Phase-sensitive and
 * recognition-boosted speech separation using deep recurrent neural networks"), and complex ones (Williamson, Wang & Wang 2016, "Complex ratio
 * masking for monaural speech separation").
 */
import {
  add,
  type Complex,
  clip,
  complex,
  div,
  greater,
  log,
  minimum,
  mul,
  relu,
  ShapeError,
  sub,
  type Tensor,
  tanh,
  where,
} from '../tensor/index.ts'
import { silentMagnitude } from './masks.ts'

export interface PhaseSensitiveOptions {
  /** Limit it to what a mask in 0…1 can make of the mixture; false by default. */
  readonly truncated?: boolean | undefined
}

/** x over a magnitude; 0, with the derivative 0, where that is silence: its inverse squared is no float32. */
function over(x: Tensor, magnitude: Tensor): Tensor {
  const heard = greater(magnitude, silentMagnitude)
  return where(heard, div(x, where(heard, magnitude, 1)), 0)
}

/** Re(S·Ȳ) / |Y|, 0 where the mixture is silent. */
function projection(source: Complex, mixture: Complex, magnitude: Tensor): Tensor {
  return add(mul(source.re, over(mixture.re, magnitude)), mul(source.im, over(mixture.im, magnitude)))
}

/**
 * |S| cos(∠S − ∠Y): the part of a source that has the mixture's phase; truncated, min(max(…, 0), |Y|). 0 where the mixture is silent.
 *
 * @param source, mixture spectra of shapes that broadcast
 * @throws ShapeError where they do not
 *
 * @example
 * const mixture = { re: constant([2, 2, 2]), im: constant([0, 0, 0]) }
 * const source = { re: constant([0.5, -1, 3]), im: constant([0.866, 0, 0]) }
 * const [plain, truncated] = await evaluate(() => [
 *   phaseSensitiveTarget(source, mixture),
 *   phaseSensitiveTarget(source, mixture, { truncated: true }),
 * ])
 * plain // [0.5, -1, 3]
 * truncated // [0.5, 0, 2]
 */
export function phaseSensitiveTarget(source: Complex, mixture: Complex, { truncated = false }: PhaseSensitiveOptions = {}): Tensor {
  const magnitude = complex.abs(mixture)
  const inPhase = projection(source, mixture, magnitude)
  return truncated ? minimum(relu(inPhase), magnitude) : inPhase
}

/**
 * |S| cos(∠S − ∠Y) / |Y|: of all real masks the one whose product with the mixture is nearest to the source; truncated to 0…1, of all masks in
 * 0…1. Those of sources that make up the mixture sum to 1 where they are not truncated. 0 where the mixture is silent.
 *
 * @param source, mixture spectra of shapes that broadcast
 * @throws ShapeError where they do not
 *
 * @example
 * const [mixture, source] = [{ re: constant([2]), im: constant([0]) }, { re: constant([3]), im: constant([1]) }]
 * const [plain, truncated] = await evaluate(() => [
 *   phaseSensitiveMask(source, mixture),
 *   phaseSensitiveMask(source, mixture, { truncated: true }),
 * ])
 * plain // [1.5]
 * truncated // [1]
 */
export function phaseSensitiveMask(source: Complex, mixture: Complex, { truncated = false }: PhaseSensitiveOptions = {}): Tensor {
  const magnitude = complex.abs(mixture)
  const mask = over(projection(source, mixture, magnitude), magnitude)
  return truncated ? clip(mask, 0, 1) : mask
}

/**
 * S / Y: the complex ratio mask, whose product with the mixture is the source; 0 where the mixture is silent.
 *
 * @param source, mixture spectra of shapes that broadcast
 * @throws ShapeError where they do not
 *
 * @example
 * const [mixture, source] = [{ re: constant([0, 0]), im: constant([2, 0]) }, { re: constant([3, 1]), im: constant([0, 0]) }]
 * const [im] = await evaluate(() => [complexRatioMask(source, mixture).im]) // [-1.5, 0]
 */
export function complexRatioMask(source: Complex, mixture: Complex): Complex {
  const magnitude = complex.abs(mixture)
  const scaled = (z: Complex) => complex.map(z, (x) => over(x, magnitude))
  return scaled(complex.mul(source, complex.conj(scaled(mixture))))
}

export interface CompressionOptions {
  /** K, the bound of both parts: 10 by default. */
  readonly limit?: number
  /** C, the steepness: 0.1 by default. The slope at 0 is KC/2. */
  readonly steepness?: number
}

function checked(who: string, { limit = 10, steepness = 0.1 }: CompressionOptions): Required<CompressionOptions> {
  for (const [name, value] of Object.entries({ limit, steepness }))
    if (!(value > 0 && value < Infinity)) throw new ShapeError(who, `${name} ${value}; allowed are finite numbers > 0`)
  return { limit, steepness }
}

/**
 * K (1 − e^(−Cx)) / (1 + e^(−Cx)) = K tanh(Cx/2) of both parts: complex masks have no bound, and what a network is to learn needs one.
 *
 * @example
 * const [re] = await evaluate(() => [compressMask({ re: constant([2, 1e6]), im: constant([0, 0]) }).re]) // [0.996680, 10]
 */
export function compressMask(mask: Complex, options: CompressionOptions = {}): Complex {
  const { limit, steepness } = checked('compressMask', options)
  return complex.map(mask, (x) => mul(tanh(mul(x, steepness / 2)), limit))
}

/**
 * −(1/C) ln((K − x) / (K + x)) of both parts: the inverse of `compressMask`, for what a network has learned. What lies outside ±0.999·K is
 * taken for that, ±7.6/C.
 *
 * @example
 * const mask = { re: constant([2]), im: constant([-30]) }
 * const [re, im] = await evaluate(() => {
 *   const { re, im } = expandMask(compressMask(mask))
 *   return [re, im]
 * })
 * re // [2.000]
 * im // [-30.000]
 */
export function expandMask(mask: Complex, options: CompressionOptions = {}): Complex {
  const { limit, steepness } = checked('expandMask', options)
  return complex.map(mask, (x) => {
    const inside = clip(x, -0.999 * limit, 0.999 * limit)
    return mul(sub(log(add(limit, inside)), log(sub(limit, inside))), 1 / steepness)
  })
}
