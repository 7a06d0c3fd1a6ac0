/**
 * Scores of attention that need not be in memory at once: as a tensor, or as what computes those of some of the queries. All heads of all pairs of n frames are
 * n² · heads numbers: 134 MB for 2048 frames and 8 heads, and 2.1 GB for the four times as many tokens of the bridge.
 *
 * Sums of products are a product again, Σ qᵢ kᵢᵀ = [q₁ q₂ …] [k₁ k₂ …]ᵀ, so that scores which layers hand on (residual-attention.ts) are kept as the queries
 * and keys of all layers so far, which takes no more than the maps themselves. Parts are computed by a loop (`scan`), so that their memory is used again,
 * whatever the order in which a program is run.
 *
 * Memory over t frames: maps, which grow as t, a few parts, which do not grow, and what gates make of scores, which has to be kept: of one layer while that of the
 * next is computed, 2 · 4 · maps · heads · t² bytes. For 8 heads and one map that is 268 MB at 2048 frames and 1.1 GB at 4096. The bridge keeps no scores at all.
 */
import { checkExtent } from '../../nn/check.ts'
import { concat, matmul, narrow, pad, reshape, type Shape, sizeOf, type Tensor, transpose } from '../../tensor/index.ts'

/** Bytes of scores up to which they are one tensor unless told otherwise: 32 MiB, 256 frames of the original's bridge. */
export const defaultScoreBytes = 2 ** 25

/** Parts of scores that take more have at most this share of it: a gate holds about ten tensors of a part's size at once. */
const share = 1 / 4

/** Queries in parts of equal size. The last one may reach beyond them: there are zeros. */
export interface Parts {
  readonly count: number
  readonly size: number
  readonly queries: number
}

/** The scores of a part, computed from slices of tensors (parts, …). */
export interface PartScores {
  readonly slices: readonly Tensor[]
  /** (…, size + twice the halo, keys), zeros beyond the first and the last query */
  rows(slices: readonly Tensor[]): Tensor
  /** (…, size, keys): of these rows those without the halo */
  own(slices: readonly Tensor[], rows: Tensor): Tensor
}

/** Scores by parts of the queries, (…, queries, keys). */
export interface RowScores {
  readonly shape: Shape
  /** @param halo queries that are seen of the part before and of that behind, at most the size of a part */
  inParts(parts: Parts, halo: number): PartScores
}

/** Those of queries (…, n, d) with keys (…, m, d). */
export interface ProductScores extends RowScores {
  readonly product: { readonly queries: Tensor; readonly keys: Tensor }
}

export type Scores = Tensor | RowScores | ProductScores

export function isProduct(scores: Scores): scores is ProductScores {
  return 'product' in scores
}

/**
 * How queries are parted: not where all scores (…, queries, keys) take `scoreBytes` at most, else each part takes a quarter of that, or what two queries take.
 *
 * @throws RangeError for `scoreBytes` that are no whole number ≥ 1
 *
 * @example
 * partsOf([2, 5, 4], 80).count // 3
 * partsOf([2, 5, 4], 160).count // 1
 */
export function partsOf(shape: Shape, scoreBytes: number): Parts {
  checkExtent('attention', { scoreBytes })
  const queries = shape.at(-2)!
  const bytes = 4 * sizeOf(shape)
  if (bytes <= scoreBytes) return { count: 1, size: queries, queries }
  const most = Math.max(2, Math.floor(((share * scoreBytes) / bytes) * queries))
  const count = Math.ceil(queries / most)
  return { count, size: Math.max(2, Math.ceil(queries / count)), queries }
}

/** (…, queries, d) → (parts, …, size, d) */
export function intoParts(x: Tensor, { count, size, queries }: Parts): Tensor {
  const lead = x.shape.slice(0, -2)
  const none = lead.map(() => 0)
  const missing = count * size - queries
  const whole = missing === 0 ? x : pad(x, [...none, 0, 0], [...none, missing, 0])
  const rank = lead.length
  return transpose(reshape(whole, [...lead, count, size, x.shape.at(-1)!]), [rank, ...lead.keys(), rank + 1, rank + 2])
}

