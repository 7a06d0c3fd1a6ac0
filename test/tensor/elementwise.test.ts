/** Conventions and accuracy of element-wise functions that random draws do not see, on both backends. Golden numbers: SciPy 1.10 and the definitions. */
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import {
  abs,
  add,
  atan2,
  ceil,
  clip,
  constant,
  div,
  equal,
  erf,
  expm1,
  floor,
  grad,
  input,
  isfinite,
  isnan,
  less,
  lessEqual,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  reciprocal,
  remainder,
  round,
  rsqrt,
  ShapeError,
  sign,
  softplus,
  sum,
  type Tensor,
  tan,
  where,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

const whole = (...values: number[]) => constant(values, [values.length], 'int64')
const bool = (...values: number[]) => constant(values, [values.length], 'bool')

onNodeBackends((numbers) => {
  const gradient = (f: (x: Tensor) => Tensor, ...at: number[]) => {
    const x = constant(at)
    return numbers(...grad(sum(mul(f(x), constant([2, 4, 8, 16, 32, 64].slice(0, at.length)))), [x])).then(([g]) => g)
  }
  /** The largest error of f against expected values, relative to each of them. */
  const relativeError = async (f: (x: Tensor) => Tensor, at: readonly number[], expected: (x: number) => number) => {
    // What float32 can hold, so that the argument's own rounding is not counted.
    const x = Array.from(Float32Array.from(at))
    const [y] = await numbers(f(constant(x)))
    return Math.max(...x.map((value, i) => Math.abs(y![i]! / expected(value) - 1)))
  }

  it('round goes to the even neighbour of a half, floor and ceil towards their infinity', async () => {
    const x = constant([0.5, 1.5, 2.5, -0.5, -1.5, -2.4, 2.6])
    expect((await numbers(round(x), floor(x), ceil(x))).map((list) => list.map((value) => value + 0))).toEqual([
      [0, 2, 2, 0, -2, -2, 3],
      [0, 1, 2, -1, -2, -3, 2],
      [1, 2, 3, 0, -1, -2, 3],
    ])
  })

  it('atan2 is right in all quadrants, on the axes, and near them', async () => {
    const points = [
      [0, 1],
      [1, 1],
      [1, 0],
      [1, -1],
      [0, -1],
      [-1, -1],
      [-1, 0],
      [-1, 1],
      [0, 0],
      [1e-20, -1],
      [-1e-20, -1],
      [1, -1e-20],
      [1e-30, 1e-30],
      [-1e-30, -1e-30],
      [1e30, -1e30],
      [3e38, 1e-38],
      [1e-3, 1e3],
    ]
    const [angles] = await numbers(atan2(constant(points.map(([y]) => y!)), constant(points.map(([, x]) => x!))))
    points.forEach(([y, x], i) => {
      expect(Math.abs(angles![i]! - Math.atan2(y!, x!)), `(${y}, ${x})`).toBeLessThan(1e-6)
    })
  })

  it('atan2 takes a negative zero for zero', async () => {
    const [angles] = await numbers(atan2(constant([-0, -0, 1, -0]), constant([-1, 1, -0, -0])))
    for (const [i, expected] of [Math.PI, 0, Math.PI / 2, 0].entries()) expect(angles![i]).toBeCloseTo(expected, 6)
  })

  it('atan2 has the derivative (x, -y) / r² off the origin and 0 there', async () => {
    const [y, x] = [constant([3, 0, 0, -2]), constant([4, 0, -2, 0])]
    const [dy, dx] = await numbers(...grad(sum(atan2(y, x)), [y, x]))
    for (const [i, expected] of [0.16, 0, -0.5, 0].entries()) expect(dy![i]).toBeCloseTo(expected, 6)
    for (const [i, expected] of [-0.12, 0, 0, 0.5].entries()) expect(dx![i]).toBeCloseTo(expected, 6)
  })

  // float32 rounds to 6e-8; a handful of roundings and ONNX Runtime's own approximations stay below 5e-7.
  const around = [1e-30, 1e-10, 1e-7, 3e-5, 1e-3, 0.04, 0.3, 0.8, 1.5, 4, 9, 20, 80]
  it('log1p and expm1 keep their digits near 0', async () => {
    expect(await relativeError(log1p, [...around, 1e6, 1e30, ...around.filter((x) => x < 1).map((x) => -x)], Math.log1p)).toBeLessThan(5e-7)
    expect(await relativeError(expm1, [...around, ...around.map((x) => -x)], Math.expm1)).toBeLessThan(1e-6)
    expect(await numbers(log1p(constant([0, -1])), expm1(constant([0, -200])))).toEqual([
      [0, -Infinity],
      [0, -1],
    ])
  })

  it('softplus neither overflows nor jumps', async () => {
    const x = [-200, -17, -1, -1e-3, 0, 1e-3, 1, 17, 200]
    const [y] = await numbers(softplus(constant(x)))
    x.forEach((value, i) => {
      const expected = Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))
      expect(Math.abs(y![i]! - expected), `softplus(${value})`).toBeLessThan(2e-7 * Math.max(1, expected))
    })
    expect((await gradient(softplus, -200, 0, 200))!.map(Math.fround)).toEqual([0, 2, 8])
  })

  it('erf, tan, rsqrt and reciprocal have the values of their tables', async () => {
    const [e, t] = await numbers(erf(constant([-3, -0.5, 0, 0.1, 1, 2, 7])), tan(constant([-1.5, -0.5, 0, 1, 3])))
    // scipy.special.erf
    for (const [i, value] of [-0.9999779095, -0.5204998778, 0, 0.1124629161, 0.8427007929, 0.995322265, 1].entries())
      expect(e![i]).toBeCloseTo(value, 6)
    for (const [i, x] of [-1.5, -0.5, 0, 1, 3].entries()) expect(Math.abs(t![i]! - Math.tan(x))).toBeLessThan(1e-5)
    expect(await numbers(rsqrt(constant([4, 0.25])), reciprocal(constant([4, -0.5])))).toEqual([
      [0.5, 2],
      [0.25, -2],
    ])
  })

  it('remainder has the sign of the divisor', async () => {
    expect(await numbers(remainder(constant([5, -5, 5, -5, 6]), constant([3, 3, -3, -3, 3])))).toEqual([[2, 1, -1, -2, 0]])
  })

  it('sign and abs know the smallest normal numbers and the infinities', async () => {
    const x = [2e-38, -2e-38, 0, Infinity, -Infinity, 1e38]
    expect((await numbers(sign(constant(x)))).map((list) => list.map((value) => value + 0))).toEqual([[1, -1, 0, 1, -1, 1]])
    expect(await gradient(abs, 2e-38, -2e-38, 5, -5)).toEqual([2, -4, 8, -16])
  })

  it('clip passes the gradient at its limits and inside, and takes infinite limits', async () => {
    expect(await gradient((x) => clip(x, -1, 1), -2, -1, 0.5, 1, 2)).toEqual([0, 4, 8, 16, 0])
    expect(await gradient((x) => clip(x, 0, Infinity), -1, 0, 1)).toEqual([0, 4, 8])
    const x = constant([-5, 0, 5])
    expect(clip(x, -Infinity, Infinity)).toBe(x)
    expect(await numbers(clip(x, 0, Infinity), clip(x, -Infinity, 0), clip(whole(-5, 0, 5), -1, 2))).toEqual([
      [0, 0, 5],
      [-5, 0, 0],
      [-1, 0, 2],
    ])
  })

  it('where, maximum and minimum give each cotangent to one operand', async () => {
    const [a, b] = [constant([1, 5, 3]), constant([2, 4, 3])]
    const parts = (f: () => Tensor) => numbers(...grad(sum(mul(f(), constant([2, 4, 8]))), [a, b]))
    expect(await parts(() => where(bool(1, 0, 1), a, b))).toEqual([
      [2, 0, 8],
      [0, 4, 0],
    ])
    expect(await parts(() => maximum(a, b))).toEqual([
      [0, 4, 8],
      [2, 0, 0],
    ])
    expect(await parts(() => minimum(a, b))).toEqual([
      [2, 0, 8],
      [0, 4, 0],
    ])
  })

  it('where sums the gradient of what was broadcast', async () => {
    const [a, b] = [constant(1), constant([1, 2], [2, 1])]
    const y = where(constant([1, 0, 1, 0, 0, 1], [2, 3], 'bool'), a, b)
    expect(await numbers(...grad(sum(mul(y, constant([1, 2, 4, 8, 16, 32], [2, 3]))), [a, b]))).toEqual([[37], [2, 24]])
  })

  it('comparisons and bool functions follow their truth tables', async () => {
    const [a, b] = [constant([1, 2, 3]), constant([2, 2, 2])]
    expect(await numbers(less(a, b), lessEqual(a, b), equal(a, b), notEqual(a, b), less(whole(1, 5), whole(2, 5)))).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 1],
      [1, 0],
    ])
    const [p, q] = [bool(0, 0, 1, 1), bool(0, 1, 0, 1)]
    expect(await numbers(logicalAnd(p, q), logicalOr(p, q), logicalNot(p))).toEqual([
      [0, 0, 0, 1],
      [0, 1, 1, 1],
      [1, 1, 0, 0],
    ])
  })

  it('isnan and isfinite tell NaN and the infinities from numbers', async () => {
    const x = () => div(constant([1, -1, 0, 3e38]), constant([0, 0, 0, 1]))
    expect(await numbers(isnan(x()), isfinite(x()), notEqual(x(), x()), isfinite(log(constant([0, 1]))))).toEqual([
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
      [0, 1],
    ])
  })

  it('integers take plain numbers beside them', async () => {
    const [x, small] = [whole(3, -4), constant([7, -8], [2], 'int32')]
    expect(await numbers(add(x, 1), mul(2, x), neg(x), abs(small), maximum(x, 0), neg(small))).toEqual([
      [4, -3],
      [6, -8],
      [-3, 4],
      [7, 8],
      [3, 0],
      [-7, 8],
    ])
  })
})

