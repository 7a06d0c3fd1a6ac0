/**
 * Voices where none should be, and accompaniment where only voices should be: a separator hears excerpts, and the energies of its estimates tell. What the
 * separator does not hear is not found, and what it takes for a voice is: docs/data.md has how often.
 */
import { resample } from '../../audio/index.ts'
import type { Separator } from '../../separation/index.ts'
import type { Excerpt } from './excerpts.ts'

export interface Presence {
  /** Seconds from the start of the recording. */
  readonly at: number
  /** Energy of the estimated vocals over that of the excerpt, in dB. */
  readonly vocalsDb: number
  /** Energy of what is left over that of the excerpt, in dB. */
  readonly restDb: number
}

/** Ends of a window at which estimates lack context are not counted (seconds). */
const EDGE = 0.1

const decibels = (part: number, whole: number): number => 10 * Math.log10(Math.max(part, 1e-10 * whole) / whole)

function energyOf(channels: readonly Float32Array[], from: number, to: number): number {
  let sum = 0
  for (const samples of channels) for (let i = from; i < to; i++) sum += samples[i]! ** 2
  return sum
}

/** Energies of both estimates over that of an excerpt. Undefined where it is silent. */
export async function measurePresence(
  separator: Separator,
  { at, sampleRate, channels }: Excerpt,
  signal?: AbortSignal,
): Promise<Presence | undefined> {
  const sound = sampleRate === separator.sampleRate ? channels : (resample(channels, sampleRate, separator.sampleRate) as Float32Array[])
  const length = Math.min(separator.windowLength, sound[0]!.length)
  const place = (samples: Float32Array): Float32Array => {
    const window = new Float32Array(separator.windowLength)
    window.set(samples.subarray(0, length))
    return window
  }
  const mixture = [place(sound[0]!), place(sound[1] ?? sound[0]!)] as const
  const edge = Math.min(Math.round(EDGE * separator.sampleRate), Math.floor(length / 4))
  const whole = energyOf(mixture, edge, length - edge)
  // −60 dB of full scale.
  if (!(whole > 2e-6 * (length - 2 * edge))) return undefined
  // The separator may take the window for its own.
  const kept = mixture.map((samples) => samples.slice())
  const { vocals } = await separator.predict(mixture, signal ? { signal } : {})
  if (vocals === undefined) throw new RangeError(`measurePresence: model ${separator.name} estimates no vocals`)
  const rest = kept.map((samples, c) => samples.map((x, i) => x - vocals[c]![i]!))
  return {
    at,
    vocalsDb: decibels(energyOf(vocals, edge, length - edge), whole),
    restDb: decibels(energyOf(rest, edge, length - edge), whole),
  }
}
