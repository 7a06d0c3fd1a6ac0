import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { compile } from '../../src/runtime/index.ts'
import { add, input, transpose } from '../../src/tensor/index.ts'
import { countOps, onnxRuntime } from './support.ts'

describe('transpositions', () => {
  const backend = onnxRuntime({ threads: 2 })

  // Axes of one element, and those that stay beside each other, do not hide that it is the same movement.
  it.each([
    { shape: [2048, 3, 3], order: [0, 2, 1] },
    { shape: [2048, 2, 11], order: [0, 2, 1] },
    { shape: [2, 1, 1024, 5, 1, 3], order: [1, 0, 2, 5, 4, 3] },
  ])('of many small matrices, $shape, take another way and move each number to its place', async ({ shape, order }) => {
    const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i)
    // Neither is a number that no arithmetic leaves alone, nor does it reach its neighbours.
    x[7] = Number.NaN
    x[11] = Number.POSITIVE_INFINITY
    expect(countOps(writeOnnx({ y: transpose(input('x', shape), order) })).Gather).toBe(2)
    const program = await compile(({ x }) => ({ y: transpose(x!, order) }), { x: shape }, { backend: backend() })
    const { y } = await program.run({ x })
    const [rows, columns] = [shape.findLast((n, axis) => n > 1 && axis < shape.findLastIndex((m) => m > 1))!, shape.findLast((n) => n > 1)!]
    const expected = x.map((_, i) => {
      const [matrix, at] = [Math.floor(i / (rows * columns)), i % (rows * columns)]
      return x[matrix * rows * columns + (at % rows) * columns + Math.floor(at / rows)]!
    })
    expect(y).toEqual(expected)
    await program.dispose()
  })

  it('of axes of one element are reshapes', () => {
    expect(countOps(writeOnnx({ y: transpose(input('x', [3, 1, 4]), [1, 0, 2]) }))).toEqual({ Reshape: 1 })
  })

  it('after each other are one, or nothing', () => {
    const x = input('x', [2, 3, 4])
    const turned = transpose(x, [1, 2, 0])
    expect(transpose(turned, [2, 0, 1])).toBe(x)
    expect(countOps(writeOnnx({ y: add(transpose(turned, [0, 2, 1]), 1) }))).toEqual({ Transpose: 1, Add: 1 })
    expect(() => transpose(turned, [0, 1])).toThrow(/\[0,1\] is no permutation of the 3 axes of \(3, 4, 2\)/)
  })
})
