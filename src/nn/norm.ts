/**
 * Normalisation within each example as layers: layer (Ba et al. 2016, arXiv 1607.06450), instance (Ulyanov et al. 2016, arXiv 1607.08022) and
 * group normalisation (Wu & He 2018, arXiv 1803.08494). Group norm with one group is layer norm over (c, …), with c groups instance norm.
 */
import { constant, formatShape, groupNorm, layerNorm, type Shape, ShapeError, standardize, type Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { constantInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { pointwiseReach, type Reach, wholeReach } from './reach.ts'

interface Affine {
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
}

/** A layer's gain and offset per channel, 1 and 0 where it has none: x (b, c, …) → (c), (c). */
export function affineOf({ weight, bias }: Affine, { shape }: Tensor): { weight: Tensor; bias: Tensor } {
  const all = (value: number) => constant(new Float64Array(shape[1] ?? 1).fill(value))
  return { weight: weight ?? all(1), bias: bias ?? all(0) }
}

/** Refuses another number of channels than a layer has; one without parameters would not notice. */
export function checkChannels(who: string, x: Tensor, channels: number): void {
  if (x.shape[1] !== channels) throw new ShapeError(who, `input ${formatShape(x.shape)}; needs (b, ${channels}, …)`)
}

export interface NormOptions {
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number
  /** Whether `weight` and `bias` follow; true by default, but not for InstanceNorm, as in PyTorch. */
  readonly affine?: boolean
}

/** Zero mean and unit variance over the last axes, (…, d…) → (…, d…): `weight` and `bias` (d…). */
export class LayerNorm extends Module {
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
  readonly #shape: Shape
  readonly #eps: number

  /**
   * @param shape extents of the axes that are normalised, a number for the last alone
   * @throws RangeError for no axes and for extents that are no whole numbers ≥ 1
   */
  constructor(shape: number | Shape, { eps = 1e-5, affine = true }: NormOptions = {}) {
    super()
    this.#shape = typeof shape === 'number' ? [shape] : shape
    if (this.#shape.length === 0) throw new RangeError('LayerNorm: shape []; needs at least one axis')
    for (const extent of this.#shape) checkExtent('LayerNorm', { shape: extent })
    this.weight = affine ? parameter(this.#shape, constantInit(1)) : undefined
    this.bias = affine ? parameter(this.#shape, constantInit(0)) : undefined
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    if (this.weight && this.bias) return layerNorm(x, this.weight, this.bias, this.#eps)
    const axes = this.#shape.length
    if (x.shape.length < axes || x.shape.slice(-axes).some((extent, axis) => extent !== this.#shape[axis])) {
      throw new ShapeError('LayerNorm', `input ${formatShape(x.shape)}; its last axes need to be ${formatShape(this.#shape)}`)
    }
    return standardize(x, axes, this.#eps)
  }

  /** One axis is taken for features, several for time among them. */
  override reach(): Reach {
    return this.#shape.length === 1 ? pointwiseReach : wholeReach
  }
}

/** Each group of neighbouring channels of each example normalised together, (b, c, …) → (b, c, …): `weight` and `bias` (c). */
export class GroupNorm extends Module {
  readonly weight: Parameter | undefined
  readonly bias: Parameter | undefined
  readonly #groups: number
  readonly #channels: number
  readonly #eps: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 and groups that do not divide the channels */
  constructor(groups: number, channels: number, { eps = 1e-5, affine = true }: NormOptions = {}) {
    super()
    checkExtent('GroupNorm', { groups, channels })
    if (channels % groups !== 0) throw new RangeError(`GroupNorm: ${groups} groups of ${channels} channels; groups have to divide them`)
    this.weight = affine ? parameter([channels], constantInit(1)) : undefined
    this.bias = affine ? parameter([channels], constantInit(0)) : undefined
    this.#groups = groups
    this.#channels = channels
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    checkChannels('GroupNorm', x, this.#channels)
    const { weight, bias } = affineOf(this, x)
    return groupNorm(x, this.#groups, weight, bias, this.#eps)
  }

  override reach(): Reach {
    return wholeReach
  }
}
