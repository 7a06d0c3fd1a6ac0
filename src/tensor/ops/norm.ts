/** Batch normalisation: in training mode as one kernel that also gives the statistics, and with fixed statistics. */
import { dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape } from '../shape.ts'
import { checkDtypes, type Emitter, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { plainConvolution } from './conv-upsampled.ts'
import { add, div, mul, sqrt, sub } from './elementwise.ts'
import { reshape, sum } from './movement.ts'

function channelAxes(x: Tensor): number[] {
  return x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))
}

/** (c) → (1, c, 1, …) beside x (b, c, …). */
function perChannel(values: Tensor, x: Tensor): Tensor {
  return reshape(
    values,
    x.shape.map((extent, axis) => (axis === 1 ? extent : 1)),
  )
}

function checkChannels(who: string, x: TensorSpec, perChannel: Readonly<Record<string, TensorSpec>>): void {
  const specs = Object.entries(perChannel)
  if (x.shape.length < 2 || specs.some(([, { shape }]) => shape.length !== 1 || shape[0] !== x.shape[1])) {
    const given = specs.map(([name, { shape }]) => `, ${name} ${formatShape(shape)}`).join('')
    throw new ShapeError(who, `input ${formatShape(x.shape)}${given}: needs (b, c, …)${', (c)'.repeat(specs.length)}`)
  }
  checkDtypes(who, [x, ...Object.values(perChannel)])
}

/** ONNX Runtime's kernel for WebGPU refuses training mode when it runs. */
function lowerWithoutKernel(emitter: Emitter, [x, weight, bias]: readonly [string, string, string], { shape }: TensorSpec, eps: number) {
  const axes = emitter.ints(shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])))
  const beside = emitter.ints(shape.map((extent, axis) => (axis === 1 ? extent : 1)))
  const flat = emitter.ints([shape[1]!])
  const one = (opType: string, ...from: string[]) => emitter.node(opType, from)[0]!
  const mean = one('ReduceMean', x, axes)
  const centred = one('Sub', x, mean)
  const variance = one('ReduceMean', one('Mul', centred, centred), axes)
  const deviation = one('Sqrt', one('Add', variance, emitter.floats([eps], [])))
  const gain = one('Div', one('Reshape', weight, beside), deviation)
  const y = one('Add', one('Mul', centred, gain), one('Reshape', bias, beside))
  return [y, one('Reshape', mean, flat), one('Reshape', variance, flat)]
}

