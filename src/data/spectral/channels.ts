/** Left and right in spectrograms: width, and channels that fade or fall silent. After FrameTransformer (carperbr, 2023). */

import type { PolarSpectrogram } from '../../dsp/index.ts'
import type { Draws } from './draws.ts'
import { type NegativeMagnitudes, nonNegative } from './levels.ts'

/**
 * Each channel as `width`·channel + (1 − `width`)·mean of all channels: with 0 all are alike, with 1 nothing changes, above it they differ more
 * and magnitudes may come out below 0.
 *
 * @example
 * const s = { channels: 2, frames: 1, bins: 1, magnitude: Float32Array.of(1, 3), phase: new Float32Array(2) }
 * widenMagnitudes(s, 0).magnitude // [2, 2]
 */
export function widenMagnitudes(s: PolarSpectrogram, width: number, options: NegativeMagnitudes = {}): PolarSpectrogram {
  const size = s.frames * s.bins
  const mean = new Float64Array(size)
  for (let i = 0; i < s.magnitude.length; i++) mean[i % size]! += s.magnitude[i]! / s.channels
  return {
    ...s,
    magnitude: nonNegative(
      s.magnitude.map((m, i) => width * m + (1 - width) * mean[i % size]!),
      options,
    ),
  }
}

/**
 * One channel, or all of them, quieter by the share `amount`.
 *
 * @param channel counted from 0; 'all' for all
 * @throws RangeError for a channel that there is not
 */
export function fadeChannel(s: PolarSpectrogram, channel: number | 'all', amount: number): PolarSpectrogram {
  if (channel !== 'all' && !(Number.isInteger(channel) && channel >= 0 && channel < s.channels))
    throw new RangeError(`fadeChannel: channel ${channel}; allowed are 'all' and whole numbers in 0…${s.channels - 1}`)
  const size = s.frames * s.bins
  const keep = 1 - amount
  return { ...s, magnitude: s.magnitude.map((m, i) => (channel === 'all' || Math.floor(i / size) === channel ? m * keep : m)) }
}

/** The channel to fade when each of them and all together are equally likely, as the original draws it. */
export function drawChannel(channels: number, draws: Draws): number | 'all' {
  const drawn = draws.integer(0, channels)
  return drawn === channels ? 'all' : drawn
}
