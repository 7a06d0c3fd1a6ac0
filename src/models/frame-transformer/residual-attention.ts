/**
 * Attention with residual scores (He et al. 2021, "RealFormer", arXiv 2012.11747): what one layer scored is added to the scores of the next. All attention
 * of FrameTransformer goes through this function.
 *
 * Long windows are computed for some of the queries at a time, each with all keys, so that the softmax is exact. Layers that hand on sums of products keep queries
 * and keys instead of scores; only scores that a gate changed are kept as they are. Derivatives compute the parts again.
 */
import { attend, scaledScores } from '../../nn/attention.ts'
import { add, checkpoint, formatShape, mul, ShapeError, scan, type Tensor } from '../../tensor/index.ts'
import {
  byParts,
  defaultScoreBytes,
  isProduct,
  joinParts,
  keptScores,
  partsOf,
  productScores,
  type Scores,
  sumOfProducts,
  wholeScores,
} from './scores.ts'

export interface ResidualAttentionOptions {
  /** Factor of the dot products. */
  readonly scale: number
  /** Scores of the layer before, (…, queries, keys). */
  readonly previous?: Scores | undefined
  /** Scores that take more bytes are computed for some of the queries at a time; 32 MiB by default. */
  readonly scoreBytes?: number | undefined
}

export interface ResidualAttended {
  /** (…, queries, e) */
  readonly output: Tensor
  /** (…, queries, keys), before the softmax and with what was added. Where nothing reads them, no program keeps them. */
  readonly scores: Scores
}

/**
 * softmax(q kᵀ · scale + previous) v: queries (…, n, d), keys (…, m, d), values (…, m, e).
 *
 * @throws ShapeError where shapes do not fit each other; RangeError for a scale that is not finite and for `scoreBytes` that are no whole number ≥ 1
 *
 * @example
 * const [q, k, v] = [constant([2], [1, 1]), constant([1, 3], [2, 1]), constant([0, 1], [2, 1])]
 * const { output } = residualAttention(q, k, v, { scale: 0.5, previous: constant([2, 0], [1, 2]) })
 * const [y] = await evaluate(() => [output])
 * y // [0.5]
 */
export function residualAttention(queries: Tensor, keys: Tensor, values: Tensor, options: ResidualAttentionOptions): ResidualAttended {
  const { scale, previous, scoreBytes = defaultScoreBytes } = options
  const direct = scaledScores(queries, keys, scale)
  const parts = partsOf(direct.shape, scoreBytes)
  if (parts.count === 1) {
    const scores = previous ? add(direct, wholeScores(previous)) : direct
    return { output: attend(scores, values).output, scores }
  }
  if (previous && previous.shape.join() !== direct.shape.join())
    throw new ShapeError(
      'residualAttention',
      `previous ${formatShape(previous.shape)}; needs ${formatShape(direct.shape)}, a score for each`,
    )
  const own = productScores(mul(queries, scale), keys)
  const sum = !previous ? own : isProduct(previous) ? sumOfProducts(previous, own) : undefined
  if (sum) {
    const { slices, rows } = sum.inParts(parts, 0)
    const output = (...part: Tensor[]) => attend(rows(part), values).output
    const [outputs] = eachPart(slices, (part) => [checkpoint(output, ...part)])
    return { output: joinParts(outputs!, parts), scores: sum }
  }
  const [before, added] = [byParts(previous!).inParts(parts, 0), own.inParts(parts, 0)]
  const scored = (...part: Tensor[]) => add(added.rows(part.slice(0, added.slices.length)), before.rows(part.slice(added.slices.length)))
  const [outputs, kept] = eachPart([...added.slices, ...before.slices], (part) => {
    const scores = checkpoint(scored, ...part)
    return [checkpoint((x) => attend(x, values).output, scores), scores]
  })
  return { output: joinParts(outputs!, parts), scores: keptScores(kept!, parts) }
}

/** What `f` makes of the slices of each part, stacked; one part after the other. */
function eachPart(slices: readonly Tensor[], f: (slices: Tensor[]) => Tensor[]): Tensor[] {
  return scan((_, part) => ({ carry: [], outputs: f(part) }), { carry: [], sequences: slices }).outputs
}
