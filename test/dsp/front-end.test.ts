import { describe, expect, it } from 'vitest'
import { createFrontEnd, type FrontEndOptions, frontEndGrid, mfcc, searchFrontEnds, spectrogram } from '../../src/dsp/index.ts'
import { receptiveField } from '../../src/nn/index.ts'
import { constant } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { goldens, goldenTensor, nineDigits, noise, relativeDifference } from './support.ts'

const base: FrontEndOptions = { sampleRate: 8000, nFft: 64, hopLength: 40, melBands: 8 }

describe('1.12 tunable front-end', () => {
  it('1.12 gives what the functions of its options give', async () => {
    const x = goldenTensor(200)
    const of = (options: Partial<FrontEndOptions>) => createFrontEnd({ ...base, ...options }).forward(x)
    const values = await run({
      mel: of({}),
      logMel: of({ compression: 'decibels', topDb: 80 }),
      mfcc: of({ compression: 'decibels', topDb: 80, coefficients: 6 }),
      amplitude: of({ compression: 'decibels', power: 1 }),
      melMagnitude: of({ power: 1 }),
      logPower: of({ compression: 'log' }),
      compressed: of({ compression: 10 }),
      liftless: mfcc(x, { ...base, melBands: 8, topDb: Infinity, coefficients: 4 }),
      all: of({ compression: 'decibels', coefficients: 4 }),
    })
    expect(relativeDifference(values.mel, goldens.melSpectrogram)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.logMel, goldens.logMel)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.mfcc, goldens.mfcc)).toBeLessThan(nineDigits)
    expect(
      worst(
        values.amplitude,
        values.melMagnitude.map((value) => 20 * Math.log10(value)),
      ),
    ).toBeLessThan(1e-9)
    expect(
      worst(
        values.logPower,
        values.mel.map((value) => Math.log(Math.max(value, 1e-10))),
      ),
    ).toBeLessThan(1e-9)
    expect(
      worst(
        values.compressed,
        values.mel.map((value) => Math.log1p(10 * value)),
      ),
    ).toBeLessThan(1e-9)
    expect(worst(values.all, values.liftless)).toBeLessThan(1e-9)
  })

  it('1.12 tells its features, its frame rate and what it reads', async () => {
    const { melBands: _, ...plain } = base
    const bins = createFrontEnd({ ...plain, window: 'blackman' })
    const x = constant(noise(100, 1))
    expect(bins.features).toBe(33)
    expect(bins.frameRate).toBe(200)
    const values = await run({ y: bins.forward(x), expected: spectrogram(x, { ...plain, window: 'blackman' }) })
    expect(values.y).toEqual(values.expected)
    expect(receptiveField(bins.reach())).toBe(64)
    expect(bins.reach()).toEqual({ stride: 40, first: -32, last: 31 })
    expect(createFrontEnd({ ...base, center: false }).reach().first).toBe(-0)
    expect(createFrontEnd({ ...base, coefficients: 4 }).features).toBe(4)
    expect(createFrontEnd({ ...plain, coefficients: 33 }).features).toBe(33)
    expect(() => createFrontEnd({ ...plain, coefficients: 34 })).toThrow('allowed are whole numbers in 1…33')
    expect(createFrontEnd({ ...base, compression: 'decibels', topDb: 60 }).isCausal).toBe(false)
  })

  it.each([
    [{ hopLength: 100 }, 'hopLength: 100'],
    [{ melBands: 60 }, /melBands: band \d+ of 60/],
    [{ melBands: undefined, fMin: 20 }, 'fMin: 20 without melBands'],
    [{ compression: -1 }, 'compression: -1'],
    [{ topDb: 80 }, "topDb: 80 with compression none; allowed are numbers ≥ 0 with 'decibels'"],
    [{ coefficients: 9 }, 'coefficients: 9; allowed are whole numbers in 1…8'],
    [{ window: 'tukey' }, 'window: "tukey"'],
  ])('1.12 refuses %o', (wrong, message) => {
    expect(() => createFrontEnd({ ...base, ...wrong } as FrontEndOptions)).toThrow(message)
  })

  it('1.12 a grid has all combinations, and says which are impossible and why', () => {
    const { frontEnds, refused } = frontEndGrid({
      ...base,
      nFft: [64, 128],
      hopLength: [32, 100],
      window: ['hann', { name: 'kaiser', beta: 8 }],
    })
    expect(frontEnds.map(({ options }) => [options.nFft, options.hopLength])).toEqual([
      [64, 32],
      [64, 32],
      [128, 32],
      [128, 32],
      [128, 100],
      [128, 100],
    ])
    expect(frontEnds[1]!.options.window).toEqual({ name: 'kaiser', beta: 8 })
    expect(refused.map(({ options, reason }) => [options.nFft, reason])).toEqual(
      new Array(2).fill([64, 'hopLength: 100; allowed are whole numbers in 1…nFft (64)']),
    )
  })

  it('1.12 options that none of its parts knows are refused when it is made, and by a grid', () => {
    const made = (options: object) => () => createFrontEnd({ ...base, melBands: undefined, ...options } as unknown as FrontEndOptions)
    expect(made({ power: 3 })).toThrow('power: 3; allowed are 1 (magnitude) and 2 (power)')
    expect(made({ compression: 'db' })).toThrow("compression: db; allowed are finite numbers > 0, 'none', 'log' and 'decibels'")
    expect(made({ sampleRate: NaN })).toThrow('sampleRate: NaN; allowed are finite numbers > 0')
    expect(frontEndGrid({ ...base, power: [2, 3 as 2] }).refused).toHaveLength(1)
  })

  it('1.12 grid search: the front-end that tells two close tones apart wins', async () => {
    // 400 and 460 Hz at 8 kHz need bins closer than 60 Hz: nFft 256 has 31 Hz, 32 has 250.
    const tone = (hertz: number) => constant(Float64Array.from({ length: 800 }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / 8000)))
    const ranking = await searchFrontEnds(
      { sampleRate: 8000, nFft: [32, 256], hopLength: 16, compression: ['none', 'log'] },
      async (frontEnd) => {
        const { a, b } = await run({ a: frontEnd.forward(tone(400)), b: frontEnd.forward(tone(460)) })
        const product = (x: readonly number[], y: readonly number[]) => x.reduce((total, value, i) => total + value * y[i]!, 0)
        return 1 - product(a, b) / Math.sqrt(product(a, a) * product(b, b))
      },
    )
    expect(ranking).toHaveLength(4)
    expect(ranking[0]!.frontEnd.options).toMatchObject({ nFft: 256, compression: 'none' })
    expect(ranking.map(({ score }) => score)).toEqual(ranking.map(({ score }) => score).sort((a, b) => b - a))
    await expect(searchFrontEnds({ ...base, hopLength: 1000 }, () => 0)).rejects.toThrow(
      'front-ends: none of 1 is possible: hopLength: 1000',
    )
    await expect(searchFrontEnds(base, () => Number.NaN)).rejects.toThrow(/the score of .* is not a number/)
  })
})
