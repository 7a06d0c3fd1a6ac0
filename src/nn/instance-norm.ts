/** Instance normalisation as a layer (Ulyanov et al. 2016, arXiv 1607.08022): each channel of each example by itself. */
import { batchNormInference, instanceNorm, mean, mul, sizeOf, type Tensor, variance } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { constantInit } from './init.ts'
import { isTraining, updateRunning } from './mode.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { affineOf, checkChannels, type NormOptions } from './norm.ts'
import { pointwiseReach, type Reach, wholeReach } from './reach.ts'

export interface InstanceNormOptions extends NormOptions {
  /** Whether evaluation uses running statistics, means over the examples seen; false by default. */
  readonly track?: boolean
  /** Weight of a batch in the running statistics, 0.1 by default. */
  readonly momentum?: number
}

/** (b, c, …) normalised over the axes after the channels: PyTorch's InstanceNorm1d to 3d in one, without `weight` and `bias` by default. */
export class InstanceNorm extends Module {
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
  readonly running_mean: Parameter | undefined
  readonly running_var: Parameter | undefined
  readonly #channels: number
  readonly #momentum: number
  readonly #eps: number

  /** @throws RangeError for a number of channels that is no whole number ≥ 1 */
  constructor(channels: number, { eps = 1e-5, affine = false, track = false, momentum = 0.1 }: InstanceNormOptions = {}) {
    super()
    checkExtent('InstanceNorm', { channels })
    this.weight = affine ? parameter([channels], constantInit(1)) : undefined
    this.bias = affine ? parameter([channels], constantInit(0)) : undefined
    this.running_mean = track ? parameter([channels], constantInit(0), 'buffer') : undefined
    this.running_var = track ? parameter([channels], constantInit(1), 'buffer') : undefined
    this.#channels = channels
    this.#momentum = momentum
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    checkChannels('InstanceNorm', x, this.#channels)
    const { weight, bias } = affineOf(this, x)
    if (this.running_mean && this.running_var) {
      if (!isTraining()) return batchNormInference(x, weight, bias, this.running_mean, this.running_var, this.#eps)
      const axes = x.shape.map((_, axis) => axis).slice(2)
      const count = sizeOf(x.shape.slice(2))
      const spread = mean(variance(x, { axes, correction: 0 }), { axes: [0] })
      updateRunning(this.running_mean, mean(x, { axes: [0, ...axes] }), this.#momentum)
      updateRunning(this.running_var, mul(spread, count / Math.max(1, count - 1)), this.#momentum)
    }
    return instanceNorm(x, weight, bias, this.#eps)
  }

  override reach(): Reach {
    return this.running_mean ? pointwiseReach : wholeReach
  }
}
