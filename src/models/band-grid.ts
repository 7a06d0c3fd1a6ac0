/** What sizes of a network on bands have to be beside whole numbers. */
import type { z } from 'zod'

interface BandGrid {
  readonly sampleRate: number
  readonly nFft: number
  readonly hopLength: number
  readonly bands: number
  readonly highest: number
  readonly channels: readonly number[]
}

/** For `superRefine`: bands that halve at every level, no band above half the sample rate, frames that overlap by half. */
export function checkBands(config: BandGrid, context: z.RefinementCtx): void {
  const factor = 2 ** (config.channels.length - 1)
  if (config.bands % factor !== 0) {
    context.addIssue({
      code: 'custom',
      path: ['bands'],
      message: `${config.bands} bands over ${config.channels.length} levels: needs a multiple of ${factor}`,
    })
  }
  if (config.highest > config.sampleRate / 2) {
    context.addIssue({
      code: 'custom',
      path: ['highest'],
      message: `${config.highest} Hz is above half the sample rate (${config.sampleRate / 2})`,
    })
  }
  if (config.hopLength * 2 > config.nFft) {
    context.addIssue({ code: 'custom', path: ['hopLength'], message: `${config.hopLength} is more than half of nFft ${config.nFft}` })
  }
}
