/**
 * Moments (onsets, beats) against the true ones, as mir_eval scores them (Raffel et al. 2014): an estimate is right where it can be matched with a true moment
 * within a tolerance, each with at most one, as many as possible. And the moments themselves, from a curve of probabilities.
 */

export interface EventCounts {
  /** Pairs of a true moment and an estimate. */
  readonly matched: number
  readonly truth: number
  readonly estimated: number
}

/** MIREX's and mir_eval's tolerance of onsets, ±50 ms. */
export const onsetTolerance = 0.05

function ascending(name: string, times: readonly number[]): readonly number[] {
  const wrong = times.findIndex((time) => !Number.isFinite(time))
  if (wrong >= 0) throw new RangeError(`matchEvents: ${name}[${wrong}] is ${times[wrong]}; allowed are finite times (seconds)`)
  return times.toSorted((a, b) => a - b)
}

/**
 * The size of the largest matching of true moments and estimates that are at most `tolerance` apart. With one tolerance for all, taking the earliest pair
 * that fits gives the largest.
 *
 * @param truth seconds, in any order
 * @throws RangeError for times that are not finite and a tolerance below 0
 *
 * @example
 * matchEvents([1, 2], [0.96, 1.04, 2.2]) // { matched: 1, truth: 2, estimated: 3 }
 */
export function matchEvents(truth: readonly number[], estimated: readonly number[], tolerance = onsetTolerance): EventCounts {
  if (!(tolerance >= 0)) throw new RangeError(`matchEvents: tolerance ${tolerance}; allowed are seconds ≥ 0`)
  const [a, b] = [ascending('truth', truth), ascending('estimated', estimated)]
  let [i, j, matched] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    // Sums of decimal fractions: 1.05 − 1 is a little more than 0.05.
    if (Math.abs(a[i]! - b[j]!) <= tolerance + 1e-9) {
      matched++
      i++
      j++
    } else if (a[i]! < b[j]!) i++
    else j++
  }
  return { matched, truth: a.length, estimated: b.length }
}

/** Shares of 1. */
export interface DetectionScores {
  readonly precision: number
  readonly recall: number
  /** The harmonic mean of both; 0 where nothing is right. */
  readonly f1: number
}

/**
 * Precision, recall and F1 of counts that were added up. Where there is nothing to find and nothing was found, all are 1.
 *
 * @example
 * detectionScores({ matched: 3, truth: 4, estimated: 6 }) // { precision: 0.5, recall: 0.75, f1: 0.6 }
 */
export function detectionScores({ matched, truth, estimated }: EventCounts): DetectionScores {
  if (truth === 0 && estimated === 0) return { precision: 1, recall: 1, f1: 1 }
  const share = (of: number) => (of === 0 ? 0 : matched / of)
  return { precision: share(estimated), recall: share(truth), f1: (2 * matched) / (truth + estimated) }
}

export interface PeakOptions {
  /** Values below it are no peaks; 0.5 by default. */
  readonly threshold?: number
  /** Peaks are the largest of so many neighbours before and after; 3 by default. */
  readonly neighbours?: number
}

/**
 * Places of a curve that are at least `threshold` and the largest of their neighbourhood, the first of equals (Böck, Krebs & Schedl 2012).
 *
 * @throws RangeError for a number of neighbours that is no whole number ≥ 1
 *
 * @example
 * pickPeaks([0, 0.9, 0.8, 0, 0, 0, 0.3, 0.6, 0.6]) // [1, 7]
 */
export function pickPeaks(values: ArrayLike<number>, { threshold = 0.5, neighbours = 3 }: PeakOptions = {}): number[] {
  if (!Number.isInteger(neighbours) || neighbours < 1)
    throw new RangeError(`pickPeaks: neighbours ${neighbours}; allowed are whole numbers ≥ 1`)
  const peaks: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! >= threshold)) continue
    let highest = true
    for (let k = Math.max(0, i - neighbours); k < Math.min(values.length, i + neighbours + 1); k++)
      if (values[k]! > values[i]! || (k < i && values[k] === values[i])) highest = false
    if (highest) peaks.push(i)
  }
  return peaks
}
