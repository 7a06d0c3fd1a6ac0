import { expect, it } from 'vitest'
import { halfBits, halfValue } from '../../src/tensor/index.ts'

it('all 65 536 halves keep their bits on the way to a number and back, NaN aside', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const isNan = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
    if (isNan) expect(halfValue(halfBits(halfValue(bits)))).toBeNaN()
    else if (halfBits(halfValue(bits)) !== bits) expect.fail(`${bits.toString(16)} becomes ${halfBits(halfValue(bits)).toString(16)}`)
  }
})

// The expected bits are those of numpy.float16.
it.each([
  [1 / 3, 0x3555],
  [0.1, 0x2e66],
  [1 + 2 ** -11, 0x3c00], // half way: to even
  [1 + 3 * 2 ** -11, 0x3c02], // half way: to even
  [1 + 2 ** -11 + 2 ** -20, 0x3c01],
  [65504, 0x7bff],
  [65519.9, 0x7bff],
  [65520, 0x7c00],
  [1e9, 0x7c00],
  [-Infinity, 0xfc00],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000], // half way: to even
  [1.5 * 2 ** -25, 0x0001],
  [2 ** -14 - 2 ** -25, 0x0400], // the subnormals round up into the normals
  [-0, 0x8000],
])('%d rounds to the half that NumPy gives', (value, bits) => {
  expect(halfBits(value)).toBe(bits)
})
