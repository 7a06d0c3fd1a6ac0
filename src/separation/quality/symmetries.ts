/**
 * What must not matter to a separator, averaged over: which channel is the left one, and the sign of the sound. Whatever a network makes of either
 * by accident cancels; a network that is indifferent by construction stays as it is, at twice the time.
 */

import type { Separator, StereoWindow } from '../../models/index.ts'
import { averagedOver, type Pass } from './passes.ts'

const asItIs: Pass = { there: ([left, right]) => [left.slice(), right.slice()], back: (estimate) => estimate }
const swapped = ([left, right]: StereoWindow): StereoWindow => [right, left]
const negated = ([left, right]: StereoWindow): StereoWindow => [left.map((x) => -x), right.map((x) => -x)]

/**
 * The mean of what a separator makes of a window and of the window with left and right exchanged.
 *
 * @example
 * const averaged = withChannelSwap(separator) // two passes for each window
 */
export function withChannelSwap(separator: Separator): Separator {
  return averagedOver(separator, [asItIs, { there: ([left, right]) => [right.slice(), left.slice()], back: swapped, hears: swapped }])
}

/**
 * The mean of what a separator makes of a window and of the window upside down, that turned back. Masks of magnitudes do not see the difference;
 * networks on samples do.
 *
 * @example
 * const averaged = withPolarity(separator) // two passes for each window
 */
export function withPolarity(separator: Separator): Separator {
  return averagedOver(separator, [asItIs, { there: negated, back: negated, hears: negated }])
}
