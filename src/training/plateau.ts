/**
 * A learning rate that falls when a score stops getting better, as torch.optim.lr_scheduler.ReduceLROnPlateau. Its state is four numbers that float32
 * holds exactly, so that checkpoints keep them beside the weights; the rate follows from the number of reductions.
 */
import { z } from 'zod'

export const plateauSchema = z.strictObject({
  name: z.literal('plateau'),
  /** Whether a lower or a higher score is better. */
  mode: z.enum(['min', 'max']).default('min'),
  /** The rate times this, at each reduction. */
  factor: z.number().positive().lt(1).default(0.1),
  /** Scores in a row without improvement that are borne. */
  patience: z.number().int().min(0).default(10),
  /** Smallest change that counts: a share of the best score, or a difference to it ('abs': what scores in decibels want). */
  threshold: z.number().min(0).default(1e-4),
  thresholdMode: z.enum(['rel', 'abs']).default('rel'),
  /** Scores after a reduction that are not counted. */
  cooldown: z.number().int().min(0).default(0),
  minLr: z.number().min(0).default(0),
  /** Reductions by less than this are left out. */
  eps: z.number().min(0).default(1e-8),
})

export type Plateau = z.output<typeof plateauSchema>

export interface PlateauState {
  readonly best: number
  /** Scores in a row that were not better. */
  readonly bad: number
  readonly cooldown: number
  readonly reductions: number
}

export function plateauStart({ mode }: Plateau): PlateauState {
  return { best: mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, bad: 0, cooldown: 0, reductions: 0 }
}

/** The state after another score. One that is not a number is not better. */
export function plateauObserve(options: Plateau, state: PlateauState, score: number): PlateauState {
  const value = Math.fround(score)
  const { mode, threshold, thresholdMode, patience } = options
  const sign = mode === 'min' ? -1 : 1
  const bar = thresholdMode === 'rel' ? state.best * (1 + sign * threshold) : state.best + sign * threshold
  const better = sign * value > sign * bar
  const best = better ? value : state.best
  const bad = better || state.cooldown > 0 ? 0 : state.bad + 1
  const cooldown = Math.max(0, state.cooldown - 1)
  if (bad <= patience) return { best, bad, cooldown, reductions: state.reductions }
  return { best, bad: 0, cooldown: options.cooldown, reductions: state.reductions + 1 }
}

/** The rate after the reductions so far. */
export function plateauRate({ factor, minLr, eps }: Plateau, peak: number, { reductions }: PlateauState): number {
  let rate = peak
  for (let i = 0; i < reductions; i++) {
    const next = Math.max(rate * factor, minLr)
    if (rate - next <= eps) break
    rate = next
  }
  return rate
}

export const plateauValues = ({ best, bad, cooldown, reductions }: PlateauState): Float32Array =>
  Float32Array.of(best, bad, cooldown, reductions)

export function plateauFrom([best, bad, cooldown, reductions]: Float32Array): PlateauState {
  return { best: best!, bad: bad!, cooldown: cooldown!, reductions: reductions! }
}
