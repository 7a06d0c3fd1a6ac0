/**
 * What is done about steps whose numbers are not finite. Each is refused and changes nothing. Several in a row mean that the weights have gone where no
 * batch can bring them back: they are set to those of the last good checkpoint, and training goes on with later batches, a few times.
 */

/** Refused steps in a row after which the weights are set back. */
const refusedAtOnce = 10
/** How often that is tried in a run. */
const mostRestores = 5

export interface GuardState {
  /** Steps in a row, up to here, whose numbers were not finite. */
  readonly rejected: number
  /** How often weights were set back so far. */
  readonly restores: number
}

export interface Guarded extends GuardState {
  /** Now. */
  readonly restore: boolean
}

/**
 * The state after another step.
 *
 * @throws Error where setting back was tried often enough
 */
export function guardStep({ rejected, restores }: GuardState, accepted: boolean, learningRate: number): Guarded {
  if (accepted) return { rejected: 0, restores, restore: false }
  if (rejected + 1 < refusedAtOnce) return { rejected: rejected + 1, restores, restore: false }
  if (restores >= mostRestores)
    throw new Error(
      `training: loss or gradients were not finite in ${rejected + 1} steps in a row, also after the weights had been set back ${restores} times; lower learningRate (now ${learningRate})`,
    )
  return { rejected: 0, restores: restores + 1, restore: true }
}

/** Whether a checkpoint of now is one to go back to. */
export const isGood = ({ rejected }: GuardState): boolean => rejected === 0
