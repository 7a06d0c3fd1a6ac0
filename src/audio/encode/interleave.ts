/** Planar samples as encoders want them: interleaved, integers or 32-bit floats. */

import type { AudioBlock, Samples } from '../types.ts'

/** Integers of `bits` bits, rounded to the nearest and clamped. */
export function interleaveIntegers(block: AudioBlock, bits: number): Int32Array<ArrayBuffer> {
  const channels = block.length
  const out = new Int32Array(channels * (block[0]?.length ?? 0))
  const scale = 2 ** (bits - 1)
  for (const [c, samples] of block.entries())
    for (let i = 0; i < samples.length; i++) out[i * channels + c] = Math.max(-scale, Math.min(scale - 1, Math.round(samples[i]! * scale)))
  return out
}

/** Floats, as they are. */
export function interleaveFloats(block: AudioBlock): Float32Array<ArrayBuffer> {
  const channels = block.length
  const out = new Float32Array(channels * (block[0]?.length ?? 0))
  for (const [c, samples] of block.entries()) for (let i = 0; i < samples.length; i++) out[i * channels + c] = samples[i]!
  return out
}

/** One channel as 32-bit floats; the same array where it is one already. */
export function toFloats(samples: Samples): Float32Array {
  return samples instanceof Float32Array ? samples : Float32Array.from(samples)
}
