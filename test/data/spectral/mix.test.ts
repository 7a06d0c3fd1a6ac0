/** Mixtures of spectrograms, labels of voices, and halved batches; the original's numbers are checked by test/goldens. */
import { describe, expect, it } from 'vitest'
import {
  augmentationSets,
  halveAtRandom,
  halveFrames,
  mixMagnitudes,
  mixSpectra,
  mixVoxaug,
  pairSpectra,
  type SpectralChunk,
  vocalFor,
  vocalPresence,
  voxaugItem,
} from '../../../src/data/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'
import { drawChunk, largest } from './support.ts'

/** Raw transforms have magnitudes of hundreds; voices of another song are as loud as that song. */
const accompaniment = drawChunk(1, 300)
const vocal = drawChunk(2, 40)
const { channels, frames, bins } = accompaniment
const rows = channels * frames

/** A value of the packed channels: real parts, then imaginary ones. */
const packed = (values: Float32Array, part: 0 | 1, row: number, bin: number) => values[(part * rows + row) * (bins - 1) + bin]!

const energy = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x * x, 0)

describe('4.26 mixtures', () => {
  it('4.26 mixture minus accompaniment is the voice, its parts on one scale', () => {
    const { mixture, target, scales } = mixSpectra(accompaniment, vocal)
    const factor = Math.max(accompaniment.rePeak, accompaniment.imPeak) / Math.max(vocal.rePeak, vocal.imPeak)
    for (let row = 0; row < rows; row++)
      for (let bin = 0; bin < bins - 1; bin++)
        for (const [part, of, scale] of [
          [0, vocal.re, scales.re],
          [1, vocal.im, scales.im],
        ] as const) {
          const rest = (packed(mixture, part, row, bin) - packed(target, part, row, bin)) * scale
          // float32 of sums up to 600.
          expect(Math.abs(rest - factor * of[row * bins + bin]!)).toBeLessThan(3e-4)
        }
  })

  it('4.26 voice and accompaniment have the same peak, where the original loses the voice', () => {
    const level = (vocalScale: 'joint' | 'parts' | 'original') => {
      const { mixture, target } = mixSpectra(accompaniment, vocal, { vocalScale })
      return 10 * Math.log10(energy(mixture.map((x, i) => x - target[i]!)) / energy(target))
    }
    // Both are uniform up to their peaks: equally loud, but for what 408 numbers miss of their bound.
    expect(Math.abs(level('joint'))).toBeLessThan(0.5)
    expect(Math.abs(level('parts'))).toBeLessThan(0.5)
    // A voice in ±1 below an accompaniment up to 300.
    expect(level('original')).toBeCloseTo(20 * Math.log10(1 / 300), 0)
  })

  it('4.26 the original divides the real part by the scale of the imaginary one', () => {
    const lopsided: SpectralChunk = { ...vocal, im: vocal.im.map((x) => x / 10), imPeak: vocal.imPeak / 10 }
    const voiceOf = (vocalScale: 'joint' | 'parts' | 'original') => {
      const { mixture, target, scales } = mixSpectra({ ...accompaniment, rePeak: 1, imPeak: 1 }, lopsided, { vocalScale })
      return [scales.re, scales.im].map(
        (scale, part) => (packed(mixture, part as 0 | 1, 3, 5) - packed(target, part as 0 | 1, 3, 5)) * scale,
      )
    }
    const at = 3 * bins + 5
    const ratio = ([re, im]: readonly number[]) => im! / re!
    const own = lopsided.im[at]! / lopsided.re[at]!
    // float32 differences of numbers up to 300: 4 digits.
    expect(ratio(voiceOf('joint')) / own).toBeCloseTo(1, 2)
    expect(ratio(voiceOf('parts')) / own / (vocal.rePeak / lopsided.imPeak)).toBeCloseTo(1, 2)
    expect(ratio(voiceOf('original')) / own / (lopsided.imPeak / vocal.rePeak)).toBeCloseTo(1, 1)
    expect(() => mixSpectra(accompaniment, vocal, { vocalScale: 'none' as 'joint' })).toThrow(/"none"; allowed are/)
  })

  it('4.26 scales cover mixture and target, the Nyquist bin too, and silence stays silence', () => {
    for (let seed = 0; seed < 10; seed++) {
      const { mixture, target, scales } = mixSpectra({ ...accompaniment, rePeak: 1e-3, imPeak: 1e-3 }, drawChunk(seed, 500))
      expect(Math.max(largest(mixture), largest(target))).toBeLessThanOrEqual(1)
      expect(scales.re).toBeGreaterThanOrEqual(largest(accompaniment.re))
    }
    const silent: SpectralChunk = {
      ...accompaniment,
      re: new Float32Array(rows * bins),
      im: new Float32Array(rows * bins),
      peak: 0,
      rePeak: 0,
      imPeak: 0,
    }
    expect(largest(mixSpectra(silent, silent).mixture)).toBe(0)
    expect(() => mixSpectra(accompaniment, drawChunk(1, 1, [2, 11, 17]))).toThrow(/12 and 11 frames; needs two spectrograms of one shape/)
  })

  it('recorded mixtures and their accompaniments share scales', () => {
    const louder = { ...accompaniment, re: accompaniment.re.map((x) => 2 * x), rePeak: 2 * accompaniment.rePeak }
    for (const [mixture, target] of [
      [accompaniment, louder],
      [louder, accompaniment],
    ] as const) {
      const pair = pairSpectra(mixture, target)
      expect(pair.scales).toEqual({ re: louder.rePeak, im: accompaniment.imPeak })
      expect(packed(pair.mixture, 0, 2, 3)).toBeCloseTo(mixture.re[2 * bins + 3]! / louder.rePeak, 6)
      expect(packed(pair.target, 1, 2, 3)).toBeCloseTo(target.im[2 * bins + 3]! / accompaniment.imPeak, 6)
    }
  })

  it('4.2 magnitudes of mixture and accompaniment are in 0…1, over the louder of song and mixture', () => {
    const { mixture, target, scale, ...shape } = mixMagnitudes(accompaniment, vocal)
    expect(shape).toEqual({ channels: 2, frames: 12, bins: 16 })
    expect([mixture.length, target.length]).toEqual([384, 384])
    expect([...mixture, ...target].every((m) => m >= 0 && m <= 1)).toBe(true)
    const [row, bin] = [4, 7]
    const at = row * bins + bin
    const expected = Math.hypot(accompaniment.re[at]!, accompaniment.im[at]!) / scale
    expect(target[row * (bins - 1) + bin]).toBeCloseTo(expected, 6)
    expect(mixMagnitudes({ ...accompaniment, peak: 5000 }, vocal).scale).toBe(5000)
  })
})

