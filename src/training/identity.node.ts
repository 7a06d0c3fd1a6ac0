/** The digest by which a checkpoint knows its run. */
import { createHash } from 'node:crypto'
import type { Layout } from '../nn/index.ts'
import type { Recipe } from './recipe.node.ts'

/** What beside the recipe makes a run the one that it is. */
export interface RunFacts {
  /** That of the task: recordings, versions of generators. */
  readonly data: unknown
  readonly layout: Layout
  /** Examples that it is to learn by heart. */
  readonly overfit?: number | undefined
}

/**
 * Digest of all that must be equal for a run to go on exactly: recipe, data, names and shapes of the weights. Left out: the length of the run, for
 * which the schedule is compared, and how often it is looked at, unless its learning rates follow from that.
 */
export function identityOf({ name: _, training, ...rest }: Recipe, { data, layout, overfit }: RunFacts): string {
  const { steps: _s, decay: _d, validateEvery, validationExamples, checkpointEvery: _c, patience: _p, ...fixed } = training
  const watched = training.schedule?.name === 'plateau' ? { validateEvery, validationExamples } : {}
  const shapes = [...layout.parameters, ...layout.buffers].map(({ name, parameter }) => [name, parameter.shape])
  const content = { ...rest, fixed: { ...fixed, ...watched }, shapes, examples: data, overfit }
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
