/**
 * The quality ladder: named rungs, and the steps they are made of. Which step is in a rung was decided by measuring the shipped model on clips that it has
 * not seen (docs/separate.md); a step that did not help is in none.
 */

import type { Separator } from '../../models/index.ts'
import type { Backend } from '../../runtime/browser.ts'
import type { MergeOptions } from '../spectral/merge-artifacts.ts'
import { withQuietPassages } from './quiet-passages.ts'
import { refined } from './refined.ts'
import { withShifts } from './shifts.ts'
import { withChannelSwap, withPolarity } from './symmetries.ts'

/** What is done for better estimates; nothing by default. */
export interface QualitySteps {
  /** Places of each window that are averaged (`withShifts`). */
  readonly shifts?: number | undefined
  /** Average with left and right exchanged (`withChannelSwap`). */
  readonly channelSwap?: boolean | undefined
  /** Average with the sound upside down (`withPolarity`). */
  readonly polarity?: boolean | undefined
  /** Rounds of Wiener refinement (`refined`). */
  readonly wiener?: number | undefined
  /** Silence passages without a voice (`withQuietPassages`). */
  readonly quietPassages?: boolean | MergeOptions | undefined
  /** Share of a window that the next one covers too. It is an option of `separate`, not a matter of the separator. */
  readonly overlap?: number | undefined
}

export const qualityNames = ['fast', 'good', 'best'] as const

export type QualityName = (typeof qualityNames)[number]

/** The rungs. */
export const qualities: Readonly<Record<QualityName, QualitySteps>> = {
  fast: {},
  good: { shifts: 2 },
  best: { shifts: 4 },
}

/**
 * A separator with the steps, in the order in which they are listed: averages first, what works on spectra on top of them. It owns the one it is made of.
 *
 * @param steps a rung of `qualities`, or others; `overlap` is for `separate`
 * @param createBackend makes what Wiener refinement and quiet passages compute with, one for each
 * @throws RangeError for steps that are none; the separator is disposed of then
 *
 * @example
 * const steps = qualities.best
 * const best = await withQuality(separator, steps, () => createOnnxRuntimeBackend())
 * await writeStems(await openAudio('song.mp3'), { separator: best, overlap: steps.overlap, folder: '.', base: 'song' })
 */
export async function withQuality(separator: Separator, steps: QualitySteps, createBackend: () => Promise<Backend>): Promise<Separator> {
  const { shifts = 1, channelSwap = false, polarity = false, wiener = 0, quietPassages = false } = steps
  let made = separator
  try {
    if (!Number.isInteger(wiener) || wiener < 0) throw new RangeError(`wiener: ${wiener}; allowed are whole numbers of rounds, 0 for none`)
    if (channelSwap) made = withChannelSwap(made)
    if (polarity) made = withPolarity(made)
    if (shifts !== 1) made = withShifts(made, shifts)
  } catch (error) {
    await made.dispose()
    throw error
  }
  if (wiener > 0) made = await refined(made, { backend: await createBackend(), iterations: wiener })
  if (quietPassages !== false)
    made = await withQuietPassages(made, { backend: await createBackend(), ...(quietPassages === true ? {} : quietPassages) })
  return made
}
