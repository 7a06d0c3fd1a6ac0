/** A song's facts in words. */

import { type AudioInfo, formatFacts, type SampleFormat } from '../../audio/index.ts'
import type { WrittenStems } from '../../separation/index.ts'
import { formatDuration } from '../progress.ts'

function describeFormat({ kind, bits }: SampleFormat): string {
  return kind === 'int' ? `${bits}-bit` : `${bits}-bit float`
}

export function describeSong({ format, sampleFormat, sampleRate, channels, frames }: AudioInfo): string {
  const layout = channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`
  const length = frames === undefined ? '' : formatDuration(frames / sampleRate)
  return [format, sampleFormat ? describeFormat(sampleFormat) : '', `${sampleRate} Hz`, layout, length].filter(Boolean).join(', ')
}

/** What the files of stems are: "16-bit FLAC", "Opus at 48000 Hz (Opus has no 44100 Hz)". */
export function describeFiles({ format, sampleFormat, sampleRate, dithered }: WrittenStems, song: Pick<AudioInfo, 'sampleRate'>): string {
  const { name } = formatFacts[format]
  const kind = sampleFormat ? `${describeFormat(sampleFormat)} ${name}` : name
  const rate = sampleRate === song.sampleRate ? '' : ` at ${sampleRate} Hz (${name} has no ${song.sampleRate} Hz)`
  return `${kind}${rate}${dithered ? ', with dither' : ''}`
}