describe('4.22 labels', () => {
  const silent = { channels: 2, frames: 6, bins: 17, re: new Float32Array(204), im: new Float32Array(204) }

  it('4.22 a planted burst gives 1 only where it is', () => {
    const z = { ...silent, re: silent.re.slice() }
    // Right channel, frame 3, third of four bands: bins 8 to 11.
    z.re[(1 * 6 + 3) * 17 + 9] = 0.1
    const labels = vocalPresence(z, { peak: 1, copies: 2 })
    expect(labels).toHaveLength(2 * 2 * 6 * 4)
    const ones = Array.from(labels.keys()).filter((i) => labels[i] === 1)
    const at = (1 * 6 + 3) * 4 + 2
    expect(ones).toEqual([at, 48 + at])
    expect(labels.every((x) => x === 0 || x === 1)).toBe(true)
  })

  it('4.22 the threshold is of the mean of a band over the peak; the Nyquist bin does not count', () => {
    const z = { ...silent, im: silent.im.slice() }
    z.im[0] = 4 * 0.00125 * 2
    z.im[16] = 100
    expect(vocalPresence(z, { peak: 2 })[0]).toBe(0)
    expect(vocalPresence(z, { peak: 1.99 })[0]).toBe(1)
    expect(largest(vocalPresence(z, { peak: 2 }))).toBe(0)
    expect(vocalPresence(z, { peak: 4, form: 'soft' })[0]).toBeCloseTo(0.25, 6)
    expect(vocalPresence(z, { peak: 0.1, form: 'soft' })[0]).toBe(1)
    expect(vocalPresence(z, { peak: 1, bands: 16 })).toHaveLength(2 * 6 * 16)
    expect(() => vocalPresence(z, { peak: 1, bands: 3 })).toThrow(/bands 3; 16 bins below the Nyquist frequency need a divisor/)
    expect(() => vocalPresence(z, { peak: 0 })).toThrow(/peak 0, threshold 0.00125; allowed are numbers above 0/)
  })
})

