/**
 * Faster and slower: a stretch of frames drawn at random and brought to a wanted number of frames, after FrameTransformer (carperbr, 2023). Real
 * and imaginary parts are interpolated on their own, which is quick, keeps pitches, and dulls tones whose phase turns between frames.
 */
import type { ComplexSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram } from '../../dsp/plain-spectrogram.ts'
import { type Draws, happens } from './draws.ts'
import { framesOf } from './frames.ts'

/**
 * The spectrogram with `target` frames, by straight lines between frames, from the first to the last of both.
 *
 * @throws RangeError for a target that is no whole number ≥ 1
 *
 * @example
 * const z = { channels: 1, frames: 2, bins: 1, re: Float32Array.of(0, 4), im: new Float32Array(2) }
 * resizeFrames(z, 3).re // [0, 2, 4]
 */
export function resizeFrames(z: ComplexSpectrogram, target: number): ComplexSpectrogram {
  checkSpectrogram('resizeFrames', z, z.re, z.im)
  if (!Number.isInteger(target) || target < 1) throw new RangeError(`resizeFrames: target ${target}; allowed are whole numbers ≥ 1`)
  const { channels, frames, bins } = z
  const step = target === 1 ? 0 : (frames - 1) / (target - 1)
  const resize = (x: Float32Array) => {
    const out = new Float32Array(channels * target * bins)
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < target; t++) {
        const low = Math.min(Math.floor(t * step), frames - 1)
        const [from, to] = [(c * frames + low) * bins, (c * frames + Math.min(low + 1, frames - 1)) * bins]
        const share = t * step - low
        const row = (c * target + t) * bins
        for (let k = 0; k < bins; k++) out[row + k] = (1 - share) * x[from + k]! + share * x[to + k]!
      }
    }
    return out
  }
  return { channels, frames: target, bins, re: resize(z.re), im: resize(z.im) }
}

/** With silent frames before and after. */
function padFrames(z: ComplexSpectrogram, before: number, after: number): ComplexSpectrogram {
  const { channels, frames, bins } = z
  const padded = before + frames + after
  const surround = (x: Float32Array) => {
    const out = new Float32Array(channels * padded * bins)
    for (let c = 0; c < channels; c++) out.set(x.subarray(c * frames * bins, (c + 1) * frames * bins), (c * padded + before) * bins)
    return out
  }
  return { channels, frames: padded, bins, re: surround(z.re), im: surround(z.im) }
}

/** A stretch of that size at a random place, as `target` frames. */
function drawStretch(z: ComplexSpectrogram, size: number, target: number, draws: Draws): ComplexSpectrogram {
  const start = draws.integer(0, z.frames - size)
  return resizeFrames(framesOf(z, start, size), target)
}

/**
 * A random stretch as `target` frames. Of a longer spectrogram it has between a sixteenth of the target and all of its frames. Of one that is not
 * longer, with equal chances: at least the target's, after up to a quarter of it was put before and after in silence (slower never, faster up
 * to one and a half times); or an eighth of the target to all of its frames (slower).
 *
 * @throws RangeError for a target that is no whole number ≥ 1
 */
export function stretchFrames(z: ComplexSpectrogram, target: number, draws: Draws): ComplexSpectrogram {
  const { frames } = z
  /** One frame is the least that can be stretched, whatever the share of a small target rounds to. */
  const drawSize = (least: number, most: number) => Math.max(1, draws.integer(Math.floor(least), most))
  if (frames > target) return drawStretch(z, drawSize(target / 16, frames), target, draws)
  if (happens(draws, 0.5)) {
    const quarter = Math.floor(target / 4)
    const before = draws.integer(0, quarter)
    const padded = padFrames(z, before, target - frames + draws.integer(0, quarter))
    return drawStretch(padded, drawSize(target, padded.frames), target, draws)
  }
  return drawStretch(z, Math.min(frames, drawSize(target / 8, target)), target, draws)
}

/**
 * A random stretch of `target` frames as it is; a shorter spectrogram gets silence at its end.
 */
export function cropFrames(z: ComplexSpectrogram, target: number, draws: Draws): ComplexSpectrogram {
  if (z.frames < target) return padFrames(z, 0, target - z.frames)
  return framesOf(z, draws.integer(0, z.frames - target), target)
}
