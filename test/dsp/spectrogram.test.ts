import { describe, expect, it } from 'vitest'
import {
  amplitudeToDb,
  dbToAmplitude,
  dbToPower,
  dct,
  flooredLog,
  hzToMel,
  logCompress,
  logExpand,
  logMagnitude,
  logMelSpectrogram,
  logPower,
  magnitude,
  melFilterBank,
  melFrequencies,
  melSpectrogram,
  melToHz,
  mfcc,
  powerToDb,
  spectrogram,
  stft,
  toMel,
} from '../../src/dsp/index.ts'
import { constant, createRandom, grad, max, sum } from '../../src/tensor/index.ts'
import { run, worst } from '../nn/run.ts'
import { goldens, goldenTensor, nineDigits, noise, relativeDifference } from './support.ts'

const melOptions = { sampleRate: 8000, nFft: 64, hopLength: 40, melBands: 8 }

describe('3.23 spectrograms', () => {
  it('3.23 magnitude, power and their logarithms are those of the transform', async () => {
    const x = constant(noise(60, 1))
    const options = { nFft: 16, hopLength: 5 }
    const z = stft(x, options)
    const values = await run({
      ...z,
      magnitude: spectrogram(x, { ...options, power: 1 }),
      power: spectrogram(x, options),
      logMagnitude: logMagnitude(z),
      logPower: logPower(z),
    })
    const expected = values.re.map((re, i) => Math.hypot(re, values.im[i]!))
    expect(worst(values.magnitude, expected)).toBeLessThan(1e-12)
    expect(
      worst(
        values.power,
        expected.map((value) => value ** 2),
      ),
    ).toBeLessThan(1e-12)
    expect(
      worst(
        values.logMagnitude,
        expected.map((value) => Math.log(Math.max(value, 1e-5))),
      ),
    ).toBeLessThan(1e-9)
    expect(
      worst(
        values.logPower,
        expected.map((value) => Math.log(Math.max(value ** 2, 1e-10))),
      ),
    ).toBeLessThan(1e-9)
    expect(() => spectrogram(x, { ...options, power: 3 as 1 })).toThrow('power: 3; allowed are 1 (magnitude) and 2 (power)')
  })

  it('3.23 magnitudes and logarithms have the derivative 0 at silence, not NaN', async () => {
    const x = constant(new Float64Array(20))
    const z = stft(x, { nFft: 8, hopLength: 4 })
    for (const y of [
      magnitude(z),
      logMagnitude(z),
      logPower(z),
      powerToDb(magnitude(z)),
      amplitudeToDb(magnitude(z)),
      logCompress(magnitude(z)),
    ]) {
      const { g } = await run({ g: grad(sum(y), [x])[0]! })
      expect(g).toEqual(new Array(20).fill(0))
    }
  })

  it('3.23 mel, log-mel and cepstrum of a signal are those of the definitions of librosa, restated in numpy', async () => {
    const x = goldenTensor(200)
    const mel = melSpectrogram(x, melOptions)
    expect(mel.shape).toEqual([6, 8])
    const values = await run({
      mel,
      logMel: logMelSpectrogram(x, melOptions),
      db: amplitudeToDb(mel, { ref: max, topDb: 20 }),
      mfcc: mfcc(x, { ...melOptions, coefficients: 6 }),
      liftered: mfcc(x, { ...melOptions, coefficients: 6, lifter: 22 }),
    })
    expect(relativeDifference(values.mel, goldens.melSpectrogram)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.logMel, goldens.logMel)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.db, goldens.amplitudeToDb)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.mfcc, goldens.mfcc)).toBeLessThan(nineDigits)
    expect(relativeDifference(values.liftered, goldens.mfccLiftered)).toBeLessThan(nineDigits)
    expect(() => mfcc(x, { ...melOptions, coefficients: 9 })).toThrow('dct: 9 coefficients of (6, 8); allowed are whole numbers in 1…8')
    expect(() => mfcc(x, { ...melOptions, coefficients: 3, lifter: -1 })).toThrow('lifter: -1')
  })

  it('3.23 the cosine transform is orthonormal', async () => {
    const x = noise(12, 1)
    const { y } = await run({ y: dct(constant(x, [3, 4])) })
    const energy = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value ** 2, 0)
    expect(energy(y)).toBeCloseTo(energy(x), 12)
  })
})

