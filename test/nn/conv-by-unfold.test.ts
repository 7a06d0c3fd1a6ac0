import { describe, expect, it } from 'vitest'
import { Conv2d, convByUnfold, initialValues, Module, parameter, UnfoldConv2d, uniformInit } from '../../src/nn/index.ts'
import {
  add,
  fold,
  grad,
  input,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  type Shape,
  square,
  sum,
  type Tensor,
  unfold,
} from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run, worst } from './run.ts'

/** Sums of some hundred products of numbers about 1 in float64, in different orders. */
const tolerance = 1e-12

describe('convolution by unfold', () => {
  it('2.19 convolution by unfold: (1, 3, 24, 24), kernel 3 → (1, 1, 22, 22); windows are (C·k², L)', () => {
    const x = input('x', [1, 3, 24, 24])
    expect(new UnfoldConv2d(3, 1, 3).forward(x).shape).toEqual([1, 1, 22, 22])
    expect(unfold(x, 3).shape).toEqual([1, 27, 484])
  })

  it.each<[Shape, number | readonly [number, number], object]>([
    [[2, 3, 24, 24], 3, {}],
    [[1, 2, 9, 6], 3, { padding: 1 }],
    [[1, 2, 5, 4], 3, { padding: [[2, 0], 1] }],
    [[2, 2, 7, 12], [3, 2], { stride: [3, 2], padding: [1, 0] }],
    [[1, 3, 10, 15], [2, 3], { dilation: [3, 1], stride: 2, padding: [2, 1] }],
    [[1, 1, 5, 11], [1, 4], { dilation: [1, 3] }],
  ])(
    '2.19 convolution by unfold: equals Conv2d, and its gradients equal those, on %j with kernel %j, %j (not square: the notebook swaps H and W)',
    async (shape, kernel, options) => {
      const [slow, fast] = [new UnfoldConv2d(shape[1]!, 2, kernel, options), new Conv2d(shape[1]!, 2, kernel, options)]
      const x = filledTensor(shape, 0.5)
      const results = await Promise.all(
        [slow, fast].map((layer) => {
          const values = filledValues(layer)
          const y = layer.forward(x)
          const [dx, dw, db] = grad(sum(mul(y, filledTensor(y.shape, 2))), [x, layer.weight, layer.bias!])
          return run({ y, dx: dx!, dw: dw!, db: db! }, values)
        }),
      )
      for (const key of ['y', 'dx', 'dw', 'db'] as const) expect(worst(results[0]![key], results[1]![key]), key).toBeLessThan(tolerance)
      expect(slow.reach()).toEqual(fast.reach())
    },
  )

  it('2.19 convolution by unfold: mean().backward() reaches weight and bias of a layer of one’s own, without a derivative being written', async () => {
    /** What a user writes: windows, a product, a nonlinearity that no library has. */
    class Own extends Module {
      readonly weight = parameter([4, 27], uniformInit(0.2))
      readonly bias = parameter([4, 1], uniformInit(0.2))
      forward(x: Tensor): Tensor {
        const z = add(matmul(this.weight, unfold(x, 3)), this.bias)
        return reshape(square(relu(z)), [x.shape[0]!, 4, x.shape[2]! - 2, x.shape[3]! - 2])
      }
    }
    const layer = new Own()
    const values = filledValues(layer)
    const [dw, db] = grad(mean(layer.forward(filledTensor([1, 3, 24, 24], 0.5))), [layer.weight, layer.bias])
    const gradients = await run({ dw: dw!, db: db! }, values)
    for (const gradient of Object.values(gradients)) expect(gradient.every((value) => Number.isFinite(value) && value !== 0)).toBe(true)
  })

  it('2.19 convolution by unfold: one and three spatial axes as well; refuses what does not fit', () => {
    expect(convByUnfold(input('x', [2, 3, 9]), input('w', [4, 3, 2]), { stride: 2 }).shape).toEqual([2, 4, 4])
    expect(convByUnfold(input('x', [2, 1, 4, 5, 6]), input('w', [2, 1, 2, 2, 3])).shape).toEqual([2, 2, 3, 4, 4])
    expect(() => convByUnfold(input('x', [2, 3, 9, 9]), input('w', [4, 2, 2, 2]))).toThrow(
      /^convByUnfold: input \(2, 3, 9, 9\), weight \(4, 2, 2, 2\): needs/,
    )
    expect(() => convByUnfold(input('x', [2, 3, 9]), input('w', [4, 3, 2, 2]))).toThrow(/^convByUnfold: input \(2, 3, 9\)/)
    expect(() => new UnfoldConv2d(1, 1, 0)).toThrow(/^UnfoldConv2d kernel: needs 2 whole number\(s\) ≥ 1, got 0/)
  })

  it('2.19 convolution by unfold: starts as Conv2d does, from the same draws', () => {
    expect(initialValues(new UnfoldConv2d(2, 3, [2, 5]), 1)).toEqual(initialValues(new Conv2d(2, 3, [2, 5]), 1))
  })

  it.each<[Shape, number | readonly number[], object]>([
    [[2, 3, 11], 4, { stride: 3, padding: 1 }],
    [[1, 2, 6, 9], [2, 3], { stride: [1, 2], dilation: [2, 1], padding: [0, 2] }],
    [[1, 1, 4, 3, 5], 2, { stride: 2 }],
  ])('2.20 fold: ⟨unfold(x), y⟩ = ⟨x, fold(y)⟩ for x %j, kernel %j, %j', async (shape, kernel, options) => {
    const x = filledTensor(shape, 0.5)
    const columns = unfold(x, kernel, options)
    const y = filledTensor(columns.shape, 2)
    const { left, right } = await run({
      left: sum(mul(columns, y)),
      right: sum(mul(x, fold(y, shape.slice(2), kernel, options))),
    })
    expect(Math.abs(left[0]! - right[0]!)).toBeLessThan(tolerance)
    expect(Math.abs(left[0]!)).toBeGreaterThan(0.01)
  })
})
