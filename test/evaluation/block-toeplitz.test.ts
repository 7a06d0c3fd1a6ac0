import { describe, expect, it } from 'vitest'
import { type Correlations, factorBlockToeplitz } from '../../src/evaluation/block-toeplitz.ts'
import { createLagCorrelator } from '../../src/evaluation/lag-correlator.ts'
import { source } from './signals.ts'

const breath = async () => {}

/** r_ij by its definition. */
function correlate(signals: readonly Float64Array[], lags: number): Correlations {
  const values = signals.flatMap((x) =>
    signals.flatMap((y) => Array.from({ length: lags }, (_, lag) => x.reduce((sum, value, t) => sum + value * (y[t + lag] ?? 0), 0))),
  )
  return { signals: signals.length, lags, values: Float64Array.from(values) }
}

/** Gx by the definition of G. */
function multiply({ signals: p, lags, values }: Correlations, x: Float64Array): Float64Array {
  const entry = (i: number, a: number, j: number, b: number) =>
    a >= b ? values[(i * p + j) * lags + a - b]! : values[(j * p + i) * lags + b - a]!
  return x.map((_, row) =>
    x.reduce((sum, value, column) => sum + value * entry(Math.floor(row / lags), row % lags, Math.floor(column / lags), column % lags), 0),
  )
}

const signals = [source(200, 0.3, 0), source(200, 0.5, 1), source(200, 0.7, 2)]
const truth = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => Math.sin(1 + i))

describe('factorBlockToeplitz', () => {
  it.each([1, 2, 3])('3.43 solves for filters of %i signals', async (p) => {
    const correlations = correlate(signals.slice(0, p), 20)
    const x = truth(p * 20)
    const solver = await factorBlockToeplitz(correlations, breath)
    const five = await solver.solve(
      [0, 1, 2, 3, 4].map((k) => multiply(correlations, x).map((d) => k * d)),
      breath,
    )
    // Chirps are nearly white, so that the condition is near 1.
    for (const [k, made] of five.entries()) for (const [at, value] of made.entries()) expect(value).toBeCloseTo(k * x[at]!, 11)
  })

  it('3.43 is as exact as the condition lets it be: low-pass signals, condition 1e11, explained to 1e-10', async () => {
    const smooth = (x: Float64Array) =>
      x.map((_, t) => Array.from({ length: 12 }, (_, k) => (x[t - k] ?? 0) * (1 - k / 12)).reduce((a, b) => a + b))
    const soft = signals.map((x) => smooth(smooth(smooth(x))))
    const correlations = correlate(soft, 30)
    const d = multiply(correlations, truth(90))
    const [made] = await (await factorBlockToeplitz(correlations, breath)).solve([d], breath)
    const rest = multiply(correlations, made!).map((value, at) => value - d[at]!)
    expect(Math.hypot(...rest) / Math.hypot(...d)).toBeLessThan(1e-10)
  })

  it('3.43 leaves out what is silent or a multiple, and solves with the rest', async () => {
    const [a, b] = [signals[0]!, signals[1]!]
    const correlations = correlate([a, new Float64Array(200), a.map((x) => -2 * x), b], 15)
    const d = multiply(correlations, truth(60))
    const [made] = await (await factorBlockToeplitz(correlations, breath)).solve([d], breath)
    expect(made!.subarray(15, 45).every((x) => x === 0)).toBe(true)
    for (const [at, value] of multiply(correlations, made!).entries()) expect(value).toBeCloseTo(d[at]!, 9)
    const nothing = await factorBlockToeplitz(correlate([new Float64Array(5)], 4), breath)
    expect(await nothing.solve([new Float64Array(4)], breath)).toEqual([new Float64Array(4)])
  })

  it('3.43 gives finite answers where only rounding is left: a constant, sines, powers 200 dB apart', async () => {
    const hard = [
      new Float64Array(200).fill(1),
      Float64Array.from({ length: 200 }, (_, i) => Math.sin(0.1 * i)),
      signals[0]!.map((x) => 1e-10 * x),
    ]
    const correlations = correlate(hard, 40)
    const d = multiply(correlations, truth(120))
    const [made] = await (await factorBlockToeplitz(correlations, breath)).solve([d], breath)
    expect(made!.every(Number.isFinite)).toBe(true)
    const rest = multiply(correlations, made!).map((value, at) => value - d[at]!)
    expect(Math.hypot(...rest) / Math.hypot(...d)).toBeLessThan(1e-9)
  })

  it('3.43 refuses what is not finite', async () => {
    await expect(factorBlockToeplitz({ signals: 1, lags: 2, values: Float64Array.of(Number.NaN, 0) }, breath)).rejects.toThrow(
      /power of signal 0 is NaN/,
    )
  })
})

describe('createLagCorrelator', () => {
  it('3.43 sums over segments of any lengths what the definition sums over all', () => {
    const lags = 17
    const others = [source(200, 0.9, 3)]
    const correlator = createLagCorrelator(3, 1, lags)
    expect(correlator.longest).toBeGreaterThanOrEqual(100)
    for (const [from, to] of [
      [0, 1],
      [1, 6],
      [6, 100],
      [100, 110],
      [110, 200],
    ])
      correlator.push(
        signals.map((x) => x.subarray(from, to)),
        others.map((x) => x.subarray(from, to)),
      )
    const { among, across } = correlator.finish()
    const all = correlate([...signals, ...others], lags)
    for (let i = 0; i < 3; i++) {
      for (let lag = 0; lag < lags; lag++) {
        // Sums of 200 numbers up to 1, in double precision.
        for (let j = 0; j < 3; j++) expect(among.values[(i * 3 + j) * lags + lag]).toBeCloseTo(all.values[(i * 4 + j) * lags + lag]!, 11)
        expect(across[i * lags + lag]).toBeCloseTo(all.values[(i * 4 + 3) * lags + lag]!, 11)
      }
    }
  })
})
