/** What a training run is asked for, what it tells while it runs, and what it gives. */
import type { Collective } from '../distributed/index.ts'
import type { NodeDevice } from '../runtime/index.ts'
import type { ScoreKind, Surroundings } from '../tasks/index.ts'
import type { Recipe } from './recipe.node.ts'
import type { StepReport } from './step-report.ts'

export interface RunOptions extends Omit<Surroundings, 'onProgress'> {
  readonly recipe: Recipe
  readonly runFolder: string
  /** Text of the recipe's file, for the run's page. */
  readonly written?: string | undefined
  readonly threads?: number | undefined
  /** Where networks run, `cpu` where left out. */
  readonly device?: NodeDevice | undefined
  /**
   * The processes that share out the parts of each update; this one alone where left out. All are given the same options, a run folder that need exist only
   * for rank 0, which alone writes and tells, and end with the same result.
   */
  readonly collective?: Collective | undefined
  /** Stop, with a checkpoint, after this many updates in all, those of all stages counted together; the schedule stays the recipe's. */
  readonly stopAfter?: number | undefined
  /** Train on this many examples of the first batch, again and again; nothing is held out then. */
  readonly overfit?: number | undefined
  readonly onEvent: (event: RunEvent) => void
}

export type RunEvent =
  | { readonly kind: 'prepare'; readonly what: string; readonly done: number; readonly total: number }
  | {
      readonly kind: 'stage'
      readonly name: string
      /** Which of how many, counted from 1. */
      readonly number: number
      readonly stages: number
      /** Updates of the stages before, as their recipes plan them, and of all. */
      readonly before: number
      readonly steps: number
      /** It is done already. */
      readonly skipped: boolean
    }
  | {
      readonly kind: 'start'
      readonly device: string
      readonly parameters: number
      readonly step: number
      readonly notes: readonly string[]
    }
  | ({ readonly kind: 'step' } & StepReport)
  /** So many steps in a row were not finite that the weights are again those of an earlier step. */
  | { readonly kind: 'restore'; readonly step: number; readonly to: number }
  | {
      readonly kind: 'validation'
      readonly step: number
      readonly best: boolean
      readonly kinds: readonly ScoreKind[]
      readonly scores: Readonly<Record<string, number>>
    }

export interface RunResult {
  /** Of a recipe with stages: of the last one that it came to. */
  readonly step: number
  /** False where the run was stopped before its end. */
  readonly finished: boolean
  /** Whether validations had not become better for so long that the recipe's patience ended. */
  readonly outOfPatience: boolean
  /** Losses of the first step and of the last one. */
  readonly losses: { readonly first: number; readonly last: number }
  readonly checkpoint: string
  readonly model: string
}
