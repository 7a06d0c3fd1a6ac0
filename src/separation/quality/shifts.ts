/**
 * The shift trick of Demucs (Défossez et al. 2019, "Music Source Separation in the Waveform Domain"): a network that strides over time gives
 * estimates that depend on where its strides fall, so the window is put at several places and the estimates are averaged. Here the places are
 * evenly spaced and not drawn: equal songs give equal stems.
 */

import type { Separator, StereoWindow } from '../../models/index.ts'
import { averagedOver } from './passes.ts'

export interface ShiftOptions {
  /** Seconds over which the places are spread, half a second by default, as in Demucs. */
  readonly seconds?: number
}

/**
 * The mean over `shifts` places of a window within the separator's own, with silence around it. Windows become shorter by `seconds`.
 *
 * @param shifts passes for each window, 1 or more; 1 changes nothing but the length of windows
 * @throws RangeError for shifts that are none, and seconds that leave nothing of a window between its margins
 *
 * @example
 * const averaged = withShifts(separator, 4) // four passes for each window
 */
export function withShifts(separator: Separator, shifts: number, { seconds = 0.5 }: ShiftOptions = {}): Separator {
  const { sampleRate, margin } = separator
  if (!Number.isInteger(shifts) || shifts < 1) throw new RangeError(`shifts: ${shifts}; allowed are whole numbers ≥ 1`)
  const spread = Math.round(seconds * sampleRate)
  const windowLength = separator.windowLength - spread
  if (!(spread >= 0 && windowLength > 2 * margin)) {
    const most = (separator.windowLength - 2 * margin - 1) / sampleRate
    throw new RangeError(`shifts: seconds ${seconds}; windows of ${separator.windowLength} samples allow 0 to ${most.toFixed(3)}`)
  }
  const passes = Array.from({ length: shifts }, (_, s) => {
    const offset = Math.round((s * spread) / shifts)
    const placed = (samples: Float32Array): Float32Array => {
      const out = new Float32Array(separator.windowLength)
      out.set(samples, offset)
      return out
    }
    return {
      there: ([left, right]: StereoWindow): StereoWindow => [placed(left), placed(right)],
      back: ([left, right]: StereoWindow): StereoWindow => [
        left.subarray(offset, offset + windowLength),
        right.subarray(offset, offset + windowLength),
      ],
    }
  })
  return averagedOver(separator, passes, { windowLength })
}
