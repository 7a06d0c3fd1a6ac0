/** Frames and channels of spectrograms, cut out and exchanged. All functions of this folder give new arrays; parts that they leave as they are stay shared. */
import type { ComplexSpectrogram } from '../../dsp/index.ts'

/** Some of the frames: `size` of them from `start` on. */
export function framesOf(z: ComplexSpectrogram, start: number, size: number): ComplexSpectrogram {
  const { channels, frames, bins } = z
  if (!Number.isInteger(start) || !Number.isInteger(size) || start < 0 || size < 1 || start + size > frames)
    throw new RangeError(`framesOf: ${size} frames from ${start} on; there are ${frames}`)
  const cut = (x: Float32Array) => {
    const out = new Float32Array(channels * size * bins)
    for (let c = 0; c < channels; c++) {
      const from = (c * frames + start) * bins
      out.set(x.subarray(from, from + size * bins), c * size * bins)
    }
    return out
  }
  return { channels, frames: size, bins, re: cut(z.re), im: cut(z.im) }
}

/** The channels in the opposite order: left and right exchanged. */
export function exchangeChannels(z: ComplexSpectrogram): ComplexSpectrogram {
  const { channels, frames, bins } = z
  const size = frames * bins
  const turn = (x: Float32Array) => {
    const out = new Float32Array(x.length)
    for (let c = 0; c < channels; c++) out.set(x.subarray(c * size, (c + 1) * size), (channels - 1 - c) * size)
    return out
  }
  return { ...z, re: turn(z.re), im: turn(z.im) }
}
