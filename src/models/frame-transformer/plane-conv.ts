/** Convolution of (b, c, t, f) with kernels that are stored the other way round, (o, c, kf, kt), as networks over (b, c, f, t) have them. */
import { checkExtent } from '../../nn/check.ts'
import { addPerChannel, defaultInit, Module, type Parameter, parameter, type Reach, windowReach } from '../../nn/index.ts'
import { conv2d, type Tensor, transpose } from '../../tensor/index.ts'
import { foldedConv2d, gainsByFolding } from './folded-conv.ts'

/** A number for both axes, or that of the bins and that of the frames. */
export type PerAxis = number | readonly [bins: number, frames: number]

export interface PlaneConvOptions {
  readonly padding?: PerAxis
  readonly stride?: PerAxis
  readonly groups?: number
  /** True by default. */
  readonly bias?: boolean
}

/** A number for both, or (bins, frames) → [frames, bins]. */
function turned(value: PerAxis): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : [value[1], value[0]]
}

/** (b, inputs, t, f) → (b, outputs, t', f'): `weight` (outputs, inputs/groups, kf, kt), `bias` (outputs), both from ±1/√fanIn as in PyTorch. */
export class PlaneConv extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  readonly #stride: readonly [number, number]
  readonly #padding: readonly [number, number]
  readonly #groups: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 and groups that do not divide the channels */
  constructor(
    inputs: number,
    outputs: number,
    kernel: PerAxis,
    { padding = 0, stride = 1, groups = 1, bias = true }: PlaneConvOptions = {},
  ) {
    super()
    const [frames, bins] = turned(kernel)
    checkExtent('PlaneConv', { inputs, outputs, frames, bins, groups })
    if (inputs % groups !== 0 || outputs % groups !== 0)
      throw new RangeError(`PlaneConv: ${inputs} inputs, ${outputs} outputs, groups ${groups}; groups have to divide both`)
    const start = defaultInit((inputs / groups) * frames * bins)
    this.weight = parameter([outputs, inputs / groups, bins, frames], start)
    this.bias = bias ? parameter([outputs], start) : undefined
    this.#stride = turned(stride)
    this.#padding = turned(padding)
    this.#groups = groups
  }

  /** @throws ShapeError for other channels */
  forward(x: Tensor): Tensor {
    const kernel = transpose(this.weight, [0, 1, 3, 2])
    const [stride, padding, groups] = [this.#stride, this.#padding, this.#groups]
    const folds = stride.every((step) => step === 1) && x.shape[1] === kernel.shape[1]! * groups && gainsByFolding(x, kernel, groups)
    const y = folds ? foldedConv2d(x, kernel, { padding, groups }) : conv2d(x, kernel, { stride, padding, groups })
    return this.bias ? addPerChannel(y, this.bias) : y
  }

  override reach(): Reach {
    return windowReach(this.weight.shape[3]!, this.#stride[0], this.#padding[0], 1)
  }
}
