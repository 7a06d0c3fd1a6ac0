/** Sound of any rate, block by block, through the stream of a separator: of each stretch that is finished the mixture and its stems. */

import { createResampler } from '../../audio/resample.ts'
import { filterTaps } from '../../audio/resample-filter.ts'
import type { AudioBlock, AudioInfo } from '../../audio/types.ts'
import type { SeparationStream, Separator, StereoWindow } from '../../models/index.ts'
import { SeparationError } from '../errors.ts'
import { findNonFinite } from '../non-finite.ts'
import { createSampleQueue } from '../sample-queue.ts'
import { createStemQueue, type SeparatedBlock } from '../stem-queue.ts'

/** A separator that can work on sound while it comes. */
export type LiveSeparator = Separator & Required<Pick<Separator, 'stream'>>

export function isLiveSeparator(separator: Separator): separator is LiveSeparator {
  return separator.stream !== undefined
}

export interface LiveSeparation {
  /** Samples at the source's rate: no finished sample needs more than this many after it. */
  readonly latencySamples: number
  /** What is finished after this block, if anything is; one call at a time. */
  push(block: AudioBlock): Promise<SeparatedBlock | undefined>
  /** The rest. */
  end(): Promise<SeparatedBlock | undefined>
}

/** The stream's latency at the source's rate, with those of the changes of rate before and behind it: half a filter each, and a sample of rounding. */
function latencyAt(sampleRate: number, own: number, latency: number): number {
  if (sampleRate === own) return latency
  const half = (from: number, to: number) => filterTaps(Math.min(1, to / from)) / 2
  return Math.ceil(half(sampleRate, own) + (latency + half(own, sampleRate)) * (sampleRate / own)) + 2
}

/** Begins to separate a source of 1 or 2 channels. */
export function startLive(
  separator: LiveSeparator,
  info: Pick<AudioInfo, 'sampleRate' | 'channels'>,
  stems: readonly string[],
): LiveSeparation {
  const { sampleRate, channels } = info
  const own = separator.sampleRate
  const stream: SeparationStream = separator.stream()
  const resampler = sampleRate === own ? undefined : createResampler({ from: sampleRate, to: own, channels })
  const mixture = createSampleQueue(channels)
  const queue = createStemQueue(separator, info, stems, mixture)
  let known = 0 // samples of estimates, at the separator's rate

  const finish = (estimates: Record<string, StereoWindow>, last: boolean): void => {
    for (const [stem, [left, right]] of Object.entries(estimates)) {
      if (findNonFinite(left) < 0 && findNonFinite(right) < 0) continue
      const seconds = (known / own).toFixed(1)
      throw new SeparationError(`the model ${separator.name} gave values that are no numbers for the stem "${stem}" at ${seconds} s`)
    }
    known += estimates[separator.stems[0]!]![0].length
    queue.push(queue.planesOf(estimates), last)
  }
  const hear = async (block: AudioBlock): Promise<void> => {
    const [left, right = left] = block.map((samples) => (samples instanceof Float32Array ? samples : Float32Array.from(samples)))
    finish(await stream.process([left!, right!]), false)
  }

  return {
    latencySamples: latencyAt(sampleRate, own, stream.latencySamples),
    async push(block) {
      mixture.push(block)
      await hear(resampler ? resampler.process(block) : block)
      return queue.take()
    },
    async end() {
      if (resampler) await hear(resampler.flush())
      finish(await stream.flush(), true)
      return queue.take()
    },
  }
}
