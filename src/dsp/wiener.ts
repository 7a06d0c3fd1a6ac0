/**
 * Multichannel Wiener filtering: where a source comes from says as much as how loud it is. In each bin source s is Gaussian with the covariance
 * v_s(t, f)·R_s(f), v its power and R its place between the channels (Duong, Vincent & Gribonval 2010, "Under-determined reverberant audio
 * source separation using a full-rank spatial covariance model"); expectation–maximisation finds both from first estimates, as in norbert
 * (Liutkus & Stöter 2019), the filter of Open-Unmix.
 *
 * These are functions of tensors for blocks of frames. A song is filtered either block by block with `wienerEM` (Open-Unmix takes 300 frames),
 * each with places of its own, or with the places of the whole song: the sums of `spatialModel` over all blocks first, then `wienerFilter` for each.
 */
import {
  add,
  type Complex,
  complex,
  div,
  formatShape,
  mean,
  mul,
  narrow,
  reshape,
  ShapeError,
  stack,
  sub,
  sum,
  type Tensor,
  unsqueeze,
} from '../tensor/index.ts'
import { solveHermitian } from './hermitian.ts'
import type { Spectrum } from './stft.ts'

/** What is known of sources' places: sums over frames, so that those of blocks add up to those of all. */
export interface SpatialModel {
  /** Σ_t y yᴴ: (s, c, c, f). */
  readonly covariance: Complex
  /** Σ_t v, v the mean of |y|² over channels: (s, f). */
  readonly power: Tensor
}

/** So small that only silence is near it, and its inverse, which derivatives square, still a float32. */
const tiny = 1e-18

/** One channel (…, t, f) of (…, c, t, f). */
function channel(z: Complex, i: number): Complex {
  return complex.map(z, (x) => reshape(narrow(x, -3, i, i + 1), [...x.shape.slice(0, -3), ...x.shape.slice(-2)]))
}

/** Powers (s, t, f) of estimates (s, c, t, f). */
function powerOf(estimates: Complex): Tensor {
  return mean(complex.power(estimates), { axes: [1] })
}

function checkEstimates(who: string, { re, im }: Complex): void {
  if (re.shape.length !== 4 || formatShape(re.shape) !== formatShape(im.shape))
    throw new ShapeError(who, `estimates re ${formatShape(re.shape)}, im ${formatShape(im.shape)}; needs two of (s, c, t, f)`)
}

/**
 * The places of sources, from estimates of a block of frames.
 *
 * @param estimates (s, c, t, f)
 * @throws ShapeError for another rank
 *
 * @example
 * const estimates = { re: constant([3, 4], [1, 2, 1, 1]), im: constant([0, 0], [1, 2, 1, 1]) }
 * const [covariance, power] = await evaluate(() => {
 *   const { covariance, power } = spatialModel(estimates)
 *   return [covariance.re, power]
 * })
 * covariance // [9, 12, 12, 16]
 * power // [12.5]
 */
export function spatialModel(estimates: Complex): SpatialModel {
  checkEstimates('spatialModel', estimates)
  const channels = Array.from({ length: estimates.re.shape[1]! }, (_, i) => channel(estimates, i))
  const overTime = (z: Complex) => complex.map(z, (x) => sum(x, { axes: [1] }))
  const rows = channels.map((a, i) => channels.slice(0, i + 1).map((b) => overTime(complex.mul(a, complex.conj(b)))))
  const element = (i: number, j: number) => (j <= i ? rows[i]![j]! : complex.conj(rows[j]![i]!))
  const part = (of: 're' | 'im') =>
    stack(
      channels.map((_, i) =>
        stack(
          channels.map((_, j) => element(i, j)[of]),
          1,
        ),
      ),
      1,
    )
  return { covariance: { re: part('re'), im: part('im') }, power: sum(powerOf(estimates), { axes: [1] }) }
}

export interface WienerOptions {
  /**
   * Share of a bin's power that is taken for noise from everywhere, divided among the sources: 1e-5 by default. It keeps the covariance of a mixture
   * invertible whose channels are alike.
   */
  readonly noise?: number | undefined
}

