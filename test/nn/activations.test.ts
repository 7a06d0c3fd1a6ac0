import { describe, expect, it } from 'vitest'
import { elu, gelu, identity, initialValues, PReLU, Sequential, silu, squaredRelu } from '../../src/nn/index.ts'
import { constant, grad, input, leakyRelu, mul, relu, sigmoid, softmax, softplus, sum, type Tensor, tanh } from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run, worst } from './run.ts'

const points = [-2, -1, -0.5, 0, 0.5, 1, 2]

/** The formulas of the papers in plain numbers; the error function's values from tables, 10 digits. */
const phi = new Map([
  [-2, 0.0227501319],
  [-1, 0.1586552539],
  [-0.5, 0.3085375387],
  [0, 0.5],
  [0.5, 0.6914624613],
  [1, 0.8413447461],
  [2, 0.9772498681],
])
const functions: readonly (readonly [string, (x: Tensor) => Tensor, (x: number) => number])[] = [
  ['sigmoid', sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ['tanh', tanh, (x) => (Math.exp(x) - Math.exp(-x)) / (Math.exp(x) + Math.exp(-x))],
  ['relu', relu, (x) => (x > 0 ? x : 0)],
  ['leakyRelu, slope 0.01', leakyRelu, (x) => (x > 0 ? x : 0.01 * x)],
  ['softplus', softplus, (x) => Math.log(1 + Math.exp(x))],
  ['elu', elu, (x) => (x > 0 ? x : Math.exp(x) - 1)],
  ['gelu', gelu, (x) => x * phi.get(x)!],
  ['silu', silu, (x) => x / (1 + Math.exp(-x))],
  ['squaredRelu', squaredRelu, (x) => (x > 0 ? x * x : 0)],
  ['identity', identity, (x) => x],
]

describe('activations', () => {
  it.each(functions)('3.15 %s: values of its formula', async (_, f, formula) => {
    const { y } = await run({ y: f(constant(points)) })
    // The tables' tenth digit.
    expect(worst(y, points.map(formula))).toBeLessThan(2e-10)
  })

  it('3.15 ranges: sigmoid in (0, 1), tanh in (−1, 1), softplus above 0, elu above −1, also far out', async () => {
    const x = constant([-15, -3, 0, 3, 15])
    const y = await run({ sigmoid: sigmoid(x), tanh: tanh(x), softplus: softplus(x), elu: elu(x), far: softplus(constant([-700, 700])) })
    const within = (values: readonly number[], low: number, high: number) => values.every((value) => value > low && value < high)
    expect(within(y.sigmoid, 0, 1)).toBe(true)
    expect(within(y.tanh, -1, 1)).toBe(true)
    expect(within(y.softplus, 0, 15.1)).toBe(true)
    expect(within(y.elu, -1, 15.1)).toBe(true)
    expect(y.far[1]).toBe(700)
  })

  it('3.15 softmax: along the axis that is told', async () => {
    const x = filledTensor([2, 3], 1)
    const { rows, columns } = await run({ rows: sum(softmax(x), { axes: [1] }), columns: sum(softmax(x, 0), { axes: [0] }) })
    expect(worst([...rows, ...columns], [1, 1, 1, 1, 1])).toBeLessThan(1e-15)
  })

  it('2.5 ReLU: negative values and their gradients vanish, 0 among them; others pass as they are', async () => {
    const x = constant([-2, 0, 3])
    const y = relu(x)
    const [dx] = grad(sum(mul(y, constant([5, 6, 7]))), [x])
    const { values, gradient } = await run({ values: y, gradient: dx! })
    expect(values).toEqual([0, 0, 3])
    expect(gradient).toEqual([0, 0, 7])
  })

  it('3.15 gradients: far from 0 none is infinite or not a number', async () => {
    const x = constant([-800, -1, 0, 1, 800])
    for (const [name, f] of functions) {
      const [dx] = grad(sum(f(x)), [x])
      expect((await run({ g: dx! })).g.every(Number.isFinite), name).toBe(true)
    }
  })

  it('3.15 PReLU: starts at 0.25; the gradient of α is the sum of what lies below 0', async () => {
    const one = new PReLU()
    filledValues(one)
    expect(Array.from(initialValues(one, 1).get('weight')!)).toEqual([0.25])
    const x = constant([-2, 3, -1, 4, -5, 0], [1, 2, 3])
    const y = one.forward(x)
    const [da] = grad(sum(mul(y, constant([1, 2, 3, 4, 5, 6], [1, 2, 3]))), [one.weight])
    const { values, slope } = await run({ values: y, slope: da! }, { weight: Float64Array.of(0.25) })
    expect(values).toEqual([-0.5, 3, -0.25, 4, -1.25, 0])
    expect(slope).toEqual([-2 * 1 - 1 * 3 - 5 * 5])
    const each = new PReLU(2, { init: 0.1 })
    filledValues(each)
    const z = each.forward(x)
    const [perChannel] = grad(sum(z), [each.weight])
    const own = await run({ z, slope: perChannel! }, { weight: Float64Array.of(1, 10) })
    expect(own.z).toEqual([-2, 3, -1, 4, -50, 0])
    expect(own.slope).toEqual([-3, -5])
    expect(one.isCausal).toBe(true)
  })

  it('are layers in a Sequential, each step by itself', () => {
    const model = new Sequential(elu, gelu, identity, leakyRelu, relu, sigmoid, silu, softplus, squaredRelu, tanh, softmax)
    expect([(model.forward(input('x', [2, 3])) as Tensor).shape, model.isCausal]).toEqual([[2, 3], true])
  })
})
