import { describe, expect, it } from 'vitest'
import { createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import {
  add,
  adjoint,
  concat,
  constant,
  conv2d,
  grad,
  input,
  matmul,
  mean,
  mul,
  reshape,
  slice,
  square,
  sum,
  withPlace,
} from '../../src/tensor/index.ts'

describe('shape errors', () => {
  const x = input('x', [2, 3])
  it.each([
    ['add', () => add(x, input('y', [2, 4])), /add: \(2, 3\) and \(2, 4\) do not broadcast/],
    ['matmul', () => matmul(x, x), /matmul: \(2, 3\) × \(2, 3\): needs/],
    ['reshape', () => reshape(x, [4]), /reshape: \(2, 3\) has 6 elements, \(4\) has 4/],
    ['concat', () => concat([x, input('y', [3, 3])], 1), /concat: \(2, 3\) float32 and \(3, 3\) float32 differ outside axis 1/],
    ['slice', () => slice(x, [0, 2], [2, 4]), /slice: 2:4:1 on axis 1 of \(2, 3\)/],
    [
      'conv2d',
      () => conv2d(input('i', [1, 3, 5, 5]), input('w', [4, 2, 3, 3])),
      /conv2d: input \(1, 3, 5, 5\), weight \(4, 2, 3, 3\), groups 1/,
    ],
    ['grad', () => grad(x, [x]), /grad: needs a float32 scalar to differentiate, got float32 \(2, 3\)/],
    ['input', () => input('x', [2, 0]), /input "x": shape \(2, 0\) has the extent 0/],
    ['constant', () => constant([1, 2, 3], [2]), /constant: 3 values do not fill the shape \(2\) of 2/],
  ])('of %s name the function and the shapes', (_, trace, message) => {
    expect(trace).toThrow(message)
  })

  it('name the place in the model', () => {
    expect(() => withPlace('encoder.2', () => withPlace('conv', () => add(x, input('y', [7]))))).toThrow(/^encoder\.2\.conv: add: /)
  })
})

describe('grad', () => {
  it('gives zeros for what the loss does not depend on, and sums over several uses', async () => {
    const [x, unused] = [input('x', [2]), input('unused', [3])]
    const [dx, nothing] = grad(sum(add(square(x), mul(x, 3))), [x, unused])
    const program = await createReferenceBackend().load({ dx: dx!, nothing: nothing! })
    const values = await program.run({ x: Float64Array.of(1, -2) })
    expect(Array.from(values.dx as Float64Array)).toEqual([5, -1])
    expect(Array.from(values.nothing as Float64Array)).toEqual([0, 0, 0])
  })

  it('differentiates its own result: the second derivative of x⁴ is 12 x²', async () => {
    const x = input('x', [3])
    const [first] = grad(sum(square(square(x))), [x])
    const [second] = grad(sum(first!), [x])
    const program = await createReferenceBackend().load({ second: second! })
    const { second: values } = await program.run({ x: Float64Array.of(1, 2, -3) })
    expect(Array.from(values as Float64Array)).toEqual([12, 48, 108])
  })

  it('copes with graphs deeper than the call stack', async () => {
    const x = input('x', [])
    let y = x
    for (let i = 0; i < 20_000; i++) y = add(y, 1)
    expect(grad(y, [x])[0]!.shape).toEqual([])
  })
})

it('adjoint: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for a linear function', async () => {
  const matrix = constant([1, 2, 3, 4, 5, 6], [2, 3])
  const f = (x: ReturnType<typeof constant>) => [reshape(matmul(matrix, reshape(x, [3, 1])), [2])]
  const [direct, transposed] = await evaluate(() => {
    const [x, y] = [constant([1, -1, 2]), constant([3, 5])]
    return [sum(mul(f(x)[0]!, y)), sum(mul(x, adjoint(f, [3], [y])))]
  })
  expect(direct).toEqual(transposed)
})

it('mean is the sum over the number of elements', async () => {
  const [all, rows] = await evaluate(() => {
    const x = constant([1, 2, 3, 4, 5, 6], [2, 3])
    return [mean(x), mean(x, { axes: [-1], keepDims: true })]
  })
  expect([Array.from(all as Float64Array), Array.from(rows as Float64Array)]).toEqual([[3.5], [2, 5]])
})
