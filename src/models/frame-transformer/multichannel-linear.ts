/**
 * A matrix over the bins for each channel of a spectrogram (FrameTransformer, carperbr 2023): every frame of every channel is one vector. It may
 * be followed, or where bins stay be replaced, by a matrix over the channels, which is a 1×1 convolution.
 */
import { checkExtent } from '../../nn/check.ts'
import { defaultInit, Module, type Parameter, parameter, pointwiseReach, type Reach } from '../../nn/index.ts'
import { add, formatShape, matmul, mul, reshape, ShapeError, type Tensor, transpose } from '../../tensor/index.ts'

export interface MultichannelLinearSizes {
  readonly inputs: number
  readonly outputs: number
  readonly inputBins: number
  readonly outputBins: number
}

export interface MultichannelLinearOptions {
  /** Whether each channel has a matrix over its bins although their number stays, true by default. */
  readonly positionwise?: boolean
  /** Whether channels are mixed although their number stays, false by default. */
  readonly depthwise?: boolean
  /** False by default. */
  readonly bias?: boolean
}

/**
 * x (b, c, t, i), weight (c, o, i) → (b, c, t, o): y = x Wᵀ in each channel.
 *
 * @throws ShapeError where channels or bins are not those of the weight
 */
export function mapBins(x: Tensor, weight: Tensor): Tensor {
  const [c, o, i] = weight.shape as [number, number, number]
  if (x.shape.length !== 4 || x.shape[1] !== c || x.shape[3] !== i)
    throw new ShapeError('mapBins', `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}: needs (b, c, t, i) and (c, o, i)`)
  return matmul(x, c === 1 ? transpose(reshape(weight, [o, i]), [1, 0]) : transpose(weight, [0, 2, 1]))
}

/** x (b, c, t, f), weight (o, c) → (b, o, t, f). */
function mixChannels(x: Tensor, weight: Tensor): Tensor {
  const [b, c, t, f] = x.shape as [number, number, number, number]
  return reshape(matmul(weight, reshape(x, [b, c, t * f])), [b, weight.shape[0]!, t, f])
}

/**
 * (b, inputs, t, inputBins) → (b, outputs, t, outputBins): `weight_pw` (inputs, outputBins, inputBins), `bias_pw` (inputs, outputBins, 1),
 * `weight_dw` (outputs, inputs), `bias_dw` (outputs, 1, 1).
 */
export class MultichannelLinear extends Module {
  readonly weight_pw: Parameter | undefined
  readonly bias_pw: Parameter | undefined
  readonly weight_dw: Parameter | undefined
  readonly bias_dw: Parameter | undefined

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and where nothing is left to do */
  constructor(
    { inputs, outputs, inputBins, outputBins }: MultichannelLinearSizes,
    { positionwise = true, depthwise = false, bias = false }: MultichannelLinearOptions = {},
  ) {
    super()
    checkExtent('MultichannelLinear', { inputs, outputs, inputBins, outputBins })
    const bins = positionwise || inputBins !== outputBins
    const channels = depthwise || inputs !== outputs
    if (!bins && !channels)
      throw new RangeError('MultichannelLinear: positionwise false and depthwise false; nothing is left of it, give one of them')
    const [ofBins, ofChannels] = [defaultInit(inputBins), defaultInit(inputs)]
    this.weight_pw = bins ? parameter([inputs, outputBins, inputBins], ofBins) : undefined
    this.bias_pw = bins && bias ? parameter([inputs, outputBins, 1], ofBins) : undefined
    this.weight_dw = channels ? parameter([outputs, inputs], ofChannels) : undefined
    this.bias_dw = channels && bias ? parameter([outputs, 1, 1], ofChannels) : undefined
  }

  /** @throws ShapeError for other channels or bins */
  forward(x: Tensor): Tensor {
    const { weight_pw, bias_pw, weight_dw, bias_dw } = this
    // One channel for one channel is a factor: of the small matrix rather than of the map.
    const scalar = weight_dw?.shape.join() === '1,1' && weight_pw && !bias_pw ? reshape(weight_dw, [1, 1, 1]) : undefined
    let y = weight_pw ? mapBins(x, scalar ? mul(weight_pw, scalar) : weight_pw) : x
    if (bias_pw) y = add(y, transpose(bias_pw, [0, 2, 1]))
    if (weight_dw && !scalar) y = mixChannels(y, weight_dw)
    return bias_dw ? add(y, bias_dw) : y
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
