/** From the estimates of windows to stems at the source's rate and channels: fold, overlap-add, and what a queue of stems does (stem-queue.ts). */

import type { AudioInfo } from '../audio/types.ts'
import type { Separator, StereoWindow } from '../models/index.ts'
import { SeparationError } from './errors.ts'
import { findNonFinite } from './non-finite.ts'
import { createOverlapAdd } from './overlap-add.ts'
import type { SampleQueue } from './sample-queue.ts'
import { createStemQueue, type SeparatedBlock } from './stem-queue.ts'
import type { WindowPlan } from './window-plan.ts'
import type { SourceWindow } from './window-reader.ts'

export type { SeparatedBlock } from './stem-queue.ts'

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

/** An assembler of the given stems, beside the samples of the source that `mixture` keeps. */
export function createStemAssembler(
  separator: Separator,
  plan: WindowPlan,
  info: AudioInfo,
  stems: readonly string[],
  mixture: SampleQueue,
): StemAssembler {
  const overlapAdd = createOverlapAdd(plan, separator.stems.length * info.channels)
  const queue = createStemQueue(separator, info, stems, mixture)

  return {
    add(window, estimates, following) {
      for (const stem of separator.stems) {
        if (estimates[stem]?.every((plane) => plane.length === plan.length)) continue
        throw new SeparationError(`the model ${separator.name} gave no estimate of (2, ${plan.length}) for the stem "${stem}"`)
      }
      overlapAdd.add(window.start, window.length, queue.planesOf(estimates), { first: window.start === 0, last: !following })
      const sums = overlapAdd.take(following ? following.start + plan.margin : window.start + window.length)
      if (sums.some((sum) => findNonFinite(sum) >= 0)) {
        const seconds = (window.start / separator.sampleRate).toFixed(1)
        throw new SeparationError(`the model ${separator.name} gave values that are no numbers in the window at ${seconds} s`)
      }
      queue.push(sums, !following)
    },
    take: () => queue.take(),
  }
}
