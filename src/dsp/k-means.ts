/**
 * k-means of embeddings, in the graph: seeds by k-means++ (Arthur & Vassilvitskii 2007), Lloyd's iterations (Lloyd 1982), several starts of which
 * the best is kept; and soft k-means with responsibilities in place of labels (Isik et al. 2016, "Single-channel multi-speaker separation
 * using deep clustering", arXiv 1607.02173), through which gradients flow.
 *
 * All draws come from a key, so that a key determines the result. Points may be hundreds of thousands: memory is for n·(d + 2·k·restarts) numbers.
 */
import {
  add,
  arange,
  argmax,
  argmin,
  cast,
  concat,
  constant,
  div,
  equal,
  expand,
  formatShape,
  gather,
  greater,
  log,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  narrow,
  neg,
  reshape,
  ShapeError,
  scan,
  softmax,
  splitKey,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  uniform,
  unsqueeze,
  where,
} from '../tensor/index.ts'

export interface KMeansOptions {
  /** k, the number of clusters. */
  readonly clusters: number
  /** Random key, `randomKey(1)` for example: what seeds are drawn from. */
  readonly key: Tensor
  /** How much each point counts, (b, n) ≥ 0; 1 by default. Points that count nothing get a label too. */
  readonly weights?: Tensor
  /** 20 by default; there is no test for convergence in a graph. */
  readonly iterations?: number
}

export interface KMeansStarts {
  /** Starts from different seeds, of which the one of least inertia is kept: 4 by default. */
  readonly restarts?: number
}

export interface Clusters {
  /** (b, k, d) */
  readonly centres: Tensor
  /** The nearest centre of each point, int64 (b, n). */
  readonly labels: Tensor
  /** Σ w·‖x − centre‖² (b). */
  readonly inertia: Tensor
}

/** Points as the iterations use them: mean 0, so that distances lose few digits where all points lie far from 0; and a column of ones. */
interface Prepared {
  readonly offset: Tensor
  readonly points: Tensor
  readonly withOne: Tensor
  readonly norms: Tensor
  readonly weights: Tensor | undefined
}

function checkPoints(who: string, points: Tensor, sizes: Readonly<Record<string, number>>, weights: Tensor | undefined): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`${who}: ${name} ${size}; allowed are whole numbers ≥ 1`)
  if (points.shape.length !== 3) throw new ShapeError(who, `points ${formatShape(points.shape)}; needs (b, n, d)`)
  const [b, n] = points.shape as readonly [number, number, number]
  if (sizes.clusters! > n) throw new RangeError(`${who}: clusters ${sizes.clusters} of ${n} points; allowed are whole numbers in 1…${n}`)
  if (weights && formatShape(weights.shape) !== formatShape([b, n]))
    throw new ShapeError(who, `weights ${formatShape(weights.shape)} for points ${formatShape(points.shape)}; needs (${b}, ${n})`)
}

function prepare(x: Tensor, weights: Tensor | undefined): Prepared {
  const offset = mean(x, { axes: [1], keepDims: true })
  const points = sub(x, offset)
  const ones = expand(constant(1), [...x.shape.slice(0, 2), 1])
  return { offset, points, withOne: concat([points, ones], 2), norms: sum(square(points), { axes: [2], keepDims: true }), weights }
}

/** 2·x·c − ‖c‖², largest for the nearest centre: (b, n, m) for centres (b, m, d). */
function nearness({ points }: Prepared, centres: Tensor): Tensor {
  const length = reshape(sum(square(centres), { axes: [2] }), [centres.shape[0]!, 1, centres.shape[1]!])
  return sub(mul(matmul(points, transpose(centres, [0, 2, 1])), 2), length)
}

/** k centres for each of r starts, (b, r·k, d): every next one a point, drawn in proportion to its squared distance from those before. */
function seed(prepared: Prepared, clusters: number, restarts: number, key: Tensor): Tensor {
  const { points, norms, weights } = prepared
  const [b, n, d] = points.shape as readonly [number, number, number]
  const starts = constant(
    Array.from({ length: b }, (_, i) => i * n),
    [b, 1, 1],
    'int64',
  )
  const rows = reshape(points, [b * n, d])
  /** A point per start by the Gumbel-max trick: the largest of log-probability plus Gumbel noise. */
  const draw = (k: Tensor, likelihood: Tensor | undefined): Tensor => {
    const noise = neg(log(neg(log(uniform(k, [b, n, restarts])))))
    const score = likelihood ? add(log(maximum(likelihood, 1e-37)), noise) : noise
    const index = add(argmax(score, { axis: 1, keepDims: true }), starts)
    return gather(rows, reshape(index, [b, restarts]), 0)
  }
  const weight = weights && unsqueeze(weights, 2)
  const chosen: Tensor[] = []
  let nearest: Tensor | undefined
  for (const k of splitKey(key, clusters)) {
    const centre = draw(k, nearest ? (weight ? mul(nearest, weight) : nearest) : weight)
    const distance = maximum(sub(norms, nearness(prepared, centre)), 0)
    nearest = nearest ? minimum(nearest, distance) : distance
    chosen.push(unsqueeze(centre, 2))
  }
  return reshape(concat(chosen, 2), [b, restarts * clusters, d])
}

