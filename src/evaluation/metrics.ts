/**
 * Distortion ratios of a separated signal, over all channels together.
 * SDR as in the Music Demixing Challenge (Mitsufuji et al. 2021); SI-SDR after Le Roux et al., "SDR – half-baked or well done?" (2019).
 */

/** One array per channel, all of one length. */
export type Signal = readonly (Float32Array | Float64Array)[]

/** Ratios are cut at ± this many dB, so that silence has a value: an exact estimate gets +100, a sound where there should be none −100. */
export const LIMIT_DB = 100

/** 10·log10(signal / noise) in [−100, 100]; +100 where both are 0. */
export function boundedDb(signal: number, noise: number): number {
  if (noise === 0) return LIMIT_DB
  if (signal === 0) return -LIMIT_DB
  return Math.max(-LIMIT_DB, Math.min(LIMIT_DB, 10 * Math.log10(signal / noise)))
}

export function checkShapes(name: string, reference: Signal, estimate: Signal): void {
  const shape = (s: Signal): string => `${s.length} channel(s) of ${s[0]?.length ?? 0} samples`
  if (reference.length === 0 || reference.length !== estimate.length || reference.some((x, c) => x.length !== estimate[c]!.length))
    throw new RangeError(`${name}: reference and estimate must have one shape, got ${shape(reference)} and ${shape(estimate)}`)
}

/**
 * Signal-to-distortion ratio: 10·log10(Σs² / Σ(s − ŝ)²) in dB, in [−100, 100].
 *
 * @example
 * sdr([Float64Array.of(1, -2, 3, -4, 5)], [Float64Array.of(1.1, -1.9, 3.2, -3.8, 5.3)]) // 24.616091 dB
 */
export function sdr(reference: Signal, estimate: Signal): number {
  checkShapes('sdr', reference, estimate)
  let signal = 0
  let noise = 0
  for (const [c, s] of reference.entries()) {
    const e = estimate[c]!
    for (let i = 0; i < s.length; i++) {
      signal += s[i]! * s[i]!
      noise += (s[i]! - e[i]!) ** 2
    }
  }
  return boundedDb(signal, noise)
}

/**
 * Scale-invariant SDR in dB, in [−100, 100]: with t = (⟨ŝ, s⟩ / ‖s‖²)·s, 10·log10(‖t‖² / ‖ŝ − t‖²). Means are not removed. A silent estimate of a
 * sound gets −100, a silent estimate of silence +100.
 *
 * @example
 * siSdr([Float64Array.of(1, -2, 3, -4, 5)], [Float64Array.of(1.1, -1.9, 3.2, -3.8, 5.3)]) // 25.447478 dB
 */
export function siSdr(reference: Signal, estimate: Signal): number {
  checkShapes('siSdr', reference, estimate)
  let cross = 0
  let power = 0
  let estimatePower = 0
  for (const [c, s] of reference.entries()) {
    const e = estimate[c]!
    for (let i = 0; i < s.length; i++) {
      cross += s[i]! * e[i]!
      power += s[i]! * s[i]!
      estimatePower += e[i]! * e[i]!
    }
  }
  if (power === 0 || estimatePower === 0) return power === estimatePower ? LIMIT_DB : -LIMIT_DB
  const scale = cross / power
  let noise = 0
  for (const [c, s] of reference.entries()) {
    const e = estimate[c]!
    for (let i = 0; i < s.length; i++) noise += (e[i]! - scale * s[i]!) ** 2
  }
  return boundedDb(scale * scale * power, noise)
}

/** mixture − estimate, channel by channel: what is left for the accompaniment. */
export function subtract(mixture: Signal, estimate: Signal): Float32Array[] {
  checkShapes('subtract', mixture, estimate)
  return mixture.map((x, c) => Float32Array.from(x, (v, i) => v - estimate[c]![i]!))
}
