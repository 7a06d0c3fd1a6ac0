/** `separate` for networks that can work on sound while it comes: no windows, and every stretch as soon as the source has given what it needs. */

import type { AudioStream } from '../../audio/types.ts'
import type { SeparationProgress } from '../progress.ts'
import type { SeparatedBlock } from '../stem-queue.ts'
import { chunks } from '../window-reader.ts'
import { type LiveSeparator, startLive } from './live-separation.ts'

export interface LiveOptions {
  readonly separator: LiveSeparator
  readonly stems: readonly string[]
  readonly onProgress?: ((progress: SeparationProgress) => void) | undefined
  /** Rejects with the reason as soon as the work is to end. */
  readonly unlessStopped: <T>(promise: Promise<T>) => Promise<T>
}

/** The blocks of `separate`, whose source is open, has 1 or 2 channels and is closed by the caller. */
export async function* separateLive(
  source: AudioStream,
  { separator, stems, onProgress, unlessStopped }: LiveOptions,
): AsyncGenerator<SeparatedBlock, void, undefined> {
  const { sampleRate, frames } = source.info
  const live = startLive(separator, source.info, stems)
  const input = chunks(source)
  let done = 0
  for (let ended = false; !ended; ) {
    const chunk = await unlessStopped(input.next())
    ended = chunk.done === true
    const block = await unlessStopped(chunk.done ? live.end() : live.push(chunk.value))
    done += block?.mixture[0]?.length ?? 0
    const doneSeconds = done / sampleRate
    const promisedSeconds = frames === undefined ? undefined : Math.max(frames / sampleRate, doneSeconds)
    if (block || ended) onProgress?.({ doneSeconds, totalSeconds: ended ? doneSeconds : promisedSeconds })
    if (block) yield block
  }
}
