/** Augmentations of spectrograms by what they promise; the original's numbers are checked by test/goldens. */
import { describe, expect, it } from 'vitest'
import {
  addPhaseNoise,
  augmentationSets,
  augmentSpectrogram,
  bringTreble,
  changeDynamics,
  changeVolume,
  clipMagnitudes,
  cropFrames,
  distortHarmonics,
  drawChannel,
  equaliseRandomly,
  exchangeChannels,
  fadeChannel,
  fillFrames,
  frameFillings,
  maskBins,
  maskBlocks,
  maskFrames,
  multiplyNoise,
  randomGains,
  resizeFrames,
  shiftPitch,
  stretchFrames,
  takeTreble,
  widenMagnitudes,
} from '../../../src/data/index.ts'
import { fromPolar, toPolar } from '../../../src/dsp/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'
import { analyse, drawChunk, drawPolar, largest, shareAt, synthesise, tone } from './support.ts'

const s = drawPolar(1)
const size = s.frames * s.bins

/** float32 of numbers near 1. */
const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6) => {
  expect(actual.length).toBe(expected.length)
  expect(largest(Array.from(actual, (x, i) => x - expected[i]!))).toBeLessThan(tolerance)
}

describe('4.27 levels', () => {
  it('4.27 volume changes all magnitudes by one factor within its bounds', () => {
    const louder = changeVolume(s, 0.5, createRandom(3))
    const factor = louder.magnitude[0]! / s.magnitude[0]!
    expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.5)
    expect(factor).not.toBe(1)
    close(
      louder.magnitude,
      s.magnitude.map((m) => factor * m),
    )
    expect(louder.phase).toBe(s.phase)
  })

  it('4.27 dynamics change what lies on one side of the threshold, four ways, each as likely', () => {
    const counts = new Map<string, number>()
    const random = createRandom(4)
    for (let i = 0; i < 400; i++) {
      const changed = changeDynamics(s, { reference: 2, threshold: 0.25, gain: 0.1 }, random)
      const ways = new Set<string>()
      for (const [j, m] of s.magnitude.entries()) {
        const ratio = changed.magnitude[j]! / m
        if (Math.abs(ratio - 1) > 1e-6) ways.add(`${m > 0.5 ? 'loud' : 'quiet'} × ${ratio.toFixed(3)}`)
      }
      expect(ways.size).toBe(1)
      const [way] = ways
      counts.set(way!, (counts.get(way!) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['loud × 0.900', 'loud × 1.100', 'quiet × 0.900', 'quiet × 1.100'])
    // 100 expected, deviation √75: 5 of them.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(44)
  })

  it('4.27 multiplicative noise has the mean 1 and the deviation asked for, and leaves no magnitude below 0', () => {
    const flat = { ...drawPolar(1, 2, 100, 100), magnitude: new Float32Array(20_000).fill(1) }
    const ratios = multiplyNoise(flat, 0.2, createRandom(5), { negative: 'keep' }).magnitude
    const mean = ratios.reduce((sum, x) => sum + x, 0) / ratios.length
    const deviation = Math.sqrt(ratios.reduce((sum, x) => sum + (x - mean) ** 2, 0) / ratios.length)
    // Standard errors 0.2/√n and 0.2/√(2n): 5 of them.
    expect(Math.abs(mean - 1)).toBeLessThan((5 * 0.2) / Math.sqrt(20_000))
    expect(Math.abs(deviation - 0.2)).toBeLessThan((5 * 0.2) / Math.sqrt(40_000))
    expect(multiplyNoise(flat, 2, createRandom(5), { negative: 'keep' }).magnitude.some((m) => m < 0)).toBe(true)
    expect(multiplyNoise(flat, 2, createRandom(5)).magnitude.every((m) => m >= 0)).toBe(true)
  })

  it('4.27 phase noise keeps magnitudes, and turns by at most its strength', () => {
    const noisy = addPhaseNoise(s, 0.25, createRandom(6))
    expect(noisy.magnitude).toBe(s.magnitude)
    const turns = noisy.phase.map((p, i) => p - s.phase[i]!)
    expect(largest(turns)).toBeLessThanOrEqual(0.25 * Math.PI + 1e-6)
    expect(largest(turns)).toBeGreaterThan(0.2 * Math.PI)
    expect(largest([turns.reduce((sum, x) => sum + x, 0) / turns.length])).toBeLessThan((5 * 0.25 * Math.PI) / Math.sqrt(3 * turns.length))
  })

  it('clips to 0…most', () => {
    const clipped = clipMagnitudes({ ...s, magnitude: s.magnitude.map((m, i) => (i === 0 ? -1 : 3 * m)) }, 2).magnitude
    expect(clipped[0]).toBe(0)
    expect(largest(clipped)).toBe(2)
  })
})

describe('4.27 tone', () => {
  it('4.27 a random equaliser stays within its bounds, is the same in all frames and channels, and of its seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      const gains = randomGains(1025, { low: 0.5, high: 1.5 }, createRandom(seed))
      expect(gains.every((gain) => gain >= 0.5 && gain <= 1.5)).toBe(true)
      expect(gains).toEqual(randomGains(1025, { low: 0.5, high: 1.5 }, createRandom(seed)))
      expect(gains).not.toEqual(randomGains(1025, { low: 0.5, high: 1.5 }, createRandom(seed + 1)))
      // The curve of two knots moves its ends apart from each other, those of many make it rough.
      expect(new Set(gains).size).toBeGreaterThan(1000)
    }
    const equalised = equaliseRandomly(s, { low: 0.5, high: 1.5 }, createRandom(7)).magnitude
    const gains = randomGains(s.bins, { low: 0.5, high: 1.5 }, createRandom(7))
    close(
      equalised,
      s.magnitude.map((m, i) => m * gains[i % s.bins]!),
    )
    expect(() => randomGains(8, { low: 1, high: 0.5 }, createRandom(1))).toThrow(/low 1, high 0.5; allowed are/)
  })

  it('4.27 the equaliser is the mean of nine curves of 512 to 2 knots', () => {
    // All knots of one curve are 9 and those of the others 0.
    const counts = [512, 256, 128, 64, 32, 16, 8, 4, 2]
    for (const [curve, count] of counts.entries()) {
      const before = counts.slice(0, curve).reduce((a, b) => a + b, 0)
      let at = 0
      const inCurve = () => {
        const inside = at >= before && at < before + count
        at++
        return inside ? 9 : 0
      }
      const draws = { uniform: inCurve, integer: () => 0, normal: () => 0 }
      const gains = randomGains(100, { low: 0, high: 9 }, draws)
      expect(at).toBe(1022)
      close(gains, new Float64Array(100).fill(1), 1e-12)
    }
  })

  it('4.27 taking treble falls along a line, and bringing it is the inverse, which has a limit', () => {
    const flat = { ...s, magnitude: new Float32Array(s.magnitude.length).fill(1) }
    const taken = takeTreble(flat, 0.9)
    for (const [bin, gain] of [
      [0, 1],
      [8, 0.55],
      [16, 0.1],
    ] as const)
      expect(taken.magnitude[bin]).toBeCloseTo(gain, 6)
    close(bringTreble(takeTreble(s, 0.8), 0.8).magnitude, s.magnitude)
    expect(largest(bringTreble(flat, 1).magnitude)).toBe(10)
    // The original: no number at all.
    expect(bringTreble(flat, 1, Infinity).magnitude[16]).toBe(Infinity)
    expect(() => takeTreble(s, 1.1)).toThrow(/coefficient 1.1; allowed are numbers in 0…1/)
  })
})

