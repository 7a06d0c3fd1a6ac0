/** Element-wise primitives with NumPy's broadcasting. */
import { type DType, halfBits, halfValue, onnxElementType } from '../dtype.ts'
import { broadcastStrides, dot, gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { broadcastShapes, formatShape } from '../shape.ts'
import { checkDtypes, constant, isFloat, ShapeError, type Tensor } from '../tensor.ts'
import { expand, sumTo } from './movement.ts'

/** A tensor or a plain number, which becomes a constant. */
export type Operand = Tensor | number

function lift(x: Operand): Tensor {
  return typeof x === 'number' ? constant(x) : x
}

type UnaryRule = (context: { x: Tensor; y: Tensor; ct: Tensor }) => Tensor

/** One-operand primitives: ONNX operator, float64 function, derivative. */
function unary(name: string, opType: string, compute: (x: number) => number, derivative: UnaryRule): (x: Tensor) => Tensor {
  const apply = definePrimitive<null>(name, {
    infer: ([x]) => {
      checkDtypes(name, [x!])
      return [{ shape: x!.shape, dtype: 'float32' }]
    },
    vjp: ({ inputs: [x], outputs: [y], cotangents: [ct] }) => [derivative({ x: x!, y: y!, ct: ct! })],
    lower: (emitter, [x]) => emitter.node(opType, [x!]),
    evaluate: ([x]) => [{ shape: x!.shape, data: x!.data.map(compute) }],
  })
  return (x) => apply([x], null)[0]!
}

const numbers = ['float32', 'int32', 'int64'] as const

type BinaryRule = (context: { a: Tensor; b: Tensor; y: Tensor; ct: Tensor }) => readonly [() => Tensor, () => Tensor]

/** Two-operand primitives; the derivative gives one thunk per operand, so that what nobody needs is not traced. */
function binary(
  name: string,
  opType: string,
  compute: (a: number, b: number) => number,
  derivative: BinaryRule | undefined,
  { allowed = numbers, result }: { readonly allowed?: readonly DType[]; readonly result?: DType } = {},
): (a: Operand, b: Operand) => Tensor {
  const apply = definePrimitive<null>(name, {
    infer: ([a, b]) => {
      const shape = broadcastShapes(a!.shape, b!.shape)
      if (!shape) throw new ShapeError(name, `${formatShape(a!.shape)} and ${formatShape(b!.shape)} do not broadcast`)
      if (a!.dtype !== b!.dtype) throw new ShapeError(name, `dtypes differ: ${a!.dtype} and ${b!.dtype}`)
      checkDtypes(name, [a!, b!], allowed)
      return [{ shape, dtype: result ?? a!.dtype }]
    },
    vjp: ({ inputs: [a, b], outputs: [y], cotangents: [ct], needs }) => {
      if (!derivative) return [undefined, undefined]
      const [da, db] = derivative({ a: a!, b: b!, y: y!, ct: ct! })
      return [needs[0] ? sumTo(da(), a!.shape) : undefined, needs[1] ? sumTo(db(), b!.shape) : undefined]
    },
    lower: (emitter, inputs) => emitter.node(opType, inputs),
    evaluate: ([a, b], _, [out]) => {
      const strides = [broadcastStrides(a!.shape, out!.shape), broadcastStrides(b!.shape, out!.shape)] as const
      const left = gatherArray(a!, out!.shape, (index) => dot(index, strides[0]))
      const right = gatherArray(b!, out!.shape, (index) => dot(index, strides[1]))
      return [{ shape: out!.shape, data: left.data.map((value, i) => compute(value, right.data[i]!)) }]
    },
  })
  return (a, b) => apply([lift(a), lift(b)], null)[0]!
}

export const add = binary(
  'add',
  'Add',
  (a, b) => a + b,
  ({ ct }) => [() => ct, () => ct],
)
export const sub = binary(
  'sub',
  'Sub',
  (a, b) => a - b,
  ({ ct }) => [() => ct, () => neg(ct)],
)
export const mul = binary(
  'mul',
  'Mul',
  (a, b) => a * b,
  ({ a, b, ct }) => [() => mul(ct, b), () => mul(ct, a)],
)
/** a / b, float32 only: what integers divided by zero give differs between machines. */
export const div = binary(
  'div',
  'Div',
  (a, b) => a / b,
  ({ b, y, ct }) => [() => div(ct, b), () => neg(mul(ct, div(y, b)))],
  { allowed: ['float32'] },
)
/** a^b for a > 0, float32 only. */
export const pow = binary(
  'pow',
  'Pow',
  Math.pow,
  ({ a, b, y, ct }) => [() => mul(ct, mul(b, pow(a, sub(b, 1)))), () => mul(ct, mul(y, log(a)))],
  { allowed: ['float32'] },
)
/** The larger of two; where they are equal the gradient goes to the first. */
export const maximum = binary('maximum', 'Max', Math.max, ({ a, b, ct }) => [
  () => where(greaterEqual(a, b), ct, 0),
  () => where(greaterEqual(a, b), 0, ct),
])
/** The smaller of two; where they are equal the gradient goes to the first. */
export const minimum = binary('minimum', 'Min', Math.min, ({ a, b, ct }) => [
  () => where(greaterEqual(b, a), ct, 0),
  () => where(greaterEqual(b, a), 0, ct),
])
export const greater = binary('greater', 'Greater', (a, b) => Number(a > b), undefined, { result: 'bool' })
export const greaterEqual = binary('greaterEqual', 'GreaterOrEqual', (a, b) => Number(a >= b), undefined, { result: 'bool' })
export const equal = binary('equal', 'Equal', (a, b) => Number(a === b), undefined, {
  allowed: ['float32', 'int32', 'int64', 'bool'],
  result: 'bool',
})

export const neg = unary(
  'neg',
  'Neg',
  (x) => -x,
  ({ ct }) => neg(ct),
)
export const exp = unary('exp', 'Exp', Math.exp, ({ y, ct }) => mul(ct, y))
/** Natural logarithm. */
export const log = unary('log', 'Log', Math.log, ({ x, ct }) => div(ct, x))
export const sqrt = unary('sqrt', 'Sqrt', Math.sqrt, ({ y, ct }) => div(mul(ct, 0.5), y))
/** |x|; the derivative at 0 is 0. */
export const abs = unary('abs', 'Abs', Math.abs, ({ x, ct }) => mul(ct, sign(x)))
/** -1, 0 or 1; its derivative is 0 everywhere. */
export const sign = unary('sign', 'Sign', Math.sign, ({ x }) => zerosLike(x))
export const sin = unary('sin', 'Sin', Math.sin, ({ x, ct }) => mul(ct, cos(x)))
export const cos = unary('cos', 'Cos', Math.cos, ({ x, ct }) => neg(mul(ct, sin(x))))
export const tanh = unary('tanh', 'Tanh', Math.tanh, ({ y, ct }) => mul(ct, sub(1, mul(y, y))))
/** 1 / (1 + exp(-x)). */
export const sigmoid = unary(
  'sigmoid',
  'Sigmoid',
  (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  ({ y, ct }) => mul(ct, mul(y, sub(1, y))),
)
/** max(x, 0); the derivative at 0 is 0. */
export const relu = unary(
  'relu',
  'Relu',
  (x) => Math.max(x, 0),
  ({ y, ct }) => mul(ct, slopeOf(y, 0)),
)

const slopePrimitive = definePrimitive<{ negative: number }>('slope', {
  infer: ([x]) => [{ shape: x!.shape, dtype: 'float32' }],
  vjp: ({ inputs: [x] }) => [zerosLike(x!)],
  // Greater + Where takes 23 ms on 17 MB, Mul + Clip 10 (ONNX Runtime 1.30); below 1e-30 the slope is approximate, which no float32 network sees.
  lower: (emitter, [x], { attributes: { negative } }) => {
    const steep = emitter.node('Mul', [x!, emitter.floats([1e30], [])])
    return emitter.node('Clip', [steep[0]!, emitter.floats([negative], []), emitter.floats([1], [])])
  },
  evaluate: ([x], { negative }) => [{ shape: x!.shape, data: x!.data.map((value) => (value > 0 ? 1 : negative)) }],
})

/** The slope of a leaky rectifier: 1 where x > 0, `negative` elsewhere. */
function slopeOf(x: Tensor, negative: number): Tensor {
  return slopePrimitive([x], { negative })[0]!
}

const leakyReluPrimitive = definePrimitive<{ slope: number }>('leakyRelu', {
  infer: ([x], { slope }) => {
    checkDtypes('leakyRelu', [x!])
    // The lowering of its slope limits to the range between the two slopes.
    if (!(slope >= 0 && slope <= 1)) throw new ShapeError('leakyRelu', `slope ${slope}; allowed are numbers in 0…1`)
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  vjp: ({ inputs: [x], attributes: { slope }, cotangents: [ct] }) => [mul(ct!, slopeOf(x!, slope))],
  lower: (emitter, [x], { attributes: { slope } }) => emitter.node('LeakyRelu', [x!], { alpha: { float: slope } }),
  evaluate: ([x], { slope }) => [{ shape: x!.shape, data: x!.data.map((value) => (value > 0 ? value : slope * value)) }],
})

/**
 * x where x > 0, slope·x elsewhere; the derivative at 0 is `slope`.
 *
 * @throws ShapeError where the slope is outside 0…1
 *
 * @example
 * const [y] = await evaluate(() => [leakyRelu(constant([-2, 3]), 0.1)]) // [-0.2, 3]
 */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return leakyReluPrimitive([x], { slope })[0]!
}

const wherePrimitive = definePrimitive<null>('where', {
  infer: ([condition, a, b]) => {
    const values = broadcastShapes(a!.shape, b!.shape)
    const shape = values && broadcastShapes(condition!.shape, values)
    if (!shape || condition!.dtype !== 'bool' || a!.dtype !== b!.dtype) {
      throw new ShapeError(
        'where',
        [condition!, a!, b!]
          .map((spec) => `${formatShape(spec.shape)} ${spec.dtype}`)
          .join(', ')
          .concat(' do not fit'),
      )
    }
    checkDtypes('where', [a!, b!], numbers)
    return [{ shape, dtype: a!.dtype }]
  },
  vjp: ({ inputs: [condition, a, b], cotangents: [ct], needs }) => [
    undefined,
    needs[1] ? sumTo(where(condition!, ct!, 0), a!.shape) : undefined,
    needs[2] ? sumTo(where(condition!, 0, ct!), b!.shape) : undefined,
  ],
  lower: (emitter, inputs) => emitter.node('Where', inputs),
  evaluate: (inputs, _, [out]) => {
    const [condition, a, b] = inputs.map((x) => {
      const strides = broadcastStrides(x.shape, out!.shape)
      return gatherArray(x, out!.shape, (index) => dot(index, strides)).data
    })
    return [{ shape: out!.shape, data: condition!.map((chosen, i) => (chosen ? a![i]! : b![i]!)) }]
  },
})

/** a where the condition holds, b elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return wherePrimitive([condition, lift(a), lift(b)], null)[0]!
}

const castTo = {
  float16: (value: number) => halfValue(halfBits(value)),
  int32: Math.trunc,
  int64: Math.trunc,
  bool: (value: number) => Number(value !== 0),
} as const

const castPrimitive = definePrimitive<{ dtype: DType }>('cast', {
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
  vjp: ({ inputs: [x], cotangents: [ct] }) => [isFloat(x!) ? cast(ct!, x!.dtype) : undefined],
  lower: (emitter, [x], { attributes: { dtype } }) => emitter.node('Cast', [x!], { to: onnxElementType[dtype] }),
  evaluate: ([x], { dtype }) => [
    {
      shape: x!.shape,
      data: dtype === 'float32' ? x!.data : x!.data.map(castTo[dtype]),
    },
  ],
})

/** The same values in another dtype: numbers truncate towards zero, bool is "not zero". */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : castPrimitive([x], { dtype })[0]!
}

export function zerosLike(x: Tensor): Tensor {
  return expand(constant(0), x.shape)
}

/** x², with one multiplication. */
export function square(x: Tensor): Tensor {
  return mul(x, x)
}

/** x limited to [low, high]; outside it the gradient is 0. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ShapeError('clip', `low ${low} is above high ${high}`)
  return minimum(maximum(x, low), high)
}
