/** Batch normalisation as a layer (Ioffe & Szegedy 2015, arXiv 1502.03167): statistics of the batch in training, running ones afterwards. */
import { batchNorm, batchNormInference, mul, sizeOf, type Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { constantInit } from './init.ts'
import { isTraining, updateRunning } from './mode.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { affineOf, checkChannels } from './norm.ts'
import { pointwiseReach, type Reach, wholeReach } from './reach.ts'

export interface BatchNormOptions {
  /** Weight of a batch in the running statistics, 0.1 by default; `traceTraining`'s momentum comes before it. */
  readonly momentum?: number
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number
  /** Whether `weight` and `bias` per channel follow, true by default. */
  readonly affine?: boolean
  /** Whether there are running statistics, true by default; without them evaluation uses those of its batch, too. */
  readonly track?: boolean
}

/**
 * (b, c, …) normalised over all axes but channels: PyTorch's BatchNorm1d to 3d in one. Running statistics, `running_mean` and `running_var`, move
 * towards the batch's mean and unbiased variance. PyTorch's `num_batches_tracked`, which it reads only without a momentum, has no counterpart.
 */
export class BatchNorm extends Module {
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
  readonly running_mean: Parameter | undefined
  readonly running_var: Parameter | undefined
  readonly #channels: number
  readonly #momentum: number
  readonly #eps: number

  /** @throws RangeError for a number of channels that is no whole number ≥ 1 */
  constructor(channels: number, { momentum = 0.1, eps = 1e-5, affine = true, track = true }: BatchNormOptions = {}) {
    super()
    checkExtent('BatchNorm', { channels })
    this.weight = affine ? parameter([channels], constantInit(1)) : undefined
    this.bias = affine ? parameter([channels], constantInit(0)) : undefined
    this.running_mean = track ? parameter([channels], constantInit(0), 'buffer') : undefined
    this.running_var = track ? parameter([channels], constantInit(1), 'buffer') : undefined
    this.#channels = channels
    this.#momentum = momentum
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    checkChannels('BatchNorm', x, this.#channels)
    const { weight, bias } = affineOf(this, x)
    const [runningMean, runningVar] = [this.running_mean, this.running_var]
    if (runningMean && runningVar && !isTraining()) return batchNormInference(x, weight, bias, runningMean, runningVar, this.#eps)
    const { y, mean, variance } = batchNorm(x, weight, bias, this.#eps)
    if (runningMean && runningVar) {
      const count = sizeOf(x.shape) / x.shape[1]!
      updateRunning(runningMean, mean, this.#momentum)
      updateRunning(runningVar, mul(variance, count / Math.max(1, count - 1)), this.#momentum)
    }
    return y
  }

  /** In evaluation: while training, all steps of the batch are in its statistics. */
  override reach(): Reach {
    return this.running_mean ? pointwiseReach : wholeReach
  }
}