const batchNormPrimitive = definePrimitive<{ eps: number }>('batchNorm', {
  infer: ([x, weight, bias]) => {
    checkChannels('batchNorm', x!, { weight: weight!, bias: bias! })
    const channel = { shape: [x!.shape[1]!], dtype: 'float32' } as const
    return [{ shape: x!.shape, dtype: 'float32' }, channel, channel]
  },
  vjp: ({ inputs: [x, weight], outputs: [, mean, variance], cotangents: [ct, ctMean, ctVariance], attributes: { eps }, needs }) => {
    if (ctMean || ctVariance)
      throw new ShapeError('batchNorm', 'has no derivative through its batch statistics: use them for running averages only')
    const axes = channelAxes(x!)
    const count = axes.reduce((n, axis) => n * x!.shape[axis]!, 1)
    const inverse = div(1, sqrt(add(variance!, eps)))
    // Centred: from raw moments the gradient loses four digits to cancellation (measured, 2.4e-4 against 1.7e-7).
    const centred = sub(x!, perChannel(mean!, x!))
    const dBias = sum(ct!, { axes })
    const dWeight = mul(sum(mul(ct!, centred), { axes }), inverse)
    if (!needs[0]) return [undefined, dWeight, dBias]
    const gain = mul(weight!, inverse)
    const slope = mul(mul(gain, mul(inverse, dWeight)), 1 / count)
    const shift = mul(mul(gain, dBias), 1 / count)
    const dx = sub(mul(ct!, perChannel(gain, x!)), add(mul(centred, perChannel(slope, x!)), perChannel(shift, x!)))
    return [dx, dWeight, dBias]
  },
  // momentum 0 turns the running outputs into the batch's mean and biased variance. The kernel writes these over its input statistics, and
  // ONNX Runtime stores equal constants once: as constants the statistics of one node would overwrite those of another (gradients wrong by
  // more than their size, hardly visible in the loss), and a NaN would stay for ever. So they are made afresh in every run, from x itself.
  lower: (emitter, [x, weight, bias], { attributes: { eps }, inputs: [spec] }) => {
    if (emitter.target === 'webgpu') return lowerWithoutKernel(emitter, [x!, weight!, bias!], spec!, eps)
    const axes = spec!.shape.map((_, axis) => axis)
    const first = emitter.node('Slice', [
      x!,
      emitter.ints(axes.map(() => 0)),
      emitter.ints(spec!.shape.map((n, axis) => (axis === 1 ? n : 1))),
      emitter.ints(axes),
    ])[0]!
    const channel = emitter.node('Reshape', [first, emitter.ints([spec!.shape[1]!])])[0]!
    const [mean, variance] = [0, 1e-38].map((factor) => emitter.node('Mul', [channel, emitter.floats([factor], [])])[0]!) as [
      string,
      string,
    ]
    return emitter.node(
      'BatchNormalization',
      [x!, weight!, bias!, mean, variance],
      { epsilon: { float: eps }, momentum: { float: 0 }, training_mode: 1 },
      3,
    )
  },
  evaluate: ([x, weight, bias], { eps }) => {
    const channels = x!.shape[1]!
    const count = x!.data.length / channels
    const strides = x!.shape.map((_, axis) => (axis === 1 ? 1 : 0))
    const [mean, variance, y] = [ndarray([channels]), ndarray([channels]), ndarray(x!.shape)]
    const visit = (f: (flat: number, channel: number) => void) => forEachIndex(x!.shape, (flat, index) => f(flat, dot(index, strides)))
    visit((flat, c) => {
      mean.data[c]! += x!.data[flat]! / count
    })
    visit((flat, c) => {
      variance.data[c]! += (x!.data[flat]! - mean.data[c]!) ** 2 / count
    })
    visit((flat, c) => {
      y.data[flat] = ((x!.data[flat]! - mean.data[c]!) / Math.sqrt(variance.data[c]! + eps)) * weight!.data[c]! + bias!.data[c]!
    })
    return [y, mean, variance]
  },
})

/**
 * Batch normalisation in training mode over all axes but channels (Ioffe & Szegedy 2015).
 * x (b, c, …), weight (c), bias (c) → y (b, c, …), the batch's mean (c) and biased variance (c).
 */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): { y: Tensor; mean: Tensor; variance: Tensor } {
  const [y, mean, variance] = batchNormPrimitive([x, weight, bias], { eps })
  return { y: y!, mean: mean!, variance: variance! }
}

/** The affine map of batch normalisation with fixed statistics (evaluation mode); ONNX Runtime folds it into the convolution before. */
export function batchNormInference(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, eps = 1e-5): Tensor {
  return inferencePrimitive([plainConvolution(x), weight, bias, mean, variance], { eps })[0]!
}

const inferencePrimitive = definePrimitive<{ eps: number }>('batchNormInference', {
  infer: ([x, weight, bias, mean, variance]) => {
    checkChannels('batchNormInference', x!, { weight: weight!, bias: bias!, mean: mean!, variance: variance! })
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  vjp: ({ inputs: [x, weight, , mean, variance], cotangents: [ct], attributes: { eps }, needs }) => {
    if (needs[3] || needs[4])
      throw new ShapeError('batchNormInference', 'statistics are fixed: no derivative with respect to mean or variance')
    const inverse = div(1, sqrt(add(variance!, eps)))
    const axes = channelAxes(x!)
    return [
      needs[0] ? mul(ct!, perChannel(mul(weight!, inverse), x!)) : undefined,
      needs[1] ? mul(sum(mul(ct!, sub(x!, perChannel(mean!, x!))), { axes }), inverse) : undefined,
      needs[2] ? sum(ct!, { axes }) : undefined,
    ]
  },
  lower: (emitter, inputs, { attributes: { eps } }) => emitter.node('BatchNormalization', inputs, { epsilon: { float: eps } }),
  evaluate: ([x, weight, bias, mean, variance], { eps }) => {
    const y = ndarray(x!.shape)
    forEachIndex(x!.shape, (flat, [, c]) => {
      y.data[flat] = ((x!.data[flat]! - mean!.data[c!]!) / Math.sqrt(variance!.data[c!]! + eps)) * weight!.data[c!]! + bias!.data[c!]!
    })
    return [y]
  },
})
