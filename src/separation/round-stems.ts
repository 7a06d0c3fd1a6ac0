/** Rounding stems to what files can hold so that the written files still sum to the song: the instrumental is a difference of rounded signals. */

import type { AudioBlock, SampleFormat, Samples } from '../audio/index.ts'
import { quantise, sampleRange } from '../audio/index.ts'
import type { SeparatedBlock } from './stem-assembler.ts'
import { instrumental } from './stems.ts'

/** In 64 bits, where sums and differences of integer samples are exact. */
export function combine(a: Samples, b: Samples, sign: 1 | -1): Float64Array {
  const out = new Float64Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = a[i]! + sign * b[i]!
  return out
}

/** What is written of a block: each stem rounded to the format, the instrumental as the difference of rounded mixture and vocals. */
export function roundStems({ mixture, stems }: SeparatedBlock, format: SampleFormat): Record<string, AudioBlock> {
  const round = (block: AudioBlock): AudioBlock => block.map((samples) => quantise(samples, format))
  const rounded = Object.fromEntries(Object.entries(stems).map(([stem, block]) => [stem, round(block)]))
  const { vocals } = rounded
  if (vocals) rounded[instrumental] = round(mixture).map((samples, c) => combine(samples, vocals[c]!, -1))
  return rounded
}

/**
 * The gain that brings a peak below full scale. The instrumental is the difference of two rounded signals, which may lie a step above
 * its own scaled value: one step is left for that.
 */
export function gainFor(peak: number, format: SampleFormat): number {
  return (2 * sampleRange(format).high - 1) / peak
}
