/**
 * The scale-invariant ratios of Le Roux, Wisdom, Erdogan & Hershey, "SDR – half-baked or well done?" (2019). With αs = ⟨ŝ, s⟩/‖s‖²·s the estimate is
 * ŝ = αs + e_interf + e_artif, where e_interf is the part of the rest in the span of all true sources:
 * SI-SDR = ‖αs‖²/‖ŝ − αs‖², SI-SIR = ‖αs‖²/‖e_interf‖², SI-SAR = ‖αs‖²/‖e_artif‖², SD-SDR = ‖αs‖²/‖ŝ − s‖² (it does count a wrong scale).
 * All channels together are one vector, with one α. Means are not removed.
 */
import { boundedDb, checkShapes, type Signal } from './metrics.ts'

/** In dB, in [−100, 100]. */
export interface ScaleInvariantRatios {
  readonly siSdr: number
  /** NaN where the reference or the estimate is silent. */
  readonly siSir: number
  /** NaN where the reference or the estimate is silent. */
  readonly siSar: number
  readonly sdSdr: number
}

/** Sources that are less than this share of their power away from the span of others are in it. */
const IN_SPAN = 1e-12

/**
 * The ratios of one estimate.
 *
 * A silent estimate of a sound has an SI-SDR of −100 dB, as has any estimate of silence but silence, which has +100.
 *
 * @param references all true sources, of one shape
 * @param target index of the one that is estimated
 * @throws RangeError where shapes differ or there is no such reference
 *
 * @example
 * const [s, n] = [[Float64Array.of(1, 1, 1, 1)], [Float64Array.of(1, -1, 1, -1)]]
 * const estimate = [Float64Array.of(2.3, 1.9, 2.1, 1.7)] // 2s, 0.2n and a rest of 0.1·(1, 1, −1, −1)
 * const { siSdr, siSir, siSar, sdSdr } = scaleInvariantRatios([s, n], estimate, 0)
 * siSdr // 19.0309 dB
 * siSir // 20.0 dB
 * siSar // 26.0206 dB
 * sdSdr // 5.8087 dB
 */
export function scaleInvariantRatios(references: readonly Signal[], estimate: Signal, target: number): ScaleInvariantRatios {
  if (references[target] === undefined)
    throw new RangeError(`scaleInvariantRatios: target ${target}; allowed are 0 to ${references.length - 1}, the references' indices`)
  for (const reference of references) checkShapes('scaleInvariantRatios', reference, estimate)
  return scaleInvariantFrom(
    references.map((a) => references.map((b) => product(a, b))),
    references.map((a) => product(a, estimate)),
    product(estimate, estimate),
    target,
  )
}

function product(a: Signal, b: Signal): number {
  let sum = 0
  for (const [c, x] of a.entries()) {
    const y = b[c]!
    for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!
  }
  return sum
}

/**
 * The same of scalar products alone, for signals that are not held in memory. Energies below 1e-14 of the estimate's drown in rounding: ratios are
 * exact to 1e-6 dB up to 70 dB.
 *
 * @param among ⟨s_i, s_j⟩
 * @param across ⟨s_i, ŝ⟩
 * @param power ‖ŝ‖²
 */
export function scaleInvariantFrom(
  among: readonly (readonly number[])[],
  across: readonly number[],
  power: number,
  target: number,
): ScaleInvariantRatios {
  const [reference, cross] = [among[target]![target]!, across[target]!]
  const error = Math.max(0, power - 2 * cross + reference)
  if (reference === 0 || power === 0) {
    const siSdr = boundedDb(0, Math.max(reference, power))
    return { siSdr, siSir: Number.NaN, siSar: Number.NaN, sdSdr: siSdr }
  }
  const aligned = (cross * cross) / reference
  const rest = Math.max(0, power - aligned)
  const interference = Math.min(rest, beyondTarget(among, across, target))
  return {
    siSdr: boundedDb(aligned, rest),
    siSir: boundedDb(aligned, interference),
    siSar: boundedDb(aligned, rest - interference),
    sdSdr: boundedDb(aligned, error),
  }
}

/** The energy of the projection on the span of all sources that is not along the target: Cholesky's elimination, the target first. */
function beyondTarget(among: readonly (readonly number[])[], across: readonly number[], target: number): number {
  const order = [target, ...among.keys()].filter((i, at, all) => all.indexOf(i) === at)
  const gram = order.map((i) => order.map((j) => among[i]![j]!))
  const side = order.map((i) => across[i]!)
  let energy = 0
  for (const [k, row] of gram.entries()) {
    const pivot = row[k]!
    if (!(pivot > IN_SPAN * among[order[k]!]![order[k]!]!)) continue
    if (k > 0) energy += side[k]! ** 2 / pivot
    for (let i = k + 1; i < gram.length; i++) {
      const share = gram[i]![k]! / pivot
      for (let j = k + 1; j < gram.length; j++) gram[i]![j]! -= share * row[j]!
      side[i]! -= share * side[k]!
    }
  }
  return energy
}