describe('4.27 channels', () => {
  it('4.27 width 0 makes left and right alike, 1 changes nothing, and no magnitude falls below 0', () => {
    const mono = widenMagnitudes(s, 0).magnitude
    close(mono.subarray(0, size), mono.subarray(size), 1e-7)
    close(
      mono.subarray(0, size),
      s.magnitude.subarray(0, size).map((left, i) => (left + s.magnitude[size + i]!) / 2),
    )
    close(widenMagnitudes(s, 1).magnitude, s.magnitude)
    expect(widenMagnitudes(s, 2, { negative: 'keep' }).magnitude.some((m) => m < 0)).toBe(true)
    expect(widenMagnitudes(s, 2).magnitude.every((m) => m >= 0)).toBe(true)
  })

  it('4.27 a channel fades alone, or all do', () => {
    const right = fadeChannel(s, 1, 0.75).magnitude
    close(right.subarray(0, size), s.magnitude.subarray(0, size))
    close(
      right.subarray(size),
      s.magnitude.subarray(size).map((m) => m / 4),
    )
    expect(largest(fadeChannel(s, 'all', 1).magnitude)).toBe(0)
    expect(() => fadeChannel(s, 2, 1)).toThrow(/channel 2; allowed are 'all' and whole numbers in 0…1/)
    const drawn = Array.from({ length: 60 }, (_, i) => drawChannel(2, createRandom(i)))
    expect(new Set(drawn)).toEqual(new Set([0, 1, 'all']))
  })

  it('4.27 channels exchanged twice are where they were', () => {
    const z = drawChunk(1)
    const turned = exchangeChannels(z)
    close(turned.re.subarray(0, size), z.re.subarray(size), 1e-12)
    expect(exchangeChannels(turned).im).toEqual(z.im)
  })
})

