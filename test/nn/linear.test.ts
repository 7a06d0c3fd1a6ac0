import { describe, expect, it } from 'vitest'
import { initialValues, Linear, linear } from '../../src/nn/index.ts'
import { add, constant, input, mul } from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run, worst } from './run.ts'

/** Sums of a few products of numbers about 1 in float64, in different orders. */
const tolerance = 1e-14

describe('the fully connected layer', () => {
  it('2.8 Linear: x Wᵀ + b', async () => {
    const layer = new Linear(2, 3)
    filledValues(layer)
    const weights = { weight: Float64Array.of(1, 0, 0, 1, 2, -1), bias: Float64Array.of(10, 20, 30) }
    expect((await run({ y: layer.forward(constant([3, 5], [1, 2])) }, weights)).y).toEqual([13, 25, 31])
  })

  it.each([[[4]], [[2, 4]], [[3, 1, 2, 4]]])(
    '3.3 fully connected: linear, f(ax + by) = a f(x) + b f(y), with leading axes as of %j',
    async (shape) => {
      const layer = new Linear(4, 3, { bias: false })
      const values = filledValues(layer)
      const [x, y] = [filledTensor(shape, 0.5), filledTensor(shape, 2)]
      const { whole, parts } = await run(
        {
          whole: layer.forward(add(mul(x, 2), mul(y, -3))),
          parts: add(mul(layer.forward(x), 2), mul(layer.forward(y), -3)),
        },
        values,
      )
      expect(layer.forward(x).shape).toEqual([...shape.slice(0, -1), 3])
      expect(worst(whole, parts)).toBeLessThan(tolerance)
    },
  )

  it('3.3 fully connected: with a bias it is affine, f(ax + (1−a)y) = a f(x) + (1−a) f(y), and f(0) = b', async () => {
    const layer = new Linear(4, 3)
    const values = filledValues(layer)
    const [x, y] = [filledTensor([4], 0.5), filledTensor([4], 2)]
    const { whole, parts, zero } = await run(
      {
        whole: layer.forward(add(mul(x, 3), mul(y, -2))),
        parts: add(mul(layer.forward(x), 3), mul(layer.forward(y), -2)),
        zero: layer.forward(constant([0, 0, 0, 0])),
      },
      values,
    )
    expect(worst(whole, parts)).toBeLessThan(tolerance)
    expect(zero).toEqual(Array.from(values.bias!))
  })

  it('starts within ±1/√in, and each step stands by itself', () => {
    for (const drawn of initialValues(new Linear(9, 50), 1).values()) {
      const largest = Math.max(...Array.from(drawn, Math.abs))
      expect(largest).toBeLessThanOrEqual(1 / 3)
      expect(largest).toBeGreaterThan(0.3)
    }
    expect(new Linear(2, 2).isCausal).toBe(true)
  })

  it('refuses shapes and sizes that do not fit, by name', () => {
    expect(() => new Linear(4, 3).forward(input('x', [2, 5]))).toThrow(
      /^linear: input \(2, 5\), weight \(3, 4\), bias \(3\): needs \(…, in\), \(out, in\), \(out\)/,
    )
    expect(() => linear(input('x', [4]), input('w', [3, 4]), input('b', [4]))).toThrow(/^linear: .*bias \(4\)/)
    expect(() => linear(constant(1), input('w', [3, 4]))).toThrow(/^linear: input \(\)/)
    expect(() => new Linear(0, 3)).toThrow('Linear: inputs 0; allowed are whole numbers ≥ 1')
    expect(() => new Linear(4, 2.5)).toThrow('Linear: outputs 2.5; allowed are whole numbers ≥ 1')
  })
})
