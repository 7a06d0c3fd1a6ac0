/** In which samples stems are written: those of the song, where it has some that suit. */

import type { AudioInfo, SampleFormat } from '../audio/types.ts'

/**
 * The song's own format, widened to the next of 16, 24 and 32 bits where it has another depth (8-bit stems would be noise). A lossy
 * song has none and gives 16-bit integers, what such files are decoded to elsewhere.
 */
export function stemFormatFor({ sampleFormat }: Pick<AudioInfo, 'sampleFormat'>): SampleFormat {
  if (!sampleFormat) return { kind: 'int', bits: 16 }
  const { kind, bits } = sampleFormat
  const widths = kind === 'float' ? [32, 64] : [16, 24, 32]
  return { kind, bits: widths.find((width) => width >= bits) ?? widths.at(-1)! }
}
