/** Sound for encoders: noise that is stronger at low frequencies, as music is, so that lossy codecs keep enough of it to be found again. */

import type { Samples } from '../../../src/audio/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'

/** Channels of values that integers of `bits` bits hold, at most half of full scale. */
export function soundOf(channels: number, frames: number, bits: number, seed = 1): Samples[] {
  const scale = 2 ** (bits - 1)
  return Array.from({ length: channels }, (_, c) => {
    const random = createRandom(seed, c)
    let low = 0
    const next = (): number => {
      low = 0.93 * low + 0.07 * random.uniform(-1, 1)
      // Integers have no negative zero.
      return Math.round(Math.max(-0.5, Math.min(0.5, 1.6 * low)) * scale) / scale + 0
    }
    return bits === 32 ? Float64Array.from({ length: frames }, next) : Float32Array.from({ length: frames }, next)
  })
}

/** By how many samples `b` is later than `a`, within ±`most`: where their correlation is largest. */
export function lagOf(a: ArrayLike<number>, b: ArrayLike<number>, most = 60): number {
  let best = Number.NEGATIVE_INFINITY
  let at = 0
  for (let lag = -most; lag <= most; lag++) {
    let sum = 0
    for (let i = most; i < a.length - most; i++) sum += a[i]! * b[i + lag]!
    if (sum > best) {
      best = sum
      at = lag
    }
  }
  return at
}

/** Energy of a over the energy of b − a, in decibels. */
export function signalToNoise(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let signal = 0
  let noise = 0
  for (let i = 0; i < a.length; i++) {
    signal += a[i]! ** 2
    noise += (b[i]! - a[i]!) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

/** A picture of one pixel. */
export const pixel = Uint8Array.from(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
)
