/**
 * The residual block of FrameTransformer's convolutions (carperbr 2023): norm, convolution, squared ReLU (So et al. 2021, "Primer", arXiv
 * 2109.08668), convolution, beside a 1×1 convolution where extents or channels change.
 */
import { checkProbability } from '../../nn/check.ts'
import { chainReach, channelDropout, dropout, Module, type Reach, squaredRelu } from '../../nn/index.ts'
import { add, type Tensor } from '../../tensor/index.ts'
import { MultichannelLayerNorm } from './norms.ts'
import { type PerAxis, PlaneConv } from './plane-conv.ts'

/** What training drops: whole maps of an example or single values. */
export type DropoutMode = 'channels' | 'elements'

/** As its mode says. */
function dropped(x: Tensor, p: number, mode: DropoutMode): Tensor {
  return mode === 'channels' ? channelDropout(x, p) : dropout(x, p)
}

export interface ResBlockOptions {
  /** 3 by default. */
  readonly kernel?: number
  /** 1 by default. */
  readonly padding?: number
  /** Whether the second convolution has the stride, false by default. */
  readonly downsample?: boolean
  /** Of bins and frames, (2, 1) by default. */
  readonly stride?: PerAxis
  /** Of the branch, 0 by default. */
  readonly dropout?: number
  /** 'channels' by default; the published snapshot has 'elements'. */
  readonly dropoutMode?: DropoutMode
  /** Of the norm, 1e-8 by default. */
  readonly eps?: number
}

/** (b, inputs, t, bins) → (b, outputs, t', bins'): `norm`, `conv1.weight`, `conv2.weight`, `identity.weight`. No convolution has a bias. */
export class ResBlock extends Module {
  readonly norm: MultichannelLayerNorm
  readonly conv1: PlaneConv
  readonly conv2: PlaneConv
  readonly identity: PlaneConv | undefined
  readonly #dropout: number
  readonly #mode: DropoutMode

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and a dropout outside 0…1 */
  constructor(inputs: number, outputs: number, bins: number, options: ResBlockOptions = {}) {
    super()
    const { kernel = 3, padding = 1, downsample = false, dropout = 0, dropoutMode = 'channels', eps = 1e-8 } = options
    checkProbability('ResBlock', { dropout })
    const stride = downsample ? (options.stride ?? [2, 1]) : 1
    this.norm = new MultichannelLayerNorm(inputs, bins, { eps })
    this.conv1 = new PlaneConv(inputs, outputs, kernel, { padding, bias: false })
    this.conv2 = new PlaneConv(outputs, outputs, kernel, { padding, stride, bias: false })
    this.identity = inputs !== outputs || downsample ? new PlaneConv(inputs, outputs, 1, { stride, bias: false }) : undefined
    this.#dropout = dropout
    this.#mode = dropoutMode
  }

  /** @throws ShapeError for other channels or bins */
  forward(x: Tensor): Tensor {
    const h = this.conv2.forward(squaredRelu(this.conv1.forward(this.norm.forward(x))))
    return add(this.identity ? this.identity.forward(x) : x, dropped(h, this.#dropout, this.#mode))
  }

  /** The branch's: the way beside it lies within. */
  override reach(): Reach {
    return chainReach([this.conv1.reach(), this.conv2.reach()])
  }
}
