/** Learning rates over the run. */

export interface Schedule {
  readonly peak: number
  /** Steps of linear warm-up from 0. */
  readonly warmup: number
  /** Steps at the end over which the rate falls linearly to 0 (warm-up, stable, decay; Hu et al. 2024, arXiv 2404.06395). */
  readonly decay: number
  readonly steps: number
}

/** The rate of a step counted from 0. */
export function learningRate({ peak, warmup, decay, steps }: Schedule, step: number): number {
  const rise = Math.min(1, (step + 1) / Math.max(1, warmup))
  const fall = Math.min(1, Math.max(0, steps - step) / Math.max(1, decay))
  return peak * Math.min(rise, fall)
}

/** Whether two schedules gave the first `steps` updates the same rates. */
export function samePast(a: Schedule, b: Schedule, steps: number): boolean {
  for (let step = 0; step < steps; step++) if (learningRate(a, step) !== learningRate(b, step)) return false
  return true
}
