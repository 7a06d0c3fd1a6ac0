import { describe, expect, it } from 'vitest'
import {
  add,
  batchNormInference,
  blockSum,
  type ConvOptions,
  cast,
  concat,
  constant,
  conv1d,
  conv2d,
  convTranspose2d,
  type DType,
  div,
  equal,
  exp,
  expand,
  greater,
  input,
  leakyRelu,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  mul,
  narrow,
  pad,
  pow,
  reshape,
  ShapeError,
  slice,
  softmax,
  sum,
  type Tensor,
  upsampleNearest,
  where,
  withPlace,
} from '../../src/tensor/index.ts'

const x = input('x', [2, 3])
const of = (dtype: DType, shape = [2, 2]) => input(dtype, shape, dtype)

describe('dtypes that no backend computes with are refused while tracing', () => {
  const bool = of('bool')
  const int = of('int64')
  it.each<[string, () => Tensor, RegExp]>([
    ['add of bool', () => add(bool, bool), /add: needs float32, int32 or int64, got bool \(2, 2\), bool \(2, 2\); convert with cast/],
    ['mul of bool', () => mul(bool, bool), /mul: needs float32, int32 or int64/],
    ['maximum of bool', () => maximum(bool, bool), /maximum: needs float32, int32 or int64/],
    ['greater of bool', () => greater(bool, bool), /greater: needs float32, int32 or int64/],
    ['where with bool values', () => where(bool, bool, bool), /where: needs float32, int32 or int64/],
    ['sum of bool', () => sum(bool), /sum: needs float32, int32 or int64, got bool \(2, 2\)/],
    ['max of bool', () => max(bool), /max: needs float32, int32 or int64/],
    ['div of int64', () => div(int, int), /div: needs float32, got int64 \(2, 2\), int64 \(2, 2\)/],
    ['pow of int64', () => pow(int, int), /pow: needs float32/],
    ['exp of int64', () => exp(int), /exp: needs float32, got int64 \(2, 2\)/],
    ['mean of int64', () => mean(int), /mean: needs float32/],
    ['logSumExp of int64', () => logSumExp(int), /logSumExp: needs float32/],
    ['matmul of int64', () => matmul(int, int), /matmul: needs float32/],
    ['softmax of int64', () => softmax(int), /softmax: needs float32/],
    ['leakyRelu of int64', () => leakyRelu(int), /leakyRelu: needs float32/],
    ['upsampleNearest of int64', () => upsampleNearest(int, [1, 2]), /upsampleNearest: needs float32/],
    ['blockSum of int64', () => blockSum(int, [1, 2]), /blockSum: needs float32/],
    ['conv2d of int64', () => conv2d(of('int64', [1, 1, 2, 2]), input('w', [1, 1, 1, 1])), /conv2d: needs float32, got int64/],
    ['batch norm of int64', () => batchNormInference(int, ...channels(2)), /batchNormInference: needs float32/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(ShapeError)
    expect(trace).toThrow(message)
  })

  it('with the place in the model', () => {
    expect(() => withPlace('decoder', () => sum(bool))).toThrow(/^decoder: sum: /)
  })

  it.each<[string, () => Tensor, RegExp]>([
    [
      'operands of two dtypes',
      () => add(of('float32'), int),
      /^norm: add: dtypes differ: float32 \(2, 2\) and int64 \(2, 2\); convert one with cast/,
    ],
    [
      'shapes that do not broadcast',
      () => mul(x, of('float32')),
      /^norm: mul: \(2, 3\) and \(2, 2\) do not broadcast; counted from the last/,
    ],
    ['where of numbers', () => where(of('float32'), x, x), /^norm: where: condition float32 \(2, 2\), values .* needs a bool condition/],
    ['an axis that is none', () => softmax(x, 2), /^norm: softmax: axis 2 is outside a tensor of rank 2; allowed are -2…1/],
    ['an axis of a scalar', () => softmax(sum(x), 0), /^norm: softmax: axis 0 is outside a tensor of rank 0; a scalar has none/],
  ])('%s, with the place and the way out', (_, trace, message) => {
    expect(() => withPlace('norm', trace)).toThrow(ShapeError)
    expect(() => withPlace('norm', trace)).toThrow(message)
  })

  it('but comparing bool for equality and casting it are fine', () => {
    expect(equal(bool, bool).dtype).toBe('bool')
    expect(sum(cast(bool, 'int64')).dtype).toBe('int64')
  })
})

function channels(n: number): [Tensor, Tensor, Tensor, Tensor] {
  return ['w', 'b', 'm', 'v'].map((name) => input(name, [n])) as [Tensor, Tensor, Tensor, Tensor]
}

describe('arguments that do not fit are refused while tracing', () => {
  it.each<[string, () => Tensor, RegExp]>([
    ['a negative slope', () => leakyRelu(x, -0.1), /leakyRelu: slope -0.1; allowed are numbers in 0…1/],
    ['a slope above 1', () => leakyRelu(x, 1.5), /slope 1.5/],
    ['a slope that is no number', () => leakyRelu(x, Number.NaN), /slope NaN/],
    [
      'a free extent that is no whole number',
      () => reshape(constant([1, 2, 3, 4, 5]), [-1, 2]),
      /\(5\) has 5 elements, which \[-1,2\] does/,
    ],
    ['extents below 1', () => reshape(constant([1, 2, 3, 4]), [-2, -2]), /\(4\) to \[-2,-2\]: extents are whole numbers ≥ 1, at most one/],
    ['two free extents', () => reshape(x, [-1, -1]), /at most one is -1/],
    ['expand to a fraction', () => expand(constant(1), [2.5]), /expand: \(\) does not broadcast to \(2.5\)/],
    ['slice of too few axes', () => slice(x, [0], [1]), /slice: starts \[0\] for \(2, 3\): needs 2 whole number\(s\), one per axis/],
    ['slice of too many axes', () => slice(x, [0, 0, 0], [2, 3, 1]), /slice: starts \[0,0,0\]/],
    ['slice with a fraction', () => slice(x, [0, 0.5], [2, 3]), /slice: starts \[0,0.5\]/],
    ['slice with a fractional step', () => slice(x, [0, 0], [2, 3], [1, 1.5]), /slice: steps \[1,1.5\]/],
    ['narrow with a fraction', () => narrow(x, 1, 0, 2.5), /slice: stops \[2,2.5\]/],
    ['pad of too few axes', () => pad(x, [1], [0, 0]), /pad: before \[1\] for \(2, 3\)/],
    ['pad by a fraction', () => pad(x, [0, 0], [0, 0.5]), /pad: after \[0,0.5\]/],
    ['upsampleNearest of too few axes', () => upsampleNearest(x, [1]), /upsampleNearest: factors \[1\] .* 2 whole number\(s\) ≥ 1/],
    ['blockSum by 0', () => blockSum(x, [1, 0]), /blockSum: factors \[1,0\]/],
    ['blockSum of too few axes', () => blockSum(x, [2]), /blockSum: factors \[2\]/],
    ['statistics of another width', () => batchNormInference(x, ...channels(2)), /input \(2, 3\), weight \(2\).* needs \(b, c, …\), \(c\)/],
    ['an empty concat', () => concat([], 0), /concat: an empty list/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(ShapeError)
    expect(trace).toThrow(message)
  })
})

describe('convolutions refuse', () => {
  const conv1 = (options: ConvOptions) => conv1d(input('x', [1, 2, 8]), input('w', [2, 2, 3]), options)
  const conv2 = (options: ConvOptions) => conv2d(input('x', [1, 2, 8, 8]), input('w', [2, 2, 3, 3]), options)
  const transposed = (options: Parameters<typeof convTranspose2d>[2], weight = [2, 1, 3, 3]) =>
    convTranspose2d(input('x', [1, 2, 4, 4]), input('w', weight), options)
  it.each<[string, () => Tensor, RegExp]>([
    ['a pair without its list', () => conv1({ padding: [2, 0] }), /conv1d padding: .* of 1 spatial axes, got \[2,0\]; .* is \[\[2, 0\]\]/],
    [
      'padding of too few axes',
      () => conv2({ padding: [1] }),
      /conv2d padding: .* got \[1\]; a lopsided padding is \[\[2, 0\], \[2, 0\]\]/,
    ],
    ['fractional padding', () => conv2({ padding: 0.5 }), /conv2d padding: .* got 0.5/],
    ['negative padding', () => conv2({ padding: [[0, -1], 0] }), /conv2d padding: .* got \[\[0,-1\],0\]/],
    ['padding that is no number', () => conv2({ padding: Number.NaN }), /conv2d padding: .* got NaN/],
    ['a fractional number of groups', () => conv2({ groups: 0.5 }), /conv2d groups: needs a whole number ≥ 1, got 0.5/],
    ['groups that do not divide the channels', () => transposed({ groups: 3 }), /convTranspose2d: .* groups 3: .* o divisible by groups/],
    ['a weight of another rank', () => transposed({}, [2, 1, 3]), /convTranspose2d: .* weight \(2, 1, 3\)/],
    ['outputPadding that reaches the stride', () => transposed({ stride: 2, outputPadding: 2 }), /below the stride \[2,2\], got 2/],
    ['outputPadding of too few axes', () => transposed({ stride: 2, outputPadding: [1] }), /outputPadding: .* got \[1\]/],
  ])('%s', (_, trace, message) => {
    expect(trace).toThrow(ShapeError)
    expect(trace).toThrow(message)
  })

  it('but take one number or one pair per axis', () => {
    expect(conv1({ padding: [[2, 0]] }).shape).toEqual([1, 2, 8])
    expect(conv2({ padding: [1, [2, 0]] }).shape).toEqual([1, 2, 8, 8])
    expect(transposed({ stride: 2, outputPadding: [1, 0] }).shape).toEqual([1, 1, 10, 9])
  })
})
