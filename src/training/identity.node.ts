/** The digest by which a checkpoint knows its run. */
import { createHash } from 'node:crypto'
import type { Layout } from '../nn/index.ts'
import type { Recipe } from './recipe.node.ts'

/** What beside the recipe makes a run the one that it is. */
export interface RunFacts {
  /** That of the task: recordings, versions of generators. */
  readonly data: unknown
  readonly layout: Layout
  /** Of a second network. */
  readonly rival?: Layout | undefined
  /** Examples that it is to learn by heart. */
  readonly overfit?: number | undefined
  /** Digest of the stage before. */
  readonly before?: string | undefined
}

const digestOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex')

/** What of a recipe has to be equal, without its name. */
function fixedOf({ name: _, training, ...rest }: Recipe): object {
  const { steps: _s, decay: _d, validateEvery, validationExamples, checkpointEvery: _c, patience: _p, ...others } = training
  const { keep: _k, keepEvery: _e, ...fixed } = others
  const watches = training.schedule?.name === 'plateau' || training.rival?.schedule?.name === 'plateau'
  return { ...rest, fixed: { ...fixed, ...(watches ? { validateEvery, validationExamples } : {}) } }
}

/** Digest of what a recipe says of that, for those who know nothing else of a run. */
export function recipeDigest(recipe: Recipe, { overfit, before }: Pick<RunFacts, 'overfit' | 'before'>): string {
  return digestOf({ ...fixedOf(recipe), overfit, before })
}

/**
 * Digest of all that must be equal for a run to go on exactly: recipe, data, names and shapes of the weights. Left out: the length of the run, for
 * which the schedule is compared, how often it is looked at and what is kept of it, unless its learning rates follow from that.
 */
export function identityOf(recipe: Recipe, { data, layout, rival, overfit, before }: RunFacts): string {
  const shapesOf = ({ parameters, buffers }: Layout) => [...parameters, ...buffers].map(({ name, parameter }) => [name, parameter.shape])
  return digestOf({ ...fixedOf(recipe), shapes: shapesOf(layout), examples: data, overfit, rival: rival && shapesOf(rival), before })
}
