/**
 * Complex numbers as pairs of real tensors, { re, im }, which is what the Fourier transforms of `dsp` give and take. The derivative of a
 * real loss with respect to a pair is the pair of its derivatives with respect to both parts.
 */
import { add, div, mul, neg, sub } from './ops/arithmetic.ts'
import { maximum } from './ops/choice.ts'
import { cos, exp as expReal, sin, square } from './ops/elementwise.ts'
import { inverse as inverseReal } from './ops/inverse.ts'
import { matmul as matmulReal } from './ops/matmul.ts'
import { concat, narrow } from './ops/slicing.ts'
import { atan2 } from './ops/trigonometry.ts'
import { definePrimitive } from './primitive.ts'
import { formatShape, sameShape } from './shape.ts'
import { checkDtypes, ShapeError, type Tensor } from './tensor.ts'

/** Real and imaginary part, of one shape. */
export interface Complex {
  readonly re: Tensor
  readonly im: Tensor
}

/** Below it the square of a float32 number is not normal any more. */
const tiny = 1e-18

const absPrimitive = definePrimitive<null>('complexAbs', {
  infer: ([re, im]) => {
    checkDtypes('complex.abs', [re!, im!])
    if (!sameShape(re!.shape, im!.shape)) {
      throw new ShapeError('complex.abs', `re ${formatShape(re!.shape)} and im ${formatShape(im!.shape)} differ`)
    }
    return [{ shape: re!.shape, dtype: 'float32' }]
  },
  vjp: ({ inputs: [re, im], outputs: [y], cotangents: [ct] }) => {
    const slope = div(ct!, maximum(y!, tiny))
    return [mul(slope, re!), mul(slope, im!)]
  },
  lower: (emitter, inputs) => {
    const squares = inputs.map((x) => emitter.node('Mul', [x, x])[0]!)
    return emitter.node('Sqrt', emitter.node('Add', squares))
  },
  evaluate: ([re, im]) => [{ shape: re!.shape, data: re!.data.map((x, i) => Math.sqrt(x * x + im!.data[i]! ** 2)) }],
})

/**
 * |z|. The gradient at 0 is 0.
 *
 * @throws ShapeError where the parts differ in shape or are not float32
 *
 * @example
 * const [y] = await evaluate(() => [complex.abs({ re: constant([3, 0]), im: constant([4, 0]) })]) // [5, 0]
 */
function abs(z: Complex): Tensor {
  return absPrimitive([z.re, z.im], null)[0]!
}

/** |z|², without the root. */
function power(z: Complex): Tensor {
  return add(square(z.re), square(z.im))
}

/** The angle of z in -π…π; 0 at 0. */
function angle(z: Complex): Tensor {
  return atan2(z.im, z.re)
}

/** A function of real tensors applied to both parts: reshapes, sums and whatever else is linear with real coefficients. */
function map(z: Complex, f: (x: Tensor) => Tensor): Complex {
  return { re: f(z.re), im: f(z.im) }
}

function plus(a: Complex, b: Complex): Complex {
  return { re: add(a.re, b.re), im: add(a.im, b.im) }
}

function minus(a: Complex, b: Complex): Complex {
  return { re: sub(a.re, b.re), im: sub(a.im, b.im) }
}

/**
 * a · b, broadcast as real products are.
 *
 * @example
 * const [re, im] = await evaluate(() => {
 *   const i = { re: constant([0]), im: constant([1]) }
 *   const { re, im } = complex.mul(i, i)
 *   return [re, im]
 * })
 * re // [-1]
 * im // [0]
 */
function times(a: Complex, b: Complex): Complex {
  return { re: sub(mul(a.re, b.re), mul(a.im, b.im)), im: add(mul(a.re, b.im), mul(a.im, b.re)) }
}

/** z times a real tensor or number. */
function scale(z: Complex, factor: Tensor | number): Complex {
  return map(z, (x) => mul(x, factor))
}

/** a / b; not finite where b is 0. */
function over(a: Complex, b: Complex): Complex {
  const norm = power(b)
  return map(times(a, conj(b)), (x) => div(x, norm))
}

/** The conjugate re − i·im. */
function conj(z: Complex): Complex {
  return { re: z.re, im: neg(z.im) }
}

/** radius · (cos angle + i · sin angle). */
function polar(radius: Tensor, angle: Tensor): Complex {
  return { re: mul(radius, cos(angle)), im: mul(radius, sin(angle)) }
}

/** e to the power z. */
function exp(z: Complex): Complex {
  return polar(expReal(z.re), z.im)
}

/** The product of matrices (…, m, k) × (…, k, n), as four real ones. */
function matmul(a: Complex, b: Complex): Complex {
  return {
    re: sub(matmulReal(a.re, b.re), matmulReal(a.im, b.im)),
    im: add(matmulReal(a.re, b.im), matmulReal(a.im, b.re)),
  }
}

/**
 * Inverses of square matrices (…, n, n) for n ≤ 16: those of the real matrices [[re, −im], [im, re]].
 *
 * @throws ShapeError where the last two axes differ or exceed 16
 *
 * @example
 * const [im] = await evaluate(() => [complex.inverse({ re: constant([0], [1, 1]), im: constant([2], [1, 1]) }).im]) // [-0.5]
 */
function inverse(z: Complex): Complex {
  const [n, columns] = z.re.shape.slice(-2)
  if (n === undefined || n !== columns || n > 16 || !sameShape(z.re.shape, z.im.shape)) {
    throw new ShapeError(
      'complex.inverse',
      `re ${formatShape(z.re.shape)}, im ${formatShape(z.im.shape)}: needs two of (…, n, n) with n in 1…16`,
    )
  }
  const left = inverseReal(concat([concat([z.re, neg(z.im)], -1), concat([z.im, z.re], -1)], -2))
  const block = (row: number) => narrow(narrow(left, -2, row, row + n), -1, 0, n)
  return { re: block(0), im: block(n) }
}

/** Functions of complex numbers, by the names that real ones have: `complex.mul(a, b)`. */
export const complex = {
  abs,
  add: plus,
  angle,
  conj,
  div: over,
  exp,
  inverse,
  map,
  matmul,
  mul: times,
  polar,
  power,
  scale,
  sub: minus,
} as const
