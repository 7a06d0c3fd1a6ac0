import { describe, expect, it } from 'vitest'
import { clusterMasks, kMeans, silhouette, silhouetteConfidence, softKMeans } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom, input, randomKey, stack, type Tensor } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { onnxRuntime } from '../tensor/support.ts'

const onnx = onnxRuntime()

/** Points around centres on a line through 3 dimensions, far from 0, with the cluster of each. */
function planted(counts: readonly number[], seed: number, spread = 0.1): { points: Float64Array; truth: number[] } {
  const random = createRandom(seed)
  const truth = counts.flatMap((count, k) => new Array<number>(count).fill(k))
  truth.sort(() => random.uniform(-1, 1))
  const points = Float64Array.from(truth.flatMap((k) => [100 + k, 50 - 2 * k, k % 2].map((at) => at + spread * random.normal())))
  return { points, truth }
}

/** Whether two labellings are one but for the names. */
function agree(labels: readonly number[], truth: readonly number[]): boolean {
  const names = new Map<number, number>()
  const consistent = labels.every((label, i) => {
    if (!names.has(label)) names.set(label, truth[i]!)
    return names.get(label) === truth[i]
  })
  return consistent && new Set(names.values()).size === names.size
}

describe('kMeans', () => {
  it('3.30 planted clusters are recovered, of unequal sizes and with every seed', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { points, truth } = planted([50, 30, 5, 15], seed)
      const { labels, centres, inertia } = await run({
        ...kMeans(constant(points, [1, 100, 3]), { clusters: 4, key: randomKey(seed), iterations: 8 }),
      })
      expect(agree(labels!, truth)).toBe(true)
      // Σ of squared distances from the means.
      const expected = truth.reduce((total, _, i) => {
        const centre = centres!.slice(3 * labels![i]!, 3 * labels![i]! + 3)
        return total + centre.reduce((sum, at, k) => sum + (points[3 * i + k]! - at) ** 2, 0)
      }, 0)
      expect(inertia![0]).toBeCloseTo(expected, 8)
      for (let k = 0; k < 4; k++) {
        const own = truth.flatMap((_, i) => (labels![i] === k ? [points[3 * i]!] : []))
        expect(centres![3 * k]).toBeCloseTo(own.reduce((a, b) => a + b) / own.length, 10)
      }
    }
  })

  it('3.30 key: determines the result; examples of a batch are clustered by themselves', async () => {
    const [a, b] = [planted([20, 20], 1, 1), planted([10, 30], 2, 1)]
    const batch = constant([...a.points, ...b.points], [2, 40, 3])
    const of = (key: number, points = batch) => kMeans(points, { clusters: 5, key: randomKey(key), iterations: 2, restarts: 1 })
    const results = await run({ one: of(1).centres, again: of(1).centres, other: of(2).centres })
    expect(results.again).toEqual(results.one)
    expect(results.other).not.toEqual(results.one)
    const clear = await run({
      labels: kMeans(constant([...planted([20, 20], 3).points, ...planted([10, 30], 4).points], [2, 40, 3]), {
        clusters: 2,
        key: randomKey(1),
      }).labels,
    })
    expect(agree(clear.labels.slice(0, 40), planted([20, 20], 3).truth)).toBe(true)
    expect(agree(clear.labels.slice(40), planted([10, 30], 4).truth)).toBe(true)
  })

  it('3.30 weights: points that count nothing move no centre, and get a label', async () => {
    const { points } = planted([10, 10], 5)
    const far = Float64Array.from([...points, 1e3, 1e3, 1e3])
    const weights = constant([...new Array<number>(20).fill(1), 0], [1, 21])
    const options = { clusters: 2, key: randomKey(1) }
    const { centres, labels } = await run({ ...kMeans(constant(far, [1, 21, 3]), { ...options, weights }) })
    expect(Math.max(...centres!)).toBeLessThan(102)
    expect(labels).toHaveLength(21)
    const doubled = await run({ c: kMeans(constant([0, 1, 10], [1, 3, 1]), { ...options, weights: constant([3, 1, 1], [1, 3]) }).centres })
    expect(
      worst(
        doubled.c.sort((x, y) => x - y),
        [0.25, 10],
      ),
    ).toBeLessThan(1e-12)
  })

  it('3.30 degenerate: equal points, and as many clusters as points', async () => {
    const same = await run({ ...kMeans(constant(new Float64Array(6).fill(7), [1, 3, 2]), { clusters: 2, key: randomKey(1) }) })
    expect(same.inertia![0]).toBeCloseTo(0, 12)
    expect(worst(same.centres!, [7, 7, 7, 7])).toBeLessThan(1e-12)
    const each = await run({ ...kMeans(constant([5, 1, 9], [1, 3, 1]), { clusters: 3, key: randomKey(1) }) })
    expect(each.labels!.sort()).toEqual([0, 1, 2])
    expect(() => kMeans(input('x', [1, 3, 1]), { clusters: 4, key: randomKey(1) })).toThrow(/clusters 4 of 3 points/)
    expect(() => kMeans(input('x', [3, 1]), { clusters: 2, key: randomKey(1) })).toThrow(/needs \(b, n, d\)/)
    expect(() => kMeans(input('x', [1, 3, 1]), { clusters: 2, key: randomKey(1), restarts: 0 })).toThrow(/restarts 0/)
  })

  it('3.30 size: 50 000 points in float32, with the confidence of a sample of them', async () => {
    const { points, truth } = planted([20_000, 25_000, 5_000], 6)
    const [labels, confidence] = await evaluate(() => {
      const x = constant(points, [1, 50_000, 3])
      const { labels } = kMeans(x, { clusters: 3, key: randomKey(1), iterations: 8 })
      return [labels, silhouetteConfidence(x, labels, { clusters: 3, key: randomKey(2), samples: 500 })]
    }, onnx())
    expect(agree(Array.from(labels!, Number), truth)).toBe(true)
    expect(Number(confidence![0])).toBeGreaterThan(0.8)
  })
})

