import { describe, expect, it } from 'vitest'
import { stft } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { add, type Complex, complex, constant, grad, reshape, sum, type Tensor } from '../../src/tensor/index.ts'

const a: Complex = { re: constant([1, -2, 0.5]), im: constant([2, 0.5, -3]) }
const b: Complex = { re: constant([-0.5, 1, 2]), im: constant([1.5, -1, 0.25]) }

async function expectClose(f: () => readonly Tensor[], expected: readonly (readonly number[])[]): Promise<void> {
  const values = await evaluate(f)
  for (const [i, list] of expected.entries()) {
    expect(values[i]!.length).toBe(list.length)
    for (const [k, value] of list.entries()) expect(Math.abs(Number(values[i]![k]) - value), `output ${i}, element ${k}`).toBeLessThan(1e-7)
  }
}

const parts = ({ re, im }: Complex) => [re, im]

describe('complex', () => {
  // numpy 1.24: a = np.array([1+2j, -2+.5j, .5-3j]), b = np.array([-.5+1.5j, 1-1j, 2+.25j]); a*b and so on, rounded to 7 digits.
  it.each<[string, () => readonly Tensor[], readonly (readonly number[])[]]>([
    [
      'add',
      () => parts(complex.add(a, b)),
      [
        [0.5, -1, 2.5],
        [3.5, -0.5, -2.75],
      ],
    ],
    [
      'sub',
      () => parts(complex.sub(a, b)),
      [
        [1.5, -3, -1.5],
        [0.5, 1.5, -3.25],
      ],
    ],
    [
      'mul',
      () => parts(complex.mul(a, b)),
      [
        [-3.5, -1.5, 1.75],
        [0.5, 2.5, -5.875],
      ],
    ],
    [
      'div',
      () => parts(complex.div(a, b)),
      [
        [1.0, -1.25, 0.0615385],
        [-1.0, -0.75, -1.5076923],
      ],
    ],
    [
      'conj',
      () => parts(complex.conj(a)),
      [
        [1, -2, 0.5],
        [-2, -0.5, 3],
      ],
    ],
    [
      'exp',
      () => parts(complex.exp(a)),
      [
        [-1.1312044, 0.1187679, -1.6322217],
        [2.4717267, 0.0648832, -0.2326676],
      ],
    ],
    ['abs', () => [complex.abs(a)], [[2.236068, 2.0615528, 3.0413813]]],
    ['power', () => [complex.power(a)], [[5, 4.25, 9.25]]],
    ['angle', () => [complex.angle(a)], [[1.1071487, 2.896614, -1.4056476]]],
    [
      'scale',
      () => parts(complex.scale(a, constant([1, 2, 3]))),
      [
        [1, -4, 1.5],
        [2, 1, -9],
      ],
    ],
    [
      'polar of abs and angle',
      () => parts(complex.polar(complex.abs(a), complex.angle(a))),
      [
        [1, -2, 0.5],
        [2, 0.5, -3],
      ],
    ],
  ])('%s gives what numpy gives', (_, f, expected) => expectClose(f, expected))

  it('multiplies and inverts matrices', async () => {
    const square = complex.map({ re: constant([1, 2, 0, -1]), im: constant([0, 1, 3, 1]) }, (x) => reshape(x, [2, 2]))
    // numpy: A = np.array([[1, 2+1j], [3j, -1+1j]]); A @ A, np.linalg.inv(A).
    await expectClose(
      () => [...parts(complex.matmul(square, square)), ...parts(complex.inverse(square))],
      [
        [-2.0, -1.0, -3.0, -3.0],
        [6.0, 2.0, 0.0, 4.0],
        [-0.2413793, 0.0344828, 0.5172414, 0.0689655],
        [-0.1034483, -0.4137931, -0.2068966, 0.1724138],
      ],
    )
  })

  it('has finite derivatives everywhere, at 0 among them', () =>
    expectClose(() => {
      const z = { re: constant([0, 3, 1e-30]), im: constant([0, -4, 0]) }
      const loss = add(sum(complex.abs(z)), sum(complex.angle({ re: constant([0]), im: z.im })))
      const [re, im] = grad(sum(complex.abs(z)), [z.re, z.im])
      return [re!, im!, grad(loss, [z.re])[0]!]
    }, [
      [0, 0.6, 1e-12],
      [0, -0.8, 0],
      [0, 0.6, 1e-12],
    ]))

  it('takes the spectra of stft', async () => {
    const x = constant(Float64Array.from({ length: 64 }, (_, i) => Math.sin(i)))
    const spectrum = stft(x, { nFft: 16, hopLength: 8 })
    const [direct, rotated] = await evaluate(() => {
      const phase = { re: constant(Math.cos(1)), im: constant(Math.sin(1)) }
      return [complex.abs(spectrum), complex.abs(complex.mul(spectrum, phase))]
    })
    for (const [i, value] of direct!.entries()) expect(Math.abs(Number(rotated![i]) - Number(value))).toBeLessThan(1e-12)
  })

  it('refuses parts that differ and matrices that are none', () => {
    expect(() => complex.abs({ re: constant([1, 2]), im: constant([1]) })).toThrow('complex.abs: re (2) and im (1) differ')
    expect(() => complex.inverse(a)).toThrow('complex.inverse: re (3), im (3): needs two of (…, n, n) with n in 1…16')
  })
})
