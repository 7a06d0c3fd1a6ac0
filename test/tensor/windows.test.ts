import { describe, expect, it } from 'vitest'
import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  constant,
  createRandom,
  fold,
  grad,
  input,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  mul,
  type Shape,
  sum,
  type Tensor,
  unfold,
} from '../../src/tensor/index.ts'
import { drawn, onNodeBackends, sequence } from './support.ts'

// Numbers of torch.nn.functional (PyTorch 1.13, float64) for the same sequences.
const inPyTorch: readonly (readonly [string, () => Tensor, Shape, readonly number[]])[] = [
  [
    'maxPool1d of padded, overlapping windows',
    () => maxPool1d(constant([1, 3, 3, 2, 5, 5, 0], [1, 1, 7]), 3, { stride: 2, padding: 1 }),
    [1, 1, 4],
    [3, 3, 5, 5],
  ],
  [
    'maxPool2d with dilation',
    () => maxPool2d(sequence(1, 1, 5, 4), 2, { stride: [2, 1], padding: [1, 0], dilation: 2 }),
    [1, 1, 3, 2],
    [4, 0, 5, 1, 5, 1],
  ],
  ['maxPool3d, leaving out what fills no window', () => maxPool3d(sequence(1, 1, 4, 3, 4), 2), [1, 1, 2, 1, 2], [4, 5, 5, 4]],
  ['avgPool1d', () => avgPool1d(sequence(1, 2, 5), 3, { stride: 2 }), [1, 2, 2], [-5 / 3, 4 / 3, 1 / 3, -1 / 3]],
  [
    'avgPool2d, padding counted',
    () => avgPool2d(sequence(1, 1, 3, 4), [2, 3], { stride: [2, 1], padding: 1 }),
    [1, 1, 2, 4],
    [-1 / 2, -5 / 6, 5 / 6, 1 / 2, -1 / 2, 0, -1 / 3, -1 / 3],
  ],
  [
    'avgPool2d, padding not counted',
    () => avgPool2d(sequence(1, 1, 3, 4), [2, 3], { stride: [2, 1], padding: 1, countIncludePad: false }),
    [1, 1, 2, 4],
    [-3 / 2, -5 / 3, 5 / 3, 3 / 2, -3 / 4, 0, -1 / 3, -1 / 2],
  ],
  ['avgPool3d', () => avgPool3d(sequence(1, 1, 2, 4, 2), 2, { stride: [1, 2, 1] }), [1, 1, 1, 2, 1], [-7 / 8, 1]],
  [
    'unfold',
    () => unfold(sequence(1, 2, 3, 4), [2, 3], { padding: [1, 0], stride: [2, 1] }),
    [1, 12, 4],
    [
      0, 0, 1, -3, 0, 0, -3, 4, 0, 0, 4, 0, -5, 2, -4, 3, 2, -2, 3, -1, -2, 5, -1, -5, 0, 0, -3, 4, 0, 0, 4, 0, 0, 0, 0, -4, 2, -2, 3, -1,
      -2, 5, -1, -5, 5, 1, -5, 2,
    ],
  ],
  [
    'unfold with dilation',
    () => unfold(sequence(1, 1, 4, 3), 2, { dilation: [2, 1] }),
    [1, 4, 4],
    [-5, 2, 5, 1, 2, -2, 1, -3, 4, 0, 3, -1, 0, -4, -1, -5],
  ],
  ['fold', () => fold(sequence(1, 4, 6), [3, 4], 2), [1, 1, 3, 4], [-5, 6, -2, -4, 7, 2, -3, -2, 1, -4, -1, 2]],
]