describe('softKMeans', () => {
  it('3.30 soft: shares sum to 1, follow exp(−α d²), and harden to the labels of kMeans', async () => {
    const { points, truth } = planted([10, 20], 7)
    const x = constant(points, [1, 30, 3])
    const soft = await run({ ...softKMeans(x, { clusters: 2, key: randomKey(1), hardness: 1 }) })
    const squared = (i: number, k: number) => [0, 1, 2].reduce((sum, j) => sum + (points[3 * i + j]! - soft.centres![3 * k + j]!) ** 2, 0)
    for (let i = 0; i < 30; i++) {
      const [p, q] = [Math.exp(-squared(i, 0)), Math.exp(-squared(i, 1))]
      expect(soft.shares![2 * i]).toBeCloseTo(p / (p + q), 8)
      expect(soft.shares![2 * i]! + soft.shares![2 * i + 1]!).toBeCloseTo(1, 12)
    }
    const hard = await run({ s: softKMeans(x, { clusters: 2, key: randomKey(1), hardness: 1000 }).shares })
    expect(
      agree(
        Array.from({ length: 30 }, (_, i) => Math.round(hard.s[2 * i]!)),
        truth,
      ),
    ).toBe(true)
    expect(() => softKMeans(x, { clusters: 2, key: randomKey(1), hardness: 0 })).toThrow(/hardness 0/)
    // ∞ · 0, the nearness of a centre at its own point, is NaN.
    expect(() => softKMeans(x, { clusters: 2, key: randomKey(1), hardness: Infinity })).toThrow(/hardness Infinity; .*kMeans/)
    expect(() => softKMeans(x, { clusters: 2, key: randomKey(1), start: input('s', [1, 3, 3]) })).toThrow(
      /start \(1, 3, 3\); needs \(1, 2, 3\)/,
    )
  })
})

