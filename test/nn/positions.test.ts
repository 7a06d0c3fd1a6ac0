import { describe, expect, it } from 'vitest'
import {
  alibiBias,
  attend,
  ClassToken,
  classState,
  dotScores,
  initialValues,
  LearnedPositions,
  layoutOf,
  type Module,
  MultiheadAttention,
  paddingMask,
  pointwiseReach,
  RelativePositionBias,
  type RotaryOptions,
  relativeBucket,
  rotary,
  SinusoidalPositions,
  sinusoidalEncoding,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '../../src/nn/index.ts'
import { concat, constant, gather, grad, input, mul, narrow, sum, type Tensor, topologicalOrder } from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from './run.ts'

/** Differences of float64 sums of a few numbers of about 1. */
const rounding = 1e-12

function initial(model: Module): Record<string, Float32Array> {
  layoutOf(model)
  return Object.fromEntries(initialValues(model, 1))
}

async function values(y: Tensor, feeds: Readonly<Record<string, Float32Array>> = {}): Promise<number[]> {
  return (await run({ y }, feeds)).y
}

/** The constants that a tensor is made of. */
function constantsOf(y: Tensor): Set<unknown> {
  return new Set(
    topologicalOrder([y])
      .flatMap(({ inputs }) => inputs.map(({ node }) => node))
      .filter(({ kind }) => kind === 'constant'),
  )
}

describe('positions that are added', () => {
  it('0.16 sinusoidal positions: the golden row, and the sine and cosine of each pair of features', async () => {
    const encoding = await values(sinusoidalEncoding(3, 4))
    expect(encoding.slice(0, 4)).toEqual([0, 1, 0, 1])
    // Golden values of the specification: seven digits.
    expect(worst(encoding.slice(4, 8), [0.841471, 0.540302, 0.0099998, 0.99995])).toBeLessThan(5.1e-7)
    expect(worst(encoding.slice(8), [Math.sin(2), Math.cos(2), Math.sin(0.02), Math.cos(0.02)])).toBeLessThan(rounding)
    const later = await values(sinusoidalEncoding(1, 4, { offset: 2, base: 100 }))
    expect(worst(later, [Math.sin(2), Math.cos(2), Math.sin(0.2), Math.cos(0.2)])).toBeLessThan(rounding)
    expect(() => sinusoidalEncoding(-1, 4)).toThrow('sinusoidalEncoding: steps -1; allowed are whole numbers ≥ 1')
    expect(() => sinusoidalEncoding(3, 5)).toThrow('5 features; positions turn pairs of them, so needs an even number ≥ 2')
  })

  it('0.16 sinusoidal positions: k steps on is a rotation that does not depend on where', async () => {
    const [steps, d, k] = [40, 8, 7]
    const encoding = await values(sinusoidalEncoding(steps, d))
    for (let pair = 0; pair < d / 2; pair++) {
      const angle = k * 10000 ** ((-2 * pair) / d)
      for (const p of [0, 5, 32]) {
        const [sine, cosine] = [encoding[p * d + 2 * pair]!, encoding[p * d + 2 * pair + 1]!]
        const turned = [sine * Math.cos(angle) + cosine * Math.sin(angle), cosine * Math.cos(angle) - sine * Math.sin(angle)]
        const first = (p + k) * d + 2 * pair
        expect(worst(encoding.slice(first, first + 2), turned)).toBeLessThan(rounding)
      }
    }
  })

  it('0.16 sinusoidal and learned positions are added to what is there', async () => {
    const x = filledTensor([2, 3, 4], 0.5)
    const [plain, encoding] = [await values(x), await values(sinusoidalEncoding(3, 4))]
    expect(
      worst(
        await values(new SinusoidalPositions().forward(x)),
        plain.map((value, i) => value + encoding[i % 12]!),
      ),
    ).toBeLessThan(rounding)
    const learned = new LearnedPositions(5, 4)
    const feeds = initial(learned)
    expect(
      worst(
        await values(learned.forward(x), feeds),
        plain.map((value, i) => value + feeds.weight![i % 12]!),
      ),
    ).toBeLessThan(rounding)
    const slope = await values(grad(sum(learned.forward(x)), [learned.weight])[0]!, feeds)
    expect(slope).toEqual([...new Array(12).fill(2), ...new Array(8).fill(0)])
    expect(() => new LearnedPositions(0, 4)).toThrow('LearnedPositions: steps 0; allowed are whole numbers ≥ 1')
    expect(() => learned.forward(input('x', [1, 6, 4]))).toThrow('input (1, 6, 4); needs (…, t, 4) with t in 1…5')
    expect([learned.reach(), new SinusoidalPositions().isCausal]).toEqual([pointwiseReach, true])
  })
})

describe('positions that are differences', () => {
  const layouts: readonly NonNullable<RotaryOptions['pairs']>[] = ['interleaved', 'half']

  it.each(layouts)('0.16 rotary positions, %s: norms stay, and scores depend on the difference of positions only', async (pairs) => {
    const d = 6
    const [q, k] = [filledTensor([1, d], 0.5), filledTensor([1, d], 2)]
    const turned = (x: Tensor, offset: number) => rotary(x, { offset, pairs, base: 50 })
    const score = async (m: number, n: number) => (await values(dotScores(turned(q, m), turned(k, n))))[0]!
    expect(Math.abs((await score(9, 4)) - (await score(105, 100)))).toBeLessThan(rounding)
    expect(Math.abs((await score(9, 4)) - (await score(4, 9)))).toBeGreaterThan(1e-3)
    expect(Math.abs((await score(9, 4)) - (await score(9, 5)))).toBeGreaterThan(1e-3)
    const norm = (numbers: readonly number[]) => numbers.reduce((total, value) => total + value * value, 0)
    expect(Math.abs(norm(await values(turned(q, 33))) - norm(await values(q)))).toBeLessThan(rounding)
    expect(await values(turned(q, 0))).toEqual(await values(q))
  })

  it('0.16 rotary positions: which features are a pair, and by how much each step turns it', async () => {
    const turn = (p: number, frequency: number, a: number, b: number) => {
      const [c, s] = [Math.cos(p * frequency), Math.sin(p * frequency)]
      return [a * c - b * s, a * s + b * c]
    }
    const x = constant([1, 2, 3, 4, 1, 2, 3, 4], [2, 4])
    const [first, second] = [turn(1, 1, 1, 2), turn(1, 0.01, 3, 4)]
    expect(worst(await values(rotary(x)), [1, 2, 3, 4, ...first, ...second])).toBeLessThan(rounding)
    expect(worst(await values(rotary(x, { offset: -1 })), [...turn(-1, 1, 1, 2), ...turn(-1, 0.01, 3, 4), 1, 2, 3, 4])).toBeLessThan(
      rounding,
    )
    expect(worst(await values(rotary(x, { positions: [-1, 0] })), await values(rotary(x, { offset: -1 })))).toBe(0)
    expect(() => rotary(x, { positions: [1, 2, 3] })).toThrow('rotary: 3 positions for (2, 4); needs 2, one for each step')
    const [left, right] = [turn(1, 1, 1, 3), turn(1, 0.01, 2, 4)]
    expect(worst(await values(rotary(x, { pairs: 'half' })), [1, 2, 3, 4, left[0]!, right[0]!, left[1]!, right[1]!])).toBeLessThan(rounding)
    expect(() => rotary(x, { pairs: 'neox' as 'half' })).toThrow('rotary: pairs "neox"; allowed are interleaved, half')
    expect(() => rotary(input('x', [3, 1]))).toThrow('rotary: 1 features; positions turn pairs of them')
  })

  it('0.16 rotary positions: what turns alike shares its tables', () => {
    const [q, k] = [input('q', [3, 4]), input('k', [3, 4])]
    const [ofQ, ofK, later] = [rotary(q), rotary(k), rotary(k, { offset: 1 })].map(constantsOf) as [
      Set<unknown>,
      Set<unknown>,
      Set<unknown>,
    ]
    expect(ofQ.size).toBe(3)
    expect([...ofK].filter((table) => !ofQ.has(table))).toEqual([])
    expect([...later].filter((table) => ofK.has(table))).toEqual([])
  })

  it('0.16 rotary positions in attention: a sequence in the middle of silence is attended to as at its beginning', async () => {
    const model = new MultiheadAttention(4, 2, { rotary: {} })
    const feeds = initial(model)
    const x = filledTensor([1, 3, 4], 0.5)
    const later = concat([filledTensor([1, 5, 4], 9), x], 1)
    const { weights, output } = model.attend(later, later, later, { keyPaddingMask: constant([1, 1, 1, 1, 1, 0, 0, 0], [1, 8], 'bool') })
    const early = model.attend(x)
    expect(worst(await values(narrow(output, 1, 5, 8), feeds), await values(early.output, feeds))).toBeLessThan(rounding)
    // Positions count: in the other order the same keys get other weights.
    const flipped = model.attend(gather(x, constant([2, 1, 0], [3], 'int64'), 1))
    expect(worst((await values(early.weights, feeds)).toReversed(), await values(flipped.weights, feeds))).toBeGreaterThan(1e-3)
    expect(weights.shape).toEqual([1, 8, 8])
  })

  it('0.16 relative bias: the buckets of T5', () => {
    // By T5's own formula in float32 (numpy): the last position of each bucket but the open ones.
    const buckets = (options: Parameters<typeof relativeBucket>[1]) =>
      Array.from({ length: 401 }, (_, i) => relativeBucket(i - 200, options))
    const ends = (numbers: readonly number[]) => numbers.flatMap((bucket, i) => (bucket !== numbers[i + 1] ? [[i - 200, bucket]] : []))
    expect(ends(buckets({}))).toEqual([
      [-91, 15],
      [-64, 14],
      [-46, 13],
      [-32, 12],
      [-23, 11],
      [-16, 10],
      [-12, 9],
      [-8, 8],
      [-7, 7],
      [-6, 6],
      [-5, 5],
      [-4, 4],
      [-3, 3],
      [-2, 2],
      [-1, 1],
      [0, 0],
      [1, 17],
      [2, 18],
      [3, 19],
      [4, 20],
      [5, 21],
      [6, 22],
      [7, 23],
      [11, 24],
      [15, 25],
      [22, 26],
      [31, 27],
      [45, 28],
      [63, 29],
      [90, 30],
      [200, 31],
    ])
    expect(
      buckets({ bidirectional: false })
        .slice(200)
        .every((bucket) => bucket === 0),
    ).toBe(true)
    expect(relativeBucket(-15, { bidirectional: false })).toBe(15)
    expect(relativeBucket(-1000, { bidirectional: false })).toBe(31)
  })

  it('0.16 relative bias: one learned number per bucket and head, equal along diagonals, with a gradient', async () => {
    const model = new RelativePositionBias(2, { buckets: 8, maxDistance: 16 })
    const feeds = initial(model)
    const bias = await values(model.between(4, 5), feeds)
    const at = (head: number, query: number, key: number) => bias[(head * 4 + query) * 5 + key]!
    for (const head of [0, 1]) {
      for (let query = 0; query < 4; query++) {
        for (let key = 0; key < 5; key++) {
          const bucket = relativeBucket(key - query, { buckets: 8, maxDistance: 16 })
          expect(at(head, query, key)).toBe(feeds.weight![bucket * 2 + head])
        }
      }
    }
    expect(at(0, 0, 1)).not.toBe(at(0, 1, 0))
    const scores = filledTensor([3, 2, 4, 5], 0.5)
    const plain = await values(scores)
    expect(
      worst(
        await values(model.forward(scores), feeds),
        plain.map((value, i) => value + bias[i % 40]!),
      ),
    ).toBeLessThan(rounding)
    const counts = await values(grad(sum(model.between(4, 5)), [model.weight])[0]!, feeds)
    expect(counts.reduce((a, b) => a + b)).toBe(40)
    expect(() => new RelativePositionBias(0)).toThrow('RelativePositionBias: heads 0; allowed are whole numbers ≥ 1')
    expect(() => new RelativePositionBias(2).between(3, 0)).toThrow('RelativePositionBias: keys 0; allowed are whole numbers ≥ 1')
    expect(() => new RelativePositionBias(2, { buckets: 7 })).toThrow('buckets 7; allowed are even numbers ≥ 4')
    expect(() => new RelativePositionBias(2, { maxDistance: 8 })).toThrow('maxDistance 8; allowed are numbers above 8')
    expect(() => model.forward(input('s', [3, 1, 4, 5]))).toThrow('scores (3, 1, 4, 5); needs (b, 2, queries, keys)')
  })

  it('0.16 relative bias as a mask of attention draws it to near keys', async () => {
    const model = new RelativePositionBias(1, { buckets: 8, maxDistance: 16 })
    layoutOf(model)
    // Bucket 0 is the key at the query's own place.
    const weight = Float32Array.from({ length: 8 }, (_, i) => (i === 0 ? 100 : 0))
    const scores = filledTensor([1, 1, 3, 3], 0.5)
    const { weights } = attend(scores, filledTensor([1, 1, 3, 2], 1), { mask: model.between(3, 3) })
    // The others are e^−98 and below.
    expect(worst(await values(weights, { weight }), [1, 0, 0, 0, 1, 0, 0, 0, 1])).toBeLessThan(1e-15)
  })

  it('0.16 ALiBi: slopes in a geometric series, also for numbers of heads between powers of two', async () => {
    const slopes = async (heads: number) =>
      (await values(alibiBias(heads, 1, 2))).filter((_, i) => i % 2 === 1).map((value) => -Math.log2(-value))
    expect(await slopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    // The paper's code for 6 heads: those of 4, then every second one of 8.
    expect(await slopes(6)).toEqual([2, 4, 6, 8, 1, 3])
    expect(await values(alibiBias(1, 3, 3))).toEqual([0, 1, 2, 1, 0, 1, 2, 1, 0].map((distance) => (distance === 0 ? -0 : -distance / 256)))
    expect(() => alibiBias(1, 1.5)).toThrow('alibiBias: queries 1.5; allowed are whole numbers ≥ 1')
    expect(() => alibiBias(0, 1)).toThrow('heads 0; allowed are whole numbers ≥ 1')
  })
})

describe('the class token', () => {
  const [b, t, d] = [2, 5, 4]
  const x = filledTensor([b, t, d], 0.5)
  const permuted = gather(x, constant([3, 0, 4, 2, 1], [t], 'int64'), 1)
  const token = new ClassToken(d)
  const encoder = new TransformerEncoder(() => new TransformerEncoderLayer(d, 2, { dimFeedforward: 6 }), 2)

  layoutOf(token)
  const feeds = { ...initial(encoder), weight: Float32Array.of(0.5, -1, 1, 2) }

  it('0.12 class token: without positions the summary does not depend on the order of the steps, with them it does', async () => {
    const summary = (y: Tensor) => classState(encoder.forward(token.forward(y)))
    const plain = await values(summary(x), feeds)
    expect(plain.length).toBe(b * d)
    expect(worst(await values(summary(permuted), feeds), plain)).toBeLessThan(rounding)
    const placed = new SinusoidalPositions()
    const [first, second] = [await values(summary(placed.forward(x)), feeds), await values(summary(placed.forward(permuted)), feeds)]
    expect(worst(first, second)).toBeGreaterThan(1e-3)
    // It does depend on the steps, and on the token.
    expect(worst(await values(summary(mul(x, 2)), feeds), plain)).toBeGreaterThan(1e-3)
    expect(worst(await values(summary(x), { ...feeds, weight: Float32Array.of(1, 0, 0, 0) }), plain)).toBeGreaterThan(1e-3)
  })

  it('0.12 class token: stands first, is never padding, and delays the steps by one', async () => {
    const y = await values(token.forward(x), feeds)
    expect([y.slice(0, d), y.slice(d, 2 * d)]).toEqual([[0.5, -1, 1, 2], (await values(x)).slice(0, d)])
    const mask = token.extendMask(paddingMask([2, 5], t))
    expect(await values(mask)).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    const short = classState(encoder.forward(token.forward(x), { keyPaddingMask: mask }))
    const alone = classState(encoder.forward(token.forward(narrow(narrow(x, 0, 0, 1), 1, 0, 2))))
    expect(worst((await values(short, feeds)).slice(0, d), await values(alone, feeds))).toBeLessThan(rounding)
    expect(token.reach()).toEqual({ stride: 1, first: -1, last: -1 })
    expect(() => token.forward(input('x', [2, 5, 3]))).toThrow('ClassToken: input (2, 5, 3); needs (b, t, 4)')
  })
})
