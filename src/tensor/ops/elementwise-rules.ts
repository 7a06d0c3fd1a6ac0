/** What element-wise primitives are made of: one operand or two broadcast ones, an ONNX operator, a float64 function, a derivative. */
import type { DType } from '../dtype.ts'
import { broadcastStrides, dot, gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { broadcastShapes, formatShape } from '../shape.ts'
import { checkDtypes, constant, type Emitter, type LowerContext, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { sumTo } from './movement.ts'

/** A tensor or a plain number, which becomes a constant. */
export type Operand = Tensor | number

/** The dtypes of arithmetic. */
export const numbers = ['float32', 'int32', 'int64'] as const

/** Gives a number the dtype of the tensor beside it, so that whole numbers can be added to integer tensors. */
export function lift(who: string, x: Operand, beside: Operand): Tensor {
  if (typeof x !== 'number') return x
  const dtype = typeof beside === 'number' || (beside.dtype !== 'int32' && beside.dtype !== 'int64') ? 'float32' : beside.dtype
  if (dtype !== 'float32' && !Number.isInteger(x)) {
    throw new ShapeError(who, `the number ${x} beside ${dtype} ${formatShape((beside as Tensor).shape)}; allowed are whole numbers`)
  }
  return constant(x, [], dtype)
}

/** The name of an ONNX operator, or several nodes; `inputs` has the value names, `f` makes a float32 scalar. */
export type Lowering =
  | string
  | ((emitter: Emitter, inputs: readonly string[], f: (value: number) => string, context: LowerContext) => readonly string[])

function lowering(rule: Lowering): (emitter: Emitter, inputs: readonly string[], context: LowerContext) => readonly string[] {
  if (typeof rule === 'string') return (emitter, inputs) => emitter.node(rule, inputs)
  return (emitter, inputs, context) => rule(emitter, inputs, (value) => emitter.floats([value], []), context)
}

interface Dtypes {
  readonly allowed?: readonly DType[]
  /** Dtype of the result, the operands' by default. */
  readonly result?: DType
}

type UnaryRule = (context: { x: Tensor; y: Tensor; ct: Tensor }) => Tensor

/** One-operand primitives; no derivative means that there is none to follow: steps, and results that are no floats. */
export function unary(
  name: string,
  lower: Lowering,
  compute: (x: number) => number,
  derivative: UnaryRule | undefined,
  { allowed = ['float32'], result }: Dtypes = {},
): (x: Tensor) => Tensor {
  const apply = definePrimitive<null>(name, {
    infer: ([x]) => {
      checkDtypes(name, [x!], allowed)
      return [{ shape: x!.shape, dtype: result ?? x!.dtype }]
    },
    vjp: ({ inputs: [x], outputs: [y], cotangents: [ct] }) => [derivative?.({ x: x!, y: y!, ct: ct! })],
    lower: lowering(lower),
    evaluate: ([x]) => [{ shape: x!.shape, data: x!.data.map(compute) }],
  })
  // As functions that are declared have it: summaries call layers by it.
  return Object.defineProperty((x: Tensor) => apply([x], null)[0]!, 'name', { value: name })
}

type BinaryRule = (context: { a: Tensor; b: Tensor; y: Tensor; ct: Tensor }) => readonly [() => Tensor, () => Tensor]

/** The common shape of two operands of one dtype. */
function broadcastSpec(name: string, a: TensorSpec, b: TensorSpec, { allowed = numbers, result }: Dtypes): TensorSpec {
  const shape = broadcastShapes(a.shape, b.shape)
  if (!shape) {
    throw new ShapeError(
      name,
      `${formatShape(a.shape)} and ${formatShape(b.shape)} do not broadcast; counted from the last axis, extents must be equal or 1`,
    )
  }
  if (a.dtype !== b.dtype) {
    const operands = [a, b].map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`)
    throw new ShapeError(name, `dtypes differ: ${operands.join(' and ')}; convert one with cast`)
  }
  checkDtypes(name, [a, b], allowed)
  return { shape, dtype: result ?? a.dtype }
}

/** Two-operand primitives; the derivative gives one thunk per operand, so that what nobody needs is not traced. */
export function binary(
  name: string,
  lower: Lowering,
  compute: (a: number, b: number) => number,
  derivative: BinaryRule | undefined,
  dtypes: Dtypes = {},
): (a: Operand, b: Operand) => Tensor {
  const apply = definePrimitive<null>(name, {
    infer: ([a, b]) => [broadcastSpec(name, a!, b!, dtypes)],
    vjp: ({ inputs: [a, b], outputs: [y], cotangents: [ct], needs }) => {
      if (!derivative) return [undefined, undefined]
      const [da, db] = derivative({ a: a!, b: b!, y: y!, ct: ct! })
      return [needs[0] ? sumTo(da(), a!.shape) : undefined, needs[1] ? sumTo(db(), b!.shape) : undefined]
    },
    lower: lowering(lower),
    evaluate: ([a, b], _, [out]) => {
      const strides = [broadcastStrides(a!.shape, out!.shape), broadcastStrides(b!.shape, out!.shape)] as const
      const left = gatherArray(a!, out!.shape, (index) => dot(index, strides[0]))
      const right = gatherArray(b!, out!.shape, (index) => dot(index, strides[1]))
      return [{ shape: out!.shape, data: left.data.map((value, i) => compute(value, right.data[i]!)) }]
    },
  })
  return (a, b) => apply([lift(name, a, b), lift(name, b, a)], null)[0]!
}
