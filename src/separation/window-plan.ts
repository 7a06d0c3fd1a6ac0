/**
 * Where windows lie and how neighbours fade into each other.
 *
 * Window k starts at k·hop. Of its samples the margins count for nothing; over `fade` samples next to them its weight rises (falls) as
 * sin²; in between it is one. With hop = length − 2·margin − fade the rise of a window meets the fall of the one before, and
 * sin² + cos² = 1. Larger overlaps are normalised by the sum of the weights (overlap-add.ts).
 */

export interface WindowPlan {
  /** Samples of a window. */
  readonly length: number
  /** Samples at each end that are not used inside the song. */
  readonly margin: number
  /** Samples from the start of a window to the start of the next. */
  readonly hop: number
  /** Samples of a crossfade. */
  readonly fade: number
}

/** Above this overlap each sample would be estimated twenty times. */
const maxOverlap = 0.95

/**
 * The plan for a separator's windows.
 *
 * @param overlap Share of a window that the next one covers too, margins included: from 2·margin/length to 0.95. By default the
 *   margins and a crossfade of an eighth of what lies between them.
 * @throws RangeError for an overlap out of range.
 */
export function planWindows(separator: { readonly windowLength: number; readonly margin: number }, overlap?: number): WindowPlan {
  const { windowLength: length, margin } = separator
  const usable = length - 2 * margin
  if (!Number.isInteger(length) || !Number.isInteger(margin) || margin < 0 || usable < 1) {
    throw new RangeError(`planWindows: windowLength ${length} and margin ${margin} leave no sample to use`)
  }
  if (overlap === undefined) {
    const fade = Math.floor(usable / 8)
    return { length, margin, hop: usable - fade, fade }
  }
  const least = (2 * margin) / length
  if (!(overlap >= least && overlap <= maxOverlap)) {
    throw new RangeError(
      `overlap ${overlap} is not between ${Math.ceil(least * 1000) / 1000} (the margins of the windows) and ${maxOverlap}`,
    )
  }
  const hop = Math.min(usable, Math.max(1, Math.round(length * (1 - overlap))))
  return { length, margin, hop, fade: Math.min(usable - hop, Math.floor(usable / 2)) }
}

/** Which ends of the song a window touches: there it keeps its outer part. */
export interface WindowEnds {
  readonly first: boolean
  readonly last: boolean
}

/** The weight of each sample of a window. */
export function windowWeights({ length, margin, fade }: WindowPlan, { first, last }: WindowEnds): Float32Array {
  const rise = new Float32Array(length).fill(1)
  rise.fill(0, 0, margin)
  for (let i = 0; i < fade; i++) rise[margin + i] = Math.sin((Math.PI / 2) * ((i + 0.5) / fade)) ** 2
  return rise.map((_, i) => (first ? 1 : rise[i]!) * (last ? 1 : rise[length - 1 - i]!))
}