describe('clusterMasks', () => {
  it('3.30 masks: binary or soft, of sum 1, one per planted source', async () => {
    const { points, truth } = planted([12, 8], 8)
    const embeddings = constant(points, [1, 4, 5, 3])
    const of = (hardness?: number): Tensor =>
      clusterMasks(embeddings, { clusters: 2, key: randomKey(1), ...(hardness ? { hardness } : {}) })
    const { hard, soft } = await run({ hard: of(), soft: of(2) })
    expect(of().shape).toEqual([1, 4, 5, 2])
    const first = Array.from({ length: 20 }, (_, i) => hard[2 * i]!)
    expect(agree(first, truth)).toBe(true)
    expect(hard.every((value) => value === 0 || value === 1)).toBe(true)
    for (let i = 0; i < 20; i++) expect(soft[2 * i]! + soft[2 * i + 1]!).toBeCloseTo(1, 12)
    expect(() => clusterMasks(input('x', [1, 2, 3]), { clusters: 2, key: randomKey(1) })).toThrow(/needs \(b, t, f, d\)/)
  })
})

describe('silhouette', () => {
  /** By the definition, point by point. */
  function defined(points: Float64Array, labels: readonly number[], clusters: number): number[] {
    const distance = (i: number, j: number) => Math.hypot(...[0, 1, 2].map((k) => points[3 * i + k]! - points[3 * j + k]!))
    return labels.map((own, i) => {
      const mean = (k: number) => {
        const others = labels.flatMap((label, j) => (label === k && j !== i ? [distance(i, j)] : []))
        return others.length === 0 ? Infinity : others.reduce((a, b) => a + b) / others.length
      }
      const a = mean(own)
      const b = Math.min(...Array.from({ length: clusters }, (_, k) => (k === own ? Infinity : mean(k))))
      return a === Infinity || b === Infinity ? 0 : (b - a) / Math.max(a, b)
    })
  }

  it('3.30 silhouette: (b − a) / max(a, b) point by point, 0 for one that is alone, an empty cluster is none', async () => {
    const { points, truth } = planted([6, 5, 1], 9, 1)
    const { s } = await run({ s: silhouette(constant(points, [1, 12, 3]), constant(truth, [1, 12], 'int64'), 4) })
    // Distances by ‖x‖² + ‖y‖² − 2xy lose some of float64's digits.
    expect(worst(s, defined(points, truth, 4))).toBeLessThan(1e-10)
    const one = await run({ s: silhouette(constant(points, [1, 12, 3]), constant(new Float64Array(12), [1, 12], 'int64'), 2) })
    expect(one.s).toEqual(new Array(12).fill(0))
  })

  it('3.30 confidence: is the mean of all where they are few, falls with overlap, and comes from a sample where they are many', async () => {
    const of = ({ points, truth }: ReturnType<typeof planted>, samples: number) =>
      silhouetteConfidence(constant(points, [1, truth.length, 3]), constant(truth, [1, truth.length], 'int64'), {
        clusters: 2,
        key: randomKey(3),
        samples,
      })
    const [clear, vague] = [planted([30, 30], 10, 0.1), planted([30, 30], 10, 2)]
    const { all, sampled, low } = await run({ all: of(clear, 60), sampled: of(clear, 20), low: of(vague, 60) })
    const mean = defined(clear.points, clear.truth, 2).reduce((a, b) => a + b) / 60
    expect(all[0]).toBeCloseTo(mean, 10)
    expect(sampled[0]).not.toBe(all[0])
    expect(Math.abs(sampled[0]! - mean)).toBeLessThan(0.05)
    expect(low[0]!).toBeLessThan(0.3)
    expect(() => of(clear, 0)).toThrow(/samples 0/)
  })

  it('3.30 batches: each example has its own silhouettes', async () => {
    const [a, b] = [planted([4, 4], 11, 1), planted([3, 5], 12, 1)]
    const x = stack([constant(a.points, [8, 3]), constant(b.points, [8, 3])], 0)
    const { s } = await run({ s: silhouette(x, constant([...a.truth, ...b.truth], [2, 8], 'int64'), 2) })
    expect(worst(s, [...defined(a.points, a.truth, 2), ...defined(b.points, b.truth, 2)])).toBeLessThan(1e-10)
  })
})
