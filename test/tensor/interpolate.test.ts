import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom, grad, type InterpolateOptions, input, interpolate, mul, type Shape, sum } from '../../src/tensor/index.ts'
import { drawn, onnxRuntime, sequence } from './support.ts'

const onnx = onnxRuntime()

// Numbers of torch.nn.functional.interpolate (PyTorch 1.13, float64), rounded to 6 digits.
describe('gives what PyTorch gives', () => {
  const [linear, bilinear, corners] = [{ mode: 'linear' }, { mode: 'bilinear' }, { alignCorners: true }] as const
  const [line, plane] = [
    [1, 1, 4],
    [1, 1, 3, 4],
  ]
  it.each<[Shape, InterpolateOptions, number[]]>([
    [line, { size: 7, ...linear }, [-5, -2.5, 1.5, 0, -1.5, 2.5, 5]],
    [line, { size: 7, ...linear, ...corners }, [-5, -1.5, 2, 0, -2, 1.5, 5]],
    [line, { size: 2, ...linear }, [-1.5, 1.5]],
    [line, { size: 2, ...linear, ...corners }, [-5, 5]],
    [line, { scale: 1.7, ...linear }, [-5, -2.323529, 1.794118, -0.235294, -0.970588, 3.147059]],
    [line, { scale: 1.7, ...linear, ...corners }, [-5, -0.8, 1.2, -1.2, 0.8, 5]],
    [line, { scale: 0.6, ...linear }, [-2.666667, -2]],
    [
      plane,
      { size: [5, 3], ...bilinear },
      [-3.833333, 0, 3.833333, -2.166667, 0.2, 2.566667, 0.333333, 0.5, 0.666667, -1.566667, 0.8, -2.333333, -2.833333, 1, -4.333333],
    ],
    [plane, { size: [5, 3], ...bilinear, ...corners }, [-5, 0, 5, -2, 0.25, 2.5, 1, 0.5, 0, -1.5, 0.75, -2.5, -4, 1, -5]],
    [
      plane,
      { size: [2, 7], ...bilinear },
      [-3.5, -1.982143, 0.446429, 0.125, -0.196429, 2.232143, 3.75, -2.75, -1.232143, 1.196429, 0.875, -0.035714, -2.321429, -3.75],
    ],
    [plane, { size: [2, 7], ...bilinear, ...corners }, [-5, -1.5, 2, 0, -2, 1.5, 5, -4, -0.5, 3, 1, -1, -3, -5]],
    [plane, { scale: 0.6, ...bilinear }, [-1.888889, 0]],
    [plane, { scale: 0.6, ...bilinear, ...corners }, [-5, 5]],
    [plane, { size: [5, 3] }, [-5, 2, -2, -5, 2, -2, 1, -3, 4, 1, -3, 4, -4, 3, -1]],
    [plane, { size: [2, 7] }, [-5, -5, 2, 2, -2, -2, 5, 1, 1, -3, -3, 4, 4, 0]],
    [plane, { scale: 0.6 }, [-5, 2]],
    [[1, 1, 5], { scale: 1.7 }, [-5, -5, 2, 2, -2, -2, 5, 1]],
    [[1, 1, 5], { scale: 0.6 }, [-5, 2, 5]],
    [[1, 1, 5], { size: 7 }, [-5, -5, 2, -2, -2, 5, 1]],
  ])('%j %j', async (shape, options, expected) => {
    for (const backend of [undefined, onnx()]) {
      const [y] = await evaluate(() => [interpolate(sequence(...shape), options)], backend)
      expect(y).toHaveLength(expected.length)
      for (const [i, value] of Array.from(y as Float32Array).entries()) expect(value, `[${i}]`).toBeCloseTo(expected[i]!, 5)
    }
  })
})

it('stays within 1e-6 of float64 in long axes, whatever the factor', async () => {
  for (const size of [1000, 700, 300, 250]) {
    const y = interpolate(sequence(...[1, 1, 500, 2]), { size: [size, 3], mode: 'bilinear' })
    const [[expected], [actual]] = [await evaluate(() => [y]), await evaluate(() => [y], onnx())]
    // Of values up to 5: one unit of rounding is 4e-7.
    const worst = Array.from(expected as Float64Array).reduce((far, value, i) => Math.max(far, Math.abs(value - Number(actual![i]))), 0)
    expect(worst / 5).toBeLessThan(1e-6)
  }
})

it('repeats whole factors exactly, also where their reciprocal is no float', async () => {
  const [y] = await evaluate(() => [interpolate(constant([1, 2, 3], [1, 1, 3]), { scale: 49 })])
  expect(Array.from(y as Float64Array)).toEqual([1, 2, 3].flatMap((value) => new Array(49).fill(value)))
})

it('has as derivative the adjoint: ⟨interpolate(x), y⟩ = ⟨x, gradient⟩', async () => {
  const random = createRandom(2)
  const draw = () => random.uniform(-1, 1)
  const x = drawn([2, 2, 7, 5], draw)
  const y = interpolate(x, { size: [11, 4], mode: 'bilinear' })
  const weights = drawn(y.shape, draw)
  const left = sum(mul(y, weights))
  const right = sum(mul(x, grad(left, [x])[0]!))
  const [a, b] = await evaluate(() => [left, right])
  expect(Number(a![0])).toBeCloseTo(Number(b![0]), 12)
})

describe('refuses', () => {
  const x = input('x', [1, 2, 6, 6])
  it.each<[string, InterpolateOptions, RegExp]>([
    ['neither size nor scale', { mode: 'bilinear' }, /interpolate: needs either size or scale/],
    ['both', { size: 3, scale: 2 }, /interpolate: needs either size or scale/],
    ['linear on a plane', { size: 3, mode: 'linear' }, /mode linear needs \(b, c, …\) with 1 spatial axes, got \(1, 2, 6, 6\)/],
    ['aligned corners of nearest', { size: 3, alignCorners: true }, /interpolate alignCorners: nearest has no corners/],
    ['a fractional size', { size: 1.5 }, /interpolate size: needs 2 whole number\(s\) ≥ 1, got 1.5/],
    ['a negative scale', { scale: -1 }, /interpolate scale: needs 2 number\(s\) > 0, got -1/],
    ['a scale that leaves nothing', { scale: 0.1 }, /interpolate: scale 0.1 leaves nothing of \(1, 2, 6, 6\)/],
    ['a mode that is none', { size: 3, mode: 'cubic' as 'linear' }, /interpolate mode: "cubic"; allowed are nearest, linear and bilinear/],
  ])('%s', (_, options, message) => {
    expect(() => interpolate(x, options)).toThrow(message)
  })
})
