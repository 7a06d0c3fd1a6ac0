/** Angles and smooth steps: sin, cos, tan and their inverses, tanh, sigmoid, erf, softplus. */
import { add, div, exp, mul, neg, sub } from './arithmetic.ts'
import { maximum } from './choice.ts'
import { binary, unary } from './elementwise-rules.ts'

export const sin = unary('sin', 'Sin', Math.sin, ({ x, ct }) => mul(ct, cos(x)))
export const cos = unary('cos', 'Cos', Math.cos, ({ x, ct }) => neg(mul(ct, sin(x))))
export const tan = unary(
  'tan',
  // ONNX's Tan takes 37 ms on 17 MB, the quotient 11.5 (ONNX Runtime 1.30).
  (emitter, [x]) => emitter.node('Div', [emitter.node('Sin', [x!])[0]!, emitter.node('Cos', [x!])[0]!]),
  Math.tan,
  ({ y, ct }) => mul(ct, add(mul(y, y), 1)),
)
/** The angle in -π/2…π/2 whose tangent is x. */
export const atan = unary('atan', 'Atan', Math.atan, ({ x, ct }) => div(ct, add(mul(x, x), 1)))

/** The smallest normal float32: quotients by less than this are not formed. */
const tiny = 2 ** -126

/**
 * The angle of the point (x, y) in -π…π, float32 only. Zeros have no sign here: atan2(0, 0) is 0 and atan2(±0, -1) is π. The gradient is 0
 * at the origin and has the length 1/r elsewhere; inside r < 1e-19, where r² is no normal number, it is shorter.
 *
 * @param y first, as everywhere
 *
 * @example
 * const [angle] = await evaluate(() => [atan2(constant([0, 1, -1, 0]), constant([1, 0, -1, 0]))]) // [0, 1.5708, -2.3562, 0]
 */
export const atan2 = binary(
  'atan2',
  // atan(y / |x|) is right in the right half plane; the left one is its mirror image, ±π - that. Where x is 0, y / tiny is ∞ or 0.
  (emitter, [y, x], f) => {
    const run = emitter.node('Max', [emitter.node('Abs', [x!])[0]!, f(tiny)])[0]!
    const near = emitter.node('Atan', emitter.node('Div', [y!, run]))[0]!
    const below = emitter.node('Less', [y!, f(0)])[0]!
    const half = emitter.node('Where', [below, f(-Math.PI), f(Math.PI)])[0]!
    const left = emitter.node('Less', [x!, f(0)])[0]!
    return emitter.node('Where', [left, emitter.node('Sub', [half, near])[0]!, near])
  },
  (y, x) => Math.atan2(y === 0 ? 0 : y, x === 0 ? 0 : x),
  ({ a: y, b: x, ct }) => {
    const perSquare = () => div(ct, maximum(add(mul(x, x), mul(y, y)), tiny))
    return [() => mul(perSquare(), x), () => neg(mul(perSquare(), y))]
  },
  { allowed: ['float32'] },
)

export const tanh = unary('tanh', 'Tanh', Math.tanh, ({ y, ct }) => mul(ct, sub(1, mul(y, y))))

function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}

/** 1 / (1 + exp(-x)). */
export const sigmoid = unary('sigmoid', 'Sigmoid', logistic, ({ y, ct }) => mul(ct, mul(y, sub(1, y))))

/**
 * log(1 + exp(x)) without overflow, to 1e-7 of max(1, x), so that it is 0 below x = -17.
 *
 * @example
 * const [y] = await evaluate(() => [softplus(constant([-1, 0, 100]))]) // [0.313262, 0.693147, 100]
 */
export const softplus = unary(
  'softplus',
  // max(x, 0) - log σ(|x|): five passes of together 5 ms on 17 MB, where ONNX's Softplus takes 21 (ONNX Runtime 1.30).
  (emitter, [x]) => {
    const tail = emitter.node('Log', emitter.node('Sigmoid', emitter.node('Abs', [x!])))[0]!
    return emitter.node('Sub', [emitter.node('Relu', [x!])[0]!, tail])
  },
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  ({ x, ct }) => mul(ct, sigmoid(x)),
)

/** 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, whose terms have one sign (Abramowitz and Stegun 7.1.6). */
function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let [term, total] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    total += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total
}

/**
 * The error function, 2/√π ∫₀ˣ exp(-t²) dt.
 *
 * @example
 * const [y] = await evaluate(() => [erf(constant([0, 0.5, -1]))]) // [0, 0.520500, -0.842701]
 */
export const erf = unary('erf', 'Erf', errorFunction, ({ x, ct }) => mul(ct, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))))
