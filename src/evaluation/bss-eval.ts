/**
 * BSS Eval on signals in memory. Version 3: Vincent, Gribonval & Févotte, "Performance measurement in blind audio source separation" (2006), and
 * the campaign of 2007 for images; equal to mir_eval.separation. Version 4: Stöter, Liutkus & Ito, "The 2018 signal separation evaluation
 * campaign": filters of the whole signal for all frames; equal to museval.
 */
import { assign } from '../losses/assignment.ts'
import { analyse, analyseFrames } from './analysis.ts'
import { createBreath } from './breath.ts'
import { type BssKind, type BssRatios, bssRatios, type Energies } from './energies.ts'
import { planFrames } from './framing.ts'
import { materialOf } from './material.ts'
import type { Signal } from './metrics.ts'
import type { Pair } from './projection.ts'

export interface BssEvalOptions {
  /** 4: filters of the whole signal, applied in each frame. 3: each frame has its own. Without frames they are the same. */
  readonly version?: 3 | 4
  /** `images` has an ISR and counts filtering as error; `sources` forgives what a filter of 512 taps can do, as bss_eval_sources does. */
  readonly kind?: BssKind
  /** Samples per frame; default: the whole signal is the only one. */
  readonly window?: number
  /** Samples from frame to frame; default: the window. */
  readonly hop?: number
  /** Give each reference the estimate that makes the mean SIR highest; otherwise they belong together in the order given. */
  readonly permute?: boolean
  /** Taps of the distortion filters. */
  readonly filterLength?: number
  readonly signal?: AbortSignal
  /** Share of the work done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** Ratios in dB by reference and frame; NaN in all of a frame in which any source is silent. */
export interface BssEval {
  readonly sdr: readonly (readonly number[])[]
  /** NaN for `sources`. */
  readonly isr: readonly (readonly number[])[]
  readonly sir: readonly (readonly number[])[]
  readonly sar: readonly (readonly number[])[]
  /** By frame: which estimate belongs to each reference; undefined where a source is silent and version 3 looks for it. */
  readonly permutation: readonly (readonly number[] | undefined)[]
}

/**
 * Signal-to-distortion, image-to-spatial, signal-to-interference and signal-to-artefacts ratios of estimates.
 *
 * Ratios without noise are +∞. With one reference there is no interference, and every SIR is +∞.
 *
 * @param references true sources, each with one array per channel
 * @param estimates as many, of the same shape
 * @throws RangeError where shapes differ or a source is silent throughout: nothing can be said about it, and every other ratio would be NaN
 *
 * @example
 * const noise = (seed: number) => [Float64Array.from({ length: 800 }, (_, i) => Math.sin(seed * i * i))]
 * const [a, b] = [noise(0.7), noise(0.4)]
 * const mixed = [a[0]!.map((x, i) => x + 0.1 * b[0]![i]!)]
 * const { sir } = await bssEval([a, b], [mixed, b], { filterLength: 8 })
 * sir[0]![0] // 19.9 dB
 */
export async function bssEval(references: readonly Signal[], estimates: readonly Signal[], options: BssEvalOptions = {}): Promise<BssEval> {
  const { version = 4, kind = 'images', permute = false, filterLength = 512, signal, onProgress } = options
  signal?.throwIfAborted()
  const material = materialOf('bssEval', references, estimates)
  checkSources(references, estimates)
  if (!Number.isInteger(filterLength) || filterLength < 1)
    throw new RangeError(`bssEval: filterLength ${filterLength}; allowed are whole numbers ≥ 1`)
  const frames = planFrames('bssEval', references[0]![0]!.length, options, version === 3 ? 2 : 1)
  const sources = [...references.keys()]
  const pairs = sources.flatMap((reference) => (permute ? sources : [reference]).map((estimate) => ({ reference, estimate })))
  const settings = { lags: filterLength, breath: createBreath(signal), onProgress }
  const ownFilters = version === 3 && !frames.whole
  const measured = ownFilters
    ? await analyseFrames(material, pairs, frames, settings)
    : (await analyse(material, pairs, () => frames, settings)).frames
  const ratios = measured.map((energies) => (anySilent(energies) ? energies.map(() => undefined) : energies.map((e) => bssRatios(e, kind))))
  const chosen = choose(pairs, ratios, references.length, ownFilters)
  const pick = (ratio: keyof BssRatios): number[][] =>
    sources.map((reference) =>
      ratios.map((of, frame) => {
        const estimate = chosen[frame]?.[reference]
        const at = pairs.findIndex((pair) => pair.reference === reference && pair.estimate === estimate)
        return of[at]?.[ratio] ?? Number.NaN
      }),
    )
  return { sdr: pick('sdr'), isr: pick('isr'), sir: pick('sir'), sar: pick('sar'), permutation: chosen }
}

function checkSources(references: readonly Signal[], estimates: readonly Signal[]): void {
  if (references.length !== estimates.length)
    throw new RangeError(`bssEval: ${references.length} references and ${estimates.length} estimates; needs one estimate for each`)
  for (const [kind, signals] of [['reference', references] as const, ['estimate', estimates] as const])
    for (const [index, signal] of signals.entries())
      if (signal.every((x) => x.every((sample) => sample === 0)))
        throw new RangeError(`bssEval: ${kind} ${index} is silent throughout, where no ratio is defined; leave this source out`)
}

/** Of pairs: every source is in one. */
function anySilent(energies: readonly Energies[]): boolean {
  return energies.some((e) => e.reference === 0 || e.estimate === 0)
}

/** By frame, the estimate of each reference. With filters of its own a frame also chooses for itself, otherwise all frames choose together. */
function choose(
  pairs: readonly Pair[],
  ratios: readonly (readonly (BssRatios | undefined)[])[],
  count: number,
  each: boolean,
): (readonly number[] | undefined)[] {
  const identity = Array.from({ length: count }, (_, i) => i)
  if (pairs.length === count) return ratios.map(() => identity)
  const best = (frames: readonly (readonly (BssRatios | undefined)[])[]): readonly number[] => {
    const costs = new Float64Array(count * count)
    for (const [at, { reference, estimate }] of pairs.entries()) {
      const values = frames.flatMap((of) => of[at]?.sir ?? []).filter((sir) => !Number.isNaN(sir))
      // The assignment needs finite numbers; 1000 dB is beyond any that float64 can measure.
      const sum = values.reduce((total, sir) => total + Math.max(-1000, Math.min(1000, sir)), 0)
      costs[reference * count + estimate] = values.length > 0 ? -sum / values.length : 0
    }
    return Array.from(assign(costs, count), Number)
  }
  if (!each) {
    const chosen = best(ratios)
    return ratios.map(() => chosen)
  }
  return ratios.map((of) => (of.every((ratio) => ratio === undefined) ? undefined : best([of])))
}
