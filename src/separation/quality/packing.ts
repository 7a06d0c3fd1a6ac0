/** Estimates as programs take them: one array for all stems and channels, and the transform that sees them. */

import type { StftOptions } from '../../dsp/index.ts'
import type { StereoWindow } from '../../models/index.ts'

/** Frames of 93 ms at 44.1 kHz, those of Open-Unmix and of the shipped model. */
export const defaultTransform: StftOptions = { nFft: 4096, hopLength: 1024 }

/** The stems of a window in one array (s, 2, n), for a program. */
export function packed(estimates: Readonly<Record<string, StereoWindow>>, stems: readonly string[], length: number): Float32Array {
  const out = new Float32Array(stems.length * 2 * length)
  for (const [s, stem] of stems.entries()) for (const [c, samples] of estimates[stem]!.entries()) out.set(samples, (2 * s + c) * length)
  return out
}

/** The way back; the parts are views. */
export function unpacked(values: Float32Array, stems: readonly string[], length: number): Record<string, StereoWindow> {
  const part = (at: number): Float32Array => values.subarray(at * length, (at + 1) * length)
  return Object.fromEntries(stems.map((stem, s) => [stem, [part(2 * s), part(2 * s + 1)] as const]))
}
