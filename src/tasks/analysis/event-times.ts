/** From probabilities of events to their times. */
import { pickPeaks } from '../../evaluation/index.ts'

/** Events that are closer than this are one (seconds). */
const apart = 0.03

export interface EventOptions {
  /** Which of how many labels. */
  readonly label: number
  readonly labels: number
  readonly frameSeconds: number
  readonly threshold: number
}

/** Times (seconds) of the peaks of a label's probabilities, given frame by frame for all labels. */
export function eventTimes(probabilities: ArrayLike<number>, { label, labels, frameSeconds, threshold }: EventOptions): number[] {
  const curve = Float32Array.from({ length: probabilities.length / labels }, (_, frame) => probabilities[frame * labels + label]!)
  return pickPeaks(curve, { threshold, neighbours: Math.max(1, Math.round(apart / frameSeconds)) }).map((frame) => frame * frameSeconds)
}
