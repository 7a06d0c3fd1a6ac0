import { describe, expect, it } from 'vitest'
import { Apply, Linear, layoutOf, Sequential, summary } from '../../src/nn/index.ts'
import { input, mul, relu, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run } from './run.ts'

describe('Sequential', () => {
  it('calls its layers one after the other, functions among them', async () => {
    const model = new Sequential(new Linear(3, 4), relu, new Linear(4, 2))
    const values = filledValues(model)
    expect(Object.keys(values)).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    const x = filledTensor([2, 3], 0.5)
    const [first, last] = [model[0], model[2]] as [Linear, Linear]
    const { y, expected } = await run({ y: model.forward(x), expected: last.forward(relu(first.forward(x))) }, values)
    expect(y).toEqual(expected)
  })

  it('names nested layers by their path, in errors as well', () => {
    const model = new Sequential(new Sequential(new Linear(3, 4)), relu, new Sequential(relu, new Linear(5, 2)))
    expect(layoutOf(model).parameters.map(({ name }) => name)).toEqual(['0.0.weight', '0.0.bias', '2.1.weight', '2.1.bias'])
    expect(() => model.forward(input('x', [1, 3]))).toThrow(/^2\.1: linear: input \(1, 4\), weight \(2, 5\)/)
  })

  it('shows functions by their names in summaries', () => {
    const double = (x: Tensor) => mul(x, 2)
    const { rows } = summary(new Sequential(relu, double, new Apply((x) => x)), [2, 3])
    expect(rows.map(({ path, type }) => [path, type])).toEqual([
      ['', 'Sequential'],
      ['0', 'relu'],
      ['1', 'double'],
      ['2', 'function'],
    ])
  })

  it('refuses to be empty', () => {
    expect(() => new Sequential()).toThrow('Sequential: no layers; needs at least one')
  })
})
