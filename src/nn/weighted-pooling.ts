/**
 * Pooling over time with a weight for each step, behind the interface of time-pooling.ts: attention by a learned projection (Gururani,
 * Sharma & Lerch 2019, arXiv 1907.04294), attention that half of the channels give, auto-pool (McFee, Salamon & Bello 2018, arXiv
 * 1804.10070), and the two together, as in MOVE (Yesiler, Serrà & Gómez 2020, arXiv 1910.12551).
 */
import { formatShape, matmul, mul, narrow, neg, ShapeError, softplus, sum, type Tensor, tanh, unsqueeze } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { constantInit, defaultInit } from './init.ts'
import { Linear } from './linear.ts'
import { maskedSoftmax } from './masking.ts'
import { type Module, type Parameter, parameter } from './module.ts'
import { type Steps, stepsOf, TimePool, type TimePoolOptions } from './time-pooling.ts'

/** Pools that are means with weights: softmax over time of some score. */
export abstract class WeightedTimePool extends TimePool {
  /** Scores (b, t, 1 or c') and values (b, t, c') of an input (b, t, c). */
  protected abstract scored(x: Tensor): { readonly scores: Tensor; readonly values: Tensor }

  private weighted({ x, padding }: Steps): { weights: Tensor; values: Tensor } {
    const { scores, values } = this.scored(x)
    return { weights: maskedSoftmax(scores, padding, 1), values }
  }

  /** The weight of each step, 0 for padding, of each channel where those differ: (b, t, 1 or c'). */
  weights(x: Tensor, options: TimePoolOptions = {}): Tensor {
    return this.weighted(stepsOf(this, x, options)).weights
  }

  forward(x: Tensor, options: TimePoolOptions = {}): Tensor {
    const { weights, values } = this.weighted(stepsOf(this, x, options))
    return sum(mul(weights, values), { axes: [1] })
  }
}

export interface AttentionTimePoolOptions {
  /** Features of the embedding, as many as there are channels by default. */
  readonly hidden?: number
  /** What is embedded, (b, t, channels) → (b, t, hidden), in place of a linear layer and tanh. */
  readonly embedding?: Module
}

/**
 * Σ aₜ xₜ with aₜ = σ(vᵀ h(xₜ)) / Σ σ(vᵀ h(x)), h a learned embedding: tanh(W x + b) unless another is given. With v = 0 it is the mean.
 * Unlike those of a softmax, the weights of steps that matter saturate: two are alike however far their scores exceed 0.
 */
export class AttentionTimePool extends WeightedTimePool {
  readonly embedding: Module
  readonly v: Parameter
  readonly #own: boolean

  /** @throws RangeError for numbers of channels or features that are no whole numbers ≥ 1 */
  constructor(channels: number, { hidden = channels, embedding }: AttentionTimePoolOptions = {}) {
    super()
    checkExtent('AttentionTimePool', { channels, hidden })
    this.#own = embedding === undefined
    this.embedding = embedding ?? new Linear(channels, hidden)
    this.v = parameter([hidden], defaultInit(hidden))
  }

  protected scored(x: Tensor) {
    const embedded = this.embedding.forward(x) as Tensor
    const projected = matmul(this.#own ? tanh(embedded) : embedded, this.v)
    // The logarithm of σ, so that the softmax's sum is that of σ: quotients of σ themselves are 0/0 where all scores are low.
    return { scores: unsqueeze(neg(softplus(neg(projected))), -1), values: x }
  }
}

/** The first half of the channels and the second one; an odd channel belongs to neither. */
function halves(pool: TimePool, x: Tensor): readonly [Tensor, Tensor] {
  const channels = x.shape[2]!
  if (channels % 2 !== 0)
    throw new ShapeError(
      pool.type,
      `input ${formatShape(x.shape)}, ${channels} channels; needs an even number, half of them values and half their weights`,
    )
  return [narrow(x, 2, 0, channels / 2), narrow(x, 2, channels / 2, channels)]
}

/** Half of the channels are values, the other half, after a softmax over time, their weights: (b, t, c) → (b, c/2), no parameters. */
export class SplitTimePool extends WeightedTimePool {
  protected scored(x: Tensor) {
    const [values, scores] = halves(this, x)
    return { scores, values }
  }
}

export interface AutoPoolOptions {
  /** Channels that are pooled, for an α of each; one α for all by default. */
  readonly channels?: number
  /** α before training, 1 by default: 0 is the mean, large is the maximum, −large the minimum. */
  readonly init?: number
}

function alphaOf({ channels = 1, init = 1 }: AutoPoolOptions): Parameter {
  checkExtent('AutoPool', { channels })
  return parameter([channels], constantInit(init))
}

function scaled(pool: TimePool, x: Tensor, alpha: Parameter): Tensor {
  const [channels] = alpha.shape as [number]
  if (channels !== 1 && channels !== x.shape[2])
    throw new ShapeError(pool.type, `${x.shape[2]} channel(s) to pool, alpha has ${channels}; needs as many, or 1 for all`)
  return mul(x, alpha)
}

/** Σ wₜ xₜ with wₜ = exp(α xₜ) / Σ exp(α x), α learned: between mean (0) and maximum (∞). */
export class AutoPool extends WeightedTimePool {
  readonly alpha: Parameter

  /** @throws RangeError for a number of channels that is no whole number ≥ 1 */
  constructor(options: AutoPoolOptions = {}) {
    super()
    this.alpha = alphaOf(options)
  }

  protected scored(x: Tensor) {
    return { scores: scaled(this, x, this.alpha), values: x }
  }
}

/** Half of the channels are values, weighted by exp(α·) of the other half: (b, t, c) → (b, c/2). α = 1 is SplitTimePool, 0 the mean. */
export class AutoSplitTimePool extends WeightedTimePool {
  readonly alpha: Parameter

  /** @throws RangeError for a number of channels that is no whole number ≥ 1 */
  constructor(options: AutoPoolOptions = {}) {
    super()
    this.alpha = alphaOf(options)
  }

  protected scored(x: Tensor) {
    const [values, scores] = halves(this, x)
    return { scores: scaled(this, scores, this.alpha), values }
  }
}