/** Weighted means of points: shares (b, n, m) → (b, m, d); a centre to which nothing belongs stays. */
function meansOf({ withOne, weights }: Prepared, shares: Tensor, before: Tensor): Tensor {
  const weighted = weights ? mul(shares, unsqueeze(weights, 2)) : shares
  const sums = matmul(transpose(weighted, [0, 2, 1]), withOne)
  const [b, m, d] = before.shape as readonly [number, number, number]
  const part = (from: number, to: number) => narrow(sums, 2, from, to)
  const count = expand(part(d, d + 1), [b, m, d])
  const heard = greater(count, 1e-30)
  return where(heard, div(part(0, d), maximum(count, 1e-30)), before)
}

/**
 * Clusters of points by the nearest of k centres, the best of several starts. A centre to which no point belongs stays where it was.
 *
 * @param points (b, n, d), each example clustered by itself
 * @throws ShapeError for points or weights of another shape; RangeError for numbers that are no whole numbers ≥ 1, and more clusters than points
 *
 * @example
 * const points = constant([0, 0.1, 9, 9.1, 0.2], [1, 5, 1])
 * const [labels] = await evaluate(() => [kMeans(points, { clusters: 2, key: randomKey(1) }).labels])
 * const [a, b, c, d, e] = Array.from(labels!, Number)
 * const found = [a === b, a === e, c === d, a === c]
 * found // [true, true, true, false]
 */
export function kMeans(points: Tensor, { clusters, key, weights, iterations = 20, restarts = 4 }: KMeansOptions & KMeansStarts): Clusters {
  checkPoints('kMeans', points, { clusters, iterations, restarts }, weights)
  const prepared = prepare(points, weights)
  const [b, n, d] = points.shape as readonly [number, number, number]
  const perStart = (x: Tensor) => reshape(x, [b, n, restarts, clusters])
  const numbers = arange(0, clusters)
  const { carry } = scan(
    ([centres]) => {
      const nearest = argmax(perStart(nearness(prepared, centres!)), { axis: 3, keepDims: true })
      const shares = reshape(cast(equal(nearest, numbers), 'float32'), [b, n, restarts * clusters])
      return { carry: [meansOf(prepared, shares, centres!)] }
    },
    { carry: [seed(prepared, clusters, restarts, key)], length: iterations },
  )
  const distances = maximum(sub(prepared.norms, max(perStart(nearness(prepared, carry[0]!)), { axes: [3] })), 0)
  const inertia = sum(weights ? mul(distances, unsqueeze(weights, 2)) : distances, { axes: [1] })
  const best = cast(equal(argmin(inertia, { axis: 1, keepDims: true }), arange(0, restarts)), 'float32')
  const centres = sum(mul(reshape(carry[0]!, [b, restarts, clusters, d]), reshape(best, [b, restarts, 1, 1])), { axes: [1] })
  return {
    centres: add(centres, prepared.offset),
    labels: argmax(nearness(prepared, centres), { axis: 2 }),
    inertia: sum(mul(inertia, best), { axes: [1] }),
  }
}

export interface SoftKMeansOptions extends KMeansOptions {
  /** α: shares are the softmax of −α‖x − centre‖², 5 by default; towards infinity they are labels. */
  readonly hardness?: number
  /** Centres to start from, (b, k, d); drawn as for `kMeans` by default. */
  readonly start?: Tensor
}

export interface SoftClusters {
  /** (b, k, d) */
  readonly centres: Tensor
  /** How much of each point belongs to each cluster, of sum 1: (b, n, k). */
  readonly shares: Tensor
}

/**
 * Clusters with shares in place of labels. The result has a derivative, also with respect to the seeds, which are points.
 *
 * @param points (b, n, d)
 * @throws ShapeError for points, weights or a start of another shape; RangeError as for `kMeans`, and for a hardness that is no finite number above 0
 *
 * @example
 * const points = constant([0, 0.5, 1], [1, 3, 1])
 * const start = constant([0, 1], [1, 2, 1])
 * const [shares] = await evaluate(() => [softKMeans(points, { clusters: 2, key: randomKey(1), start }).shares])
 * shares![2] // 0.5
 */
export function softKMeans(
  points: Tensor,
  { clusters, key, weights, iterations = 20, hardness = 5, start }: SoftKMeansOptions,
): SoftClusters {
  checkPoints('softKMeans', points, { clusters, iterations }, weights)
  if (!(hardness > 0 && hardness < Infinity))
    throw new RangeError(`softKMeans: hardness ${hardness}; allowed are finite numbers > 0 (labels instead of shares: kMeans)`)
  const [b, , d] = points.shape as readonly [number, number, number]
  if (start && formatShape(start.shape) !== formatShape([b, clusters, d]))
    throw new ShapeError('softKMeans', `start ${formatShape(start.shape)}; needs (${b}, ${clusters}, ${d})`)
  const prepared = prepare(points, weights)
  const sharesOf = (centres: Tensor) => softmax(mul(nearness(prepared, centres), hardness))
  const { carry } = scan(([centres]) => ({ carry: [meansOf(prepared, sharesOf(centres!), centres!)] }), {
    carry: [start ? sub(start, prepared.offset) : seed(prepared, clusters, 1, key)],
    length: iterations,
  })
  return { centres: add(carry[0]!, prepared.offset), shares: sharesOf(carry[0]!) }
}
