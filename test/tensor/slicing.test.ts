/** Conventions of slices, padding, splitting and tiling, on both backends and for all dtypes. Padding is compared with NumPy's. */
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/runtime/index.ts'
import {
  cast,
  concat,
  constant,
  type DType,
  flip,
  grad,
  input,
  mul,
  narrow,
  pad,
  ShapeError,
  slice,
  split,
  squeeze,
  stack,
  sum,
  type Tensor,
  tile,
  unsqueeze,
  unstack,
} from '../../src/tensor/index.ts'
import { onNodeBackends } from './support.ts'

const count = (n: number, shape: number[] = [n], dtype: DType = 'float32') =>
  constant(
    Array.from({ length: n }, (_, i) => i + 1),
    shape,
    dtype,
  )

onNodeBackends((numbers) => {
  /** The gradient of f where output i weighs 2^i. */
  const gradient = async (x: Tensor, f: (x: Tensor) => Tensor) => {
    const y = f(x)
    const size = y.shape.reduce((a, b) => a * b, 1)
    const weights = constant(
      Array.from({ length: size }, (_, i) => 2 ** i),
      y.shape,
    )
    return (await numbers(...grad(sum(mul(y, weights)), [x])))[0]
  }

  it('slices walk down to just above the stop', async () => {
    const x = count(5)
    expect(await numbers(slice(x, [4], [-1], [-1]), slice(x, [3], [0], [-2]), slice(x, [0], [-1], [-3]), narrow(x, 0, 4, 1, -2))).toEqual([
      [5, 4, 3, 2, 1],
      [4, 2],
      [1],
      [5, 3],
    ])
    const square = count(9, [3, 3])
    expect(await numbers(slice(square, [2, 0], [-1, 3], [-2, 2]), flip(square, [0]))).toEqual([
      [7, 9, 1, 3],
      [7, 8, 9, 4, 5, 6, 1, 2, 3],
    ])
  })

  it('the gradient of a slice lies where it was cut', async () => {
    expect(await gradient(count(6), (x) => slice(x, [4], [-1], [-2]))).toEqual([4, 0, 2, 0, 1, 0])
    expect(await gradient(count(6), (x) => slice(x, [1], [6], [3]))).toEqual([0, 1, 0, 0, 2, 0])
    expect(await gradient(count(6, [2, 3]), (x) => slice(x, [1, 2], [-1, 0], [-1, -1]))).toEqual([0, 8, 4, 0, 2, 1])
    expect(await gradient(count(3), (x) => flip(x, [-1]))).toEqual([4, 2, 1])
  })

  // numpy.pad(x, ((2, 1), (1, 2)), mode)
  it('pads as NumPy does', async () => {
    const x = () => count(9, [3, 3])
    expect(await numbers(pad(x(), [2, 1], [1, 2], { mode: 'reflect' }), pad(x(), [1, 0], [0, 2], { mode: 'edge' }))).toEqual([
      [
        [8, 7, 8, 9, 8, 7],
        [5, 4, 5, 6, 5, 4],
        [2, 1, 2, 3, 2, 1],
        [5, 4, 5, 6, 5, 4],
        [8, 7, 8, 9, 8, 7],
        [5, 4, 5, 6, 5, 4],
      ].flat(),
      [
        [1, 2, 3, 3, 3],
        [1, 2, 3, 3, 3],
        [4, 5, 6, 6, 6],
        [7, 8, 9, 9, 9],
      ].flat(),
    ])
    expect(await numbers(pad(count(2), [1], [2], { value: -7 }), pad(count(2), [1], [-1], { value: Infinity }))).toEqual([
      [-7, 1, 2, -7, -7],
      [Infinity, 1],
    ])
  })

  it('the gradient of a reflection adds up where it shows, also where the two sides overlap', async () => {
    const mirror = (before: number, after: number) => (x: Tensor) => pad(x, [before], [after], { mode: 'reflect' })
    // 3 2 [1 2 3 4 5] 4: weights 1 2 [4 8 16 32 64] 128
    expect(await gradient(count(5), mirror(2, 1))).toEqual([4, 8 + 2, 16 + 1, 32 + 128, 64])
    // 3 2 [1 2 3] 2 1: weights 1 2 [4 8 16] 32 64
    expect(await gradient(count(3), mirror(2, 2))).toEqual([4 + 64, 8 + 2 + 32, 16 + 1])
    expect(await gradient(count(2), mirror(1, 0))).toEqual([2, 4 + 1])
    expect(await gradient(count(4), mirror(1, 1))).toEqual([2, 4 + 1, 8 + 32, 16])
  })

  it('the gradient of a repeated edge sums the repetitions', async () => {
    const edge = (before: number, after: number) => (x: Tensor) => pad(x, [before], [after], { mode: 'edge' })
    expect(await gradient(count(3), edge(2, 1))).toEqual([7, 8, 48])
    expect(await gradient(count(1), edge(1, 2))).toEqual([15])
    expect(await gradient(count(2), edge(0, 2))).toEqual([1, 14])
  })

  it('a value around a tensor gets no gradient', async () => {
    expect(await gradient(count(2), (x) => pad(x, [1], [1], { value: 5 }))).toEqual([2, 4])
  })

  it.each<DType>(['float16', 'int32', 'int64', 'bool'])('moves %s', async (dtype) => {
    const x = cast(constant([1, 0, 1, 1]), dtype)
    const results = [
      slice(x, [3], [-1], [-2]),
      pad(x, [1], [1]),
      pad(x, [1], [0], { value: 1 }),
      pad(x, [1], [1], { mode: 'reflect' }),
      pad(x, [1], [2], { mode: 'edge' }),
      tile(x, [2]),
      ...split(x, [1, 3], 0),
    ]
    expect(results.map((y) => y.dtype)).toEqual(results.map(() => dtype))
    expect(await numbers(...results.map((y) => cast(y, 'float32')))).toEqual([
      [1, 0],
      [0, 1, 0, 1, 1, 0],
      [1, 1, 0, 1, 1],
      [0, 1, 0, 1, 1, 1],
      [1, 1, 0, 1, 1, 1, 1],
      [1, 0, 1, 1, 1, 0, 1, 1],
      [1],
      [0, 1, 1],
    ])
  })

  it('splits by sizes and by number; parts that nobody reads get zeros', async () => {
    const x = count(6, [2, 3])
    expect(await numbers(...split(x, [1, 2], 1), ...split(x, 2, 0), ...split(x, [2], 0))).toEqual([
      [1, 4],
      [2, 3, 5, 6],
      [1, 2, 3],
      [4, 5, 6],
      [1, 2, 3, 4, 5, 6],
    ])
    expect(await gradient(x, (y) => split(y, 3, -1)[1]!)).toEqual([0, 1, 0, 0, 2, 0])
  })

  it('stack and unstack are inverse, with the new axis where it was asked for', async () => {
    const [a, b] = [count(2), constant([7, 8])]
    expect(await numbers(stack([a, b], 0), stack([a, b], -1), ...unstack(stack([a, b], 1), 1))).toEqual([
      [1, 2, 7, 8],
      [1, 7, 2, 8],
      [1, 2],
      [7, 8],
    ])
  })

  it('tile repeats whole axes, and its gradient sums the copies', async () => {
    expect(await numbers(tile(count(4, [2, 2]), [2, 1]), tile(count(4, [2, 2]), [1, 2]))).toEqual([
      [1, 2, 3, 4, 1, 2, 3, 4],
      [1, 2, 1, 2, 3, 4, 3, 4],
    ])
    expect(await gradient(count(2), (x) => tile(x, [3]))).toEqual([1 + 4 + 16, 2 + 8 + 32])
  })
})

