/**
 * What an optimiser is to the trainer: an update rule of single numbers, given as a function of tensors of any one shape. The updater (updater.ts)
 * makes it a program over chunks of the model's flat arrays. Names, formulas and defaults are those of torch.optim.
 */
import { z } from 'zod'
import type { Tensor } from '../../tensor/index.ts'

/**
 * @typeParam State names of its arrays beside the weights
 * @typeParam Setting names of the numbers that change from update to update
 */
export interface Optimizer<State extends string = string, Setting extends string = string> {
  readonly name: string
  /** PyTorch's default, for trainers that are given no schedule. */
  readonly learningRate: number
  /** Arrays of the length of the weights, zeros before the first update. Checkpoints hold them by these names. */
  readonly state: readonly State[]
  /** The numbers of update number `update`, counted from 0. Their names are the same for all updates. */
  settings(update: number, learningRate: number): Readonly<Record<Setting, number>>
  /**
   * New weights and state, element by element. Each new array takes the memory of the old one, so a new one has to depend on everything else
   * that reads the old one.
   *
   * @param settings scalars, of shape (1)
   */
  rule(
    weights: Tensor,
    gradients: Tensor,
    state: Readonly<Record<State, Tensor>>,
    settings: Readonly<Record<Setting, Tensor>>,
  ): Readonly<Record<State | 'weights', Tensor>>
}

/** Share of the old value in a running mean. */
const share = z.number().min(0).lt(1)

/** Options that several optimisers have. */
export const common = {
  share,
  betas: z.tuple([share, share]).readonly().default([0.9, 0.999]),
  eps: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
  flag: z.boolean().default(false),
}
