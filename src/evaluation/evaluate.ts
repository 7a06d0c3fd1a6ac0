/**
 * All that can be said about a separated song whose stems are known: the ratios of BSS Eval and the scale-invariant ones, of the whole signal and
 * by frame, beside those of the mixture and of ideal masks. Streams: memory does not grow with the song.
 */
import { analyse, analyseFrames } from './analysis.ts'
import { type Baseline, baselineEstimates, type MixedMaterial, withBaselines } from './baselines.ts'
import { createBreath } from './breath.ts'
import { type BssKind, bssRatios, type Energies } from './energies.ts'
import { planFrames } from './framing.ts'
import { boundedDb } from './metrics.ts'
import type { Pair } from './projection.ts'
import { scaleInvariantFrom } from './scale-invariant.ts'
import { median } from './scores.ts'

/** In dB; NaN where a ratio is not defined. */
export interface FrameRatios {
  readonly sdr: number
  readonly siSdr: number
  readonly sir: number
  readonly sar: number
  /** NaN for `sources`. */
  readonly isr: number
}

export interface StemEvaluation {
  readonly stem: string
  /** Of the whole signal. */
  readonly global: FrameRatios & { readonly siSir: number; readonly siSar: number; readonly sdSdr: number }
  /** Medians over the frames that have numbers. */
  readonly median: FrameRatios
  /** By frame; all NaN where a stem of the song, or its estimate, is silent. */
  readonly frames: readonly FrameRatios[]
}

export interface EvaluatedSet {
  readonly name: 'estimate' | Baseline
  readonly stems: readonly StemEvaluation[]
}

export interface Evaluation {
  readonly version: 3 | 4
  readonly kind: BssKind
  /** Hz */
  readonly sampleRate: number
  readonly seconds: number
  /** Seconds per frame, and from frame to frame. */
  readonly window: number
  readonly hop: number
  /** True stems, those without an estimate included. */
  readonly references: readonly string[]
  readonly sets: readonly EvaluatedSet[]
  /** What a reader of the numbers has to know: silent stems, ratios that are not defined. */
  readonly notes: readonly string[]
}

