/**
 * Normalisation of groups of channels of each example (Wu & He 2018), of which one group per channel is instance normalisation
 * (Ulyanov et al. 2016).
 */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sizeOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { add, mul, sub } from './arithmetic.ts'
import { evaluateRows, standardizeWithStatistics, unitGain } from './layer-norm.ts'
import { reshape, sum } from './movement.ts'

interface Attributes {
  readonly groups: number
  readonly eps: number
}

/** (c) → (c, 1, …) beside x (b, c, …). */
function channelShape({ shape }: TensorSpec): Shape {
  return [shape[1]!, ...shape.slice(2).map(() => 1)]
}

const groupNormPrimitive = definePrimitive<Attributes>('groupNorm', {
  infer: ([x, weight, bias]) => {
    checkDtypes('groupNorm', [x!, weight!, bias!])
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  // Sums per example and channel are all that weight, bias and the groups' means need: ct is read for them once, and ct · normal once.
  vjp: ({ inputs: [x, weight], cotangents: [ct], attributes: { groups, eps }, needs }) => {
    const [batch, channels, ...positions] = x!.shape as [number, number, ...number[]]
    const size = sizeOf(x!.shape) / (batch * groups)
    const { y, inverse } = standardizeWithStatistics(reshape(x!, [batch, groups, size]), 1, eps)
    const normal = reshape(y, x!.shape)
    const overPositions = (values: Tensor) => sum(reshape(values, [batch, channels, sizeOf(positions)]), { axes: [2] })
    const [ofCt, ofProduct] = [overPositions(ct!), overPositions(mul(ct!, normal))]
    const perGroup = (sums: Tensor) => {
      const total = sum(reshape(mul(sums, weight!), [batch, groups, channels / groups]), { axes: [2], keepDims: true })
      return mul(mul(total, inverse), 1 / size)
    }
    const dx = () => {
      const gain = mul(inverse, reshape(weight!, [groups, channels / groups]))
      const direct = mul(ct!, reshape(gain, [batch, ...channelShape(x!)]))
      return sub(direct, reshape(add(mul(y, perGroup(ofProduct)), perGroup(ofCt)), x!.shape))
    }
    return [
      needs[0] ? dx() : undefined,
      needs[1] ? sum(ofProduct, { axes: [0] }) : undefined,
      needs[2] ? sum(ofCt, { axes: [0] }) : undefined,
    ]
  },
  // GroupNormalization is no kernel of ONNX Runtime but a function of 24 nodes: 14 ms on 34 MB, a row-wise kernel and an affine map 10.
  lower: (emitter, [x, weight, bias], { inputs: [spec], attributes: { groups, eps } }) => {
    const [batch, channels] = spec!.shape as [number, number]
    const epsilon = { float: eps }
    if (groups === channels && spec!.shape.length > 2) return emitter.node('InstanceNormalization', [x!, weight!, bias!], { epsilon })
    const one = (opType: string, inputs: readonly string[], attributes = {}) => emitter.node(opType, inputs, attributes)[0]!
    const row = sizeOf(spec!.shape) / (batch * groups)
    const shape = [batch, groups, row]
    const rows = one('Reshape', [x!, emitter.ints(shape)])
    const normal = one('Reshape', [
      one('LayerNormalization', [rows, unitGain(emitter, shape, 1)], { axis: -1, epsilon }),
      emitter.ints(spec!.shape),
    ])
    const [w, b] = [weight!, bias!].map((values) => one('Reshape', [values, emitter.ints(channelShape(spec!))])) as [string, string]
    return emitter.node('Add', [one('Mul', [normal, w]), b])
  },
  evaluate: ([x, weight, bias], { groups, eps }) => {
    const { y } = evaluateRows(x!.data, sizeOf(x!.shape) / (x!.shape[0]! * groups), eps)
    const out = ndarray(x!.shape)
    forEachIndex(x!.shape, (flat, [, c]) => {
      out.data[flat] = y[flat]! * weight!.data[c!]! + bias!.data[c!]!
    })
    return [out]
  },
})

function check(who: string, x: Tensor, weight: Tensor, bias: Tensor, eps: number): void {
  if (x.shape.length < 2 || [weight, bias].some(({ shape }) => shape.length !== 1 || shape[0] !== x.shape[1])) {
    throw new ShapeError(
      who,
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}, bias ${formatShape(bias.shape)}: needs (b, c, …), (c), (c)`,
    )
  }
  if (!(eps >= 0)) throw new ShapeError(who, `eps ${eps}; allowed are numbers ≥ 0`)
}

/**
 * Normalises each channel of each example over its positions, then scales and shifts per channel: x (b, c, …), weight (c), bias (c).
 *
 * @throws ShapeError where weight and bias have not one value per channel, the input has no axis after them, or a dtype is not float32
 *
 * @example
 * const x = constant([1, 3, 10, 30], [1, 2, 2])
 * const [y] = await evaluate(() => [instanceNorm(x, constant([1, 2]), constant([0, 5]), 0)]) // [-1, 1, 3, 7]
 */
export function instanceNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  check('instanceNorm', x, weight, bias, eps)
  if (x.shape.length < 3) throw new ShapeError('instanceNorm', `input ${formatShape(x.shape)} has no positions: needs (b, c, n, …)`)
  return groupNormPrimitive([x, weight, bias], { groups: x.shape[1]!, eps })[0]!
}

/**
 * Normalises groups of neighbouring channels of each example together, then scales and shifts per channel: x (b, c, …), weight (c), bias (c).
 *
 * @param groups divides c
 * @throws ShapeError where the groups do not divide the channels, weight and bias have not one value per channel, or a dtype is not float32
 *
 * @example
 * const x = constant([1, 1, 3, 3], [1, 2, 2])
 * const [y] = await evaluate(() => [groupNorm(x, 1, constant([1, 2]), constant([0, 5]), 0)]) // [-1, -1, 7, 7]
 */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  check('groupNorm', x, weight, bias, eps)
  const channels = x.shape[1]!
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError('groupNorm', `${groups} groups of ${channels} channels; allowed are divisors of the number of channels`)
  }
  return groupNormPrimitive([x, weight, bias], { groups, eps })[0]!
}
