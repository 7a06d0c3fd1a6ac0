/**
 * Losses of embeddings: each bin of a spectrogram becomes a vector, and bins of one source shall have vectors that lie together. V (n, d) are
 * the embeddings, Y (n, c) says whose a bin is, W = diag(w) how much it counts. Affinities VVᵀ of all pairs of bins never exist: of n = 100 000
 * they would be 10¹⁰ numbers, VᵀV is d².
 */
import {
  add,
  cast,
  constant,
  div,
  formatShape,
  greater,
  greaterEqual,
  inverse,
  logicalAnd,
  matmul,
  max,
  maximum,
  mul,
  ShapeError,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  unsqueeze,
} from '../tensor/index.ts'
import { type LossOptions, reduceLoss } from './reduction.ts'

export interface EmbeddingOptions extends LossOptions {
  /** How much each bin counts, (b, n) ≥ 0, for example `silenceWeights` of the mixture; 1 by default. */
  readonly weights?: Tensor
}

/** aᵀWb of each example: (b, n, i), (b, n, j) → (b, i, j). */
function product(a: Tensor, b: Tensor, weights: Tensor | undefined): Tensor {
  return matmul(transpose(weights ? mul(a, unsqueeze(weights, -1)) : a, [0, 2, 1]), b)
}

function checkEmbeddings(who: string, v: Tensor, y: Tensor, weights: Tensor | undefined): void {
  const [b, n] = v.shape
  const fits = v.shape.length === 3 && y.shape.length === 3 && y.shape[0] === b && y.shape[1] === n
  if (!fits)
    throw new ShapeError(who, `embeddings ${formatShape(v.shape)} and sources ${formatShape(y.shape)}; needs (b, n, d) and (b, n, c)`)
  if (weights && (weights.shape.length !== 2 || weights.shape[0] !== b || weights.shape[1] !== n))
    throw new ShapeError(who, `weights ${formatShape(weights.shape)} for embeddings ${formatShape(v.shape)}; needs (${b}, ${n})`)
}

export interface DeepClusteringOptions extends EmbeddingOptions {
  /** Divide by (Σw)², the weight of all pairs: values that do not grow with the length. False by default, as in the paper. */
  readonly normalize?: boolean
}

/**
 * How far the affinities of embeddings are from those of sources, per example ‖√W(VVᵀ − YYᵀ)√W‖²_F, computed as
 * ‖VᵀWV‖² − 2‖VᵀWY‖² + ‖YᵀWY‖² in memory for d² numbers (Hershey et al. 2016, "Deep clustering", arXiv 1508.04306).
 *
 * @param embeddings (b, n, d), of length 1 where distances are to mean angles
 * @param sources (b, n, c), 1 at the source that is loudest in a bin and 0 elsewhere; their order does not matter
 * @throws ShapeError where the shapes do not fit
 *
 * @example
 * const sources = constant([1, 0, 0, 1], [1, 2, 2])
 * const together = constant([1, 0, 1, 0], [1, 2, 2])
 * const [right, wrong] = await evaluate(() => [deepClusteringLoss(sources, sources), deepClusteringLoss(together, sources)])
 * right // [0]
 * wrong // [2]
 */
export function deepClusteringLoss(
  embeddings: Tensor,
  sources: Tensor,
  { weights, normalize = false, reduction }: DeepClusteringOptions = {},
): Tensor {
  checkEmbeddings('deepClusteringLoss', embeddings, sources, weights)
  const norm = (a: Tensor, b: Tensor) => sum(square(product(a, b, weights)), { axes: [1, 2] })
  const values = add(sub(norm(embeddings, embeddings), mul(norm(embeddings, sources), 2)), norm(sources, sources))
  // An example in which nothing counts has the loss 0, not 0/0.
  const pairs = () => (weights ? maximum(square(sum(weights, { axes: [1] })), 1e-30) : constant(embeddings.shape[1]! ** 2))
  return reduceLoss('deepClusteringLoss', normalize ? div(values, pairs()) : values, reduction)
}

export interface WhitenedKMeansOptions extends EmbeddingOptions {
  /**
   * What is added to the diagonals of VᵀV and YᵀY, as a share of their mean: embeddings that lie in fewer than d dimensions, and sources that are
   * nowhere the loudest, would else have no inverse. 1e-6 by default.
   */
  readonly ridge?: number
}

