/** Values that random draws never hit: exact ties, kinks, empty lists of axes, and whole numbers, on both backends. */
import { expect, it } from 'vitest'
import {
  abs,
  add,
  clip,
  constant,
  grad,
  leakyRelu,
  logSumExp,
  max,
  maximum,
  minimum,
  mul,
  relu,
  sub,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

onNodeBackends((run) => {
  const numbers = (f: () => readonly Tensor[]) => run(...f())
  /** Gradients where the outputs' elements weigh 2, 4, 8: powers of two, so that float32 is exact. */
  const gradients = (f: (...at: Tensor[]) => Tensor, ...at: number[][]) =>
    numbers(() => {
      const tensors = at.map((values) => constant(values))
      const y = f(...tensors)
      return grad(sum(mul(y, constant([2, 4, 8].slice(0, y.shape[0] ?? 1), y.shape))), tensors)
    })

  it('maximum and minimum give the gradient of equal operands to the first', async () => {
    const tie = [1, 0, -2]
    const first = [
      [2, 4, 8],
      [0, 0, 0],
    ]
    expect(await gradients(maximum, tie, tie)).toEqual(first)
    expect(await gradients(minimum, tie, tie)).toEqual(first)
  })

  it('max shares the gradient among equal largest values', async () => {
    expect(await gradients((x) => max(x), [4, 1, 4])).toEqual([[1, 0, 1]])
  })

  it('relu and abs have the derivative 0 at 0, leakyRelu its slope', async () => {
    const zeros = [0, -0, 0]
    // A zero may be -0, which equals 0.
    expect((await gradients(relu, zeros))[0]!.every((value) => value === 0)).toBe(true)
    expect((await gradients(abs, zeros))[0]!.every((value) => value === 0)).toBe(true)
    expect(await gradients((x) => leakyRelu(x, 0.25), zeros)).toEqual([[0.5, 1, 2]])
  })

  it('leakyRelu has its derivative at both ends of the slopes it takes', async () => {
    // Adding 0 makes 0 of -0, which is what slope 0 makes of a negative number.
    expect((await gradients((x) => leakyRelu(x, 0), [-1, 3]))[0]!.map((value) => value + 0)).toEqual([0, 4])
    expect(await gradients((x) => leakyRelu(x, 1), [-1, 3])).toEqual([[2, 4]])
  })

  it('clip passes the gradient at its limits', async () => {
    expect(await gradients((x) => clip(x, -1, 1), [-1, 1, 3])).toEqual([[2, 4, 0]])
  })

  it('reductions over no axes give back what they get', async () => {
    const x = [3, -1, 2]
    expect(await numbers(() => [max, sum, logSumExp].map((reduce) => reduce(constant(x), { axes: [] })))).toEqual([x, x, x])
  })

  it('whole numbers add, subtract, multiply, compare and reduce', async () => {
    const whole = (values: number[]) => constant(values, [values.length], 'int64')
    const [a, b] = [() => whole([5, -7, 3]), () => whole([2, 2, -2])]
    expect(
      await numbers(() => [add(a(), b()), sub(a(), b()), mul(a(), b()), maximum(a(), b()), minimum(a(), b()), sum(a()), max(a())]),
    ).toEqual([[7, -5, 1], [3, -9, 5], [10, -14, -6], [5, 2, 3], [2, -7, -2], [1], [5]])
  })
})
