/**
 * Separation of a stream of any length, rate and block size with a network that sees fixed windows:
 *
 *     source → resample → windows → network → overlap-add → resample back → stems, beside the untouched mixture
 *
 * A network that wants facts of the whole song has the song read twice where that is possible (song-facts.ts). One that hears nothing ahead has no
 * windows: sound goes through its stream as it comes (live/).
 *
 * Memory holds about three windows, whatever the length of the song. While the network works on a window (in its own thread) the next
 * one is decoded, and while the consumer uses the result of a window the network has the next; nothing runs further ahead.
 */

import type { AudioStream } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { untilAborted } from '../models/turns.ts'
import { SeparationError } from './errors.ts'
import { isLiveSeparator } from './live/live-separation.ts'
import { separateLive } from './live/separate-live.ts'
import type { SeparationProgress } from './progress.ts'
import { type FactsFor, listenTo } from './song-facts.ts'
import { createStemAssembler, type SeparatedBlock } from './stem-assembler.ts'
import { createStemOrder } from './stem-order.ts'
import { checkStems } from './stems.ts'
import { planWindows } from './window-plan.ts'
import { createWindowReader, type SourceWindow } from './window-reader.ts'

export interface SeparateOptions {
  readonly separator: Separator
  /** Share of a window that the next one covers too; default: the margins and a short crossfade. See planWindows. Separators with a `stream` have no windows. */
  readonly overlap?: number | undefined
  /** Stems to yield, of the separator's and `instrumental`; default all. */
  readonly stems?: readonly string[] | undefined
  /** The song that the source is a stretch of: networks that want to know the whole song then hear all of it, where it can be opened again. */
  readonly whole?: AudioStream | undefined
  readonly signal?: AbortSignal | undefined
  /** Called each time a stretch is finished, last with doneSeconds = totalSeconds = the true length. */
  readonly onProgress?: ((progress: SeparationProgress) => void) | undefined
  /** Called as onProgress is, while a song is heard through before its first window, for a network that wants to know all of it. */
  readonly onListening?: ((progress: SeparationProgress) => void) | undefined
}

/** @throws SeparationError for sound that is neither mono nor stereo */
export function checkChannels(channels: number): void {
  if (channels === 1 || channels === 2) return
  throw new SeparationError(
    `the sound has ${channels} channels; only mono and stereo can be separated: mix it down first (ffmpeg -i in.wav -ac 2 out.wav)`,
  )
}

/**
 * Separates a stream of 1 or 2 channels. The blocks in sequence have exactly the source's length. The source is closed when the
 * generator ends, however it ends. Any number of songs may be separated at a time, with one separator, whose windows they take in turn, or several.
 *
 * When the signal is aborted the generator ends at once, also while a window is computed. A network cannot be stopped inside a window: what uses the
 * separator next, `dispose` too, waits until that is through.
 *
 * @throws SeparationError for more than two channels, samples or estimates that are not numbers.
 * @throws RangeError for an overlap or stems that the separator does not have.
 * @throws the signal's reason when it is aborted; the source's error when it breaks off.
 * @example
 * let peak = 0
 * for await (const { stems } of separate(source, options)) {
 *   for (const channel of stems.vocals ?? []) for (const sample of channel) peak = Math.max(peak, Math.abs(sample))
 * }
 */
export async function* separate(source: AudioStream, options: SeparateOptions): AsyncGenerator<SeparatedBlock, void, undefined> {
  const { separator, signal, onProgress } = options
  const { channels, sampleRate, frames } = source.info
  /** Ends what is under way when the generator ends, for whatever reason. */
  const stop = new AbortController()
  const onAbort = (): void => {
    stop.abort(signal!.reason)
    source.close().catch(() => {}) // also ends a read that hangs
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const unlessStopped = <T>(promise: Promise<T>): Promise<T> => untilAborted(promise, stop.signal)

  let factsFor: FactsFor | undefined
  const predict = async (window: SourceWindow): Promise<Record<string, StereoWindow>> => {
    const facts = await factsFor?.(window)
    return separator.predict(window.samples, { signal: stop.signal, ...(facts && { facts }) })
  }
  const start = (window: SourceWindow): Promise<Record<string, StereoWindow>> => {
    const result = predict(window)
    result.catch(() => {}) // awaited later, perhaps after an error elsewhere
    return result
  }

  try {
    signal?.throwIfAborted()
    const stems = checkStems(separator, options.stems)
    const plan = planWindows(separator, options.overlap)
    checkChannels(channels)
    if (isLiveSeparator(separator)) {
      yield* separateLive(source, { separator, stems, onProgress, unlessStopped })
      signal?.throwIfAborted()
      return
    }
    factsFor = await unlessStopped(listenTo(source, separator, plan, options))
    const reader = createWindowReader(source, separator, plan)
    const { mixture } = reader
    const assembler = createStemAssembler(separator, plan, source.info, stems, mixture)
    const inOrder = createStemOrder(separator)

    let window = await unlessStopped(reader.next())
    signal?.throwIfAborted() // a source closed by the abort may look as if it had ended
    let result = window && start(window)
    while (window && result) {
      const reading = reader.next()
      reading.catch(() => {})
      const estimates = await unlessStopped(result)
      const following = await unlessStopped(reading)
      signal?.throwIfAborted()
      result = following && start(following)
      assembler.add(window, inOrder(window, estimates), following)
      const block = assembler.take()
      if (block) {
        const doneSeconds = mixture.start / sampleRate
        const promisedSeconds = frames === undefined ? undefined : Math.max(frames / sampleRate, doneSeconds)
        onProgress?.({ doneSeconds, totalSeconds: following ? promisedSeconds : doneSeconds })
        yield block
        signal?.throwIfAborted()
      }
      window = following
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stop.abort(new SeparationError('nobody wants this window any more'))
    await source.close()
  }
}
