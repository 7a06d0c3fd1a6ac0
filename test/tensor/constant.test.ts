import { describe, expect, it } from 'vitest'
import { constant } from '../../src/tensor/index.ts'

describe('constant', () => {
  it.each([
    ['no values', () => constant([]), 'constant: shape (0) has the extent 0; extents are whole numbers ≥ 1'],
    ['an extent of 0', () => constant([], [2, 0]), 'constant: shape (2, 0) has the extent 0; extents are whole numbers ≥ 1'],
    ['extents below 0', () => constant([1, 2], [-1, -2]), 'constant: shape (-1, -2) has the extent -1; extents are whole numbers ≥ 1'],
    ['extents that are not whole', () => constant([1, 2, 3], [1.5, 2]), 'shape (1.5, 2) has the extent 1.5'],
    [
      'fractions as int32',
      () => constant([1, 2.5], [2], 'int32'),
      'constant: 2.5 as int32; allowed are whole numbers from -2147483648 to 2147483647',
    ],
    ['more than int32 holds', () => constant(2 ** 31, [], 'int32'), 'constant: 2147483648 as int32'],
    ['less than int32 holds', () => constant(-(2 ** 31) - 1, [], 'int32'), 'constant: -2147483649 as int32'],
    [
      'NaN as int64',
      () => constant([Number.NaN], [1], 'int64'),
      'constant: NaN as int64; allowed are whole numbers from -9007199254740991 to',
    ],
    ['infinity as int64', () => constant(Infinity, [], 'int64'), 'constant: Infinity as int64'],
    ['what is not exact in int64', () => constant(2 ** 53, [], 'int64'), 'constant: 9007199254740992 as int64'],
    ['2 as bool', () => constant([0, 1, 2], [3], 'bool'), 'constant: 2 as bool; allowed are whole numbers from 0 to 1'],
    ['a fraction as bool', () => constant(0.5, [], 'bool'), 'constant: 0.5 as bool'],
  ] as const)('refuses %s', (_, make, message) => {
    expect(make).toThrow(RangeError)
    expect(make).toThrow(message)
  })

  it('takes the ends of the ranges, and any number as float', () => {
    expect(constant([-(2 ** 31), 2 ** 31 - 1, -0], [3], 'int32').shape).toEqual([3])
    expect(constant([Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], [2], 'int64').dtype).toBe('int64')
    expect(constant([0, 1], [2], 'bool').dtype).toBe('bool')
    expect(constant([Number.NaN, Infinity, 0.5], [3], 'float16').dtype).toBe('float16')
  })
})
