/** A square convolution, then a matrix over the bins of each channel (FrameTransformer, carperbr 2023): what is near in time first, then all bins. */
import { checkExtent } from '../../nn/check.ts'
import { defaultInit, Module, type Parameter, parameter, type Reach } from '../../nn/index.ts'
import { add, type Tensor, transpose } from '../../tensor/index.ts'
import { type MultichannelLinearSizes, mapBins } from './multichannel-linear.ts'
import { PlaneConv } from './plane-conv.ts'

export interface FrameConvOptions {
  /** Side of the square, 3 by default. */
  readonly kernel?: number
  /** 1 by default. */
  readonly padding?: number
  /** 1 by default; as many as there are channels, in the networks. */
  readonly groups?: number
  /** Of the matrix; the convolution always has one. False by default. */
  readonly bias?: boolean
}

/**
 * (b, inputs, t, inputBins) → (b, outputs, t, outputBins): `conv.weight` (outputs, inputs/groups, k, k), `conv.bias` (outputs), `weight_pw`
 * (outputs, outputBins, inputBins), `bias_pw` (outputs, outputBins, 1).
 */
export class FrameConv extends Module {
  readonly weight_pw: Parameter
  readonly bias_pw: Parameter | undefined
  readonly conv: PlaneConv

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 and groups that do not divide the channels */
  constructor(sizes: MultichannelLinearSizes, { kernel = 3, padding = 1, groups = 1, bias = false }: FrameConvOptions = {}) {
    super()
    const { inputs, outputs, inputBins, outputBins } = sizes
    checkExtent('FrameConv', { inputs, outputs, inputBins, outputBins })
    const start = defaultInit(inputBins)
    this.weight_pw = parameter([outputs, outputBins, inputBins], start)
    this.bias_pw = bias ? parameter([outputs, outputBins, 1], start) : undefined
    this.conv = new PlaneConv(inputs, outputs, kernel, { padding, groups })
  }

  /** @throws ShapeError for other channels or bins */
  forward(x: Tensor): Tensor {
    const y = mapBins(this.conv.forward(x), this.weight_pw)
    return this.bias_pw ? add(y, transpose(this.bias_pw, [0, 2, 1])) : y
  }

  override reach(): Reach {
    return this.conv.reach()
  }
}

/** One whose channels stay apart and whose extents stay: (b, c, t, f) → (b, c, t, f). */
export function sameFrameConv(channels: number, bins: number, kernel: number): FrameConv {
  const sizes = { inputs: channels, outputs: channels, inputBins: bins, outputBins: bins }
  return new FrameConv(sizes, { kernel, padding: (kernel - 1) / 2, groups: channels })
}
