/** Rounding stems to what files can hold so that the written files still sum to the song: the instrumental is a difference of rounded signals. */

import type { AudioBlock, SampleFormat, Samples } from '../audio/index.ts'
import { quantise, sampleRange } from '../audio/index.ts'
import type { Dither } from './dither.ts'
import type { SeparatedBlock } from './stem-assembler.ts'
import { instrumental } from './stems.ts'

/** In 64 bits, where sums and differences of integer samples are exact. */
export function combine(a: Samples, b: Samples, sign: 1 | -1): Float64Array {
  const out = new Float64Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = a[i]! + sign * b[i]!
  return out
}

/** How samples lose what a file cannot hold. */
export interface Rounding {
  readonly format: SampleFormat
  /** Where the depth of the song is reduced. */
  readonly dither?: Dither | undefined
}

/** A block of a signal, from position `from` of the song, as a file will hold it; above full scale it is not clamped. */
export function round(signal: string, block: AudioBlock, from: number, { format, dither }: Rounding): AudioBlock {
  return block.map((samples, c) => quantise(dither ? combine(samples, dither.noise(signal, c, from, samples.length), 1) : samples, format))
}

/**
 * What is written of a block: each stem rounded to the format, the instrumental as the difference of rounded mixture and vocals.
 *
 * @param from position of its first sample in the song
 */
export function roundStems({ mixture, stems }: SeparatedBlock, from: number, rounding: Rounding): Record<string, AudioBlock> {
  const rounded = Object.fromEntries(Object.entries(stems).map(([stem, block]) => [stem, round(stem, block, from, rounding)]))
  const { vocals } = rounded
  if (vocals) rounded[instrumental] = round('mixture', mixture, from, rounding).map((samples, c) => combine(samples, vocals[c]!, -1))
  return rounded
}

/**
 * The gain that brings a peak below full scale. The instrumental is the difference of two rounded signals, which may lie a step above
 * its own scaled value, three with noise of up to a step in each: so many are left for that.
 */
export function gainFor(peak: number, { format, dither }: Rounding): number {
  const { high } = sampleRange(format)
  return (high - (dither ? 3 : 1) * (1 - high)) / peak
}