describe('3.23 decibels', () => {
  it('3.23 of powers and amplitudes, with reference, floor and range, and back', async () => {
    const x = constant([4, 1, 0.01, 0])
    const values = await run({
      power: powerToDb(x, { topDb: Infinity }),
      top: powerToDb(x, { topDb: 15, ref: 4 }),
      amplitude: amplitudeToDb(x, { ref: max, topDb: Infinity, amin: 1e-3 }),
      power2: dbToPower(powerToDb(x, { topDb: Infinity, ref: 2 }), 2),
      amplitude2: dbToAmplitude(amplitudeToDb(x, { topDb: Infinity })),
    })
    const db = (ratio: number) => 10 * Math.log10(ratio)
    expect(worst(values.power, [db(4), 0, -20, -100])).toBeLessThan(1e-12)
    expect(worst(values.top, [0, db(1 / 4), -15, -15])).toBeLessThan(1e-12)
    expect(worst(values.amplitude, [0, 2 * db(1 / 4), 2 * db(0.01 / 4), 2 * db(1e-3 / 4)])).toBeLessThan(1e-12)
    expect(worst(values.power2, [4, 1, 0.01, 1e-10])).toBeLessThan(1e-12)
    expect(worst(values.amplitude2, [4, 1, 0.01, 1e-5])).toBeLessThan(1e-12)
  })

  it('3.23 the range below the loudest is that of all, or of each spectrogram where the axes say so', async () => {
    const x = constant([1, 1e-4, 1e-2, 1e-9], [2, 1, 2])
    const { all, each } = await run({ all: powerToDb(x, { topDb: 30 }), each: powerToDb(x, { topDb: 30, axes: [-2, -1] }) })
    expect(worst(all, [0, -30, -20, -30])).toBeLessThan(1e-12)
    expect(worst(each, [0, -30, -20, -50])).toBeLessThan(1e-12)
  })

  it('3.23 refuses floors, ranges and references that are none', () => {
    const x = constant([1, 2])
    expect(() => powerToDb(x, { amin: 0 })).toThrow('powerToDb: amin 0; allowed are finite numbers > 0')
    expect(() => powerToDb(x, { amin: Infinity })).toThrow('powerToDb: amin Infinity')
    expect(() => powerToDb(x, { ref: NaN })).toThrow('powerToDb: ref NaN; allowed are finite numbers and functions')
    expect(() => amplitudeToDb(x, { topDb: -1 })).toThrow('amplitudeToDb: topDb -1')
    expect(() => powerToDb(x, { ref: () => constant([1, 2], [2, 1]) })).toThrow(/ref gives a shape that makes \(2, 2\) of \(2\)/)
    expect(() => flooredLog(x, 0)).toThrow('flooredLog: floor 0')
  })
})

describe('1.10 compression', () => {
  it('1.10 log(1 + Cx) and its inverse: values, and there and back', async () => {
    const x = constant([0, 1e-6, 0.1, 1, 50])
    const { y, back } = await run({ y: logCompress(x, 100), back: logExpand(logCompress(x, 100), 100) })
    expect(worst(y, [0, Math.log1p(1e-4), Math.log(11), Math.log(101), Math.log(5001)])).toBeLessThan(1e-12)
    expect(worst(back, [0, 1e-6, 0.1, 1, 50])).toBeLessThan(1e-12)
    expect(() => logCompress(x, 0)).toThrow('logCompress: c 0; allowed are finite numbers > 0')
    expect(() => logExpand(x, Number.NaN)).toThrow('logExpand: c NaN')
  })

  it('1.10 compressed magnitudes are distributed more like a normal distribution: skewness and kurtosis are less than half', async () => {
    // Notes with decays, as music has: few loud values, many quiet ones.
    const random = createRandom(4)
    const signal = Float64Array.from(
      { length: 4000 },
      (_, i) => Math.exp(-(i % 500) / 80) * Math.sin(0.3 * i * (1 + Math.floor(i / 500) / 5)) + 0.01 * random.normal(),
    )
    const bands = melSpectrogram(constant(signal), { ...melOptions, power: 1 })
    const { plain, compressed } = await run({ plain: bands, compressed: logCompress(bands, 1e4) })
    const moments = (values: readonly number[]) => {
      const mean = values.reduce((total, value) => total + value, 0) / values.length
      const central = (p: number) => values.reduce((total, value) => total + (value - mean) ** p, 0) / values.length
      return { skewness: Math.abs(central(3) / central(2) ** 1.5), kurtosis: Math.abs(central(4) / central(2) ** 2 - 3) }
    }
    const [before, after] = [moments(plain), moments(compressed)]
    expect(after.skewness).toBeLessThan(before.skewness / 2)
    expect(after.kurtosis).toBeLessThan(before.kurtosis / 2)
  })
})