export interface EvaluateOptions {
  /** Hz */
  readonly sampleRate: number
  /** Names of the true stems. */
  readonly stems: readonly string[]
  /** For each estimate the index of its true stem. */
  readonly estimated: readonly number[]
  readonly version?: 3 | 4
  readonly kind?: BssKind
  /** Seconds; default 1 for version 4, 30 for version 3. */
  readonly window?: number
  /** Seconds; default the window for version 4, half of it for version 3. */
  readonly hop?: number
  readonly baselines?: readonly Baseline[]
  readonly signal?: AbortSignal
  /** Share of the work done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** A set of estimates, as pairs into the material's list. */
interface Contestant {
  readonly name: EvaluatedSet['name']
  readonly pairs: readonly Pair[]
}

/** mir_eval's window of version 3, museval's of version 4 (seconds). */
const defaultWindow = { 3: 30, 4: 1 } as const

/**
 * Evaluates a song in two passes (version 3: three).
 *
 * @throws RangeError where window or hop is shorter than a sample, or the signals are empty
 */
export async function evaluateStems(song: MixedMaterial, options: EvaluateOptions): Promise<Evaluation> {
  const { sampleRate, stems, estimated, version = 4, kind = 'images', baselines = [], signal, onProgress } = options
  signal?.throwIfAborted()
  const window = Math.round((options.window ?? defaultWindow[version]) * sampleRate)
  const hop = Math.round((options.hop ?? (version === 4 ? window / sampleRate : window / sampleRate / 2)) * sampleRate)
  planFrames('evaluateStems', 1, { window, hop }) // refuses what is shorter than a sample before any work
  const material = withBaselines(song, baselines)
  const contestants = plan(song, estimated, baselines)
  const pairs = contestants.flatMap((contestant) => contestant.pairs)
  const breath = createBreath(signal)
  const planFor = (length: number) => {
    if (length === 0) throw new RangeError('evaluateStems: the signals are empty; needs one sample or more')
    return planFrames('evaluateStems', length, { window, hop }, version === 3 ? 2 : 1)
  }
  // Of version 3, the whole signal is a small part of the work: windows overlap and each is solved.
  const shareOfWhole = version === 4 ? 1 : hop / (hop + window)
  const whole = await analyse(material, pairs, version === 4 ? planFor : (length) => planFrames('evaluateStems', length, {}), {
    lags: 512,
    breath,
    onProgress: onProgress && ((share) => onProgress(shareOfWhole * share)),
  })
  const frames = planFor(whole.length)
  const measured =
    version === 4 || frames.whole
      ? whole.frames
      : await analyseFrames(material, pairs, frames, {
          lags: 512,
          breath,
          onProgress: onProgress && ((share) => onProgress(shareOfWhole + (1 - shareOfWhole) * share)),
        })
  onProgress?.(1)

  const notes: string[] = []
  const silentReferences = stems.map((_, i) => whole.products.references[i]![i]! === 0)
  for (const [i, stem] of stems.entries())
    if (silentReferences[i]) notes.push(`${stem}: the reference is silent throughout; no ratio is defined`)
  if (stems.length === 1) notes.push('SIR: with one reference there is nothing to interfere')
  let first = 0
  const sets = contestants.map(({ name, pairs: mine }): EvaluatedSet => {
    const range = mine.map((_, n) => first + n)
    first += mine.length
    const energies = range.map((at) => whole.whole[at]!)
    for (const [n, e] of energies.entries())
      if (e.estimate === 0)
        notes.push(
          `${stems[mine[n]!.reference]}: the ${name === 'estimate' ? 'estimate' : name} is silent throughout; it has no SIR and no SAR`,
        )
    // A stem that never sounds does not take the frames from the others.
    const counted = range.filter((_, n) => energies[n]!.reference > 0 && energies[n]!.estimate > 0)
    const silent = measured.map((of) => counted.some((at) => of[at]!.reference === 0 || of[at]!.estimate === 0))
    return {
      name,
      stems: mine.map((pair, n) => {
        const e = energies[n]!
        const found = measured.map((of, frame) =>
          ratiosOf(of[range[n]!]!, kind, stems.length, silent[frame]! || silentReferences[pair.reference]!),
        )
        const { references, estimates } = whole.products
        const across = estimates.map((row) => row[pair.estimate]!)
        const { siSir, siSar, sdSdr } = scaleInvariantFrom(references, across, e.estimate, pair.reference)
        const undefinedHere = silentReferences[pair.reference]!
        return {
          stem: stems[pair.reference]!,
          global: {
            ...ratiosOf(e, kind, stems.length, undefinedHere),
            siSir: undefinedHere || stems.length === 1 ? Number.NaN : siSir,
            siSar: undefinedHere ? Number.NaN : siSar,
            sdSdr: undefinedHere ? Number.NaN : sdSdr,
          },
          median: medians(found),
          frames: found,
        }
      }),
    }
  })
  const [windowSeconds, hopSeconds] = [frames.window / sampleRate, frames.hop / sampleRate]
  const seconds = whole.length / sampleRate
  return { version, kind, sampleRate, seconds, window: windowSeconds, hop: hopSeconds, references: stems, sets, notes: [...new Set(notes)] }
}

function plan({ references, estimates }: MixedMaterial, estimated: readonly number[], wanted: readonly Baseline[]): Contestant[] {
  const contestants: Contestant[] = [{ name: 'estimate', pairs: estimated.map((reference, estimate) => ({ reference, estimate })) }]
  let first = estimates
  for (const name of wanted) {
    contestants.push({
      name,
      pairs: Array.from({ length: references }, (_, reference) => ({
        reference,
        estimate: name === 'mixture' ? first : first + reference,
      })),
    })
    first += baselineEstimates(name, references)
  }
  return contestants
}

function ratiosOf(e: Energies, kind: BssKind, references: number, isUndefined: boolean): FrameRatios {
  if (isUndefined) return { sdr: Number.NaN, siSdr: Number.NaN, sir: Number.NaN, sar: Number.NaN, isr: Number.NaN }
  const aligned = e.reference > 0 ? e.cross ** 2 / e.reference : 0
  const { sdr, isr, sir, sar } = bssRatios(e, kind)
  const siSdr = aligned > 0 ? boundedDb(aligned, Math.max(0, e.estimate - aligned)) : boundedDb(0, 1)
  return { sdr, siSdr, sir: references > 1 ? sir : Number.NaN, sar, isr }
}

function medians(frames: readonly FrameRatios[]): FrameRatios {
  const of = (ratio: keyof FrameRatios): number => median(frames.map((frame) => frame[ratio]).filter((value) => !Number.isNaN(value)))
  return { sdr: of('sdr'), siSdr: of('siSdr'), sir: of('sir'), sar: of('sar'), isr: of('isr') }
}