it('functions without a derivative give zero gradients', async () => {
  const x = constant([0.3, -1.7])
  const flat = [floor(x), ceil(x), round(x), sign(x)]
  const [g] = await evaluate(() => grad(sum(flat.reduce((a, b) => add(a, b))), [x]))
  expect(Array.from(g as Float64Array)).toEqual([0, 0])
})

describe('refused while tracing', () => {
  const x = input('x', [2])
  const counts = input('n', [2, 3], 'int64')
  it.each<[string, () => Tensor, RegExp]>([
    ['logic of numbers', () => logicalNot(x), /logicalNot: needs bool, got float32 \(2\)/],
    ['logic of two numbers', () => logicalAnd(x, x), /logicalAnd: needs bool, got float32 \(2\), float32 \(2\)/],
    ['the angle of integers', () => atan2(counts, counts), /atan2: needs float32, got int64/],
    ['a fraction beside integers', () => add(counts, 0.5), /add: the number 0.5 beside int64 \(2, 3\); allowed are whole numbers/],
    ['limits that cross', () => clip(x, 1, 0), /clip: low 1 is above high 0/],
    ['a limit that is no number', () => clip(x, Number.NaN, 0), /clip: low NaN/],
    ['fractional limits of integers', () => clip(counts, 0, 0.5), /clip: limits 0 and 0.5 of int64 \(2, 3\)/],
    ['clip of bool', () => clip(input('b', [2], 'bool'), 0, 1), /clip: needs float32, int32 or int64, got bool/],
    ['floor of integers', () => floor(counts), /floor: needs float32/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(ShapeError)
    expect(trace).toThrow(message)
  })
})
