/** The passage of a song that `divisi separate --preview` takes apart: the one with the loudest voice. */

import { type AudioStream, slice } from '../../audio/index.ts'
import { findVocalPassage, type Separator, type VocalPassage } from '../../separation/index.ts'
import { formatDuration } from '../progress.ts'
import type { SeparateContext } from './context.ts'
import type { SeparateFlags } from './options.ts'
import type { SongProgress } from './progress.ts'

/** What looks for passages: the network that ships, in one plain pass; the separator itself, where it is that. */
export async function loadScout(flags: SeparateFlags, separator: Separator, context: SeparateContext): Promise<Separator | undefined> {
  if (flags.preview === undefined) return undefined
  if (flags.model === undefined && (flags.quality ?? 'fast') === 'fast') return separator
  return context.loadSeparator(undefined, { device: flags.device, threads: flags.threads })
}

export interface Preview {
  readonly source: AudioStream
  readonly passage: VocalPassage
}

/** Looks for the passage, says where it is, and cuts it out. */
export async function cutPreview(
  song: AudioStream,
  scout: Separator,
  seconds: number,
  { stderr, signal }: SeparateContext,
  progress: SongProgress,
): Promise<Preview> {
  try {
    const passage = await findVocalPassage(song, {
      separator: scout,
      seconds,
      signal,
      onProgress: (searched) => progress.update('searching', searched),
    })
    const { startSeconds, share } = passage
    const place = `${formatDuration(startSeconds)} to ${formatDuration(startSeconds + passage.seconds)}`
    const why = share > 0 ? `where the voice is loudest (${Math.round(100 * share)} % of its energy)` : 'its beginning: no voice was heard'
    stderr.write(`  preview of ${place}, ${why}\n`)
    const { sampleRate } = song.info
    const from = Math.round(startSeconds * sampleRate)
    return { source: slice(song, from, from + Math.round(passage.seconds * sampleRate)), passage }
  } catch (error) {
    await song.close()
    throw error
  }
}
