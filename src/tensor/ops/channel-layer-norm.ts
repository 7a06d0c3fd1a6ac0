/**
 * Layer normalisation (Ba et al. 2016) of rows with gains and offsets for each channel, which FrameTransformer has at every level. ONNX Runtime's kernel applies them
 * itself where there is one example of several channels (X (c, t, d), scale (c, 1, d), onnxruntime#26613), with sums in float64, and without the passes over memory
 * of Mul and Add, which were 2 % of the snapshot's time.
 */
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sameShape } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { add, mul, sub } from './elementwise.ts'
import { evaluateRows, standardizeWithStatistics, unitGain } from './layer-norm.ts'
import { sumTo } from './movement.ts'
import { mean } from './reduce.ts'

const channelLayerNormPrimitive = definePrimitive<{ readonly eps: number }>('channelLayerNorm', {
  infer: ([x, weight, bias], { eps }) => {
    checkDtypes('channelLayerNorm', [x!, weight!, bias!])
    const needed = [x!.shape[1]!, 1, x!.shape[3]!]
    if (x!.shape.length !== 4 || !sameShape(weight!.shape, needed) || !sameShape(bias!.shape, needed)) {
      const given = [x!, weight!, bias!].map(({ shape }) => formatShape(shape)).join(', ')
      throw new ShapeError('channelLayerNorm', `input, weight and bias ${given}: needs (b, c, t, d), (c, 1, d), (c, 1, d)`)
    }
    if (!(eps >= 0)) throw new ShapeError('channelLayerNorm', `eps ${eps}; allowed are numbers ≥ 0`)
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  // The standardised rows are made again in one pass, and not kept from the forward pass.
  vjp: ({ inputs: [x, weight], cotangents: [ct], attributes: { eps }, needs }) => {
    const { y, inverse } = standardizeWithStatistics(x!, 1, eps)
    const row = { axes: [-1], keepDims: true }
    const dx = () => {
      const gained = mul(ct!, weight!)
      return mul(sub(gained, add(mul(y, mean(mul(gained, y), row)), mean(gained, row))), inverse)
    }
    return [
      needs[0] ? dx() : undefined,
      needs[1] ? sumTo(mul(ct!, y), weight!.shape) : undefined,
      needs[2] ? sumTo(ct!, weight!.shape) : undefined,
    ]
  },
  lower: (emitter, [x, weight, bias], { inputs: [spec], attributes: { eps } }) => {
    const [b, c, t, d] = spec!.shape as [number, number, number, number]
    const attributes = { axis: -1, epsilon: { float: eps } }
    if (b === 1 && c > 1 && emitter.target === 'cpu') {
      const one = emitter.node('Reshape', [x!, emitter.ints([c, t, d])])[0]!
      const normal = emitter.node('LayerNormalization', [one, weight!, bias!], { ...attributes, axis: 2 })[0]!
      return emitter.node('Reshape', [normal, emitter.ints(spec!.shape)])
    }
    const normal = emitter.node('LayerNormalization', [x!, unitGain(emitter, spec!.shape, 1)], attributes)[0]!
    return emitter.node('Add', [...emitter.node('Mul', [normal, weight!]), bias!])
  },
  evaluate: ([x, weight, bias], { eps }) => {
    const [, c, t, d] = x!.shape as [number, number, number, number]
    const at = (i: number) => (Math.floor(i / (t * d)) % c) * d + (i % d)
    const { y } = evaluateRows(x!.data, d, eps)
    return [
      ndarray(
        x!.shape,
        y.map((value, i) => value * weight!.data[at(i)]! + bias!.data[at(i)]!),
      ),
    ]
  },
})

/**
 * Layer normalisation over the last axis with an affine map for each channel: x (b, c, t, d), weight and bias (c, 1, d) → (b, c, t, d).
 *
 * @throws ShapeError for other shapes, a negative eps, or a dtype that is not float32
 *
 * @example
 * const [weight, bias] = [constant([1, 2, 10, 10], [2, 1, 2]), constant([0, 5, 0, 0], [2, 1, 2])]
 * const x = constant([1, 3, 10, 30], [1, 2, 1, 2])
 * const [y] = await evaluate(() => [channelLayerNorm(x, weight, bias, 0)]) // [-1, 7, -10, 10]
 */
export function channelLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  return channelLayerNormPrimitive([x, weight, bias], { eps })[0]!
}
