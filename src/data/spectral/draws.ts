/** Random numbers of augmentations. */
import type { Random } from '../../tensor/index.ts'

/** Where random numbers come from: a `Random`, or a list of numbers to be used in order. Bounds of `uniform` and `integer` as there. */
export type Draws = Pick<Random, 'uniform' | 'integer' | 'normal'>

/** Whether something of that probability happens. */
export function happens(draws: Draws, probability: number): boolean {
  return draws.uniform(0, 1) < probability
}
