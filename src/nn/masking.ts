/**
 * What attention and pooling must not look at. A mask is a bool tensor that is true where something is left out, as PyTorch's
 * `key_padding_mask` and `attn_mask` are; what is left out gets the weight 0, and where all of it is, so are all weights and the result:
 * zeros, where PyTorch's softmax gives NaN, which one silent example would spread over a whole batch's gradient.
 */
import {
  add,
  all,
  arange,
  cast,
  constant,
  formatShape,
  greater,
  greaterEqual,
  logicalNot,
  mul,
  reshape,
  ShapeError,
  softmax,
  type Tensor,
  where,
} from '../tensor/index.ts'
import { checkExtent } from './check.ts'

/** How many steps of each example are there: whole numbers (b), as a tensor where they change from run to run. */
export type Lengths = Tensor | readonly number[]

/** Added to the score of what is left out: its exponential is 0 beside any score, and sums of two of them are finite. */
const excludedScore = -1e30

/** Lengths as a tensor, refused where they are not one whole number in 0…steps per example. */
export function lengthsTensor(who: string, lengths: Lengths, steps: number, batch?: number): Tensor {
  if ('node' in lengths) {
    const whole = lengths.dtype === 'int32' || lengths.dtype === 'int64'
    if (whole && lengths.shape.length === 1 && lengths.shape[0] === (batch ?? lengths.shape[0])) return lengths
    const got = `lengths ${formatShape(lengths.shape)} ${lengths.dtype}`
    throw new ShapeError(who, `${got}; needs one int32 or int64 per example, (${batch ?? 'b'})`)
  }
  const count = batch ?? Math.max(1, lengths.length)
  const allowed = lengths.length === count && lengths.every((length) => Number.isInteger(length) && length >= 0 && length <= steps)
  if (allowed) return constant(lengths, [count], 'int64')
  throw new RangeError(`${who}: lengths [${lengths.join(', ')}]; needs ${count} whole number(s) in 0…${steps}, one per example`)
}

/**
 * True at the steps from an example's length on: (b) → (b, steps). A length of 0 leaves out all of it; one in a tensor counts as at most
 * `steps`.
 *
 * @param lengths a list, or an int32 or int64 tensor (b)
 * @throws RangeError for steps that are no whole number ≥ 1 and a list with numbers outside 0…steps, ShapeError for a tensor of another dtype or rank
 *
 * @example
 * const [mask] = await evaluate(() => [paddingMask([1, 3], 3)]) // [0, 1, 1, 0, 0, 0]
 */
export function paddingMask(lengths: Lengths, steps: number): Tensor {
  checkExtent('paddingMask', { steps })
  const counts = lengthsTensor('paddingMask', lengths, steps)
  return greaterEqual(arange(0, steps, 1, counts.dtype), reshape(counts, [-1, 1]))
}

/**
 * True where a key comes after the query: (queries, keys). Both count from the first step.
 *
 * @throws RangeError for numbers of queries and keys that are no whole numbers ≥ 1
 *
 * @example
 * const [mask] = await evaluate(() => [causalMask(2, 3)]) // [0, 1, 1, 0, 0, 1]
 */
export function causalMask(queries: number, keys = queries): Tensor {
  checkExtent('causalMask', { queries, keys })
  return greater(arange(0, keys), reshape(arange(0, queries), [-1, 1]))
}

/** Numbers that are added to scores to leave some out, and which rows have something left, as factors: undefined where all have. */
export interface Exclusion {
  readonly bias: Tensor
  readonly alive: Tensor | undefined
}

/** What a mask means for a softmax along an axis; a mask that leaves something in every row needs no factors. */
export function exclusionOf(mask: Tensor, { axis = -1, leavesSome = false } = {}): Exclusion {
  const alive = leavesSome ? undefined : cast(logicalNot(all(mask, { axes: [axis], keepDims: true })), 'float32')
  return { bias: mul(cast(mask, 'float32'), excludedScore), alive }
}

/** A bias without −∞, which has no derivative and makes rows of it NaN, and where it was that low. */
export function finiteBias(bias: Tensor): { bias: Tensor; mask: Tensor } {
  const mask = greaterEqual(excludedScore, bias)
  return { bias: where(mask, excludedScore, bias), mask }
}

/**
 * Softmax of what the mask does not leave out, 0 for the rest; zeros where it leaves out everything.
 *
 * @param mask bool, broadcastable to the scores
 *
 * @example
 * const scores = constant([0, Math.log(3), 9, 1, 1, 1], [2, 3])
 * const [y] = await evaluate(() => [maskedSoftmax(scores, paddingMask([2, 0], 3))]) // [0.25, 0.75, 0, 0, 0, 0]
 */
export function maskedSoftmax(scores: Tensor, mask?: Tensor, axis = -1): Tensor {
  if (!mask) return softmax(scores, axis)
  const { bias, alive } = exclusionOf(mask, { axis })
  const weights = softmax(add(scores, bias), axis)
  return alive ? mul(weights, alive) : weights
}
