/**
 * Attention as functions: scores of every query with every key, a softmax over the keys, the values' mean with these weights. Scores by
 * dot product (Vaswani et al. 2017, arXiv 1706.03762; Luong et al. 2015, arXiv 1508.04025) and additive (Bahdanau et al. 2015,
 * arXiv 1409.0473).
 *
 * Masks are true where a key is left out, as in PyTorch's MultiheadAttention (its scaled_dot_product_attention has it the other way round).
 */

import {
  add,
  formatShape,
  logicalOr,
  matmul,
  mul,
  reshape,
  ShapeError,
  softmax,
  type Tensor,
  tanh,
  transpose,
  unsqueeze,
} from '../tensor/index.ts'
import { dropout } from './dropout.ts'
import { causalMask, exclusionOf, finiteBias } from './masking.ts'

export interface AttentionMasks {
  /** Broadcastable to the scores (…, queries, keys): bool, true where left out, or float32, added to the scores, −∞ where left out. */
  readonly mask?: Tensor | undefined
  /** Query i sees the keys 0…i only. */
  readonly causal?: boolean | undefined
  /** Bool (b, keys), true at keys that are padding, for all queries; (keys) where there is no batch. See `paddingMask`. */
  readonly keyPaddingMask?: Tensor | undefined
}

export interface AttendOptions extends AttentionMasks {
  /** Probability with which training leaves out a weight, 0 by default. */
  readonly dropout?: number | undefined
}

export interface AttentionOptions extends AttendOptions {
  /** Factor of the dot products, 1/√d by default. */
  readonly scale?: number | undefined
}

export interface Attended {
  /** (…, queries, features of a value) */
  readonly output: Tensor
  /** (…, queries, keys): how much of each key's value each query takes; before dropout. Rows add up to 1, or to 0 where all is left out. */
  readonly weights: Tensor
}

function refuse(what: string, got: Tensor, needs: string): never {
  throw new ShapeError('attention', `${what} ${formatShape(got.shape)} ${got.dtype}; needs ${needs}`)
}

/** All that is left out, and what is added to the scores. */
function exclusion(scores: Tensor, { mask, causal = false, keyPaddingMask }: AttentionMasks) {
  const [queries, keys] = scores.shape.slice(-2) as [number, number]
  const bools: Tensor[] = []
  if (causal) bools.push(causalMask(queries, keys))
  if (keyPaddingMask) {
    const lead = scores.shape.slice(0, -2)
    const needed = lead.length === 0 ? [keys] : [lead[0]!, keys]
    if (keyPaddingMask.dtype !== 'bool' || keyPaddingMask.shape.join() !== needed.join())
      refuse('keyPaddingMask', keyPaddingMask, `${formatShape(needed)} bool, true at padding; make it with paddingMask(lengths, ${keys})`)
    bools.push(reshape(keyPaddingMask, [...lead.map((extent, i) => (i === 0 ? extent : 1)), 1, keys]))
  }
  let bias: Tensor | undefined
  if (mask) {
    const fits =
      mask.shape.length <= scores.shape.length && mask.shape.every((n, i) => n === 1 || n === scores.shape.at(i - mask.shape.length))
    if (!fits || (mask.dtype !== 'bool' && mask.dtype !== 'float32'))
      refuse('mask', mask, `bool or float32, broadcastable to the scores ${formatShape(scores.shape)}`)
    const added = mask.dtype === 'bool' ? undefined : finiteBias(mask)
    bias = added?.bias
    bools.push(added?.mask ?? mask)
  }
  if (bools.length === 0) return undefined
  const excluded = exclusionOf(
    bools.reduce((a, b) => logicalOr(a, b)),
    { leavesSome: bools.length === 1 && causal },
  )
  return { ...excluded, bias: bias ? add(bias, excluded.bias) : excluded.bias }
}

/**
 * Means of the values, weighted by the softmax of the scores over the keys. A query whose keys are all left out gets zeros (PyTorch: NaN).
 *
 * @param scores (…, queries, keys)
 * @param values (…, keys, features)
 * @throws ShapeError for values of another number of keys, and masks of other shapes or dtypes
 *
 * @example
 * const [scores, values] = [constant([0, Math.log(3)], [1, 2]), constant([4, 8], [2, 1])]
 * const [y] = await evaluate(() => [attend(scores, values).output]) // [7.000]
 */
