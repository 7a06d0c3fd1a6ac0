/** From estimates at a separator's rate to stems at the source's rate and channels: fold, resample back, subtract. */

import { createResampler } from '../audio/resample.ts'
import type { AudioBlock, AudioInfo, Samples } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { createSampleQueue, type SampleQueue } from './sample-queue.ts'
import { instrumental } from './stems.ts'

/** A stretch of the song: the source's samples and, of the same length, rate and channels, each stem. */
export interface SeparatedBlock {
  readonly mixture: AudioBlock
  readonly stems: Record<string, AudioBlock>
}

export interface StemQueue {
  /**
   * The estimates' planes for a source of 1 or 2 channels, stem by stem; a mono stem is the mean of both channels.
   */
  planesOf(estimates: Readonly<Record<string, StereoWindow>>): readonly Float32Array[]
  /** Takes the finished planes that follow those before; `last` at the end of the song. */
  push(planes: readonly Float32Array[], last: boolean): void
  /** The stretch that is finished since the last call, if there is any; its samples leave the queue of the mixture. */
  take(): SeparatedBlock | undefined
}

function subtract(mixture: Samples, vocals: Samples): Samples {
  const out = mixture instanceof Float64Array ? new Float64Array(mixture.length) : new Float32Array(mixture.length)
  for (let i = 0; i < out.length; i++) out[i] = mixture[i]! - vocals[i]!
  return out
}

/** A queue of the given stems, beside the samples of the source that `mixture` keeps. */
export function createStemQueue(
  separator: Separator,
  { sampleRate, channels }: Pick<AudioInfo, 'sampleRate' | 'channels'>,
  stems: readonly string[],
  mixture: SampleQueue,
): StemQueue {
  const planeCount = separator.stems.length * channels
  const queue = createSampleQueue(planeCount) // at the source's rate
  const resampler =
    sampleRate === separator.sampleRate ? undefined : createResampler({ from: separator.sampleRate, to: sampleRate, channels: planeCount })

  return {
    planesOf: (estimates) =>
      separator.stems.flatMap((stem) => {
        const [left, right] = estimates[stem]!
        return channels === 2 ? [left, right] : [left.map((sample, i) => 0.5 * (sample + right[i]!))]
      }),
    push(planes, last) {
      queue.push(resampler ? resampler.process(planes) : planes)
      if (resampler && last) queue.push(resampler.flush())
    },
    take() {
      const from = mixture.start
      // Resampled there and back a song may be a sample longer than it was: the source's length counts.
      const to = Math.min(mixture.end, queue.end)
      if (to <= from) return undefined
      const planes = queue.read(from, to)
      const block = mixture.read(from, to)
      queue.drop(to)
      mixture.drop(to)
      const all = new Map<string, AudioBlock>(separator.stems.map((stem, s) => [stem, planes.slice(s * channels, (s + 1) * channels)]))
      const vocals = all.get('vocals')
      if (vocals && stems.includes(instrumental)) {
        all.set(
          instrumental,
          block.map((samples, c) => subtract(samples, vocals[c]!)),
        )
      }
      return { mixture: block, stems: Object.fromEntries(stems.map((stem) => [stem, all.get(stem)!])) }
    },
  }
}
