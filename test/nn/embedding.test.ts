import { describe, expect, it } from 'vitest'
import { Embedding, embedding, initialValues, Linear, layoutOf, Module, Sequential } from '../../src/nn/index.ts'
import { constant, grad, input, mul, sum, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run } from './run.ts'

describe('embeddings', () => {
  it('1.3 embeddings: rows of the table by symbol, whatever the shape of the symbols', async () => {
    const layer = new Embedding(4, 2)
    filledValues(layer)
    const tokens = constant([3, 0, 0, 1], [2, 2], 'int64')
    const y = layer.forward(tokens)
    expect([y.shape, layer.forward(input('t', [5], 'int32')).shape]).toEqual([
      [2, 2, 2],
      [5, 2],
    ])
    expect((await run({ y }, { weight: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) })).y).toEqual([7, 8, 1, 2, 1, 2, 3, 4])
  })

  it('1.3 embeddings: the gradient is in used rows alone, added up where one is used more than once', async () => {
    const layer = new Embedding(5, 2)
    const values = filledValues(layer)
    const y = layer.forward(constant([4, 1, 4], [3], 'int64'))
    const [gradient] = grad(sum(mul(y, constant([1, 2, 3, 4, 5, 6], [3, 2]))), [layer.weight])
    expect((await run({ g: gradient! }, values)).g).toEqual([0, 0, 3, 4, 0, 0, 0, 0, 6, 8])
  })

  it('1.3 embeddings: padding starts as zeros and gets no gradient; other rows start normal', async () => {
    const layer = new Embedding(400, 3, { paddingIndex: 1 })
    const drawn = initialValues(layer, 1).get('weight')!
    expect(Array.from(drawn.subarray(3, 6))).toEqual([0, 0, 0])
    const others = Array.from(drawn).filter((_, i) => i < 3 || i > 5)
    expect(others).not.toContain(0)
    const [first, second] = [1, 2].map((power) => others.reduce((total, value) => total + value ** power, 0) / others.length)
    // Mean 0 and variance 1 of 1197 draws: within four of their deviations, 0.029 and 0.041.
    expect(Math.abs(first!)).toBeLessThan(0.12)
    expect(Math.abs(second! - 1)).toBeLessThan(0.17)
    expect(Array.from(initialValues(new Embedding(2, 2, { paddingIndex: 0 }), 1).get('weight')!, (value) => value === 0)).toEqual([
      true,
      true,
      false,
      false,
    ])
    const small = new Embedding(3, 2, { paddingIndex: 1 })
    const values = filledValues(small)
    const [gradient] = grad(sum(small.forward(constant([1, 2, 1], [3], 'int64'))), [small.weight])
    expect((await run({ g: gradient! }, values)).g).toEqual([0, 0, 0, 0, 1, 1])
  })

  it('1.3 embeddings: a loaded table is where it starts, and frozen rows are unchanged after a step that changes what is trained', async () => {
    class Words extends Module {
      readonly table = new Embedding(3, 2, { table: [1, 2, 3, 4, 5, 6], freeze: true })
      readonly head = new Linear(2, 1)
      forward(tokens: Tensor): Tensor {
        return this.head.forward(this.table.forward(tokens))
      }
    }
    const model = new Words()
    const { parameters, buffers } = layoutOf(model)
    expect([parameters.map(({ name }) => name), buffers.map(({ name }) => name)]).toEqual([['head.weight', 'head.bias'], ['table.weight']])
    const before = initialValues(model, 1)
    expect(Array.from(before.get('table.weight')!)).toEqual([1, 2, 3, 4, 5, 6])
    const loss = sum(mul(model.forward(constant([0, 2], [2], 'int64')), filledTensor([2, 1], 1)))
    const gradients = grad(
      loss,
      parameters.map(({ parameter }) => parameter),
    )
    const outputs = Object.fromEntries(parameters.map(({ name }, i) => [`d ${name}`, gradients[i]!]))
    const steps = await run(outputs, Object.fromEntries(before))
    // Gradient descent over what a layout calls parameters, as every optimiser here does.
    const after = new Map(before)
    for (const { name } of parameters)
      after.set(
        name,
        before.get(name)!.map((value, i) => value - 0.1 * steps[`d ${name}`]![i]!),
      )
    expect(after.get('head.weight')).not.toEqual(before.get('head.weight'))
    expect(after.get('table.weight')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
    const thawed = layoutOf(new Embedding(3, 2, { table: [1, 2, 3, 4, 5, 6] }))
    expect(thawed.parameters.map(({ name }) => name)).toEqual(['weight'])
  })

  it('belongs before layers that read vectors, each step by itself', () => {
    const model = new Sequential(new Embedding(10, 4), new Linear(4, 2))
    expect([model.forward(input('t', [2, 7], 'int64')), model.isCausal]).toMatchObject([{ shape: [2, 7, 2] }, true])
  })

  it('refuses symbols that are no whole numbers, sizes and tables that do not fit', () => {
    expect(() => new Embedding(3, 2).forward(input('x', [2]))).toThrow(/^gather: .*float32/)
    expect(() => embedding(input('t', [2], 'int64'), input('x', [2]))).toThrow('embedding: table (2); needs (symbols, features)')
    expect(() => new Embedding(3, 0)).toThrow('Embedding: features 0; allowed are whole numbers ≥ 1')
    expect(() => new Embedding(3, 2, { paddingIndex: 3 })).toThrow(
      'Embedding: paddingIndex 3 of 3 symbols; allowed are whole numbers in 0…2',
    )
    expect(() => new Embedding(3, 2, { table: [1, 2] })).toThrow('Embedding: a table of 2 numbers for 3 symbols; needs 3 · 2')
  })
})