describe('4.26 examples', () => {
  const lists = {
    instruments: { count: 3, read: (i: number) => drawChunk(10 + i, 300, [2, 30, 17]) },
    vocals: { count: 4, read: (i: number) => drawChunk(20 + i, 40, [2, 20, 17]) },
  }
  const options = { frames: 16 }

  it('4.26 are functions of seed, epoch and index', () => {
    const item = (seed: number, epoch: number, index: number) => voxaugItem(lists, options, { seed, epoch, index })
    expect(item(1, 2, 0)).toEqual(item(1, 2, 0))
    for (const other of [item(2, 2, 0), item(1, 3, 0), item(1, 2, 1)]) expect(other.mixture).not.toEqual(item(1, 2, 0).mixture)
    const { mixture, target, presence, ...facts } = item(1, 0, 0)
    expect(facts).toMatchObject({ channels: 4, frames: 16, bins: 16 })
    expect([mixture.length, target.length, presence.length]).toEqual([4 * 16 * 16, 4 * 16 * 16, 4 * 16 * 4])
    expect([...mixture, ...target].every((x) => Math.abs(x) <= 1)).toBe(true)
    expect(() => item(1, 0, 3)).toThrow(/index 3; there are 3 accompaniments/)
    expect(() => item(1, -1, 0)).toThrow(/epoch -1/)
    expect(() => voxaugItem({ ...lists, vocals: { ...lists.vocals, count: 0 } }, options, { seed: 1, epoch: 0, index: 0 })).toThrow(
      /no voices/,
    )
  })

  it('4.26 every accompaniment meets every voice, one per epoch', () => {
    const met = new Set<string>()
    for (let epoch = 0; epoch < 4; epoch++) for (let index = 0; index < 3; index++) met.add(`${index} ${vocalFor(epoch, index, 4)}`)
    expect(met.size).toBe(3 * 4)
  })

  it('4.26 strengths of voices and accompaniments are apart', () => {
    const item = (vocalStrengths: object, instrumentStrengths: object) =>
      mixVoxaug(drawChunk(5, 300), drawChunk(6, 40), { frames: 12, vocalStrengths, instrumentStrengths }, createRandom(3))
    const plain = item({}, {})
    expect(plain.target).toEqual(mixSpectra(drawChunk(5, 300), drawChunk(6, 40)).target)
    const noisy = { phaseNoise: { probability: 1, strength: [0.5, 0.5] } }
    const scaled = ({ target, scales }: typeof plain) => Array.from(target.subarray(0, 100), (x) => x * scales.re)
    const difference = (other: typeof plain) => largest(scaled(other).map((x, i) => x - scaled(plain)[i]!))
    expect(difference(item(noisy, {}))).toBeLessThan(1e-3)
    expect(difference(item({}, noisy))).toBeGreaterThan(10)
    expect(augmentationSets.vocals.pitch.semitones).toEqual([-12, 12])
    expect(augmentationSets.instruments.pitch.semitones).toEqual([-6, 6])
  })
})

describe('4.28 halved batches', () => {
  const batch = { data: Float32Array.from({ length: 2 * 3 * 4 * 2 }, (_, i) => i), shape: [2, 3, 4, 2] }

  it('4.28 second halves come first, and nothing is lost', () => {
    const { data, shape } = halveFrames(batch)
    expect(shape).toEqual([4, 3, 2, 2])
    expect([...data].sort((a, b) => a - b)).toEqual([...batch.data])
    // Example 1, channel 2, frame 3 is the second half's frame 1: (1, 2, 1) of four.
    expect(data[((1 * 3 + 2) * 2 + 1) * 2]).toBe(batch.data[((1 * 3 + 2) * 4 + 3) * 2])
    expect(data[((3 * 3 + 2) * 2 + 1) * 2]).toBe(batch.data[((1 * 3 + 2) * 4 + 1) * 2])
    expect(halveFrames(batch, { axis: 1, odd: 'drop' }).shape).toEqual([4, 1, 4, 2])
    expect(() => halveFrames(batch, { axis: 1 })).toThrow(/3 frames; needs an even number, or odd: 'drop'/)
    expect(() => halveFrames(batch, { axis: 0 })).toThrow(/axis 0 of \(2, 3, 4, 2\)/)
  })

  it('4.28 with probabilities ½, ¼ and ¼ whole, halved and halved twice, inputs and labels alike', () => {
    const counts = [0, 0, 0]
    for (let seed = 0; seed < 400; seed++) {
      const halved = halveAtRandom({ x: batch, labels: { data: new Float32Array(16), shape: [2, 1, 4, 2] } }, createRandom(seed))
      expect(halved.x.shape[0]).toBe(halved.labels.shape[0])
      expect(halved.x.shape[2]).toBe(halved.labels.shape[2])
      counts[Math.log2(halved.x.shape[0]! / 2)]!++
    }
    // Deviations √100, √75: 5 of them.
    for (const [i, expected] of [200, 100, 100].entries()) expect(Math.abs(counts[i]! - expected)).toBeLessThan(50)
  })
})
