/**
 * The norms of FrameTransformer (carperbr 2023): layer normalisation (Ba et al. 2016, arXiv 1607.06450) of each frame's bins with gains for each
 * channel and bin, and of each bin's channels.
 */
import { checkExtent } from '../../nn/check.ts'
import { constantInit, Module, type Parameter, parameter, pointwiseReach, type Reach } from '../../nn/index.ts'
import { channelLayerNorm, formatShape, layerNorm, reshape, ShapeError, type Tensor, transpose } from '../../tensor/index.ts'

/** Rows of one channel up to which sums in float64 (channel-layer-norm.ts), which cost two more passes, are worth it: with eps 1e-8 short rows amplify rounding most. */
const few = 16

export interface MultichannelLayerNormOptions {
  /**
   * Added to the variance, 1e-8 by default as in the original. With two bins that makes a norm of ±1 whose derivative is 10⁴ where the bins are nearly equal:
   * networks that are made small and trained anew are better off with 1e-5.
   */
  readonly eps?: number
  /** False for gains and offsets that stay 1 and 0, kept as buffers. */
  readonly trainable?: boolean
}

/** (b, c, t, f) → (b, c, t, f), over f: `weight` and `bias` (c, 1, f). One bin gives its bias. */
export class MultichannelLayerNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter
  readonly #eps: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(channels: number, bins: number, { eps = 1e-8, trainable = true }: MultichannelLayerNormOptions = {}) {
    super()
    checkExtent('MultichannelLayerNorm', { channels, bins })
    const role = trainable ? 'parameter' : 'buffer'
    this.weight = parameter([channels, 1, bins], constantInit(1), role)
    this.bias = parameter([channels, 1, bins], constantInit(0), role)
    this.#eps = eps
  }

  /** @throws ShapeError for other channels or bins */
  forward(x: Tensor): Tensor {
    const [channels, , bins] = this.weight.shape as [number, number, number]
    if (x.shape.length !== 4 || x.shape[1] !== channels || x.shape[3] !== bins)
      throw new ShapeError('MultichannelLayerNorm', `input ${formatShape(x.shape)}; needs (b, ${channels}, t, ${bins})`)
    if (channels === 1 && bins > few) return layerNorm(x, reshape(this.weight, [bins]), reshape(this.bias, [bins]), this.#eps)
    return channelLayerNorm(x, this.weight, this.bias, this.#eps)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/** The affine map of ChannelNorm, which has a place of its own in state dicts. */
class Gains extends Module {
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(channels: number) {
    super()
    this.weight = parameter([channels], constantInit(1))
    this.bias = parameter([channels], constantInit(0))
  }

  forward(x: Tensor, eps: number): Tensor {
    return layerNorm(x, this.weight, this.bias, eps)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/** (b, c, t, f) → (b, c, t, f), over c: `norm.weight` and `norm.bias` (c). */
export class ChannelNorm extends Module {
  readonly norm: Gains
  readonly #eps: number

  /** @throws RangeError for channels that are no whole number ≥ 1 */
  constructor(channels: number, { eps = 1e-5 }: { readonly eps?: number } = {}) {
    super()
    checkExtent('ChannelNorm', { channels })
    this.norm = new Gains(channels)
    this.#eps = eps
  }

  /** @throws ShapeError for other channels */
  forward(x: Tensor): Tensor {
    const [channels] = this.norm.weight.shape as [number]
    if (x.shape.length !== 4 || x.shape[1] !== channels)
      throw new ShapeError('ChannelNorm', `input ${formatShape(x.shape)}; needs (b, ${channels}, t, f)`)
    return transpose(this.norm.forward(transpose(x, [0, 2, 3, 1]), this.#eps), [0, 3, 1, 2])
  }
}