/**
 * Estimates by the filter v_s R_s (Σ v R)⁻¹, from the powers of other estimates and known places. They sum to the mixture, to rounding.
 *
 * @param estimates (s, c, t, f), of which the powers are taken
 * @param model of the same sources and channels, of these or of more frames
 * @param mixture (c, t, f)
 * @returns (s, c, t, f)
 * @throws ShapeError where shapes do not fit; RangeError for a noise that is not above 0
 *
 * @example
 * // Two sources of equal power, one in the left channel, one in the right.
 * const estimates = { re: constant([1, 0, 0, 1], [2, 2, 1, 1]), im: constant([0, 0, 0, 0], [2, 2, 1, 1]) }
 * const mixture = { re: constant([5, 7], [2, 1, 1]), im: constant([0, 0], [2, 1, 1]) }
 * const [re] = await evaluate(() => [wienerFilter(estimates, spatialModel(estimates), mixture).re]) // [5.000, 0.000, 0.000, 7.000]
 */
export function wienerFilter(
  estimates: Complex,
  { covariance, power }: SpatialModel,
  mixture: Complex,
  { noise = 1e-5 }: WienerOptions = {},
): Spectrum {
  const who = 'wienerFilter'
  checkEstimates(who, estimates)
  const [s, c, t, f] = estimates.re.shape as readonly [number, number, number, number]
  const needed = [
    ['mixture', mixture.re, [c, t, f]],
    ["mixture's im", mixture.im, [c, t, f]],
    ['covariance', covariance.re, [s, c, c, f]],
    ["covariance's im", covariance.im, [s, c, c, f]],
    ['power', power, [s, f]],
  ] as const
  for (const [name, { shape }, needs] of needed) {
    if (formatShape(shape) !== formatShape(needs))
      throw new ShapeError(
        who,
        `${name} ${formatShape(shape)} for estimates ${formatShape(estimates.re.shape)}; needs ${formatShape(needs)}`,
      )
  }
  if (!(noise > 0 && noise < Infinity)) throw new RangeError(`${who}: noise ${noise}; allowed are finite numbers > 0`)
  const powers = powerOf(estimates)
  const total = add(unsqueeze(power, 1), tiny)
  /** Element (i, j) of the places, (s, 1, f). */
  const placed = (i: number, j: number): Complex =>
    complex.map(covariance, (x) => div(reshape(narrow(narrow(x, 1, i, i + 1), 2, j, j + 1), [s, 1, f]), total))
  const places = Array.from({ length: c }, (_, i) => Array.from({ length: c }, (_, j) => placed(i, j)))
  const mixed = places.map((row, i) => row.slice(0, i + 1).map((z) => complex.map(z, (x) => sum(mul(powers, x), { axes: [0] }))))
  const trace = mixed.map((row, i) => row[i]!.re).reduce((a, b) => add(a, b))
  const floor = add(mul(trace, noise / c), tiny)
  for (const [i, row] of mixed.entries()) row[i] = { re: add(row[i]!.re, floor), im: row[i]!.im }
  const solved = solveHermitian(
    mixed,
    Array.from({ length: c }, (_, i) => channel(mixture, i)),
  )
  const filtered = places.map((row) => {
    const directed = row.map((z, j) => complex.mul(z, solved[j]!)).reduce((a, b) => complex.add(a, b))
    return complex.scale(directed, powers)
  })
  const part = (of: 're' | 'im') => {
    const y = stack(
      filtered.map((z) => z[of]),
      1,
    )
    // The noise's part, and what rounding took, goes to all alike.
    const rest = sub(mixture[of], sum(y, { axes: [0] }))
    return add(y, mul(rest, 1 / s))
  }
  return { re: part('re'), im: part('im') }
}

export interface WienerEmOptions extends WienerOptions {
  /** 1 by default. */
  readonly iterations?: number
}

/**
 * Estimates refined by expectation–maximisation: places from estimates, estimates from places, again. They sum to the mixture, to rounding.
 *
 * @param estimates (s, c, t, f), for example masks times the mixture
 * @param mixture (c, t, f)
 * @returns (s, c, t, f)
 * @throws ShapeError where shapes do not fit; RangeError for iterations or a noise that are none
 *
 * @example
 * const mixture = { re: constant([1, 2], [2, 1, 1]), im: constant([0, 1], [2, 1, 1]) }
 * const estimates = applyMask(constant([0.25, 0.75], [2, 1, 1, 1]), mixture)
 * const [total] = await evaluate(() => [sum(wienerEM(estimates, mixture).re, { axes: [0] })]) // [1.000, 2.000]
 */
export function wienerEM(estimates: Complex, mixture: Complex, { iterations = 1, noise }: WienerEmOptions = {}): Spectrum {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new RangeError(`wienerEM: iterations ${iterations}; allowed are whole numbers ≥ 1`)
  let y: Spectrum = estimates
  for (let i = 0; i < iterations; i++) y = wienerFilter(y, spatialModel(y), mixture, { noise })
  return y
}