/** (parts, …, size, d) → (…, queries, d) */
export function joinParts(x: Tensor, { count, size, queries }: Parts): Tensor {
  const lead = x.shape.slice(1, -2)
  const rank = lead.length
  const whole = reshape(transpose(x, [...lead.map((_, i) => i + 1), 0, rank + 1, rank + 2]), [...lead, count * size, x.shape.at(-1)!])
  return count * size === queries ? whole : narrow(whole, rank, 0, queries)
}

/** What each part sees of (parts, …, size, d): the end of the part before, its own, the beginning of the one behind. */
function seen(x: Tensor, halo: number): Tensor[] {
  if (halo === 0) return [x]
  const [count, rank] = [x.shape[0]!, x.shape.length]
  const size = x.shape.at(-2)!
  const one = x.shape.map((_, axis) => Number(axis === 0))
  const none = x.shape.map(() => 0)
  const beside = none.with(rank - 2, halo)
  if (count === 1) return [pad(x, beside, beside)]
  // Rows first: they are few of a part, whose others would be copied.
  const before = pad(narrow(narrow(x, rank - 2, size - halo, size), 0, 0, count - 1), one, none)
  const after = pad(narrow(narrow(x, rank - 2, 0, halo), 0, 1, count), none, one)
  return [before, x, after]
}

function joinSeen(slices: readonly Tensor[]): Tensor {
  return concat(slices, -2)
}

/** Without so many queries at each end. */
export function withoutHalo(rows: Tensor, halo: number): Tensor {
  const axis = rows.shape.length - 2
  return halo === 0 ? rows : narrow(rows, axis, halo, rows.shape[axis]! - halo)
}

/** Parts of scores that are there: (parts, …, size, keys). */
function partsThere(x: Tensor, halo: number): PartScores {
  const slices = seen(x, halo)
  return { slices, rows: joinSeen, own: (given, rows) => (given.length === 3 ? given[1]! : withoutHalo(rows, halo)) }
}

/** Queries (…, n, d) · keys (…, m, d), computed when a part is asked for. */
export function productScores(queries: Tensor, keys: Tensor): ProductScores {
  const axes = [...keys.shape.keys()]
  const turned = transpose(keys, [...axes.slice(0, -2), axes.length - 1, axes.length - 2])
  return {
    shape: [...queries.shape.slice(0, -1), keys.shape.at(-2)!],
    inParts: (parts, halo) => ({
      slices: seen(intoParts(queries, parts), halo),
      rows: (slices) => matmul(joinSeen(slices), turned),
      own: (_, rows) => withoutHalo(rows, halo),
    }),
    product: { queries, keys },
  }
}

/** Two such products as one: its features are those of both. */
export function sumOfProducts(a: ProductScores, b: ProductScores): ProductScores {
  return productScores(concat([a.product.queries, b.product.queries], -1), concat([a.product.keys, b.product.keys], -1))
}

/** Scores that are kept: (parts, …, size, keys). */
export function keptScores(stack: Tensor, kept: Parts): RowScores {
  return {
    shape: [...stack.shape.slice(1, -2), kept.queries, stack.shape.at(-1)!],
    inParts: (parts, halo) => partsThere(parts.size === kept.size ? stack : intoParts(joinParts(stack, kept), parts), halo),
  }
}

/** Scores by parts, of whatever kind. */
export function byParts(scores: Scores): RowScores {
  if ('inParts' in scores) return scores
  return { shape: scores.shape, inParts: (parts, halo) => partsThere(intoParts(scores, parts), halo) }
}

/** All of them: (…, queries, keys). */
export function wholeScores(scores: Scores): Tensor {
  if (!('inParts' in scores)) return scores
  const queries = scores.shape.at(-2)!
  const { slices, rows } = scores.inParts({ count: 1, size: queries, queries }, 0)
  return rows(slices.map((x) => reshape(x, x.shape.slice(1))))
}