it('squeeze and unsqueeze change the shape alone', () => {
  const x = input('x', [1, 3, 1])
  expect(squeeze(x).shape).toEqual([3])
  expect(squeeze(x, [-1]).shape).toEqual([1, 3])
  expect(unsqueeze(x, 0).shape).toEqual([1, 1, 3, 1])
  expect(unsqueeze(x, -1).shape).toEqual([1, 3, 1, 1])
})

describe('refused while tracing', () => {
  const x = input('x', [2, 3])
  it.each<[string, () => Tensor | Tensor[], RegExp]>([
    ['a step of 0', () => slice(x, [0, 0], [2, 3], [1, 0]), /slice: 0:3:0 on axis 1 of \(2, 3\); needs 0 ≤ start < stop ≤ 3 and step ≥ 1/],
    [
      'a walk down that starts outside',
      () => slice(x, [0, 3], [2, -1], [1, -1]),
      /slice: 3:-1:-1 on axis 1 of \(2, 3\).*3 > start > stop ≥ -1/,
    ],
    ['a walk down that ends below -1', () => slice(x, [0, 2], [2, -2], [1, -1]), /slice: 2:-2:-1/],
    [
      'a reflection as long as its axis',
      () => pad(x, [2, 0], [0, 0], { mode: 'reflect' }),
      /pad: before \[2,0\], after \[0,0\] of \(2, 3\) in/,
    ],
    [
      'cutting by reflection',
      () => pad(x, [0, 0], [0, -1], { mode: 'reflect' }),
      /in mode reflect; allowed are amounts from 0 to the extent/,
    ],
    ['cutting by edges', () => pad(x, [0, -1], [0, 0], { mode: 'edge' }), /in mode edge; allowed are amounts ≥ 0/],
    ['a value that nothing reads', () => pad(x, [1, 0], [0, 0], { mode: 'edge', value: 1 }), /pad: value 1 in mode edge/],
    ['a fraction around integers', () => pad(input('n', [2], 'int64'), [1], [0], { value: 0.5 }), /pad: value 0.5 around int64 \(2\)/],
    ['2 around truth values', () => pad(input('b', [2], 'bool'), [1], [0], { value: 2 }), /pad: value 2 around bool \(2\)/],
    [
      'sizes that do not add up',
      () => split(x, [1, 1], 1),
      /split: sizes \[1,1\] on axis 1 of \(2, 3\); needs whole numbers ≥ 1 that add up to 3/,
    ],
    ['a size of 0', () => split(x, [0, 3], 1), /split: sizes \[0,3\]/],
    ['fractional sizes', () => split(x, [1.5, 1.5], 1), /split: sizes \[1.5,1.5\]/],
    ['a number that does not divide', () => split(x, 2, 1), /split: 2 equal parts of axis 1 of \(2, 3\); allowed are divisors of 3/],
    ['no parts', () => split(x, 0, 1), /split: 0 equal parts/],
    ['a squeezed wide axis', () => squeeze(x, [1]), /squeeze: axis 1 of \(2, 3\) has the extent 3, needs 1/],
    ['an empty stack', () => stack([], 0), /stack: an empty list has no shape/],
    ['a stack of two shapes', () => stack([x, input('y', [3])], 0), /stack: \(2, 3\) float32 and \(3\) float32 differ/],
    ['tiles of too few axes', () => tile(x, [2]), /tile: repeats \[2\] for \(2, 3\): needs 2 whole number\(s\) ≥ 1, one per axis/],
    ['no tiles', () => tile(x, [1, 0]), /tile: repeats \[1,0\]/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(ShapeError)
    expect(trace).toThrow(message)
  })

  it.each<[string, () => Tensor | Tensor[]]>([
    ['split', () => split(x, 1, 2)],
    ['unstack', () => unstack(x, -3)],
    ['stack', () => stack([x], 3)],
    ['unsqueeze', () => unsqueeze(x, 3)],
    ['squeeze', () => squeeze(x, [2])],
    ['flip', () => flip(x, [2])],
  ])('an axis that %s does not have', (name, trace) => {
    expect(trace).toThrow(RangeError)
    expect(trace).toThrow(new RegExp(`${name}: axis -?\\d is outside a tensor of rank`))
  })
})

describe('a list that was joined', () => {
  it('may be changed afterwards: the graph keeps its own', async () => {
    const parts = [constant([1]), constant([2])]
    const joined = concat(parts, 0)
    parts.push(constant([3]))
    const [values] = await evaluate(() => [joined])
    expect(Array.from(values!, Number)).toEqual([1, 2])
  })
})
