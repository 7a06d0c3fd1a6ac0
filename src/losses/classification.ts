/** Losses of classes, as in PyTorch: cross-entropy of logits against class indices or probabilities, and of log-probabilities. */
import {
  add,
  cast,
  constant,
  div,
  equal,
  formatShape,
  gather,
  less,
  logicalNot,
  logSoftmax,
  mul,
  neg,
  reshape,
  ShapeError,
  sum,
  type Tensor,
  takeAlongAxis,
  unsqueeze,
  where,
} from '../tensor/index.ts'
import { warnOfProbabilities } from './probabilities.ts'
import { checkSameShape, type LossOptions, type Reduction, reduceLoss } from './reduction.ts'

export interface NllOptions extends LossOptions {
  /** A weight per class: a list, or a tensor (c). */
  readonly weight?: Tensor | readonly number[]
  /** Positions with this class index count nothing, -100 by default. */
  readonly ignoreIndex?: number
}

export interface CrossEntropyOptions extends NllOptions {
  /** How much of each target is spread evenly over all classes, 0 by default. */
  readonly labelSmoothing?: number
}

/** The axis of classes: 1, and 0 of a single example (c). */
function classAxis(who: string, { shape }: Tensor): number {
  if (shape.length === 0) throw new ShapeError(who, `input ${formatShape(shape)}: needs (c), (b, c) or (b, c, …)`)
  return shape.length === 1 ? 0 : 1
}

function classWeights(who: string, weight: Tensor | readonly number[] | undefined, classes: number): Tensor | undefined {
  if (weight === undefined) return undefined
  const tensor = 'node' in weight ? weight : constant(weight)
  if (tensor.shape.length !== 1 || tensor.shape[0] !== classes)
    throw new ShapeError(who, `weight ${formatShape(tensor.shape)} for ${classes} classes; needs (${classes})`)
  return tensor
}

/** Class weights along the axis of classes of something of rank `rank`. */
function aligned(weights: Tensor, axis: number, rank: number): Tensor {
  return reshape(weights, [-1, ...new Array<number>(rank - axis - 1).fill(1)])
}

/** −w[y]·log p[y], with a share of −Σ_c w[c]·log p[c]; its mean is that of weights, not of positions. */
function ofIndices(who: string, logP: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { ignoreIndex = -100, labelSmoothing = 0, reduction = 'mean' as Reduction } = options
  const axis = classAxis(who, logP)
  const [classes, positions] = [logP.shape[axis]!, logP.shape.filter((_, i) => i !== axis)]
  if ((target.dtype !== 'int64' && target.dtype !== 'int32') || formatShape(target.shape) !== formatShape(positions)) {
    throw new ShapeError(
      who,
      `target ${target.dtype} ${formatShape(target.shape)} for ${formatShape(logP.shape)}; needs class indices, int64 or int32 ${formatShape(positions)}`,
    )
  }
  const weights = classWeights(who, options.weight, classes)
  const ignored = equal(target, ignoreIndex)
  const kept = cast(logicalNot(ignored), 'float32')
  // Counted from the end, as gathering would take them, negative indices would train a class that nobody meant.
  const index = where(ignored, 0, where(less(target, 0), classes, target))
  const picked = reshape(takeAlongAxis(logP, unsqueeze(index, axis), axis), positions)
  const weight = weights ? mul(kept, gather(weights, index, 0)) : kept
  let values = neg(mul(weight, picked))
  if (labelSmoothing > 0) {
    const all = weights ? mul(logP, aligned(weights, axis, logP.shape.length)) : logP
    const even = mul(neg(sum(all, { axes: [axis] })), kept)
    values = add(mul(values, 1 - labelSmoothing), mul(even, labelSmoothing / classes))
  }
  return reduction === 'mean' ? div(sum(values), sum(weight)) : reduceLoss(who, values, reduction)
}

/** −Σ_c w[c]·p[c]·log q[c]. */
function ofProbabilities(who: string, logP: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { labelSmoothing = 0, reduction } = options
  const axis = classAxis(who, logP)
  const classes = logP.shape[axis]!
  checkSameShape(who, { logits: logP, 'target probabilities': target })
  if (options.ignoreIndex !== undefined)
    throw new RangeError(`${who}: ignoreIndex ${options.ignoreIndex} with probabilities as target; give class indices, or leave it out`)
  const weights = classWeights(who, options.weight, classes)
  const smooth = labelSmoothing > 0 ? add(mul(target, 1 - labelSmoothing), labelSmoothing / classes) : target
  const products = mul(smooth, weights ? mul(logP, aligned(weights, axis, logP.shape.length)) : logP)
  const values = neg(sum(products, { axes: [axis] }))
  return reduceLoss(who, values, reduction)
}

/**
 * Cross-entropy of logits, which go through a softmax in here: PyTorch's `cross_entropy`, its mean that of weights included. Where every
 * position is ignored the mean is 0/0, as there.
 *
 * Logits that come out of a `softmax` raise the warning 'double-softmax' (see `withWarnings`).
 *
 * @param logits (c), (b, c) or (b, c, …)
 * @param target class indices, int64 or int32, of the logits' shape without c (on the CPU, those outside 0…c − 1 are refused at run time, negative ones as c);
 * or probabilities, float32, of the logits' shape
 * @throws ShapeError for a target or weights that do not fit; RangeError for a label smoothing outside 0…1 and an ignoreIndex beside
 * probabilities
 *
 * @example
 * const logits = constant([0, Math.log(3)], [1, 2])
 * const [loss] = await evaluate(() => [crossEntropy(logits, constant([1], [1], 'int64'))]) // [0.287682]
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const who = 'crossEntropy'
  const { labelSmoothing = 0 } = options
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new RangeError(`${who}: labelSmoothing ${labelSmoothing}; allowed are numbers in 0…1`)
  const axis = classAxis(who, logits)
  const floor = Math.log(1 + (logits.shape[axis]! - 1) / Math.E).toFixed(5)
  warnOfProbabilities(
    who,
    logits,
    'softmax',
    `the loss cannot fall below ${floor}; leave out the softmax of the model, or give nllLoss its logarithm (logSoftmax)`,
  )
  const logP = logSoftmax(logits, axis)
  return target.dtype === 'float32' ? ofProbabilities(who, logP, target, options) : ofIndices(who, logP, target, options)
}

/**
 * −log p of the target class, from log-probabilities (what `logSoftmax` gives): PyTorch's `nll_loss`.
 *
 * @param logProbabilities (c), (b, c) or (b, c, …)
 * @param target class indices, int64 or int32, of that shape without c
 * @throws ShapeError for a target or weights that do not fit
 *
 * @example
 * const logP = constant([Math.log(0.25), Math.log(0.75)], [1, 2])
 * const [loss] = await evaluate(() => [nllLoss(logP, constant([0], [1], 'int64'))]) // [1.386294]
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: NllOptions = {}): Tensor {
  return ofIndices('nllLoss', logProbabilities, target, options)
}
