/** Measurements of one pass: they do not depend on how a recording is cut into blocks, and sums of stems tell delay and gain. */
import { describe, expect, it } from 'vitest'
import { resample } from '../../../src/audio/index.ts'
import { createDecimator } from '../../../src/data/check/decimate.ts'
import { createFingerprinter, type Landmarks } from '../../../src/data/check/landmarks.ts'
import { matchLandmarks } from '../../../src/data/check/match.ts'
import { createScanner } from '../../../src/data/check/scan.ts'
import { createSumMeter } from '../../../src/data/check/stem-sum.ts'
import { createRandom } from '../../../src/tensor/index.ts'
import { mapSound, music, rate, type Sound } from './support.ts'

const cut = (sound: Sound, from: number, to: number): Sound => sound.map((samples) => samples.slice(from, to))

function landmarksOf(sound: Sound, sampleRate = rate): Landmarks {
  const fingerprint = createFingerprinter(sampleRate, sound.length)
  fingerprint.push(sound)
  return fingerprint.finish()
}

describe('createScanner', () => {
  it('7.35 measures the same in blocks of any lengths', () => {
    const sound = mapSound(music(1, 8), (x, i) => (i > 2 * rate && i < 5.5 * rate ? 0 : Math.max(-0.9, Math.min(0.9, 5 * x))))
    const length = sound[0]!.length
    const whole = createScanner(rate, 2)
    whole.push(sound)
    const expected = whole.finish()
    const random = createRandom(7)
    const parts = createScanner(rate, 2)
    for (let at = 0; at < length; ) {
      const to = Math.min(length, at + random.integer(1, 30000))
      parts.push(cut(sound, at, to))
      at = to
    }
    const found = parts.finish()
    expect(found.landmarks).toEqual(expected.landmarks)
    expect(found.excerpts.map(({ at }) => at)).toEqual([0, 5])
    const { stereo, ...rest } = found.scan
    const { stereo: sameStereo, ...sameRest } = expected.scan
    expect(rest).toEqual(sameRest)
    // Sums of squares by blocks: rounding alone.
    expect(stereo!.correlation).toBeCloseTo(sameStereo!.correlation, 12)
    expect(stereo!.sideDb).toBeCloseTo(sameStereo!.sideDb, 10)
    expect(found.scan.silence).toHaveLength(1)
    const largest = sound.flatMap((channel) => Array.from(channel, Math.abs)).reduce((a, b) => Math.max(a, b), 0)
    expect(found.scan.peak).toBeCloseTo(largest, 6)
  })

  it('7.35 finds edges of spectra at any rate, and none in full ones', () => {
    for (const [from, to, edge] of [
      [22050, 44100, 11025],
      [16000, 48000, 8000],
      [32000, 44100, 16000],
    ] as const) {
      const scanner = createScanner(to, 2)
      scanner.push(resample(music(3, 3, { sampleRate: from }), from, to))
      const { bandwidth } = scanner.finish().scan
      // A band is 250 Hz wide, and the resampler's slope two of them.
      expect(Math.abs(bandwidth.edge - edge)).toBeLessThanOrEqual(750)
      expect(bandwidth.cliff).toBeGreaterThan(14)
    }
    for (const full of [22050, 44100, 96000]) {
      const scanner = createScanner(full, 2)
      scanner.push(music(4, 2, { sampleRate: full }))
      expect(scanner.finish().scan.bandwidth).toEqual({ edge: full / 2, cliff: 0 })
    }
  })
})

describe('createDecimator', () => {
  it('7.36 keeps tones below the edge and takes those above away, in blocks of any lengths', () => {
    const tone = (hertz: number) => [Float32Array.from({ length: rate }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate))]
    const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, y) => sum + y * y, 0) / x.length)
    const decimated = (sound: Sound, block: number): Float32Array => {
      const decimator = createDecimator(rate, 11025, 1)
      const out: number[] = []
      for (let at = 0; at < rate; at += block) out.push(...decimator.process(cut(sound, at, at + block))[0]!)
      return Float32Array.from(out)
    }
    expect(decimated(tone(1000), 777)).toEqual(decimated(tone(1000), rate))
    expect(rms(decimated(tone(1000), rate))).toBeCloseTo(Math.SQRT1_2, 2)
    // A Hann-windowed sinc is more than 40 dB down behind its slope.
    expect(rms(decimated(tone(9000), rate))).toBeLessThan(0.01)
  })
})

describe('matchLandmarks', () => {
  it('7.37 finds the same sound at another level, place and rate, with the delay, and nothing between different ones', () => {
    const song = music(11, 12)
    const others = [12, 13, 14].map((seed) => music(seed, 12))
    const quiet = mapSound(cut(song, Math.round(3.2 * rate), 12 * rate), (x) => -0.1 * x)
    const slow = resample(song, rate, 24000) as Sound
    const marks = [landmarksOf(song), ...others.map((other) => landmarksOf(other)), landmarksOf(quiet), landmarksOf(slow, 24000)]
    const matches = matchLandmarks(marks, [12, 12, 12, 12, 8.8, 12])
    expect(matches.map(({ a, b }) => [a, b])).toEqual([
      [0, 4],
      [0, 5],
      [4, 5],
    ])
    // Frames are 46 ms apart.
    expect(Math.abs(matches[0]!.delay + 3.2)).toBeLessThan(0.07)
    expect(Math.abs(matches[1]!.delay)).toBeLessThan(0.07)
    for (const { share } of matches) expect(share).toBeGreaterThan(0.8)
    expect(matchLandmarks(marks, [12, 12, 12, 12, 8.8, 12], (a, b) => a !== 0 && b !== 5)).toEqual([])
    expect(matchLandmarks([], [])).toEqual([])
  })
})

describe('createSumMeter', () => {
  const [a, b] = [music(21, 4), music(22, 4)]
  const measure = (mixture: Sound) => {
    const meter = createSumMeter(rate, -30)
    for (let at = 0; at < 4 * rate; at += 10000) meter.push(cut(mixture, at, at + 10000), [cut(a, at, at + 10000), cut(b, at, at + 10000)])
    return meter.finish()
  }
  const sum = mapSound(a, (x, i, c) => x + b[c]![i]!)

  it('7.38 tells what is left of a sum, the delay, the gain and the sign', () => {
    // Sums in float32 and float64.
    expect(measure(sum).residualDb).toBeLessThan(-120)
    expect(measure(sum).aligned).toBeUndefined()
    const later = measure(mapSound(sum, (_, i, c) => -0.5 * (sum[c]![i - 1000] ?? 0)))
    expect(later.aligned!.delay).toBe(-1000)
    expect(later.aligned!.gain).toBeCloseTo(-0.5, 3)
    expect(later.aligned!.residualDb).toBeLessThan(-60)
    const another = measure(music(23, 4))
    expect(another.aligned!.residualDb).toBeGreaterThan(-3)
  })
})