describe('1.12, 3.23 mel filters', () => {
  // The example of librosa.mel_frequencies (n_mels=40), and librosa's own values for HTK, each with the digits they are printed with.
  const slaney = [0, 85.317, 170.635, 255.952, 341.269, 426.586, 511.904, 597.221, 682.538, 767.855, 853.173, 938.49, 1024.856, 1119.114]
  const slaneyLast = [4188.417, 4573.636, 4994.285, 5453.621, 5955.205, 6502.92, 7101.009, 7754.107, 8467.272, 9246.028, 10096.408, 11025]
  const htk = [0, 52.4593, 108.8501, 169.4668, 234.6263, 304.669, 379.9608, 460.8952, 547.8949, 641.4145, 741.9427, 850.0046, 966.1649]

  it('1.12 the scales are those of Slaney and of HTK, as librosa prints them', () => {
    const frequencies = Array.from(melFrequencies(40, { fMax: 11025 }))
    expect(worst(frequencies.slice(0, slaney.length), slaney)).toBeLessThan(6e-4)
    expect(worst(frequencies.slice(-slaneyLast.length), slaneyLast)).toBeLessThan(6e-4)
    expect(worst(Array.from(melFrequencies(40, { fMax: 11025, htk: true })).slice(0, htk.length), htk)).toBeLessThan(6e-5)
    expect(
      worst(
        [60, 110, 220, 440].map((hertz) => hzToMel(hertz)),
        [0.9, 1.65, 3.3, 6.6],
      ),
    ).toBeLessThan(1e-12)
    for (const hertz of [0, 500, 1000, 3000]) {
      expect(melToHz(hzToMel(hertz))).toBeCloseTo(hertz, 9)
      expect(melToHz(hzToMel(hertz, { htk: true }), { htk: true })).toBeCloseTo(hertz, 9)
    }
  })

  it.each(goldens.melBanks)(
    '1.12 the bank of $bands bands, $fmin–$fmax Hz, htk $htk, norm $norm is that of librosa.filters.mel',
    (bank) => {
      const { sr, n_fft, bands, fmin, fmax, htk, norm, shape, at, values } = bank
      const weights = melFilterBank({ sampleRate: sr, nFft: n_fft, melBands: bands, fMin: fmin, fMax: fmax, htk, norm })
      const expected = new Float64Array(shape[0] * shape[1])
      for (const [i, place] of at.entries()) expected[place] = values[i]!
      expect(weights.length).toBe(expected.length)
      expect(worst(Array.from(weights), Array.from(expected))).toBeLessThan(nineDigits)
    },
  )

  it('1.12 odd transforms have bins up to below half the rate', async () => {
    const options = { sampleRate: 8000, nFft: 15, melBands: 3 }
    const { y } = await run({ y: toMel(constant([0, 0, 0, 1, 0, 0, 0, 0]), options) })
    const bank = melFilterBank(options)
    expect(worst(y, [bank[3]!, bank[8 + 3]!, bank[16 + 3]!])).toBeLessThan(1e-15)
    expect(() => toMel(constant([1, 2]), options)).toThrow('toMel: (2), nFft 15: needs (…, 8)')
  })

  it('1.12 bands without a bin, ranges that are none and other sizes are refused, the first on demand not', () => {
    const tight = { sampleRate: 8000, nFft: 64, melBands: 40 }
    expect(() => melFilterBank(tight)).toThrow(/melBands: band \d+ of 40 \(.* Hz\) has no bin, they are 125.0 Hz apart; use fewer bands/)
    expect(melFilterBank({ ...tight, allowEmpty: true }).length).toBe(40 * 33)
    expect(() => melFilterBank({ ...tight, fMax: 5000 })).toThrow('fMax: 5000 Hz; allowed is half the sample rate at most, 4000 Hz')
    expect(() => melFilterBank({ ...tight, fMin: 4000 })).toThrow('fMin: 4000 Hz, fMax: 4000 Hz; needs 0 ≤ fMin < fMax')
    expect(() => melFilterBank({ ...tight, melBands: 0 })).toThrow('melBands: 0')
    expect(() => melFilterBank({ ...tight, sampleRate: 0 })).toThrow('sampleRate: 0')
    expect(() => melFilterBank({ ...tight, sampleRate: Infinity })).toThrow('sampleRate: Infinity')
    expect(() => melFilterBank({ ...tight, nFft: 0.5 })).toThrow('nFft: 0.5')
    // librosa's names for other norms: taken for 'none' they would change all levels.
    for (const norm of [null, 1, 'l2'])
      expect(() => melFilterBank({ ...tight, norm: norm as unknown as 'none' })).toThrow(`norm: ${norm}; allowed are 'slaney' and 'none'`)
  })
})