describe('4.27 masks', () => {
  const flat = { ...s, magnitude: new Float32Array(s.magnitude.length).fill(1) }
  const masking = { masks: 1, maxShare: 0.5, blend: 1 }

  it('4.27 hide one stretch of frames, bins, or both, no longer than their share', () => {
    for (let seed = 0; seed < 20; seed++) {
      const frames = maskFrames(flat, masking, createRandom(seed)).magnitude
      const silent = Array.from({ length: s.frames }, (_, t) => frames[t * s.bins] === 0)
      for (const [i, m] of frames.entries()) expect(m).toBe(silent[Math.floor(i / s.bins) % s.frames] ? 0 : 1)
      const first = silent.indexOf(true)
      expect(silent.filter(Boolean).length).toBeLessThanOrEqual(6)
      if (first >= 0) expect(silent.slice(first, silent.lastIndexOf(true) + 1).every(Boolean)).toBe(true)
      const bins = maskBins(flat, masking, createRandom(seed)).magnitude
      const hidden = Array.from({ length: s.bins }, (_, k) => bins[k] === 0)
      for (const [i, m] of bins.entries()) expect(m).toBe(hidden[i % s.bins] ? 0 : 1)
      expect(hidden.filter(Boolean).length).toBeLessThanOrEqual(8)
      const blocks = maskBlocks(flat, masking, 1, createRandom(seed)).magnitude
      expect(blocks.filter((m) => m !== 1).length).toBeLessThanOrEqual(2 * 6 * 8)
      expect(blocks.every((m) => m >= 0 && m <= 1)).toBe(true)
      // A block is whole, and the same in both channels.
      const [left, right] = [0, size].map((from) =>
        Array.from(blocks.subarray(from, from + size).keys()).filter((i) => blocks[from + i] !== 1),
      )
      expect(left).toEqual(right)
      const columns = new Set(left!.map((i) => i % s.bins))
      const rows = new Set(left!.map((i) => Math.floor(i / s.bins)))
      expect(left).toHaveLength(columns.size * rows.size)
      expect(columns.size === 0 ? 0 : Math.max(...columns) - Math.min(...columns) + 1).toBe(columns.size)
    }
  })

  it('4.27 overlapping masks hide once, half of it with half the blend', () => {
    const half = maskFrames(flat, { masks: 40, maxShare: 0.5, blend: 0.5 }, createRandom(1)).magnitude
    expect(new Set(half)).toEqual(new Set([0.5]))
  })

  it('4.27 spans of frames take each filling of their own', () => {
    const span = { uniform: (low = 0, high = 1) => low + 0.5 * (high - low), integer: () => 3, normal: () => 0 }
    // A share of (0.01 + 0.49)/2: three of twelve frames.
    const fill = (filling: (typeof frameFillings)[number], blend = 1) =>
      fillFrames(s, { masks: 1, maxShare: 0.49, blend, filling }, 1, span).magnitude
    const inside = Array.from(s.magnitude).filter((_, i) => [3, 4, 5].includes(Math.floor(i / s.bins) % s.frames))
    const mean = inside.reduce((sum, x) => sum + x, 0) / inside.length
    const levels = {
      noise: 0.5,
      zero: 0,
      one: 1,
      mean,
      minimum: Math.min(...inside),
      maximum: Math.max(...inside),
      variance: inside.reduce((sum, x) => sum + (x - mean) ** 2, 0) / inside.length,
    }
    for (const filling of frameFillings) {
      for (const [i, m] of fill(filling).entries()) {
        const filled = [3, 4, 5].includes(Math.floor(i / s.bins) % s.frames)
        expect(Math.abs(m - (filled ? levels[filling] : s.magnitude[i]!))).toBeLessThan(1e-6)
      }
      const at = 3 * s.bins
      expect(fill(filling, 0.25)[at]).toBeCloseTo(0.25 * levels[filling] + 0.75 * s.magnitude[at]!, 6)
    }
  })
})

