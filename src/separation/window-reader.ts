/** Cuts a source of any rate into the stereo windows a separator takes, and keeps the source's own samples for the subtraction. */

import { createResampler } from '../audio/resample.ts'
import type { AudioBlock, AudioStream } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { SeparationError } from './errors.ts'
import { findNonFinite } from './non-finite.ts'
import { createSampleQueue, type SampleQueue } from './sample-queue.ts'
import type { WindowPlan } from './window-plan.ts'

export interface SourceWindow {
  /** Position of its first sample, at the separator's rate. */
  readonly start: number
  /** Samples that belong to the song; after them silence (only in a song shorter than one window). */
  readonly length: number
  readonly samples: StereoWindow
}

export interface WindowReader {
  /** Reads on until the next window is full or the source ends; undefined after the last one. */
  next(): Promise<SourceWindow | undefined>
  /** The source's samples at its own rate; the consumer drops what it has used. */
  readonly mixture: SampleQueue
}

/** Longest stretch resampled at once: a source that yields a whole song in one block must not be doubled in memory. */
const chunkLength = 65536

/** Blocks in pieces of at most `chunkLength` samples, checked for numbers that would spoil whole windows. */
export async function* chunks(source: AudioStream): AsyncGenerator<AudioBlock> {
  let position = 0
  for await (const block of source.blocks) {
    const length = block[0]?.length ?? 0
    for (const samples of block) {
      const bad = findNonFinite(samples)
      if (bad >= 0) {
        const seconds = ((position + bad) / source.info.sampleRate).toFixed(3)
        throw new SeparationError(`the sound holds ${samples[bad]} at ${seconds} s, which is no sample value; repair the file first`)
      }
    }
    for (let from = 0; from < length; from += chunkLength) yield block.map((samples) => samples.subarray(from, from + chunkLength))
    position += length
  }
}

/**
 * Windows start a hop apart. The last one is moved back to end with the song, so that the network hears sound up to its edge; it
 * never starts before the window it follows, whose samples are therefore kept.
 */
export function createWindowReader(source: AudioStream, separator: Separator, plan: WindowPlan): WindowReader {
  const { channels, sampleRate } = source.info
  const resampler =
    sampleRate === separator.sampleRate ? undefined : createResampler({ from: sampleRate, to: separator.sampleRate, channels })
  const mixture = createSampleQueue(channels)
  const queue = createSampleQueue(channels) // at the separator's rate
  const input = chunks(source)
  let ended = false
  let previous: SourceWindow | undefined

  const fill = async (end: number): Promise<void> => {
    while (!ended && queue.end < end) {
      const { value: chunk, done } = await input.next()
      if (done) {
        ended = true
        if (resampler) queue.push(resampler.flush())
      } else {
        mixture.push(chunk)
        queue.push(resampler ? resampler.process(chunk) : chunk)
      }
    }
  }

  const cut = (start: number, length: number): StereoWindow => {
    const window = [new Float32Array(plan.length), new Float32Array(plan.length)] as const
    const samples = queue.read(start, start + length)
    window[0].set(samples[0]!)
    window[1].set(samples[1] ?? samples[0]!) // mono: the same in both
    return window
  }

  return {
    mixture,
    async next() {
      const planned = previous ? previous.start + plan.hop : 0
      await fill(planned + plan.length)
      const total = ended ? queue.end : Number.POSITIVE_INFINITY
      if (total <= (previous ? previous.start + previous.length : 0)) return undefined
      const start = Math.max(0, Math.min(planned, total - plan.length))
      const length = Math.min(plan.length, total)
      queue.drop(start)
      previous = { start, length, samples: cut(start, length) }
      return previous
    },
  }
}
