import { beforeAll, describe, expect, it } from 'vitest'
import { compile, createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import {
  bernoulli,
  cast,
  constant,
  foldIn,
  input,
  normal,
  permutation,
  randomKey,
  randomWords,
  splitKey,
  type Tensor,
  uniform,
} from '../../src/tensor/index.ts'
import { onnxRuntime } from './support.ts'

const backend = onnxRuntime({ threads: 2 })

const side = 1024
const count = side * side

async function draw(f: () => Tensor): Promise<Float64Array> {
  return (await evaluate(() => [f()]))[0] as Float64Array
}

const [right, below] = [1, side]

/** Products of values at offsets, summed over all positions: n sums to √n times the product of their deviations when they are independent. */
function lagged(x: Float64Array, offsets: readonly number[], y: Float64Array = x): number {
  let sum = 0
  for (let i = 0; i + 1 < side; i++) {
    for (let at = i * side; at + 1 < (i + 1) * side; at++) {
      let term = y[at]!
      for (const offset of offsets) term *= x[at + offset]!
      sum += term
    }
  }
  return sum / (side - 1)
}

// Five deviations: each of these fails by chance once in two million keys, and the keys are fixed.
const sigmas = 5

describe.each([
  ['0, 0', [0, 0]],
  ['0, 1', [0, 1]],
  ['-1, 0', [-1, 0]],
  ['of seed 42', [...randomWords(42)]],
])('uniform, 1024 × 1024, with the key %s', (_, words) => {
  const key = (add = 0, at = 0) =>
    constant(
      words.map((word, i) => (i === at ? (word + add) | 0 : word)),
      [2],
      'int32',
    )
  let x: Float64Array
  beforeAll(async () => {
    x = (await draw(() => uniform(key(), [side, side]))).map((value) => (value - 0.5) * Math.sqrt(12))
  })

  it('has the mean and the variance of uniform numbers', () => {
    const mean = x.reduce((sum, value) => sum + value, 0) / count
    const variance = x.reduce((sum, value) => sum + value * value, 0) / count
    expect(Math.abs(mean) * Math.sqrt(count)).toBeLessThan(sigmas)
    // The fourth moment of a uniform number of variance 1 is 9/5.
    expect(Math.abs(variance - 1) * Math.sqrt(count / 0.8)).toBeLessThan(sigmas)
  })

  it('fills 256 bins evenly (chi-square)', () => {
    const bins = new Float64Array(256)
    for (const value of x) bins[Math.floor((value / Math.sqrt(12) + 0.5) * 256)]!++
    const expected = count / 256
    const chi = bins.reduce((sum, bin) => sum + (bin - expected) ** 2 / expected, 0)
    expect(Math.abs(chi - 255) / Math.sqrt(2 * 255)).toBeLessThan(sigmas)
  })

  it('has no correlation between neighbours in rows, columns and diagonals, nor among the four corners of squares', () => {
    for (const offset of [right, below, right + below]) expect(Math.abs(lagged(x, [offset]))).toBeLessThan(sigmas)
    expect(Math.abs(lagged(x, [right, below, right + below]))).toBeLessThan(sigmas)
  })

  it('has rows that are not correlated with any other', () => {
    let [squares, pairs] = [0, 0]
    for (let i = 0; i < side; i++) {
      for (let k = i + 1; k < side; k += 16) {
        let product = 0
        for (let j = 0; j < side; j++) product += x[i * side + j]! * x[k * side + j]!
        squares += (product * product) / side
        pairs++
      }
    }
    expect(Math.abs(squares / pairs - 1) * Math.sqrt(pairs / 2)).toBeLessThan(sigmas)
  })

  it('has nothing to do with the numbers of the neighbouring keys, nor with those of keys folded from it', async () => {
    const others = [key(1, 0), key(1, 1), foldIn(key(), 0), foldIn(key(), 1)]
    for (const other of others) {
      const y = (await draw(() => uniform(other, [side, side]))).map((value) => (value - 0.5) * Math.sqrt(12))
      expect(Math.abs(lagged(x, [0], y))).toBeLessThan(sigmas)
    }
  })
})

describe('normal', () => {
  it('has the first four moments, and both halves of its pairs are uncorrelated', async () => {
    const x = await draw(() => normal(randomKey(3), [side, side]))
    const moment = (power: number) => x.reduce((sum, value) => sum + value ** power, 0) / count
    // Deviations of sample moments of a normal number: 1, √2, √15, √96.
    for (const [power, value, deviation] of [
      [1, 0, 1],
      [2, 1, Math.SQRT2],
      [3, 0, Math.sqrt(15)],
      [4, 3, Math.sqrt(96)],
    ] as const)
      expect((Math.abs(moment(power) - value) * Math.sqrt(count)) / deviation, `moment ${power}`).toBeLessThan(sigmas)
    let across = 0
    for (let i = 0; i < count / 2; i++) across += x[i]! * x[i + count / 2]!
    expect(Math.abs(across) / Math.sqrt(count / 2)).toBeLessThan(sigmas)
    expect(Math.abs(lagged(x, [right]))).toBeLessThan(sigmas)
    // 1 − Φ(4) = 3.17e-5 above four deviations: 33 of 2²⁰, with a deviation of 5.8.
    expect(Math.abs(x.filter((value) => value > 4).length - 33.2)).toBeLessThan(sigmas * 5.8)
  })

  it('takes odd sizes', async () => {
    const x = await draw(() => normal(randomKey(3), [5, 7]))
    expect(x.length).toBe(35)
    expect(new Set(x).size).toBe(35)
  })
})

describe('bernoulli', () => {
  it.each([0.1, 0.5, 0.9])('is true with probability %f, independently along rows and columns', async (p) => {
    const x = (await draw(() => cast(bernoulli(randomKey(9), p, [side, side]), 'float32'))).map(
      (value) => (value - p) / Math.sqrt(p * (1 - p)),
    )
    expect(Math.abs(x.reduce((sum, value) => sum + value, 0)) / Math.sqrt(count)).toBeLessThan(sigmas)
    for (const offset of [right, below, right + below]) expect(Math.abs(lagged(x, [offset]))).toBeLessThan(sigmas)
  })

  it('is never or always true at 0 and 1', async () => {
    const values = await evaluate(() => [bernoulli(randomKey(1), 0, [100]), bernoulli(randomKey(1), 1, [100])], backend())
    expect(values.map((list) => [...new Set(list as Uint8Array)])).toEqual([[0], [1]])
  })
})

describe('permutation', () => {
  it('gives each of the 24 orders of four equally often', async () => {
    const draws = 4800
    const orders = new Map<string, number>()
    const program = await compile(
      ({ key }) => ({ order: permutation(key, 4) }),
      { key: { shape: [2], dtype: 'int32' } },
      { backend: backend() },
    )
    for (let i = 0; i < draws; i++) {
      const { order } = await program.run({ key: Int32Array.of(i, 0) })
      orders.set(order!.join(), (orders.get(order!.join()) ?? 0) + 1)
    }
    await program.dispose()
    expect(orders.size).toBe(24)
    const chi = [...orders.values()].reduce((sum, n) => sum + (n - draws / 24) ** 2 / (draws / 24), 0)
    expect(Math.abs(chi - 23) / Math.sqrt(2 * 23)).toBeLessThan(sigmas)
  })

  it('has every number once, in the same order on all backends', async () => {
    const f = () => [permutation(randomKey(8), 10_000)]
    const [[actual], [expected]] = [await evaluate(f, backend()), await evaluate(f)]
    expect(Array.from(actual!, Number)).toEqual(Array.from(expected!, Number))
    expect(Array.from(expected!, Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
  })
})

it('draws the same numbers, bit for bit, on onnxruntime-node and on the reference, whatever the shape', async () => {
  for (const shape of [[300, 200], [65537], [3, 1], [2, 3, 5, 7]]) {
    const key = foldIn(randomKey(5), -3)
    const f = () => [uniform(key, shape), bernoulli(key, 0.25, shape), key, ...splitKey(key, 3)]
    const [actual, expected] = [await evaluate(f, backend()), await evaluate(f)]
    for (const [i, list] of expected.entries()) expect(Array.from(actual[i]!, Number), `output ${i}`).toEqual(Array.from(list, Number))
  }
})

it('draws these numbers in all versions: resumed runs depend on them', async () => {
  const [words, x] = await evaluate(() => [foldIn(randomKey(1), 2), uniform(randomKey(1), [4])])
  expect([Array.from(words as Float64Array), Array.from(x as Float64Array)]).toMatchInlineSnapshot(`
    [
      [
        1183754683,
        -247484155,
      ],
      [
        0.8924136757850647,
        0.5182360410690308,
        0.7605334520339966,
        0.4543837010860443,
      ],
    ]
  `)
})

it('takes keys and steps at run time', async () => {
  for (const where of [backend(), createReferenceBackend()]) {
    const program = await compile(
      ({ key, step }) => ({ x: uniform(foldIn(key, step), [4]) }),
      { key: { shape: [2], dtype: 'int32' }, step: { shape: [], dtype: 'int32' } },
      { backend: where },
    )
    const { x } = await program.run({ key: randomWords(1), step: Int32Array.of(2) })
    await program.dispose()
    const [expected] = await evaluate(() => [uniform(foldIn(randomKey(1), 2), [4])])
    expect(Array.from(x!, Number)).toEqual(Array.from(expected!, Number))
  }
})

it('refuses keys, words, shapes and probabilities that are none', () => {
  expect(() => uniform(constant([1, 2]), [3])).toThrow('uniform: key float32 (2); a key is int32 (2), from randomKey or foldIn')
  expect(() => bernoulli(input('key', [3], 'int32'), 0.5, [3])).toThrow('bernoulli: key int32 (3)')
  expect(() => bernoulli(constant([1, 2]), 1, [3])).toThrow('bernoulli: key float32 (2)')
  expect(() => normal(randomKey(1), [0])).toThrow('normal: shape [0]')
  expect(() => uniform(randomKey(1), [1.5])).toThrow('uniform: shape [1.5]')
  expect(() => bernoulli(randomKey(1), 1.5, [1])).toThrow('bernoulli: probability 1.5; allowed are numbers in 0…1')
  expect(() => foldIn(randomKey(1), 2 ** 32)).toThrow('foldIn: word 4294967296; allowed are whole numbers of 32 bits')
  expect(() => foldIn(randomKey(1), constant([1], [1], 'int32'))).toThrow('foldIn: word int32 (1)')
  expect(() => permutation(randomKey(1), 0)).toThrow('permutation: n 0')
  expect(() => splitKey(randomKey(1), 0)).toThrow('splitKey: 0 keys')
})