describe('4.27 time', () => {
  it('4.27 a stretch between straight lines of frames is a straight line', () => {
    const ramp = { channels: 1, frames: 5, bins: 2, re: Float32Array.from({ length: 10 }, (_, i) => i), im: new Float32Array(10) }
    close(
      resizeFrames(ramp, 9).re,
      Float32Array.from({ length: 18 }, (_, i) => Math.floor(i / 2) + (i % 2)),
      1e-6,
    )
    close(resizeFrames(ramp, 5).re, ramp.re)
    expect(resizeFrames(ramp, 1).re).toEqual(Float32Array.of(0, 1))
    expect(() => resizeFrames(ramp, 0)).toThrow(/target 0; allowed are whole numbers ≥ 1/)
  })

  it('4.27 whatever is drawn, as many frames come out as are wanted, of any length', () => {
    for (const frames of [1, 7, 12, 40])
      for (const target of [1, 5, 12, 30])
        for (let seed = 0; seed < 12; seed++) {
          const z = drawChunk(seed, 1, [2, frames, 3])
          for (const how of [stretchFrames, cropFrames]) {
            const stretched = how(z, target, createRandom(seed))
            expect([stretched.frames, stretched.re.length, stretched.im.length]).toEqual([target, 6 * target, 6 * target])
            expect(largest(stretched.re)).toBeLessThanOrEqual(largest(z.re) + 1e-6)
            expect(stretched.re).toEqual(how(z, target, createRandom(seed)).re)
          }
        }
  })

  it('crops frames that are there, and adds silence to those that are too few', () => {
    const z = { channels: 1, frames: 6, bins: 1, re: Float32Array.of(1, 2, 3, 4, 5, 6), im: new Float32Array(6) }
    const starts = new Set(Array.from({ length: 40 }, (_, i) => cropFrames(z, 4, createRandom(i)).re.join()))
    expect([...starts].sort()).toEqual(['1,2,3,4', '2,3,4,5', '3,4,5,6'])
    expect(cropFrames(z, 8, createRandom(1)).re).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0))
  })
})

describe('4.27 pitch', () => {
  const samples = 24 * 1024
  const inner = (sound: Float64Array) => sound.slice(4096, 4096 + 16_384)
  const shifted = async (hz: number, semitones: number, form: 'peaks' | 'original') => {
    const polar = toPolar(await analyse([tone(hz, samples)]))
    return inner((await synthesise(fromPolar(shiftPitch(polar, semitones, { form }))))[0]!)
  }

  it.each([
    [1000, 12],
    [1000, -12],
    [440, 7],
    [1234.5, -5],
    // Near the middle of a bin, where phases turn little beyond what the bin does.
    [650, 12],
  ])('4.27 moves a tone of %d Hz by %d semitones', async (hz, semitones) => {
    // Measured 0.84 and more: bins move by whole numbers, so that a tone beside the middle of a bin loses some of its shape.
    expect(shareAt(await shifted(hz, semitones, 'peaks'), hz * 2 ** (semitones / 12))).toBeGreaterThan(0.8)
  })

  it('4.27 twelve semitones double a frequency, which in the original they halve', async () => {
    const [repaired, original] = [await shifted(1000, 12, 'peaks'), await shifted(1000, 12, 'original')]
    expect(shareAt(repaired, 2000)).toBeGreaterThan(0.9)
    expect(shareAt(repaired, 500)).toBeLessThan(0.01)
    expect(shareAt(original, 2000)).toBeLessThan(0.01)
    // Its phases do not fit: near, not at, the octave below.
    expect(shareAt(original, 488)).toBeGreaterThan(0.8)
  })

  it('4.27 no semitones change nothing, and phases between channels stay', async () => {
    const z = await analyse([tone(700, samples), tone(700, samples, 1)])
    const same = fromPolar(shiftPitch(toPolar(z), 0))
    // float32 magnitudes up to 512, and the detour by angles.
    close(same.re, z.re, 2e-3)
    const up = await synthesise(fromPolar(shiftPitch(toPolar(z), 5)))
    const phaseOf = (sound: Float64Array) => {
      const hz = 700 * 2 ** (5 / 12)
      const parts = [Math.cos, Math.sin].map((f) => sound.reduce((sum, x, i) => sum + x * f((2 * Math.PI * hz * i) / 44100), 0))
      return Math.atan2(parts[0]!, parts[1]!)
    }
    const [left, right] = up.map((sound) => phaseOf(inner(sound)))
    expect(Math.cos(right! - left!)).toBeCloseTo(Math.cos(1), 2)
    expect(Math.sin(right! - left!)).toBeCloseTo(Math.sin(1), 2)
  })

  it('4.27 drops what would lie beyond the highest bin, which the original holds', () => {
    const noise = drawPolar(3, 1, 4, 33)
    const up = shiftPitch(noise, 24).magnitude
    expect(up.every(Number.isFinite)).toBe(true)
    const held = shiftPitch(noise, 12, { form: 'original' }).magnitude
    for (let t = 0; t < 4; t++) expect(held[t * 33 + 20]).toBe(noise.magnitude[t * 33 + 32])
    expect(() => shiftPitch(noise, 60)).toThrow(/semitones 60; allowed are numbers in −48…48/)
    expect(() => shiftPitch(noise, 1, { hopShare: 0 })).toThrow(/hopShare 0/)
  })
})

