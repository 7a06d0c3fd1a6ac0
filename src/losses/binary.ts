/** Cross-entropy of yes and no. */
import { add, formatShape, mul, neg, type Operand, ShapeError, softplus, sub, type Tensor } from '../tensor/index.ts'
import { warnOfProbabilities } from './probabilities.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Factor of each value, a tensor that broadcasts to the logits' shape. */
  readonly weight?: Tensor
  /** Factor of the positive targets' part: a number, or a tensor that broadcasts, (c) for one per class on the last axis. */
  readonly posWeight?: Operand
}

function checkBroadcast(name: string, factor: Operand | undefined, result: Tensor, logits: Tensor): void {
  if (formatShape(result.shape) === formatShape(logits.shape)) return
  const shape = factor === undefined || typeof factor === 'number' ? [] : factor.shape
  throw new ShapeError(
    'binaryCrossEntropyWithLogits',
    `${name} ${formatShape(shape)} does not broadcast to the logits' ${formatShape(logits.shape)}`,
  )
}

/**
 * −p·y·log σ(x) − (1 − y)·log(1 − σ(x)), p the weight of positives, as (1 − y)·x + (1 + (p − 1)·y)·log(1 + e⁻ˣ), which no x overflows:
 * PyTorch's `binary_cross_entropy_with_logits`. Logits that come out of a `sigmoid` raise the warning 'double-softmax'.
 *
 * @param logits of any shape
 * @param target probabilities, float32, of that shape
 * @throws ShapeError where the shapes differ or a weight does not broadcast to them
 *
 * @example
 * const logits = constant([0, 2, -1000])
 * const [loss] = await evaluate(() => [binaryCrossEntropyWithLogits(logits, constant([1, 1, 0]), { reduction: 'none' })]) // [0.693147, 0.126928, 0]
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  target: Tensor,
  { weight, posWeight, reduction }: BinaryCrossEntropyOptions = {},
): Tensor {
  const who = 'binaryCrossEntropyWithLogits'
  checkSameShape(who, { logits, target })
  warnOfProbabilities(who, logits, 'sigmoid', 'leave out the sigmoid of the model')
  const tail = softplus(neg(logits))
  const weighted = posWeight === undefined ? tail : mul(add(mul(sub(posWeight, 1), target), 1), tail)
  checkBroadcast('posWeight', posWeight, weighted, logits)
  const values = add(mul(sub(1, target), logits), weighted)
  const result = weight ? mul(values, weight) : values
  checkBroadcast('weight', weight, result, logits)
  return reduceLoss(who, result, reduction)
}
