/** Scores of answers frame by frame, beside those of the best answer that is always the same. */
import { countConfusions } from '../../evaluation/index.ts'

export interface FrameScores {
  readonly accuracy: number
  /** F1 of labels, the mean over labels that occur. */
  readonly frameF1: number
  /** The same of the answer that is best among those that never change. */
  readonly constantF1: number
  readonly constantAccuracy: number
}

const f1 = (right: number, claimed: number, there: number) => (claimed + there === 0 ? 0 : (2 * right) / (claimed + there))
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Of one class per frame. */
export function scoreClasses(truth: readonly number[], predicted: readonly number[], classes: number): FrameScores {
  const counts = countConfusions(truth, predicted, classes)
  const there = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  const occurring = Array.from(there.keys()).filter((c) => there[c]! > 0)
  const most = Math.max(...there)
  return {
    accuracy: counts.reduce((sum, row, c) => sum + row[c]!, 0) / truth.length,
    frameF1: meanOf(
      occurring.map((c) =>
        f1(
          counts[c]![c]!,
          counts.reduce((sum, row) => sum + row[c]!, 0),
          there[c]!,
        ),
      ),
    ),
    constantF1: f1(most, truth.length, most) / occurring.length,
    constantAccuracy: most / truth.length,
  }
}

/** Of one label that is there or not. */
export function scorePresence(truth: readonly boolean[], predicted: readonly boolean[]): FrameScores {
  const [there, claimed] = [truth, predicted].map((frames) => frames.filter(Boolean).length) as [number, number]
  const right = truth.filter((is, i) => is && predicted[i]).length
  const same = truth.filter((is, i) => is === predicted[i]).length
  const share = there / truth.length
  return {
    accuracy: same / truth.length,
    frameF1: f1(right, claimed, there),
    constantF1: f1(there, truth.length, there),
    constantAccuracy: Math.max(share, 1 - share),
  }
}
