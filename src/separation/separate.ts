/**
 * Separation of a stream of any length, rate and block size with a network that sees fixed windows:
 *
 *     source → resample → windows → network → overlap-add → resample back → stems, beside the untouched mixture
 *
 * Memory holds about three windows, whatever the length of the song. While the network works on a window (in its own thread) the next
 * one is decoded, and while the consumer uses the result of a window the network has the next; nothing runs further ahead.
 */

import { createResampler } from '../audio/resample.ts'
import type { AudioBlock, AudioStream, Samples } from '../audio/types.ts'
import { SeparationError } from './errors.ts'
import { createOverlapAdd } from './overlap-add.ts'
import { createSampleQueue } from './sample-queue.ts'
import type { Separator, StereoWindow } from './separator.ts'
import { planWindows } from './window-plan.ts'
import { createWindowReader, findNonFinite, type SourceWindow } from './window-reader.ts'

/** The stem that is derived: the mixture minus the vocals. */
export const instrumental = 'instrumental'

export interface SeparationProgress {
  /** Seconds of sound whose stems are finished. */
  readonly doneSeconds: number
  /** Seconds of the whole song; undefined while the source does not know its length. */
  readonly totalSeconds: number | undefined
}

export interface SeparateOptions {
  readonly separator: Separator
  /** Share of a window that the next one covers too; default: the margins and a short crossfade. See planWindows. */
  readonly overlap?: number | undefined
  /** Stems to yield, of the separator's and `instrumental`; default all. */
  readonly stems?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
  /** Called each time a stretch is finished, last with doneSeconds = totalSeconds = the true length. */
  readonly onProgress?: ((progress: SeparationProgress) => void) | undefined
}

/** A stretch of the song: the source's samples and, of the same length, rate and channels, each stem. */
export interface SeparatedBlock {
  readonly mixture: AudioBlock
  readonly stems: Record<string, AudioBlock>
}

/** All stems a separator can give: those it estimates and, if it knows vocals, the instrumental. */
export function stemsOf(separator: Separator): readonly string[] {
  return separator.stems.includes('vocals') ? [...separator.stems, instrumental] : separator.stems
}

function checkStems(separator: Separator, stems: readonly string[]): readonly string[] {
  const known = stemsOf(separator)
  const unknown = stems.find((stem) => !known.includes(stem))
  if (unknown !== undefined) throw new RangeError(`stem "${unknown}" is not one of ${known.join(', ')} (model ${separator.name})`)
  if (stems.length === 0) throw new RangeError(`stems is empty; choose of ${known.join(', ')}`)
  return stems
}

function checkEstimates(separator: Separator, estimates: Record<string, StereoWindow>): void {
  for (const stem of separator.stems) {
    const estimate = estimates[stem]
    if (!estimate || estimate.some((plane) => plane.length !== separator.windowLength)) {
      throw new SeparationError(`the model ${separator.name} gave no estimate of (2, ${separator.windowLength}) for the stem "${stem}"`)
    }
  }
}

/** The planes to add up for a source of 1 or 2 channels; a mono stem is the mean of both estimates. */
function planesOf(estimate: StereoWindow, channels: number): readonly Float32Array[] {
  const [left, right] = estimate
  return channels === 2 ? estimate : [left.map((sample, i) => 0.5 * (sample + right[i]!))]
}

function subtract(mixture: Samples, vocals: Samples): Samples {
  const out = mixture instanceof Float64Array ? new Float64Array(mixture.length) : new Float32Array(mixture.length)
  for (let i = 0; i < out.length; i++) out[i] = mixture[i]! - vocals[i]!
  return out
}

/**
 * Separates a stream of 1 or 2 channels. The blocks in sequence have exactly the source's length. The source is closed when the
 * generator ends, however it ends.
 *
 * @throws SeparationError for more than two channels, samples or estimates that are not numbers.
 * @throws RangeError for an overlap or stems that the separator does not have.
 * @throws the signal's reason when it is aborted; the source's error when it breaks off.
 * @example
 * for await (const { mixture, stems } of separate(source, { separator })) {
 *   await vocals.write(stems.vocals)
 * }
 */
export async function* separate(source: AudioStream, options: SeparateOptions): AsyncGenerator<SeparatedBlock, void, undefined> {
  const { separator, signal, onProgress } = options
  const { channels, sampleRate, frames } = source.info
  let running: Promise<unknown> | undefined
  const closeSource = (): void => void source.close().catch(() => {})
  signal?.addEventListener('abort', closeSource, { once: true }) // also ends a read that hangs
  try {
    signal?.throwIfAborted()
    const stems = checkStems(separator, options.stems ?? stemsOf(separator))
    const plan = planWindows(separator, options.overlap)
    if (channels !== 1 && channels !== 2) {
      throw new SeparationError(
        `the sound has ${channels} channels; only mono and stereo can be separated: mix it down first (ffmpeg -i in.wav -ac 2 out.wav)`,
      )
    }
    const reader = createWindowReader(source, separator, plan)
    const overlapAdd = createOverlapAdd(plan, separator.stems.length * channels)
    const resampler =
      sampleRate === separator.sampleRate
        ? undefined
        : createResampler({ from: separator.sampleRate, to: sampleRate, channels: separator.stems.length * channels })
    const estimated = createSampleQueue(separator.stems.length * channels)
    const { mixture } = reader

    /** What can be yielded: the samples that both the source and the stems have. */
    const finished = (): SeparatedBlock | undefined => {
      const from = mixture.start
      const to = Math.min(mixture.end, estimated.end)
      if (to <= from) return undefined
      const planes = estimated.read(from, to)
      const block = mixture.read(from, to)
      estimated.drop(to)
      mixture.drop(to)
      const all: Record<string, AudioBlock> = {}
      for (const [s, stem] of separator.stems.entries()) all[stem] = planes.slice(s * channels, (s + 1) * channels)
      const vocals = all.vocals
      if (vocals && stems.includes(instrumental)) all[instrumental] = block.map((samples, c) => subtract(samples, vocals[c]!))
      return { mixture: block, stems: Object.fromEntries(stems.map((stem) => [stem, all[stem]!])) }
    }

    const start = (window: SourceWindow): Promise<Record<string, StereoWindow>> => {
      const result = separator.predict(window.samples, signal ? { signal } : {})
      result.catch(() => {}) // awaited below, perhaps after an error elsewhere
      running = result
      return result
    }

    let window = await reader.next()
    signal?.throwIfAborted() // a source closed by the abort may look as if it had ended
    let result = window && start(window)
    while (window && result) {
      const reading = reader.next()
      reading.catch(() => {})
      const estimates = await result
      checkEstimates(separator, estimates)
      const following = await reading
      signal?.throwIfAborted()
      result = following && start(following)
      const planes = separator.stems.flatMap((stem) => planesOf(estimates[stem]!, channels))
      overlapAdd.add(window.start, window.length, planes, { first: window.start === 0, last: !following })
      const added = overlapAdd.take(following ? following.start + plan.margin : window.start + window.length)
      if (added.some((plane) => findNonFinite(plane) >= 0)) {
        const seconds = (window.start / separator.sampleRate).toFixed(1)
        throw new SeparationError(`the model ${separator.name} gave values that are no numbers in the window at ${seconds} s`)
      }
      estimated.push(resampler ? resampler.process(added) : added)
      if (resampler && !following) estimated.push(resampler.flush())
      const block = finished()
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
    signal?.removeEventListener('abort', closeSource)
    await source.close()
    await running?.catch(() => {}) // the separator is free when this generator has ended
  }
}
