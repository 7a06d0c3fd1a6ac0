/** Optimisers by name. */
import { z } from 'zod'
import { adam, adamSchema, adamwSchema } from './adam.ts'
import type { Optimizer } from './optimizer.ts'
import { radam, radamSchema } from './radam.ts'
import { rmsprop, rmspropSchema } from './rmsprop.ts'
import { sgd, sgdSchema } from './sgd.ts'

/** As in recipes: `{ name: 'sgd', momentum: 0.9, nesterov: true }`. Options are torch.optim's, with its defaults; the rate is the schedule's. */
export const optimizerSchema = z.discriminatedUnion('name', [sgdSchema, adamSchema, adamwSchema, rmspropSchema, radamSchema])

export type OptimizerOptions = z.input<typeof optimizerSchema>

/**
 * The optimiser that options name, as torch.optim computes it.
 *
 * @throws RangeError that names every wrong option, its value and what is allowed
 *
 * @example
 * const sgd = createOptimizer({ name: 'sgd', momentum: 0.9 })
 * const [w, g, b] = [constant([1]), constant([0.5]), constant([0])]
 * const settings = { rate: constant([0.1]), fresh: constant([1]) }
 * const [next] = await evaluate(() => [sgd.rule(w, g, { momentum: b }, settings).weights!])
 * next // [0.95]
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  const parsed = optimizerSchema.safeParse(options)
  if (!parsed.success) throw new RangeError(`optimizer ${JSON.stringify(options)}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
  switch (parsed.data.name) {
    case 'sgd':
      return sgd(parsed.data)
    case 'adam':
    case 'adamw':
      return adam(parsed.data)
    case 'rmsprop':
      return rmsprop(parsed.data)
    case 'radam':
      return radam(parsed.data)
  }
}
