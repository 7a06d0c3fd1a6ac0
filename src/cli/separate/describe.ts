/** A song's facts in words. */

import type { AudioInfo, SampleFormat } from '../../audio/index.ts'
import { formatDuration } from '../progress.ts'

export function describeFormat({ kind, bits }: SampleFormat): string {
  return kind === 'int' ? `${bits}-bit` : `${bits}-bit float`
}

export function describeSong({ format, sampleFormat, sampleRate, channels, frames }: AudioInfo): string {
  const layout = channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`
  const length = frames === undefined ? '' : formatDuration(frames / sampleRate)
  return [format, sampleFormat ? describeFormat(sampleFormat) : '', `${sampleRate} Hz`, layout, length].filter(Boolean).join(', ')
}