describe('4.27 harmonic distortion', () => {
  const cosine = Float32Array.from({ length: 8192 }, (_, i) => 0.5 * Math.cos((2 * Math.PI * 500 * i) / 44100))
  const shares = (sound: Float32Array) => [500, 1000, 1500].map((hz) => shareAt(Float64Array.from(sound), hz))

  it('4.27 adds harmonics with their gains, which the original does not', () => {
    const distorted = distortHarmonics(cosine, { harmonics: 3, gain: 0.2 })
    const [first, second, third] = shares(distorted) as [number, number, number]
    // Energies 1, 0.2² and 0.04²; the Hann window keeps them apart to about 10⁻⁴.
    expect(second / first).toBeCloseTo(0.04, 3)
    expect(third / first).toBeCloseTo(0.0016, 3)
    const rolled = shares(distortHarmonics(cosine, { harmonics: 3, gain: 0.2, form: 'original' }))
    expect(rolled[0]).toBeGreaterThan(0.999)
  })

  it('4.27 leaves silence silent, one harmonic as it is, and refuses none', () => {
    expect(distortHarmonics(new Float32Array(4), { harmonics: 4, gain: 0.5 })).toEqual(new Float32Array(4))
    close(distortHarmonics(cosine, { harmonics: 1, gain: 0.5 }), cosine)
    expect(distortHarmonics(Float32Array.of(1, 2, 3), { harmonics: 2, gain: 0.5, form: 'original' })).toEqual(Float32Array.of(2, 3.5, 3.5))
    expect(() => distortHarmonics(cosine, { harmonics: 0, gain: 1 })).toThrow(/harmonics 0; allowed are whole numbers ≥ 1/)
  })
})

