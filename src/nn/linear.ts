/** The fully connected layer: one affine map for every vector of a tensor, whatever axes stand before. */
import { add, formatShape, matmul, ShapeError, type Tensor, transpose } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { defaultInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

/**
 * x Wᵀ + b on the last axis: x (…, in), weight (out, in), bias (out) → (…, out).
 *
 * @throws ShapeError where the shapes do not fit each other
 *
 * @example
 * const weight = constant([1, 0, 0, 1, 1, 1], [3, 2])
 * const [y] = await evaluate(() => [linear(constant([4, 5]), weight, constant([10, 20, 30]))]) // [14, 25, 39]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.shape
  if (weight.shape.length !== 2 || x.shape.at(-1) !== inputs || (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))) {
    const given = bias ? `, bias ${formatShape(bias.shape)}` : ''
    throw new ShapeError(
      'linear',
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}${given}: needs (…, in), (out, in)${bias ? ', (out)' : ''}`,
    )
  }
  const y = matmul(x, transpose(weight, [1, 0]))
  return bias ? add(y, bias) : y
}

export interface LinearOptions {
  /** True by default. */
  readonly bias?: boolean
}

/** y = x Wᵀ + b on the last axis, (…, in) → (…, out): `weight` (out, in), `bias` (out), drawn uniformly from ±1/√in as in PyTorch. */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined

  /** @throws RangeError for numbers of features that are no whole numbers ≥ 1 */
  constructor(inputs: number, outputs: number, { bias = true }: LinearOptions = {}) {
    super()
    checkExtent('Linear', { inputs, outputs })
    this.weight = parameter([outputs, inputs], defaultInit(inputs))
    this.bias = bias ? parameter([outputs], defaultInit(inputs)) : undefined
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
