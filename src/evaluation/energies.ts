/**
 * An estimate ŝ of the true source s_j, taken apart by least squares (Vincent, Gribonval & Févotte 2006; with images, Vincent et al. 2007):
 * own is what filters of s_j explain of it, all is what filters of all true sources explain, so that
 * ŝ = s + (own − s) + (all − own) + (ŝ − all) = s + e_spat + e_interf + e_artif. The ratios of BSS Eval are ratios of the energies below.
 */

/** Energies of one estimate against one true source, over all channels and the samples of a frame. */
export interface Energies {
  /** Σs² */
  reference: number
  /** Σŝ² */
  estimate: number
  /** Σsŝ */
  cross: number
  /** Σ(ŝ − s)² */
  error: number
  /** Σ own² */
  own: number
  /** Σ all² */
  all: number
  /** Σ(own − s)² */
  spatial: number
  /** Σ(all − own)² */
  interference: number
  /** Σ(ŝ − all)² */
  artifacts: number
  /** Σ(ŝ − own)² */
  unexplained: number
}

/** In dB. */
export interface BssRatios {
  readonly sdr: number
  readonly isr: number
  readonly sir: number
  readonly sar: number
}

/** Whether filtered versions of the true source count as right (`sources`) or as spatial distortion (`images`). */
export type BssKind = 'images' | 'sources'

export function noEnergies(): Energies {
  return {
    reference: 0,
    estimate: 0,
    cross: 0,
    error: 0,
    own: 0,
    all: 0,
    spatial: 0,
    interference: 0,
    artifacts: 0,
    unexplained: 0,
  }
}

export function addEnergies(to: Energies, more: Energies): void {
  to.reference += more.reference
  to.estimate += more.estimate
  to.cross += more.cross
  to.error += more.error
  to.own += more.own
  to.all += more.all
  to.spatial += more.spatial
  to.interference += more.interference
  to.artifacts += more.artifacts
  to.unexplained += more.unexplained
}

/** Adds the energies of the samples [from, to) of one channel. */
export function measure(
  to: Energies,
  reference: Float64Array,
  estimate: Float64Array,
  own: Float64Array,
  all: Float64Array,
  first: number,
  end: number,
): void {
  let [ss, ee, se, error, oo, aa, spatial, interference, artifacts, unexplained] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (let t = first; t < end; t++) {
    const [s, e, o, a] = [reference[t]!, estimate[t]!, own[t]!, all[t]!]
    ss += s * s
    ee += e * e
    se += s * e
    error += (e - s) * (e - s)
    oo += o * o
    aa += a * a
    spatial += (o - s) * (o - s)
    interference += (a - o) * (a - o)
    artifacts += (e - a) * (e - a)
    unexplained += (e - o) * (e - o)
  }
  to.reference += ss
  to.estimate += ee
  to.cross += se
  to.error += error
  to.own += oo
  to.all += aa
  to.spatial += spatial
  to.interference += interference
  to.artifacts += artifacts
  to.unexplained += unexplained
}

/** +∞ where there is no noise, NaN where there is nothing at all. */
function decibels(signal: number, noise: number): number {
  return 10 * Math.log10(signal / noise)
}

/**
 * The ratios of BSS Eval. `images`: SDR = s/(ŝ − s), ISR = s/(own − s), SIR = own/(all − own), SAR = all/(ŝ − all), each as ratio of energies.
 * `sources`: SDR = own/(ŝ − own), no ISR, the others alike.
 */
export function bssRatios(e: Energies, kind: BssKind): BssRatios {
  return {
    sdr: kind === 'images' ? decibels(e.reference, e.error) : decibels(e.own, e.unexplained),
    isr: kind === 'images' ? decibels(e.reference, e.spatial) : Number.NaN,
    sir: decibels(e.own, e.interference),
    sar: decibels(e.all, e.artifacts),
  }
}