export function attend(scores: Tensor, values: Tensor, { dropout: probability = 0, ...masks }: AttendOptions = {}): Attended {
  if (values.shape.length < 2 || values.shape.at(-2) !== scores.shape.at(-1))
    refuse('values', values, `(…, ${scores.shape.at(-1)}, features), one value for each key of the scores ${formatShape(scores.shape)}`)
  const excluded = exclusion(scores, masks)
  const weights = softmax(excluded ? add(scores, excluded.bias) : scores)
  const alive = (x: Tensor) => (excluded?.alive ? mul(x, excluded.alive) : x)
  // Rows without keys are cleared in the output, which is smaller than the weights; cleared weights are computed where somebody reads them.
  return { output: alive(matmul(dropout(weights, probability), values)), weights: alive(weights) }
}

function swapLast(x: Tensor): Tensor {
  const rank = x.shape.length
  return transpose(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
}

/**
 * Σ over features of query · key: (…, queries, d), (…, keys, d) → (…, queries, keys).
 *
 * @throws ShapeError where queries and keys have not the same number of features
 *
 * @example
 * const [y] = await evaluate(() => [dotScores(constant([1, 2], [1, 2]), constant([3, 4, 5, 6], [2, 2]))]) // [11, 17]
 */
export function dotScores(queries: Tensor, keys: Tensor): Tensor {
  if (queries.shape.length < 2 || keys.shape.length < 2 || queries.shape.at(-1) !== keys.shape.at(-1))
    refuse('keys', keys, `(…, keys, d) with the d of the queries ${formatShape(queries.shape)}`)
  return matmul(queries, swapLast(keys))
}

/**
 * queryᵀ W key, Luong's "general" score: (…, queries, d), (…, keys, e), weight (d, e) → (…, queries, keys).
 *
 * @throws ShapeError for a weight that does not lead from the features of queries to those of keys
 *
 * @example
 * const [queries, keys] = [constant([1, 2], [1, 2]), constant([5], [1, 1])]
 * const [y] = await evaluate(() => [generalScores(queries, keys, constant([10, 1], [2, 1]))]) // [60]
 */
export function generalScores(queries: Tensor, keys: Tensor, weight: Tensor): Tensor {
  const [d, e] = [queries.shape.at(-1), keys.shape.at(-1)]
  if (weight.shape.length !== 2 || weight.shape[0] !== d || weight.shape[1] !== e)
    refuse('weight', weight, `(${d}, ${e}), from the features of queries to those of keys`)
  return dotScores(matmul(queries, weight), keys)
}

/**
 * Σ over features of v · tanh(query + key): (…, queries, d), (…, keys, d), v (d) → (…, queries, keys). Queries and keys come projected to
 * the d features that they are added in (`BahdanauAttention` does that). Memory: d values per pair.
 *
 * @throws ShapeError where the number of features differs
 *
 * @example
 * const [query, keys] = [constant([0.5], [1, 1]), constant([-0.5, 0.5], [2, 1])]
 * const [y] = await evaluate(() => [additiveScores(query, keys, constant([2]))]) // [0, 1.523188]
 */
export function additiveScores(queries: Tensor, keys: Tensor, v: Tensor): Tensor {
  const d = queries.shape.at(-1)
  if (queries.shape.length < 2 || keys.shape.length < 2 || keys.shape.at(-1) !== d)
    refuse('keys', keys, `(…, keys, d) with the d of the queries ${formatShape(queries.shape)}`)
  if (v.shape.length !== 1 || v.shape[0] !== d) refuse('v', v, `(${d}), a factor for each feature of queries and keys`)
  return matmul(tanh(add(unsqueeze(queries, -2), unsqueeze(keys, -3))), v)
}

/**
 * softmax(q kᵀ · scale) v: queries (…, n, d), keys (…, m, d), values (…, m, e) → (…, n, e). A query whose keys are all left out gets zeros.
 *
 * @throws ShapeError where shapes do not fit each other, and masks of other shapes or dtypes
 *
 * @example
 * const [q, k] = [constant([1, 0, 0, 1], [2, 2]), constant([1, 0, 0, 1], [2, 2])]
 * const v = constant([1, 0], [2, 1])
 * const [y, first] = await evaluate(() => [
 *   scaledDotProductAttention(q, k, v),
 *   scaledDotProductAttention(q, k, v, { causal: true }),
 * ])
 * y // [0.669762, 0.330238]
 * first // [1.0, 0.330238]
 */
export function scaledDotProductAttention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  { scale, ...options }: AttentionOptions = {},
): Tensor {
  return attend(scaledScores(queries, keys, scale), values, options).output
}

/** Dot products, scaled by 1/√d unless told otherwise. */
export function scaledScores(queries: Tensor, keys: Tensor, scale = 1 / Math.sqrt(queries.shape.at(-1) ?? 1)): Tensor {
  if (!Number.isFinite(scale)) throw new RangeError(`attention: scale ${scale}; allowed are finite numbers`)
  return dotScores(mul(queries, scale), keys)
}
