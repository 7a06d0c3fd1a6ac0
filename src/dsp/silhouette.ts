/**
 * Silhouettes (Rousseeuw 1987): how much nearer points are to their own cluster than to the next one, −1…1, without knowing the truth. Of the
 * embeddings of a mixture their mean tells how far a separation by clusters can be trusted (Seetharaman et al. 2019, "Bootstrapping
 * single-channel source separation via unsupervised spatial clustering on stereo mixtures").
 */
import {
  add,
  arange,
  cast,
  div,
  equal,
  formatShape,
  gather,
  greater,
  matmul,
  maximum,
  mean,
  min,
  mul,
  narrow,
  oneHot,
  permutation,
  reshape,
  ShapeError,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts'

/** Above all distances of what is worth clustering. */
const far = 1e30

/** Euclidean distances of all pairs, (b, n, n), 0 of a point to itself. */
function distances(points: Tensor): Tensor {
  const n = points.shape[1]!
  const x = sub(points, mean(points, { axes: [1], keepDims: true }))
  const norms = sum(square(x), { axes: [2], keepDims: true })
  const products = matmul(x, transpose(x, [0, 2, 1]))
  const squares = sub(add(norms, transpose(norms, [0, 2, 1])), mul(products, 2))
  const itself = equal(arange(0, n), reshape(arange(0, n), [n, 1]))
  return where(itself, 0, sqrt(maximum(squares, 1e-30)))
}

/**
 * (b − a) / max(a, b) of each point, a its mean distance to the others of its cluster, b that to the points of the nearest other cluster; 0 for
 * a point that is alone. All pairs are compared, n² numbers: of more than some thousand points take `silhouetteConfidence`.
 *
 * @param points (b, n, d)
 * @param labels int64 or int32 (b, n), 0…clusters − 1
 * @returns (b, n); 0 everywhere where there is but one cluster
 * @throws ShapeError for shapes that do not fit
 *
 * @example
 * const points = constant([0, 1, 10, 11], [1, 4, 1])
 * const [scores] = await evaluate(() => [silhouette(points, constant([0, 0, 1, 1], [1, 4], 'int64'), 2)]) // [0.904762, 0.894737, 0.894737, 0.904762]
 */
export function silhouette(points: Tensor, labels: Tensor, clusters: number): Tensor {
  const [b, n] = points.shape as readonly [number, number]
  if (points.shape.length !== 3 || formatShape(labels.shape) !== formatShape([b, n]))
    throw new ShapeError(
      'silhouette',
      `points ${formatShape(points.shape)}, labels ${formatShape(labels.shape)}; needs (b, n, d) and (b, n)`,
    )
  const belongs = oneHot(labels, clusters)
  const counts = sum(belongs, { axes: [1], keepDims: true })
  const sums = matmul(distances(points), belongs)
  const own = sum(mul(belongs, counts), { axes: [2] })
  const within = div(sum(mul(sums, belongs), { axes: [2] }), maximum(sub(own, 1), 1))
  const others = where(greater(mul(sub(1, belongs), counts), 0), div(sums, maximum(counts, 1)), far)
  const next = min(others, { axes: [2] })
  const known = mul(cast(greater(own, 1), 'float32'), cast(greater(far / 2, next), 'float32'))
  return mul(known, div(sub(next, within), maximum(maximum(within, next), 1e-30)))
}

export interface ConfidenceOptions {
  readonly clusters: number
  /** Random key from which the points are drawn. */
  readonly key: Tensor
  /** Points that are compared, 1000 by default; all where there are fewer. */
  readonly samples?: number
}

/**
 * The mean silhouette of a sample of points.
 *
 * @param points (b, n, d)
 * @param labels int64 or int32 (b, n)
 * @returns (b), −1…1
 * @throws ShapeError for shapes that do not fit; RangeError for samples that are no whole number ≥ 1
 *
 * @example
 * const labels = constant([0, 0, 1, 1], [1, 4], 'int64')
 * const options = { clusters: 2, key: randomKey(1) }
 * const [clear] = await evaluate(() => [silhouetteConfidence(constant([0, 1, 10, 11], [1, 4, 1]), labels, options)]) // [0.899749]
 */
export function silhouetteConfidence(points: Tensor, labels: Tensor, { clusters, key, samples = 1000 }: ConfidenceOptions): Tensor {
  if (!Number.isInteger(samples) || samples < 1)
    throw new RangeError(`silhouetteConfidence: samples ${samples}; allowed are whole numbers ≥ 1`)
  const n = points.shape[1]!
  if (n <= samples) return mean(silhouette(points, labels, clusters), { axes: [1] })
  const drawn = narrow(permutation(key, n), 0, 0, samples)
  return mean(silhouette(gather(points, drawn, 1), gather(labels, drawn, 1), clusters), { axes: [1] })
}
