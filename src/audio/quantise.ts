/** Rounding of samples to what a file format can hold, apart from writing, so that sums can be taken of the very values that will be written. */

import type { AudioBlock, SampleFormat, Samples } from './types.ts'

/** Throws a RangeError unless WAV files can hold the format: int of 8, 16, 24 or 32 bits, float of 32 or 64. */
export function checkSampleFormat({ kind, bits }: SampleFormat): void {
  const allowed: readonly number[] = kind === 'int' ? [8, 16, 24, 32] : [32, 64]
  if (!allowed.includes(bits)) throw new RangeError(`sampleFormat: ${kind} samples have ${allowed.join(', ')} bits, got ${bits}`)
}

/** Largest and smallest value that a format holds: ±1 less one step at the top for integers, unbounded for floats. */
export function sampleRange({ kind, bits }: SampleFormat): { readonly low: number; readonly high: number } {
  return kind === 'float' ? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY } : { low: -1, high: 1 - 2 ** (1 - bits) }
}

/**
 * The nearest values that `format` can represent, unclamped: samples above full scale stay above it (see `findPeak`, `countOverflows`).
 *
 * @returns a new array that holds the values exactly: 64-bit for 32-bit integers and 64-bit floats, else 32-bit
 * @example
 * quantise(new Float32Array([0.1]), { kind: 'int', bits: 16 }) // [3277 / 32768]
 */
export function quantise(samples: Samples, format: SampleFormat): Samples {
  checkSampleFormat(format)
  if (format.kind === 'float') return format.bits === 32 ? Float32Array.from(samples) : Float64Array.from(samples)
  const scale = 2 ** (format.bits - 1)
  const result = format.bits === 32 ? new Float64Array(samples.length) : new Float32Array(samples.length)
  for (let i = 0; i < samples.length; i++) result[i] = Math.round(samples[i]! * scale) / scale
  return result
}

/** Largest magnitude of a block, 0 for an empty one. */
export function findPeak(block: AudioBlock): number {
  let peak = 0
  for (const samples of block) {
    for (let i = 0; i < samples.length; i++) {
      const magnitude = Math.abs(samples[i]!)
      if (magnitude > peak) peak = magnitude
    }
  }
  return peak
}

/** How many samples of a block lie outside what `format` holds once rounded, and so would be clamped by a writer. */
export function countOverflows(block: AudioBlock, format: SampleFormat): number {
  checkSampleFormat(format)
  if (format.kind === 'float') return 0
  const scale = 2 ** (format.bits - 1)
  let count = 0
  for (const samples of block) {
    for (let i = 0; i < samples.length; i++) {
      const value = Math.round(samples[i]! * scale)
      if (value < -scale || value > scale - 1) count++
    }
  }
  return count
}
