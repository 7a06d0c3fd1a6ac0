/**
 * Attention with residual scores (He et al. 2021, "RealFormer", arXiv 2012.11747): what one layer scored is added to the scores of the next. All attention
 * of FrameTransformer goes through this function.
 */
import { attend, scaledScores } from '../../nn/attention.ts'
import { add, type Tensor } from '../../tensor/index.ts'

export interface ResidualAttentionOptions {
  /** Factor of the dot products. */
  readonly scale: number
  /** Scores of the layer before, (…, queries, keys). */
  readonly previous?: Tensor | undefined
}

export interface ResidualAttended {
  /** (…, queries, e) */
  readonly output: Tensor
  /** (…, queries, keys), before the softmax and with what was added. Where nothing reads them, no program keeps them. */
  readonly scores: Tensor
}

/**
 * softmax(q kᵀ · scale + previous) v: queries (…, n, d), keys (…, m, d), values (…, m, e).
 *
 * @throws ShapeError where shapes do not fit each other
 *
 * @example
 * const [q, k, v] = [constant([2], [1, 1]), constant([1, 3], [2, 1]), constant([0, 1], [2, 1])]
 * const { output, scores } = residualAttention(q, k, v, { scale: 0.5, previous: constant([2, 0], [1, 2]) })
 * const [y, qk] = await evaluate(() => [output, scores])
 * y // [0.5]
 * qk // [3, 3]
 */
export function residualAttention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  { scale, previous }: ResidualAttentionOptions,
): ResidualAttended {
  const own = scaledScores(queries, keys, scale)
  const scores = previous ? add(own, previous) : own
  return { output: attend(scores, values).output, scores }
}