describe('4.27 sets of augmentations', () => {
  const z = drawChunk(2, 3, [2, 40, 33])
  const options = { frames: 16, peak: z.peak }

  it.each(Object.keys(augmentationSets) as (keyof typeof augmentationSets)[])(
    '4.27 %s: finite, of its seed, and within its bounds',
    (name) => {
      const outcomes = new Set<number>()
      for (let seed = 0; seed < 40; seed++) {
        const augmented = augmentSpectrogram(z, augmentationSets[name], options, createRandom(seed))
        expect([augmented.channels, augmented.frames, augmented.bins]).toEqual([2, 16, 33])
        expect([...augmented.re, ...augmented.im].every(Number.isFinite)).toBe(true)
        expect(augmentSpectrogram(z, augmentationSets[name], options, createRandom(seed)).re).toEqual(augmented.re)
        if ('clip' in augmentationSets[name] && augmentationSets[name].clip)
          expect(largest(toPolar(augmented).magnitude)).toBeLessThanOrEqual(z.peak * (1 + 1e-5))
        outcomes.add(augmented.re[5]!)
      }
      expect(outcomes.size).toBeGreaterThan(20)
    },
  )

  it('4.27 each happens as often as its probability says', () => {
    let widened = 0
    const only = { width: { probability: 0.2, width: [0, 0] } } as const
    for (let seed = 0; seed < 500; seed++) {
      const { re, im } = augmentSpectrogram(z, only, { ...options, frames: 40 }, createRandom(seed))
      const left = Math.hypot(re[0]!, im[0]!)
      const right = Math.hypot(re[40 * 33]!, im[40 * 33]!)
      if (Math.abs(left - right) < 1e-5) widened++
    }
    // 100 expected, deviation √80: 5 of them.
    expect(Math.abs(widened - 100)).toBeLessThan(45)
  })

  it('4.27 are those of the original', () => {
    const often = { probability: 0.2 }
    const treble = { ...often, coefficient: [0.8, 1] }
    const vocals = {
      stretch: 0.5,
      silence: 0.04,
      dynamics: { ...often, gain: [0, 0.25] },
      noise: { ...often, strength: [0, 0.25] },
      equaliser: { ...often, low: [0, 1], high: [1, 2] },
      width: { ...often, width: [0, 2] },
      phaseNoise: { ...often, strength: [0, 0.5] },
      pitch: { ...often, semitones: [-12, 12] },
      lessTreble: treble,
      moreTreble: treble,
      clip: true,
      swap: 0.5,
    }
    const instruments = {
      fade: { probability: 0.02 },
      dynamics: { ...often, gain: [0, 0.125] },
      equaliser: { ...often, low: [0.5, 1], high: [1, 1.5] },
      width: { ...often, width: [0.5, 1.5] },
      phaseNoise: { ...often, strength: [0, 0.125] },
      pitch: { ...often, semitones: [-6, 6] },
      clip: true,
      swap: 0.5,
    }
    const fade = { probability: 0.01 }
    expect(augmentationSets).toEqual({
      vocals,
      instruments,
      pretrainingVocals: { ...vocals, silence: 0, fade, phaseNoise: { ...often, strength: [0, 0.2] }, clip: false },
      pretrainingInstruments: { fade, swap: 0.5 },
      snapshotVocals: { ...vocals, volume: { ...often, gain: 0.5 } },
      snapshotInstruments: { ...instruments, noise: { ...often, strength: [0, 0.125] }, phaseNoise: { ...often, strength: [0, 0.25] } },
    })
  })

  it('4.27 a channel fades by a share between nothing and all of it', () => {
    for (let seed = 0; seed < 30; seed++) {
      const faded = augmentSpectrogram(z, { fade: { probability: 1 } }, { frames: 40, peak: z.peak }, createRandom(seed))
      for (const i of [7, 40 * 33 + 7]) {
        const share = faded.re[i]! / z.re[i]!
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThan(1 + 1e-5)
      }
    }
  })

  it('4.27 what nothing happens to stays bit for bit, and channels can fall silent', () => {
    const whole = { frames: 40, peak: z.peak }
    const same = augmentSpectrogram(z, {}, whole, createRandom(1))
    expect(same.re).toEqual(z.re)
    const silenced = augmentSpectrogram(z, { silence: 1 }, whole, createRandom(1))
    const [left, right] = [silenced.re.subarray(0, 40 * 33), silenced.re.subarray(40 * 33)].map(largest)
    expect([left, right].filter((x) => x === 0)).toHaveLength(1)
    expect(() => augmentSpectrogram(z, {}, { frames: 4, peak: 0 }, createRandom(1))).toThrow(/peak 0; allowed are finite numbers above 0/)
  })

  it('4.27 the original clips voices to the peak of their waveform, far below their magnitudes', () => {
    const always = { dynamics: { probability: 1, gain: [0, 0] }, clip: true } as const
    const waveformPeak = { frames: 40, peak: 0.5 }
    const loudest = (form: 'original' | 'repaired') =>
      largest(toPolar(augmentSpectrogram(z, always, { ...waveformPeak, form }, createRandom(1))).magnitude)
    expect(loudest('original')).toBeCloseTo(0.5, 6)
    expect(loudest('repaired')).toBeCloseTo(z.peak, 5)
  })
})
