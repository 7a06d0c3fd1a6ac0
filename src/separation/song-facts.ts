/**
 * What a network wants to know of the whole song (`Separator.prepass`). A song that can be opened again is heard through before its first window; of
 * every other one, a pipe or a live source, each window gets what is known of the song from its start to that window's end, as if it ended there.
 */

import type { AudioStream } from '../audio/types.ts'
import type { Separator, SongFacts } from '../models/index.ts'
import type { SeparationProgress } from './progress.ts'
import type { WindowPlan } from './window-plan.ts'
import { createWindowReader, type SourceWindow } from './window-reader.ts'

/** What a separator is told with a window. Windows come in order, each before it is given away. */
export type FactsFor = (window: SourceWindow) => Promise<SongFacts>

export interface ListeningOptions {
  /** The song that the source is a stretch of; default: the source is the song. */
  readonly whole?: AudioStream | undefined
  readonly signal?: AbortSignal | undefined
  readonly onListening?: ((progress: SeparationProgress) => void) | undefined
}

/**
 * Prepares what windows are told, undefined where the separator does not ask. A song that can be opened again has been read from start to end when this
 * resolves; no more of it than a window is kept.
 *
 * @throws SeparationError for samples that are no numbers, the source's error where it breaks off, the signal's reason
 */
export async function listenTo(
  source: AudioStream,
  separator: Separator,
  plan: WindowPlan,
  { whole = source, signal, onListening }: ListeningOptions,
): Promise<FactsFor | undefined> {
  const listener = separator.prepass?.()
  if (!listener) return undefined
  let heard = 0
  const hear = async ({ start, length, samples: [left, right] }: SourceWindow): Promise<void> => {
    const known = heard - start
    heard = start + length
    await listener.hear([left.subarray(known, length), right.subarray(known, length)])
  }
  if (!whole.reopen) {
    return async (window) => {
      await hear(window)
      return listener.facts()
    }
  }
  const song = await whole.reopen()
  const close = (): void => void song.close().catch(() => {})
  signal?.addEventListener('abort', close, { once: true }) // also ends a read that hangs
  try {
    const reader = createWindowReader(song, separator, plan)
    let window = await reader.next()
    while (window) {
      signal?.throwIfAborted()
      const hearing = hear(window)
      hearing.catch(() => {}) // awaited after the next window is read
      const following = await reader.next()
      await hearing
      const doneSeconds = reader.mixture.end / song.info.sampleRate
      reader.mixture.drop(reader.mixture.end)
      const { frames, sampleRate } = song.info
      const promisedSeconds = frames === undefined ? undefined : Math.max(frames / sampleRate, doneSeconds)
      onListening?.({ doneSeconds, totalSeconds: following ? promisedSeconds : doneSeconds })
      window = following
    }
    signal?.throwIfAborted() // a source closed by the abort may look as if it had ended
    const facts = await listener.facts()
    return async () => facts
  } finally {
    signal?.removeEventListener('abort', close)
    await song.close()
  }
}
