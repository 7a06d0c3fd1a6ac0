/** How long a song will take, from how long its parts take: arithmetic, without a clock. */

import type { WindowPlan } from '../window-plan.ts'

/** What some work took: seconds on the clock, and seconds of all processors together. */
export interface Effort {
  readonly wall: number
  readonly cpu: number
}

export interface MeasuredEfforts {
  /** The network's for one window. */
  readonly window: Effort
  /** For a second of sound, what is done beside the network, while it works: reading, resampling, adding up, writing. */
  readonly beside: Effort
  /** Seconds for a second of sound before and after the network's work: listening, encoding. */
  readonly apart: number
}

/** Windows of a song of `samples` at the separator's rate, as `separate` lays them. */
export function countWindows({ length, hop }: WindowPlan, samples: number): number {
  return samples === 0 ? 0 : 1 + Math.ceil(Math.max(0, samples - length) / hop)
}

/** Of what could be done at the same time, the share that is not, where processors are too few: measured with the shipped model on two of them. */
const hindrance = 0.75

/**
 * Seconds that a song takes. While the network works on a window the next one is read and the one before is written. Where there are processors for both, a
 * stretch takes as long as the slower of the two; where the network's threads need all of them, either hinders the other.
 *
 * @param song windows, and seconds of sound
 *
 * @example
 * const efforts = { window: { wall: 1, cpu: 2 }, beside: { wall: 0.01, cpu: 0.01 }, apart: 0.005 }
 * const song = { windows: 10, seconds: 100 }
 * songTime(efforts, song, 4) // 10.5
 * songTime(efforts, song, 2) // 11.25
 */
export function songTime(
  { window, beside, apart }: MeasuredEfforts,
  { windows, seconds }: { readonly windows: number; readonly seconds: number },
  processors: number,
): number {
  const [network, rest] = [windows * window.wall, seconds * beside.wall]
  const threads = Math.ceil(window.cpu / Math.max(window.wall, 1e-9))
  const hindered = threads + 1 > processors ? hindrance : 0
  return Math.max(network, rest) + hindered * Math.min(network, rest) + seconds * apart
}
