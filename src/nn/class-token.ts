/** The class token (Devlin et al. 2019, BERT, arXiv 1810.04805): a learned step before all others, whose final state is the summary. */
import { concat, constant, expand, formatShape, narrow, ShapeError, squeeze, type Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { normalInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import type { Reach } from './reach.ts'

/**
 * Puts a learned vector before the first step: (b, t, d) → (b, 1 + t, d); weight (d), drawn from normal numbers of deviation 0.02. What
 * comes out of a transformer in its place is the summary, `classState`.
 */
export class ClassToken extends Module {
  readonly weight: Parameter

  /** @throws RangeError for a number of features that is no whole number ≥ 1 */
  constructor(features: number) {
    super()
    checkExtent('ClassToken', { features })
    this.weight = parameter([features], normalInit(0.02))
  }

  /** @throws ShapeError for other than (b, t, features) */
  forward(x: Tensor): Tensor {
    const [b, , d] = x.shape
    if (x.shape.length !== 3 || d !== this.weight.shape[0])
      throw new ShapeError('ClassToken', `input ${formatShape(x.shape)}; needs (b, t, ${this.weight.shape[0]})`)
    return concat([expand(this.weight, [b!, 1, d!]), x], 1)
  }

  /** A key padding mask (b, t) of what was there before, with the token, which is never padding: (b, 1 + t). */
  extendMask(mask: Tensor): Tensor {
    return concat([constant(new Float64Array(mask.shape[0]!), [mask.shape[0]!, 1], 'bool'), mask], 1)
  }

  /** Step t of the output is step t − 1 of the input. */
  override reach(): Reach {
    return { stride: 1, first: -1, last: -1 }
  }
}

/**
 * The state in the class token's place, the first: (b, 1 + t, d) → (b, d).
 *
 * @throws ShapeError for other than (b, t, d)
 *
 * @example
 * const [y] = await evaluate(() => [classState(constant([1, 2, 3, 4, 5, 6], [1, 3, 2]))]) // [1, 2]
 */
export function classState(x: Tensor): Tensor {
  if (x.shape.length !== 3) throw new ShapeError('classState', `input ${formatShape(x.shape)}; needs (b, 1 + t, d)`)
  return squeeze(narrow(x, 1, 0, 1), [1])
}
