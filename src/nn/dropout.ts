/**
 * Dropout (Srivastava et al. 2014) and channel dropout (Tompson et al. 2015, arXiv 1411.4280): in training values are zero with probability p
 * and the others are divided by 1 − p, so that the expectation stays; in evaluation nothing happens.
 */
import { bernoulli, cast, formatShape, mul, type Shape, ShapeError, type Tensor } from '../tensor/index.ts'
import { checkProbability } from './check.ts'
import { isTraining, trainingKey } from './mode.ts'
import { Module } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

/** x times a mask of the shape, drawn anew in each call. */
function dropped(x: Tensor, p: number, shape: Shape): Tensor {
  if (!isTraining() || p === 0) return x
  const kept = cast(bernoulli(trainingKey('dropout'), 1 - p, shape), 'float32')
  return mul(x, mul(kept, p === 1 ? 0 : 1 / (1 - p)))
}

/**
 * While training is traced, each value is zero with probability p, else x / (1 − p); otherwise x.
 *
 * @throws RangeError for p outside 0…1, Error where training has no key
 *
 * @example
 * const x = constant([1, 2, 3])
 * const [y] = await evaluate(() => [dropout(x)]) // [1, 2, 3]
 * const { result } = traceTraining(() => dropout(x, 1), { key: randomKey(1) })
 * const [z] = await evaluate(() => [result]) // [0, 0, 0]
 */
export function dropout(x: Tensor, p = 0.5): Tensor {
  checkProbability('dropout', { p })
  return dropped(x, p, x.shape)
}

/**
 * As `dropout`, but whole channels of an example are dropped or kept: x (b, c, …). Neighbours in a map tell nearly the same, so that dropping
 * single ones would hide little.
 *
 * @throws RangeError for p outside 0…1, ShapeError where there are no channels, Error where training has no key
 *
 * @example
 * const { result } = traceTraining(() => channelDropout(constant([1, 2, 3, 4], [1, 2, 2]), 1), { key: randomKey(1) })
 * const [z] = await evaluate(() => [result]) // [0, 0, 0, 0]
 */
export function channelDropout(x: Tensor, p = 0.5): Tensor {
  checkProbability('channelDropout', { p })
  if (x.shape.length < 2) throw new ShapeError('channelDropout', `input ${formatShape(x.shape)}; needs (b, c, …)`)
  return dropped(
    x,
    p,
    x.shape.map((extent, axis) => (axis < 2 ? extent : 1)),
  )
}

/** `dropout` as a layer: any shape. */
export class Dropout extends Module {
  readonly #p: number

  /** @throws RangeError for p outside 0…1 */
  constructor(p = 0.5) {
    super()
    checkProbability('Dropout', { p })
    this.#p = p
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.#p)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

abstract class ChannelDropout extends Module {
  readonly #rank: number
  readonly #p: number

  constructor(rank: number, p: number) {
    super()
    checkProbability(`Dropout${rank}d`, { p })
    this.#rank = rank
    this.#p = p
  }

  forward(x: Tensor): Tensor {
    if (x.shape.length !== this.#rank + 2) {
      throw new ShapeError(`Dropout${this.#rank}d`, `input ${formatShape(x.shape)}; needs (b, c, …) with ${this.#rank} spatial axes`)
    }
    return channelDropout(x, this.#p)
  }

  /** What is drawn is one number for all steps, not one of a step's neighbours. */
  override reach(): Reach {
    return pointwiseReach
  }
}

/** Channels of (b, c, t) dropped or kept as a whole. */
export class Dropout1d extends ChannelDropout {
  /** @throws RangeError for p outside 0…1 */
  constructor(p = 0.5) {
    super(1, p)
  }
}

/** Channels of (b, c, t, f) dropped or kept as a whole. */
export class Dropout2d extends ChannelDropout {
  /** @throws RangeError for p outside 0…1 */
  constructor(p = 0.5) {
    super(2, p)
  }
}

/** Channels of (b, c, d, h, w) dropped or kept as a whole. */
export class Dropout3d extends ChannelDropout {
  /** @throws RangeError for p outside 0…1 */
  constructor(p = 0.5) {
    super(3, p)
  }
}
