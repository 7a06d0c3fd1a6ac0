/** From embeddings of a mixture's bins to masks: bins whose vectors lie together belong to one source (deep clustering). */
import { formatShape, oneHot, reshape, ShapeError, type Tensor } from '../tensor/index.ts'
import { type KMeansOptions, type KMeansStarts, kMeans, softKMeans } from './k-means.ts'

export interface ClusterMaskOptions extends KMeansOptions, KMeansStarts {
  /** With a hardness, masks are the shares of `softKMeans`; without one, those of `kMeans`, 0 and 1. */
  readonly hardness?: number
}

/**
 * Masks (b, t, f, k) of embeddings (b, t, f, d), of sum 1 in each bin. Which cluster is which source is not known.
 *
 * @param options weights are (b, t, f): bins in which nothing sounds should not move the centres, `silenceWeights` of the mixture
 * @throws ShapeError for embeddings or weights of another shape; RangeError as for `kMeans`
 *
 * @example
 * const embeddings = constant([0, 9, 9.1, 0.1, 0, 9], [1, 2, 3, 1])
 * const masks = clusterMasks(embeddings, { clusters: 2, key: randomKey(1) })
 * masks.shape // [1, 2, 3, 2]
 */
export function clusterMasks(embeddings: Tensor, { weights, hardness, ...options }: ClusterMaskOptions): Tensor {
  const [b, t, f, d] = embeddings.shape as readonly [number, number, number, number]
  if (embeddings.shape.length !== 4) throw new ShapeError('clusterMasks', `embeddings ${formatShape(embeddings.shape)}; needs (b, t, f, d)`)
  if (weights && formatShape(weights.shape) !== formatShape([b, t, f]))
    throw new ShapeError('clusterMasks', `weights ${formatShape(weights.shape)}; needs (${b}, ${t}, ${f})`)
  const points = reshape(embeddings, [b, t * f, d])
  const counted = { ...options, ...(weights ? { weights: reshape(weights, [b, t * f]) } : {}) }
  const shares =
    hardness === undefined ? oneHot(kMeans(points, counted).labels, options.clusters) : softKMeans(points, { ...counted, hardness }).shares
  return reshape(shares, [b, t, f, options.clusters])
}
