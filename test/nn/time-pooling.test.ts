import { describe, expect, it } from 'vitest'
import {
  AttentionTimePool,
  AutoPool,
  AutoSplitTimePool,
  initialValues,
  LastTimePool,
  Linear,
  layoutOf,
  MaxTimePool,
  MeanTimePool,
  SplitTimePool,
  type TimePool,
  WeightedTimePool,
  wholeReach,
} from '../../src/nn/index.ts'
import { constant, gather, grad, input, type Shape, sum, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from './run.ts'

/** Differences of float64 sums of a few numbers of about 1. */
const rounding = 1e-12

/** What a pool gives, with its initial parameters or those given by name. */
async function pooled(pool: TimePool, y: Tensor, values: Readonly<Record<string, Float64Array>> = {}): Promise<number[]> {
  layoutOf(pool)
  return (await run({ y }, { ...Object.fromEntries(initialValues(pool, 1)), ...values })).y
}

const column = (...values: readonly number[]) => constant(values, [1, values.length, 1])

/** Gradient of the sum of what comes out with respect to x. */
async function slopes(pool: TimePool, x: Tensor, options: Parameters<TimePool['forward']>[1] = {}): Promise<number[]> {
  return pooled(pool, grad(sum(pool.forward(x, options)), [x])[0]!)
}

describe('mean and maximum over time', () => {
  it('0.5 mean pooling: the mean of the steps, whose gradients are 1/T each', async () => {
    const pool = new MeanTimePool()
    const x = constant([1, 10, 2, 20, 6, 60], [1, 3, 2])
    expect(worst(await pooled(pool, pool.forward(x)), [3, 30])).toBeLessThan(rounding)
    expect(worst(await slopes(pool, x), new Array(6).fill(1 / 3))).toBeLessThan(rounding)
    const lengths = [2]
    expect(worst(await pooled(pool, pool.forward(x, { lengths })), [1.5, 15])).toBeLessThan(rounding)
    expect(worst(await slopes(pool, x, { lengths }), [0.5, 0.5, 0.5, 0.5, 0, 0])).toBeLessThan(rounding)
  })

  it('0.6 max pooling: the largest step of each channel; the gradient goes to the first one that has it, alone', async () => {
    const pool = new MaxTimePool()
    const x = constant([1, -3, 5, -1, 5, -1, 2, -2], [1, 4, 2])
    expect(await pooled(pool, pool.forward(x))).toEqual([5, -1])
    expect(await slopes(pool, x)).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
    expect(await pooled(pool, pool.forward(x, { lengths: [1] }))).toEqual([1, -3])
    expect(await slopes(pool, x, { lengths: [1] })).toEqual([1, 1, 0, 0, 0, 0, 0, 0])
  })
})

const channels = 4
const pools: Readonly<Record<string, () => TimePool>> = {
  '0.5 mean pooling': () => new MeanTimePool(),
  '0.6 max pooling': () => new MaxTimePool(),
  '0.7 projected attention': () => new AttentionTimePool(channels, { hidden: 3 }),
  '0.8 channel-split attention': () => new SplitTimePool(),
  '0.9 auto-pool': () => new AutoPool({ channels, init: 2 }),
  '0.10 attention with auto-pool': () => new AutoSplitTimePool({ init: 0.5 }),
  '0.11 last step': () => new LastTimePool(),
}

describe('padding', () => {
  const [b, t] = [4, 5]
  const shape: Shape = [b, t, channels]
  const lengths = [5, 3, 1, 0]
  const values = filled(shape, 0.5)
  /** The same steps with other numbers where padding is. */
  const garbage = values.map((value, i) => (Math.floor(i / channels) % t < lengths[Math.floor(i / (channels * t))]! ? value : Number.NaN))

  it.each(Object.entries(pools))('%s: padding is ignored, NaN as well; without a step there are zeros', async (_, create) => {
    const pool = create()
    layoutOf(pool)
    const x = input('x', shape)
    const y = pool.forward(x, { lengths: input('lengths', [b], 'int64') })
    const dx = grad(sum(y), [x])[0]!
    const feeds = { ...Object.fromEntries(initialValues(pool, 1)), x: garbage, lengths: BigInt64Array.from(lengths, BigInt) }
    const { padded, gradient } = await run({ padded: y, gradient: dx }, feeds)
    const width = y.shape[1]!
    for (const [example, length] of lengths.entries()) {
      const result = padded.slice(example * width, (example + 1) * width)
      const slope = gradient.slice(example * t * channels, (example + 1) * t * channels)
      if (length === 0) expect(result).toEqual(new Array(width).fill(0))
      else {
        const alone = constant(values.slice(example * t * channels, (example * t + length) * channels), [1, length, channels])
        expect(worst(result, await pooled(pool, pool.forward(alone)))).toBeLessThan(rounding)
      }
      expect(slope.slice(length * channels).every((value) => value === 0)).toBe(true)
    }
    if (pool instanceof WeightedTimePool) {
      const weights = (await run({ weights: pool.weights(x, { lengths }) }, feeds)).weights
      const per = weights.length / (b * t)
      const here = (i: number) => Math.floor(i / per) % t < lengths[Math.floor(i / (per * t))]!
      expect(weights.every((weight, i) => (here(i) ? weight > 0 : weight === 0))).toBe(true)
    }
    const mask = constant(
      lengths.flatMap((length) => Array.from({ length: t }, (_, step) => Number(step >= length))),
      [b, t],
      'bool',
    )
    expect(await pooled(pool, pool.forward(constant(garbage, shape), { paddingMask: mask }))).toEqual(padded)
  })

  it.each(Object.entries(pools))('%s: reads all steps, so that it is not causal', (_, create) => {
    expect([create().reach(), create().isCausal]).toEqual([wholeReach, false])
  })

  it('0.5 pooling over time refuses what it cannot pool, and says what it needs', () => {
    const pool = new MeanTimePool()
    const x = input('x', [2, 3, 4])
    expect(() => pool.forward(input('x', [2, 3]))).toThrow('MeanTimePool: input (2, 3); needs (b, t, c)')
    expect(() => pool.forward(x, { lengths: [1, 4] })).toThrow('lengths [1, 4]; needs 2 whole number(s) in 0…3, one per example')
    expect(() => pool.forward(x, { lengths: [1, 2, 3] })).toThrow('padding (3, 3) bool of input (2, 3, 4); needs (2, 3) bool')
    expect(() => pool.forward(x, { lengths: input('lengths', [2]) })).toThrow('lengths (2) float32; needs one int32 or int64 per example')
    expect(() => pool.forward(x, { lengths: [1, 2], paddingMask: input('m', [2, 3], 'bool') })).toThrow('both lengths and paddingMask')
  })
})

describe('attention over time', () => {
  const x = filledTensor([2, 5, channels], 0.5)

  it('0.7 projected attention: weights are σ(vᵀh) over their sum, not a softmax', async () => {
    const pool = new AttentionTimePool(2, { embedding: new Linear(2, 2), hidden: 2 })
    const identity = { 'embedding.weight': Float64Array.of(1, 0, 0, 1), 'embedding.bias': Float64Array.of(0, 0), v: Float64Array.of(1, 0) }
    // σ(0) = 1/2 and σ(ln 3) = 3/4: weights 2/5 and 3/5.
    const steps = constant([0, 10, Math.log(3), 20], [1, 2, 2])
    expect(worst(await pooled(pool, pool.weights(steps), identity), [0.4, 0.6])).toBeLessThan(1e-7)
    expect(worst(await pooled(pool, pool.forward(steps), identity), [0.6 * Math.log(3), 16])).toBeLessThan(1e-5)
  })

  it('0.7 projected attention: weights are not negative and add up to 1; v = 0 is mean pooling', async () => {
    const pool = new AttentionTimePool(channels, { hidden: 3 })
    const weights = await pooled(pool, pool.weights(x))
    expect(weights.every((weight) => weight >= 0)).toBe(true)
    const sums = [0, 5].map((first) => weights.slice(first, first + 5).reduce((a, b) => a + b))
    expect(worst(sums, [1, 1])).toBeLessThan(rounding)
    const mean = await pooled(pool, new MeanTimePool().forward(x))
    expect(worst(await pooled(pool, pool.forward(x), { v: new Float64Array(3) }), mean)).toBeLessThan(rounding)
    expect(worst(await pooled(pool, pool.forward(x)), mean)).toBeGreaterThan(1e-3)
    // Where σ itself is 0 in any precision, quotients of it would be 0/0.
    const low = {
      v: new Float64Array(3).fill(-4000),
      'embedding.weight': new Float64Array(12),
      'embedding.bias': new Float64Array(3).fill(1),
    }
    expect(worst(await pooled(pool, pool.forward(x), low), mean)).toBeLessThan(rounding)
  })

  it('0.7 projected attention: a permutation of the steps permutes the weights and leaves the result', async () => {
    const pool = new AttentionTimePool(channels)
    const order = [3, 0, 4, 2, 1]
    const turned = gather(x, constant(order, [5], 'int64'), 1)
    expect(worst(await pooled(pool, pool.forward(turned)), await pooled(pool, pool.forward(x)))).toBeLessThan(rounding)
    const weights = await pooled(pool, pool.weights(x))
    const expected = [0, 5].flatMap((first) => order.map((step) => weights[first + step]!))
    expect(worst(await pooled(pool, pool.weights(turned)), expected)).toBeLessThan(rounding)
  })

  it('0.8 channel-split attention: as a loop over X (B, C, 1, T) → (B, C/2, 1, 1) gives it; a constant second half is the mean', async () => {
    const [b, c, t] = [2, 6, 4]
    const values = filled([b, t, c], 0.3)
    const at = (example: number, channel: number, step: number) => values[(example * t + step) * c + channel]!
    const expected: number[] = []
    for (let example = 0; example < b; example++) {
      for (let channel = 0; channel < c / 2; channel++) {
        let [total, weighted] = [0, 0]
        for (let step = 0; step < t; step++) {
          const weight = Math.exp(at(example, channel + c / 2, step))
          total += weight
          weighted += weight * at(example, channel, step)
        }
        expected.push(weighted / total)
      }
    }
    const pool = new SplitTimePool()
    expect(worst(await pooled(pool, pool.forward(constant(values, [b, t, c]))), expected)).toBeLessThan(rounding)
    const same = constant([1, 5, 2, 5, 6, 5], [1, 3, 2])
    expect(worst(await pooled(pool, pool.forward(same)), [3])).toBeLessThan(rounding)
  })

  it('0.8 channel-split attention: refuses an odd number of channels', () => {
    expect(() => new SplitTimePool().forward(input('x', [2, 3, 5]))).toThrow(
      'SplitTimePool: input (2, 3, 5), 5 channels; needs an even number, half of them values and half their weights',
    )
    expect(() => new AutoSplitTimePool().forward(input('x', [2, 3, 5]))).toThrow('needs an even number')
  })
})

describe('auto-pool', () => {
  const steps = column(1, 2, 3)
  const at = (pool: AutoPool, alpha: number, x = steps) => pooled(pool, pool.forward(x), { alpha: Float64Array.of(alpha) })

  it('0.9 auto-pool: between minimum, mean and maximum, by α', async () => {
    const pool = new AutoPool()
    const golden = { '-1': 1.42479, 0: 2, 1: 2.57521, 2: 2.850937, 5: 2.993217, 1000: 3 }
    // The golden values of the specification have six decimals.
    for (const [alpha, value] of Object.entries(golden)) expect(worst(await at(pool, Number(alpha)), [value])).toBeLessThan(5.1e-7)
    expect(await at(pool, -1000)).toEqual([1])
    // D6: what the source prints as the pooled value is only the weight of a step.
    expect(
      worst(await pooled(pool, pool.weights(steps), { alpha: Float64Array.of(1) }), [0.09003057, 0.24472847, 0.66524096]),
    ).toBeLessThan(1e-8)
  })

  it('0.9 auto-pool: its derivative by α is the variance of x under the weights, and it grows with α', async () => {
    const pool = new AutoPool()
    layoutOf(pool)
    for (const alpha of [-1, 0, 0.7, 3]) {
      const { slope } = await run({ slope: grad(sum(pool.forward(steps)), [pool.alpha])[0]! }, { alpha: Float64Array.of(alpha) })
      const weights = [1, 2, 3].map((x) => Math.exp(alpha * x))
      const total = weights.reduce((a, b) => a + b)
      const moment = (power: number) => [1, 2, 3].reduce((m, x, i) => m + (weights[i]! / total) * x ** power, 0)
      expect(worst(slope, [moment(2) - moment(1) ** 2])).toBeLessThan(rounding)
    }
    const rising = await Promise.all([-5, -1, 0, 0.5, 1, 4].map(async (alpha) => (await at(pool, alpha))[0]!))
    expect(rising).toEqual([...rising].sort((a, b) => a - b))
    expect(new Set(rising).size).toBe(rising.length)
  })

  it('0.9 auto-pool: with an α per channel each is pooled by its own; another number of channels is refused', async () => {
    const pool = new AutoPool({ channels: 2 })
    const x = constant([1, 1, 2, 2, 3, 3], [1, 3, 2])
    expect(worst(await pooled(pool, pool.forward(x), { alpha: Float64Array.of(0, 2) }), [2, 2.850937])).toBeLessThan(5.1e-7)
    expect(() => pool.forward(steps)).toThrow('AutoPool: 1 channel(s) to pool, alpha has 2; needs as many, or 1 for all')
  })

  it('0.10 attention with auto-pool: α = 1 is the channel split, α = 0 the mean of the values', async () => {
    const pool = new AutoSplitTimePool()
    const x = filledTensor([2, 5, channels], 0.5)
    const alone = new SplitTimePool()
    expect(worst(await pooled(pool, pool.forward(x), { alpha: Float64Array.of(1) }), await pooled(alone, alone.forward(x)))).toBeLessThan(
      rounding,
    )
    const mean = await pooled(alone, new MeanTimePool().forward(x))
    const values = mean.filter((_, i) => i % channels < channels / 2)
    expect(worst(await pooled(pool, pool.forward(x), { alpha: Float64Array.of(0) }), values)).toBeLessThan(rounding)
    // Weights come from the second half: α = 3 makes those of the first half's values differ from auto-pool's own.
    expect(worst(await pooled(pool, pool.forward(x), { alpha: Float64Array.of(3) }), values)).toBeGreaterThan(1e-3)
  })

  it('0.11 the last step that is there is the summary of a sequence', async () => {
    const pool = new LastTimePool()
    const x = constant([1, 2, 3, 4, 5, 6], [2, 3, 1])
    expect(await pooled(pool, pool.forward(x))).toEqual([3, 6])
    expect(await pooled(pool, pool.forward(x, { lengths: [1, 2] }))).toEqual([1, 5])
  })
})
