/** Conventions of reductions and running sums, on both backends. */
import { describe, expect, it } from 'vitest'
import {
  all,
  any,
  constant,
  cumsum,
  grad,
  input,
  max,
  min,
  mul,
  prod,
  ShapeError,
  std,
  sum,
  type Tensor,
  variance,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

const whole = (...values: number[]) => constant(values, [values.length], 'int64')

onNodeBackends((numbers) => {
  it('min and max share the gradient among equal extremes', async () => {
    const x = constant([4, 1, 4, 1, 1, 9], [2, 3])
    expect(await numbers(min(x), max(x, { axes: [0] }), min(x, { axes: [1], keepDims: true }))).toEqual([[1], [4, 1, 9], [1, 1]])
    expect(await numbers(...grad(min(mul(x, 3)), [x]))).toEqual([[0, 1, 0, 1, 1, 0]])
    expect(await numbers(...grad(sum(max(x, { axes: [1] })), [x]))).toEqual([[0.5, 0, 0.5, 0, 0, 1]])
    expect(await numbers(min(whole(3, -2, 5)))).toEqual([[-2]])
  })

  it('prod has the right gradient with no, one and two zeros, and for odd lengths', async () => {
    const of = async (...values: number[]) => {
      const x = constant(values)
      return (await numbers(prod(x), ...grad(prod(x), [x]))).flat()
    }
    expect(await of(2, 3, 4)).toEqual([24, 12, 8, 6])
    expect(await of(2, 0, 4, 5, 1)).toEqual([0, 0, 40, 0, 0, 0])
    expect(await of(0, 3, 0)).toEqual([0, 0, 0, 0])
    expect(await numbers(prod(constant([1, 2, 3, 4, 5, 6], [2, 3]), { axes: [0], keepDims: true }), prod(whole(3, -2, 5)))).toEqual([
      [4, 10, 18],
      [-30],
    ])
  })

  it('variance and std divide by the count less the correction, 1 by default', async () => {
    const x = constant([1, 2, 6, 3, 3, 3], [2, 3])
    const rows = { axes: [1] }
    expect(await numbers(variance(x, rows), std(x, { ...rows, correction: 3 - 14 / 9 }))).toEqual([
      [7, 0],
      [Math.sqrt(14 / (14 / 9)), 0].map((value) => expect.closeTo(value, 5)),
    ])
    const [y] = await numbers(variance(x, { axes: [0], correction: 0, keepDims: true }))
    expect(y).toEqual([1, 0.25, 2.25])
    expect(variance(x, { axes: [0], keepDims: true }).shape).toEqual([1, 3])
  })

  it('variance keeps its digits beside a large mean', async () => {
    const [y] = await numbers(variance(constant([4096, 4097, 4098])))
    expect(y).toEqual([1])
  })

  it('any and all', async () => {
    const x = constant([0, 0, 0, 1, 1, 1], [3, 2], 'bool')
    expect(await numbers(any(x, { axes: [1] }), all(x, { axes: [1] }), any(x), all(x))).toEqual([[0, 1, 1], [0, 0, 1], [1], [0]])
  })

  it('cumsum in all four ways, of floats and integers, along every axis', async () => {
    const x = constant([1, 2, 3, 4, 5, 6], [2, 3])
    expect(
      await numbers(
        cumsum(x, 1),
        cumsum(x, 0),
        cumsum(x, -1, { reverse: true }),
        cumsum(x, 1, { exclusive: true }),
        cumsum(whole(1, 2, 3), 0, { reverse: true, exclusive: true }),
      ),
    ).toEqual([
      [1, 3, 6, 4, 9, 15],
      [1, 2, 3, 5, 7, 9],
      [6, 5, 3, 15, 11, 6],
      [0, 1, 3, 0, 4, 9],
      [5, 3, 0],
    ])
  })

  it('the gradient of a running sum is the running sum from the other end', async () => {
    const x = constant([1, 2, 3])
    const weights = constant([1, 10, 100])
    const of = (options = {}) => grad(sum(mul(cumsum(x, 0, options), weights)), [x])
    expect(await numbers(...of(), ...of({ reverse: true }), ...of({ exclusive: true }))).toEqual([
      [111, 110, 100],
      [1, 11, 111],
      [110, 100, 0],
    ])
  })
})

describe('refused while tracing', () => {
  const x = input('x', [2, 3])
  const bool = input('b', [2, 3], 'bool')
  it.each<[string, () => Tensor, RegExp]>([
    ['an axis that is none', () => min(x, { axes: [2] }), /min: axis 2 is outside a tensor of rank 2/],
    ['a running sum along none', () => cumsum(x, 2), /cumsum: axis 2/],
    ['a running sum of bool', () => cumsum(bool, 0), /cumsum: needs float32, int32 or int64, got bool \(2, 3\)/],
    ['a product of bool', () => prod(bool), /prod: needs float32/],
    ['any of numbers', () => any(x), /any: needs bool, got float32 \(2, 3\)/],
    ['all of numbers', () => all(x), /all: needs bool/],
    ['the variance of one', () => variance(x, { axes: [] }), /variance: 1 element\(s\) per result of \(2, 3\), correction 1/],
    ['the variance of integers', () => variance(input('n', [2], 'int64')), /variance: needs float32/],
    ['a correction that is no number', () => variance(x, { correction: Number.NaN }), /correction NaN/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(message)
  })

  it('as a ShapeError', () => expect(() => any(x)).toThrow(ShapeError))
})
