/**
 * Random numbers in the graph, each a function of a key and a shape: equal keys give equal numbers, bit for bit the same uniform numbers and
 * the same choices on every backend. None has a derivative.
 */
import { onnxElementType } from '../dtype.ts'
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { type Shape, sizeOf } from '../shape.ts'
import { constant, ShapeError, type Tensor } from '../tensor.ts'
import { mul } from './arithmetic.ts'
import { cos, log, sin, sqrt } from './elementwise.ts'
import { expand, reshape } from './movement.ts'
import { argsort } from './order.ts'
import { checkKey, emitBits, evaluateBits } from './random-bits.ts'
import { concat, narrow } from './slicing.ts'

function checkShape(who: string, shape: Shape): void {
  if (shape.every((extent) => Number.isInteger(extent) && extent >= 1) && sizeOf(shape) <= 2 ** 31) return
  throw new ShapeError(who, `shape [${shape}]; allowed are extents that are whole numbers ≥ 1, 2³¹ elements at most`)
}

/** float32(bits) reaches 2³² by rounding; this factor keeps its product below 1. */
const scale = 2 ** -32 * (1 - 2 ** -24)

const uniformPrimitive = definePrimitive<{ shape: Shape; stream: number }>('uniform', {
  infer: ([key], { shape }) => {
    checkKey('uniform', key!)
    checkShape('uniform', shape)
    return [{ shape, dtype: 'float32' }]
  },
  vjp: () => [undefined],
  lower: (emitter, [key], { attributes: { shape, stream } }) => {
    const bits = emitBits(emitter, key!, shape, stream)
    return emitter.node('Mul', [emitter.node('Cast', [bits], { to: onnxElementType.float32 })[0]!, emitter.floats([scale], [])])
  },
  evaluate: ([key], { shape, stream }) => [
    ndarray(
      shape,
      Float64Array.from(evaluateBits(key!, sizeOf(shape), stream), (bits) => Math.fround(Math.fround(bits) * scale)),
    ),
  ],
})

/**
 * Numbers between 0 and 1, both excluded, with 24 random bits and more where they are small.
 *
 * @throws ShapeError where the key is no int32 (2), or for a shape that is none
 *
 * @example
 * const [x] = await evaluate(() => [uniform(randomKey(1), [3])])
 * x!.every((value) => value > 0 && value < 1) // true
 */
export function uniform(key: Tensor, shape: Shape): Tensor {
  return uniformPrimitive([key], { shape, stream: 0 })[0]!
}

/**
 * Normal numbers of mean 0 and deviation 1 (Box & Muller 1958); the largest possible is 6.7.
 *
 * @throws ShapeError where the key is no int32 (2), or for a shape that is none
 *
 * @example
 * normal(randomKey(1), [2, 3]).shape // [2, 3]
 */
export function normal(key: Tensor, shape: Shape): Tensor {
  checkKey('normal', key)
  checkShape('normal', shape)
  const n = sizeOf(shape)
  const pairs = Math.ceil(n / 2)
  const radius = sqrt(mul(log(uniformPrimitive([key], { shape: [pairs], stream: 1 })[0]!), -2))
  const angle = mul(uniformPrimitive([key], { shape: [pairs], stream: 2 })[0]!, 2 * Math.PI)
  const both = concat([mul(radius, cos(angle)), mul(radius, sin(angle))], 0)
  return reshape(n === 2 * pairs ? both : narrow(both, 0, 0, n), shape)
}

const bernoulliPrimitive = definePrimitive<{ shape: Shape; below: number }>('bernoulli', {
  infer: ([key], { shape }) => {
    checkKey('bernoulli', key!)
    checkShape('bernoulli', shape)
    return [{ shape, dtype: 'bool' }]
  },
  vjp: () => [undefined],
  lower: (emitter, [key], { attributes: { shape, below } }) =>
    emitter.node('Less', [emitBits(emitter, key!, shape, 0), emitter.constant([below], [], 'uint32')]),
  evaluate: ([key], { shape, below }) => [
    ndarray(
      shape,
      Float64Array.from(evaluateBits(key!, sizeOf(shape), 0), (bits) => Number(bits < below)),
    ),
  ],
})

/**
 * True with the given probability (to 2⁻³¹), as bool; `cast(…, 'float32')` makes it a mask to multiply with.
 *
 * @throws ShapeError where the key is no int32 (2), for a probability outside 0…1, or for a shape that is none
 *
 * @example
 * const [x] = await evaluate(() => [bernoulli(randomKey(1), 1, [3])]) // [1, 1, 1]
 */
export function bernoulli(key: Tensor, probability: number, shape: Shape): Tensor {
  if (!(probability >= 0 && probability <= 1)) throw new ShapeError('bernoulli', `probability ${probability}; allowed are numbers in 0…1`)
  const below = Math.round(probability * 2 ** 32)
  if (below === 2 ** 32) {
    checkKey('bernoulli', key)
    checkShape('bernoulli', shape)
    return expand(constant(1, [], 'bool'), shape)
  }
  return bernoulliPrimitive([key], { shape, below })[0]!
}

/**
 * The numbers 0…n − 1 in random order, int64: sorted by a random number each (24 bits; of equal ones the lower comes first).
 *
 * @throws ShapeError where the key is no int32 (2), or n is no whole number ≥ 1
 *
 * @example
 * const [order] = await evaluate(() => [permutation(randomKey(1), 5)])
 * order!.toSorted() // [0, 1, 2, 3, 4]
 */
export function permutation(key: Tensor, n: number): Tensor {
  checkKey('permutation', key)
  if (!Number.isInteger(n) || n < 1) throw new ShapeError('permutation', `n ${n}; allowed are whole numbers ≥ 1`)
  return argsort(uniform(key, [n]))
}
