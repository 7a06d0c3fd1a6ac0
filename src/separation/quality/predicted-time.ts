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

/**
 * Seconds that a song takes. While the network works on a window the next one is read and the one before is written; a stretch takes as long as the slower
 * of the two, or as long as all processors need for both where they share them.
 *
 * @param song windows, and seconds of sound
 *
 * @example
 * const efforts = { window: { wall: 1, cpu: 2 }, beside: { wall: 0.01, cpu: 0.01 }, apart: 0.005 }
 * songTime(efforts, { windows: 10, seconds: 100 }, 2) // 11
 */
export function songTime(
  { window, beside, apart }: MeasuredEfforts,
  { windows, seconds }: { readonly windows: number; readonly seconds: number },
  processors: number,
): number {
  const shared = (windows * window.cpu + seconds * beside.cpu) / processors
  return Math.max(windows * window.wall, seconds * beside.wall, shared) + seconds * apart
}
