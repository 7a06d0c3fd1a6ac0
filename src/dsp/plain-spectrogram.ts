/** Spectrograms in memory, for what is no computation of a network: plain arrays (channels, frames, bins), the order of `stft`, with the Nyquist bin. */
export interface SpectrogramShape {
  readonly channels: number
  readonly frames: number
  readonly bins: number
}

/** Real and imaginary parts. */
export interface ComplexSpectrogram extends SpectrogramShape {
  readonly re: Float32Array
  readonly im: Float32Array
}

/** Magnitudes and phases. */
export interface PolarSpectrogram extends SpectrogramShape {
  readonly magnitude: Float32Array
  readonly phase: Float32Array
}

/** @throws RangeError where an array has not the length of its shape */
export function checkSpectrogram(who: string, { channels, frames, bins }: SpectrogramShape, ...parts: readonly Float32Array[]): void {
  const length = channels * frames * bins
  for (const part of parts) {
    if (part.length !== length || length === 0)
      throw new RangeError(
        `${who}: ${part.length} values; (${channels}, ${frames}, ${bins}) channels, frames and bins need ${length}, at least 1`,
      )
  }
}

/**
 * Magnitudes and phases, in −π…π.
 *
 * @throws RangeError where an array has not the length of its shape
 *
 * @example
 * const polar = toPolar({ channels: 1, frames: 1, bins: 1, re: Float32Array.of(0), im: Float32Array.of(2) })
 * polar.magnitude // [2]
 * polar.phase // [1.5708]
 */
export function toPolar({ re, im, ...shape }: ComplexSpectrogram): PolarSpectrogram {
  checkSpectrogram('toPolar', shape, re, im)
  return { ...shape, magnitude: re.map((x, i) => Math.hypot(x, im[i]!)), phase: re.map((x, i) => Math.atan2(im[i]!, x)) }
}

/**
 * Real and imaginary parts.
 *
 * @throws RangeError where an array has not the length of its shape
 *
 * @example
 * const z = fromPolar({ channels: 1, frames: 1, bins: 1, magnitude: Float32Array.of(2), phase: Float32Array.of(Math.PI / 2) })
 * z.im // [2]
 */
export function fromPolar({ magnitude, phase, ...shape }: PolarSpectrogram): ComplexSpectrogram {
  checkSpectrogram('fromPolar', shape, magnitude, phase)
  return { ...shape, re: magnitude.map((m, i) => m * Math.cos(phase[i]!)), im: magnitude.map((m, i) => m * Math.sin(phase[i]!)) }
}

/** The largest magnitude of any number. */
export function largestOf(values: Float32Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!))
  return most
}