onNodeBackends((numbers) => {
  it.each(inPyTorch)('gives what PyTorch gives: %s', async (_, f, shape, expected) => {
    const y = f()
    expect(y.shape).toEqual(shape)
    const [values] = await numbers(y)
    for (const [i, value] of values!.entries()) expect(value, `[${i}]`).toBeCloseTo(expected[i]!, 6)
  })

  it('gives the gradient of a maximum to the first of equal elements, and adds up what overlapping windows give', async () => {
    const line = constant([1, 3, 3, 2, 5, 5, 0], [1, 1, 7])
    const ofLine = grad(sum(maxPool1d(line, 3, { stride: 2, padding: 1 })), [line])[0]!
    const plane = constant([2, 2, 1, 2, 0, 3, 3, 3, 3], [1, 1, 3, 3])
    const y = maxPool2d(plane, 2, { stride: 1 })
    const ofPlane = grad(sum(mul(y, constant([1, 10, 100, 1000], [1, 1, 2, 2]))), [plane])[0]!
    expect(await numbers(ofLine, ofPlane)).toEqual([
      [0, 2, 0, 0, 1, 1, 0],
      [1, 0, 0, 0, 0, 1010, 100, 0, 0],
    ])
  })

  it('takes the maximum of negative numbers beside padding', async () => {
    const x = constant([-3, -1, -2], [1, 1, 3])
    const y = maxPool1d(x, 2, { padding: 1 })
    expect(await numbers(y, grad(sum(y), [x])[0]!)).toEqual([
      [-3, -1],
      [1, 1, 0],
    ])
  })

  it('has fold as the adjoint of unfold: ⟨unfold(x), y⟩ = ⟨x, fold(y)⟩', async () => {
    const random = createRandom(3)
    const whole = (shape: Shape) => drawn(shape, () => Math.round(random.uniform(-9, 9)))
    const options = { stride: [2, 1], padding: [[1, 2], 0], dilation: [1, 2] } as const
    const x = whole([2, 3, 7, 8])
    const columns = unfold(x, [3, 2], options)
    const y = whole(columns.shape)
    const [left, right] = [sum(mul(columns, y)), sum(mul(x, fold(y, [7, 8], [3, 2], options)))]
    const [a, b] = await numbers(left, right)
    expect(a).toEqual(b)
  })

  it('adds up dilated windows of a line in every image, not in the first alone', async () => {
    const line = [3, 1, 4, 1.5, 5, 9, 2]
    const x = constant([...line, ...line, ...line, ...line], [2, 2, 7])
    const options = { stride: 2, padding: 1, dilation: 2 }
    const y = maxPool1d(x, 3, options)
    const counted = fold(unfold(x, [3], options), [7], [3], options)
    const [maxima, sums] = await numbers(grad(sum(y), [x])[0]!, counted)
    // Taps stand on steps 1, 3 and 5 only: windows (–, 1, 3), (1, 3, 5), (3, 5, –).
    const expected = [0, 0, 0, 1, 0, 2, 0]
    expect(maxima).toEqual([...expected, ...expected, ...expected, ...expected])
    const times = [0, 2, 0, 4.5, 0, 18, 0]
    expect(sums).toEqual([...times, ...times, ...times, ...times])
  })

  it('keeps an infinity where it is', async () => {
    const x = constant([1, Number.POSITIVE_INFINITY, 3], [1, 1, 3])
    expect(await numbers(unfold(x, 2, { stride: 1 }))).toEqual([[1, Infinity, Infinity, 3]])
  })
})

describe('refuses', () => {
  const x = input('x', [1, 2, 6, 6])
  it.each<[string, () => Tensor, RegExp]>([
    ['another rank', () => maxPool1d(x, 2), /maxPool1d: needs \(b, c, …\) with 1 spatial axis, got \(1, 2, 6, 6\)/],
    ['a fractional kernel', () => avgPool2d(x, 1.5), /avgPool2d kernel: needs 2 whole number\(s\) ≥ 1, got 1.5/],
    [
      'more padding than half of the kernel',
      () => maxPool2d(x, 3, { padding: 2 }),
      /maxPool2d padding: \[\[2,2\],\[2,2\]\] is more than half/,
    ],
    ['a kernel larger than the input', () => avgPool2d(x, 7), /avgPool2d: the window \(7, 7\) .* is larger than the input \(6, 6\)/],
    [
      'a maximum of padding alone',
      () => maxPool1d(input('l', [1, 1, 1]), 2, { padding: 1, dilation: 2 }),
      /maxPool1d: .* sees nothing but padding/,
    ],
    ['integers', () => maxPool2d(input('i', [1, 2, 6, 6], 'int64'), 2), /maxPool2d: needs float32, got int64 \(1, 2, 6, 6\)/],
    ['unfold of a matrix', () => unfold(input('m', [2, 3]), 2), /unfold: needs \(b, c, …\) .* got \(2, 3\)/],
    ['fold of other columns', () => fold(input('c', [1, 8, 10]), [3, 4], 2), /fold: \(1, 8, 10\) to \(3, 4\): needs \(b, c·4, 6\)/],
    ['fold to nothing', () => fold(input('c', [1, 8, 10]), [0, 4], 2), /fold: output \[0,4\]: needs one to three whole numbers/],
  ])('%s', (_, f, message) => {
    expect(f).toThrow(message)
  })
})
