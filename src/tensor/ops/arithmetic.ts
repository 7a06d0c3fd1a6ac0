/** Arithmetic, powers and logarithms, element by element, with NumPy's broadcasting. */
import { constant, type Tensor } from '../tensor.ts'
import { binary, numbers, type Operand, unary } from './elementwise-rules.ts'
import { expand } from './movement.ts'

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
  (emitter, operands, _, { inputs, outputs: [out] }) => {
    if (emitter.target !== 'webgpu') return emitter.node('Pow', operands)
    // ONNX Runtime 1.30 writes a shader for WebGPU that does not compile where matrices broadcast, (1, 1) with (1, 4).
    const shape = emitter.ints(out!.shape)
    const expanded = operands.map((x, i) => (inputs[i]!.shape.length === 0 ? x : emitter.node('Expand', [x, shape])[0]!))
    return emitter.node('Pow', expanded)
  },
  Math.pow,
  ({ a, b, y, ct }) => [() => mul(ct, mul(b, pow(a, sub(b, 1)))), () => mul(ct, mul(y, log(a)))],
  { allowed: ['float32'] },
)

export const neg = unary(
  'neg',
  'Neg',
  (x) => -x,
  ({ ct }) => neg(ct),
  { allowed: numbers },
)
/** 1 / x. */
export const reciprocal = unary(
  'reciprocal',
  'Reciprocal',
  (x) => 1 / x,
  ({ y, ct }) => neg(mul(ct, mul(y, y))),
)
/** x², with one multiplication. */
export function square(x: Tensor): Tensor {
  return mul(x, x)
}
export const sqrt = unary('sqrt', 'Sqrt', Math.sqrt, ({ y, ct }) => div(mul(ct, 0.5), y))
/** 1 / √x. */
export const rsqrt = unary(
  'rsqrt',
  (emitter, [x]) => emitter.node('Reciprocal', emitter.node('Sqrt', [x!])),
  (x) => 1 / Math.sqrt(x),
  ({ x, y, ct }) => mul(ct, div(mul(y, -0.5), x)),
)

export const exp = unary('exp', 'Exp', Math.exp, ({ y, ct }) => mul(ct, y))
/** Natural logarithm. */
export const log = unary('log', 'Log', Math.log, ({ x, ct }) => div(ct, x))
/**
 * log(1 + x) without the loss of digits near 0: for u = 1 + x as rounded, log u misses what the rounding took, (u - 1) - x, divided by u.
 * Below u = ½ nothing is lost, and the larger divisor keeps log1p(-1) at -∞. Right to 3e-7 of its value for finite x.
 *
 * @example
 * const [y] = await evaluate(() => [log1p(constant([1e-12, 1]))]) // [1e-12, 0.693147]
 */
export const log1p = unary(
  'log1p',
  (emitter, [x], f) => {
    const u = emitter.node('Add', [x!, f(1)])[0]!
    const lost = emitter.node('Sub', [emitter.node('Sub', [u, f(1)])[0]!, x!])[0]!
    const correction = emitter.node('Div', [lost, emitter.node('Max', [u, f(0.5)])[0]!])[0]!
    return emitter.node('Sub', [emitter.node('Log', [u])[0]!, correction])
  },
  Math.log1p,
  ({ x, ct }) => div(ct, add(x, 1)),
)
/**
 * exp(x) - 1 without the loss of digits near 0, as tanh(x/2)·(exp(x) + 1): right to 4e-7 of its value.
 *
 * @example
 * const [y] = await evaluate(() => [expm1(constant([1e-12, 1]))]) // [1e-12, 1.718282]
 */
export const expm1 = unary(
  'expm1',
  (emitter, [x], f) => {
    const half = emitter.node('Tanh', emitter.node('Mul', [x!, f(0.5)]))[0]!
    return emitter.node('Mul', [half, emitter.node('Add', [emitter.node('Exp', [x!])[0]!, f(1)])[0]!])
  },
  Math.expm1,
  ({ x, ct }) => mul(ct, exp(x)),
)

/** |x|; the derivative at 0 is 0. */
export const abs = unary('abs', 'Abs', Math.abs, ({ x, ct }) => mul(ct, sign(x)), { allowed: numbers })
/** -1, 0 or 1; its derivative is 0 everywhere. */
export const sign = unary(
  'sign',
  // ONNX's Sign takes 3 ms on 17 MB, Mul and Clip 0.6 (ONNX Runtime 1.30); 3e38 lifts the smallest normal number above 1.
  (emitter, [x], f) => emitter.node('Clip', [emitter.node('Mul', [x!, f(3e38)])[0]!, f(-1), f(1)]),
  Math.sign,
  undefined,
)

export function zerosLike(x: Tensor): Tensor {
  return expand(constant(0), x.shape)
}

/**
 * What is left of a / b towards -∞, so that it has the sign of b: a - b·⌊a / b⌋, float32 only. The gradient of b is that of the formula.
 *
 * @example
 * const [y] = await evaluate(() => [remainder(constant([5, -1, 7]), constant([3, 3, -4]))]) // [2, 2, -1]
 */
export function remainder(a: Operand, b: Operand): Tensor {
  return sub(a, mul(b, floor(div(a, b))))
}

/** The largest whole number ≤ x; like ceil and round it is flat, so its gradient is 0. */
export const floor = unary('floor', 'Floor', Math.floor, undefined)
/** The smallest whole number ≥ x. */
export const ceil = unary('ceil', 'Ceil', Math.ceil, undefined)

function roundHalfToEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? 1 : 0)
}

/**
 * The nearest whole number; halves go to the even one.
 *
 * @example
 * const [y] = await evaluate(() => [round(constant([0.5, 1.5, 2.5, -1.2]))]) // [0, 2, 2, -1]
 */
export const round = unary('round', 'Round', roundHalfToEven, undefined)