/**
 * d − tr((VᵀWV)⁻¹ VᵀWY (YᵀWY)⁻¹ YᵀWV) per example: what k-means would leave unexplained of embeddings that were made white, so that no
 * invertible map of them changes it (Wang, Le Roux & Hershey 2018, "Alternative objective functions for deep clustering"). d − min(c, d) at best.
 *
 * @param embeddings (b, n, d) with d ≤ 32, the limit of `inverse`
 * @param sources (b, n, c), as for `deepClusteringLoss`
 * @throws ShapeError where the shapes do not fit; RangeError for a ridge below 0
 *
 * @example
 * const sources = constant([1, 0, 0, 1, 0, 1], [1, 3, 2])
 * const mixed = matmul(sources, constant([2, 1, -1, 3], [2, 2]))
 * const [loss] = await evaluate(() => [whitenedKMeansLoss(mixed, sources)]) // [0.000]
 */
export function whitenedKMeansLoss(
  embeddings: Tensor,
  sources: Tensor,
  { weights, ridge = 1e-6, reduction }: WhitenedKMeansOptions = {},
): Tensor {
  checkEmbeddings('whitenedKMeansLoss', embeddings, sources, weights)
  if (!(ridge >= 0)) throw new RangeError(`whitenedKMeansLoss: ridge ${ridge}; allowed are numbers ≥ 0`)
  const d = embeddings.shape[2]!
  const inverted = (x: Tensor) => {
    const n = x.shape[2]!
    const square = product(x, x, weights)
    const identity = constant(
      Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
      [n, n],
    )
    const level = mul(sum(mul(square, identity), { axes: [1, 2], keepDims: true }), ridge / n)
    // Where nothing counts there is no mean either: then nothing is explained, and the loss is d.
    return inverse(add(square, mul(identity, maximum(level, 1e-15))))
  }
  const cross = product(embeddings, sources, weights)
  const explained = mul(matmul(inverted(embeddings), cross), matmul(cross, inverted(sources)))
  return reduceLoss('whitenedKMeansLoss', sub(d, sum(explained, { axes: [1, 2] })), reduction)
}

/**
 * 1 where the mixture is within a range of its example's loudest bin, 0 where it is quieter, and everywhere in silence: embeddings of bins in which nothing sounds
 * have no right place, and would be most of the loss.
 *
 * @param magnitude of the mixture, (b, …)
 * @throws ShapeError for a magnitude without an axis of bins; RangeError for a range that is not above 0
 *
 * @example
 * const [weights] = await evaluate(() => [silenceWeights(constant([1, 0.02, 0.001], [1, 3]))]) // [1, 1, 0]
 */
export function silenceWeights(magnitude: Tensor, { rangeDb = 40 }: { readonly rangeDb?: number } = {}): Tensor {
  if (!(rangeDb > 0)) throw new RangeError(`silenceWeights: rangeDb ${rangeDb}; allowed are numbers > 0`)
  if (magnitude.shape.length < 2)
    throw new ShapeError('silenceWeights', `magnitude ${formatShape(magnitude.shape)}; needs (b, …) with bins`)
  const axes = magnitude.shape.map((_, axis) => axis).slice(1)
  const near = greaterEqual(magnitude, mul(max(magnitude, { axes, keepDims: true }), 10 ** (-rangeDb / 20)))
  return cast(logicalAnd(near, greater(magnitude, 0)), 'float32')
}

/**
 * α · clustering + (1 − α) · inference: what trains a network with two heads, one of embeddings and one of masks (Luo et al. 2017, "Deep
 * clustering and conventional networks for music separation: stronger together", arXiv 1611.06265). At α = 0 and 1 one head is left, and the
 * other's loss is not computed.
 *
 * @param clustering, inference losses of one shape, scalars as a rule; clustering is best normalised, or it outweighs the other
 * @throws RangeError for an α outside 0…1
 *
 * @example
 * const [loss] = await evaluate(() => [chimeraLoss(constant(4), constant(1), 0.25)]) // [1.75]
 */
export function chimeraLoss(clustering: Tensor, inference: Tensor, alpha: number): Tensor {
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`chimeraLoss: alpha ${alpha}; allowed are numbers in 0…1`)
  if (alpha === 0) return inference
  if (alpha === 1) return clustering
  return add(mul(clustering, alpha), mul(inference, 1 - alpha))
}
