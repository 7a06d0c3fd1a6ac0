/** From the estimates of windows to stems at the source's rate and channels: fold, overlap-add, resample back, subtract. */

import { createResampler } from '../audio/resample.ts'
import type { AudioBlock, AudioInfo, Samples } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { SeparationError } from './errors.ts'
import { findNonFinite } from './non-finite.ts'
import { createOverlapAdd } from './overlap-add.ts'
import { createSampleQueue, type SampleQueue } from './sample-queue.ts'
import { instrumental } from './stems.ts'
import type { WindowPlan } from './window-plan.ts'
import type { SourceWindow } from './window-reader.ts'

/** A stretch of the song: the source's samples and, of the same length, rate and channels, each stem. */
export interface SeparatedBlock {
  readonly mixture: AudioBlock
  readonly stems: Record<string, AudioBlock>
}

export interface StemAssembler {
  /**
   * Takes the estimates of the next window; `following` is the window after it, undefined at the end of the song.
   *
   * @throws SeparationError for estimates of another size, or with values that are no numbers.
   */
  add(window: SourceWindow, estimates: Record<string, StereoWindow>, following: SourceWindow | undefined): void
  /** The stretch that is finished since the last call, if there is any; its samples leave the queue of the mixture. */
  take(): SeparatedBlock | undefined
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

/** An assembler of the given stems, beside the samples of the source that `mixture` keeps. */
export function createStemAssembler(
  separator: Separator,
  plan: WindowPlan,
  { sampleRate, channels }: AudioInfo,
  stems: readonly string[],
  mixture: SampleQueue,
): StemAssembler {
  const planeCount = separator.stems.length * channels
  const overlapAdd = createOverlapAdd(plan, planeCount)
  const queue = createSampleQueue(planeCount) // at the source's rate
  const resampler =
    sampleRate === separator.sampleRate ? undefined : createResampler({ from: separator.sampleRate, to: sampleRate, channels: planeCount })

  return {
    add(window, estimates, following) {
      const planes = separator.stems.flatMap((stem) => {
        const estimate = estimates[stem]
        if (!estimate || estimate.some((plane) => plane.length !== plan.length)) {
          throw new SeparationError(`the model ${separator.name} gave no estimate of (2, ${plan.length}) for the stem "${stem}"`)
        }
        return planesOf(estimate, channels)
      })
      overlapAdd.add(window.start, window.length, planes, { first: window.start === 0, last: !following })
      const sums = overlapAdd.take(following ? following.start + plan.margin : window.start + window.length)
      if (sums.some((sum) => findNonFinite(sum) >= 0)) {
        const seconds = (window.start / separator.sampleRate).toFixed(1)
        throw new SeparationError(`the model ${separator.name} gave values that are no numbers in the window at ${seconds} s`)
      }
      queue.push(resampler ? resampler.process(sums) : sums)
      if (resampler && !following) queue.push(resampler.flush())
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
