import { describe, expect, it } from 'vitest'
import { activeRms, type Channels, peakOf } from '../../src/data/augment/channels.ts'
import { mixConfig } from '../../src/data/config.ts'
import { createMixer, type Example } from '../../src/data/mix.ts'
import { activeShare, chooseFrom, drawStart, ENVELOPE_SECONDS, readCrop, type Track } from '../../src/data/tracks.ts'
import { createRandom } from '../../src/tensor/random.ts'

const RATE = 8000
const FRAMES = 8000

/** A track whose samples are a sine of its own frequency, silent in its first `pause` seconds. */
interface ToneTrack extends Track {
  readonly hz: number
  readonly pause: number
}

function tone(kind: Track['kind'], group: string, hz: number, seconds: number, channels: 1 | 2 = 1, pause = 0): ToneTrack {
  const steps = Math.ceil(seconds / ENVELOPE_SECONDS)
  return {
    id: `${group} ${hz}`,
    kind,
    split: 'train',
    group,
    name: `${group} ${hz} Hz`,
    frames: seconds * RATE,
    channels,
    envelope: Float32Array.from({ length: steps }, (_, i) => (i * ENVELOPE_SECONDS < pause ? 0 : 0.2)),
    hz,
    pause,
  }
}

const read = (track: ToneTrack, start: number, frames: number): Channels =>
  Array.from({ length: track.channels }, (_, c) =>
    Float32Array.from({ length: frames }, (_, i) => {
      const n = start + i
      return n < track.pause * RATE ? 0 : (c === 0 ? 0.3 : 0.2) * Math.sin((2 * Math.PI * track.hz * n) / RATE)
    }),
  )

const tracks = [
  tone('vocals', 'choir/a', 400, 6),
  tone('vocals', 'solo/b', 500, 6),
  tone('speech', 'radio/c', 600, 3),
  tone('instrumental', 'band/d', 150, 6, 2),
  tone('instrumental', 'loops/e', 200, 0.4, 2),
]

/** No augmentation and no special cases. */
const plain = {
  noVocals: 0,
  vocalsOnly: 0,
  twoSingers: 0,
  twoInstrumentals: 0,
  speech: 0,
  mono: 0,
  bandLimit: 0,
  bandLimitHz: [1000, 3000] as [number, number],
}
const noEffects = { speed: 0, equalise: 0, bandLimit: 0, reverb: 0, double: 0, slap: 0, saturate: 0, compress: 0, swap: 0, width: 0 }
const mixer = (input: Parameters<typeof mixConfig>[0]) => createMixer(tracks, read, mixConfig(input), RATE)
const examples = (input: Parameters<typeof mixConfig>[0], count: number): Example[] => {
  const made = mixer(input)
  return Array.from({ length: count }, (_, i) => made.example(createRandom(11, i), FRAMES))
}
const instrumentalOf = ({ mixture, vocals }: Example): Channels => mixture.map((m, c) => m.map((x, i) => x - vocals[c]![i]!))

describe('a training example', () => {
  it('has the asked shape, finite samples, and never clips', () => {
    for (const { mixture, vocals } of examples({ bandLimitHz: [1000, 3000], peak: [0, 0] }, 60))
      for (const samples of [...mixture, ...vocals]) {
        expect(samples.length).toBe(FRAMES)
        expect(samples.every((x) => Math.abs(x) <= 1)).toBe(true)
      }
  })

  it('is a pure function of its random stream', () => {
    const one = mixer({ bandLimitHz: [1000, 3000] })
    const two = mixer({ bandLimitHz: [1000, 3000] })
    for (let i = 0; i < 5; i++) two.example(createRandom(3, i), FRAMES)
    expect(one.example(createRandom(5, 2), FRAMES)).toEqual(two.example(createRandom(5, 2), FRAMES))
    expect(one.example(createRandom(5, 3), FRAMES)).not.toEqual(one.example(createRandom(5, 2), FRAMES))
  })

  it('is vocals + instrumental to the last bit', () => {
    // The instrumental is a constant of its own in each channel, and stays one under gains and down-mixing: it is heard alone where
    // the short voice is silent, and everywhere else the mixture must be the 32-bit sum of the two.
    const band = tone('instrumental', 'band/constant', 0, 6, 2)
    const steady = (track: ToneTrack, start: number, frames: number): Channels =>
      track === band ? [new Float32Array(frames).fill(0.3), new Float32Array(frames).fill(0.2)] : read(track, start, frames)
    const pool = [tone('vocals', 'solo/short', 400, 0.4), tone('vocals', 'duo/short', 500, 0.4, 2), band]
    for (const vocals of [noEffects, { ...noEffects, compress: 1, saturate: 1, slap: 1 }]) {
      const made = createMixer(pool, steady, mixConfig({ ...plain, mono: 0.5, twoSingers: 0.3, vocals, instrumental: noEffects }), RATE)
      for (let seed = 0; seed < 20; seed++) {
        const { mixture, vocals: sung } = made.example(createRandom(21, seed), FRAMES)
        const alone = sung[0]!.findIndex((x, i) => x === 0 && sung[1]![i] === 0)
        const instrumental = mixture.map((m) => m[alone]!)
        expect(peakOf(sung)).toBeGreaterThan(0)
        expect(instrumental[1]).toBeGreaterThan(0)
        // 0.3 to 0.2 as read, or equal in mono, to the rounding of 32-bit gains.
        expect(instrumental[0]! / instrumental[1]!).toBeCloseTo(instrumental[0] === instrumental[1] ? 1 : 1.5, 6)
        for (const [c, m] of mixture.entries()) expect(m.findIndex((x, i) => x !== Math.fround(sung[c]![i]! + instrumental[c]!))).toBe(-1)
      }
    }
  })

  it('without vocals has an exactly silent target, and with vocals alone the mixture as target', () => {
    for (const { mixture, vocals } of examples({ ...plain, noVocals: 1, bandLimit: 1 }, 10)) {
      expect(peakOf(vocals)).toBe(0)
      expect(peakOf(mixture)).toBeGreaterThan(0.1)
    }
    for (const { mixture, vocals } of examples({ ...plain, vocalsOnly: 1, bandLimit: 1 }, 10)) expect(mixture).toEqual(vocals)
  })

  it('draws the special cases as often as configured', () => {
    const made = examples({ ...plain, noVocals: 0.3, vocalsOnly: 0.2, mono: 0.4, vocals: noEffects, instrumental: noEffects }, 400)
    const share = (test: (e: Example) => boolean): number => made.filter(test).length / made.length
    // Three standard deviations of a binomial with n = 400 are at most 0.075.
    expect(Math.abs(share((e) => peakOf(e.vocals) === 0) - 0.3)).toBeLessThan(0.075)
    expect(Math.abs(share((e) => peakOf(instrumentalOf(e)) === 0) - 0.2)).toBeLessThan(0.075)
    // With two different channels in every instrumental, equal channels mean a down-mix or a centred voice alone (0.2 · 0.6).
    const expected = 0.4 + 0.6 * 0.2 * 0.6
    expect(Math.abs(share((e) => e.mixture[0]!.every((x, i) => x === e.mixture[1]![i])) - expected)).toBeLessThan(0.075)
  })

  it('has the drawn level ratio between the active parts, cut at the limit', () => {
    const ratios = examples(
      { ...plain, vocals: noEffects, instrumental: noEffects, levelRatio: { mean: 3, deviation: 20, limit: 6 } },
      60,
    ).map((e) => 20 * Math.log10(activeRms(e.vocals) / activeRms(instrumentalOf(e))))
    // The mixture's samples are 32-bit sums: 1e-3 dB.
    for (const ratio of ratios) expect(Math.abs(ratio)).toBeLessThan(6.001)
    expect(Math.max(...ratios)).toBeCloseTo(6, 3)
    expect(Math.min(...ratios)).toBeCloseTo(-6, 3)
  })

  it('peaks where the configuration says', () => {
    for (const { mixture, vocals } of examples({ peak: [-10, -4], bandLimitHz: [1000, 3000] }, 40)) {
      const peak = 20 * Math.log10(Math.max(peakOf(mixture), peakOf(vocals)))
      expect(peak).toBeGreaterThan(-10.01)
      expect(peak).toBeLessThan(-3.99)
    }
  })

  it('uses synthetic tracks by their own share, and alone where there is nothing else', () => {
    const synthetic = [tone('vocals', 'synthetic/robot', 700, 6), tone('instrumental', 'synthetic/band', 250, 6, 2)]
    const asked: string[] = []
    const spy = (track: ToneTrack, start: number, frames: number): Channels => {
      asked.push(track.group)
      return read(track, start, frames)
    }
    const config = mixConfig({ ...plain, synthetic: { vocals: 0.5 } })
    const both = createMixer([...tracks, ...synthetic], spy, config, RATE)
    for (let i = 0; i < 200; i++) both.example(createRandom(i), 1000)
    const voices = asked.filter((g) => g === 'synthetic/robot' || g.startsWith('choir') || g.startsWith('solo'))
    // Three deviations of a binomial with n = 200.
    expect(Math.abs(voices.filter((g) => g === 'synthetic/robot').length / voices.length - 0.5)).toBeLessThan(0.11)
    expect(asked).not.toContain('synthetic/band')
    const alone = createMixer(synthetic, read, config, RATE)
    expect(peakOf(alone.example(createRandom(1), 1000).mixture)).toBeGreaterThan(0)
    expect(peakOf(alone.plainExample(createRandom(1), 1000, false).vocals)).toBeGreaterThan(0)
  })

  it('cannot be made without vocals or without instrumentals', () => {
    expect(() => createMixer(tracks.slice(0, 3), read, mixConfig(), RATE)).toThrow(/no tracks of kind "instrumental"/)
    expect(() => createMixer(tracks.slice(3), read, mixConfig(), RATE)).toThrow(/no tracks of kind "vocals"/)
  })
})

describe('a plain example', () => {
  it('is mono when asked and peaks at −3 dB', () => {
    const made = mixer({})
    for (const mono of [false, true]) {
      const { mixture, vocals } = made.plainExample(createRandom(4), FRAMES, mono)
      expect(mixture[0]!.every((x, i) => x === mixture[1]![i])).toBe(mono)
      expect(20 * Math.log10(Math.max(peakOf(mixture), peakOf(vocals)))).toBeCloseTo(-3, 3)
    }
  })
})

describe('the choice of a track', () => {
  it('weighs sources by size to the power given, so that a large one does not drown the others', () => {
    const pool = [tone('vocals', 'large/a', 1, 90), tone('vocals', 'large/b', 2, 90), tone('vocals', 'small/c', 3, 20)]
    const shareOfSmall = (power: number, weights: Record<string, number> = {}): number => {
      const choice = chooseFrom(pool, { power, weights })!
      let small = 0
      for (let i = 0; i < 2000; i++) if (choice.draw(createRandom(i)).group === 'small/c') small++
      return small / 2000
    }
    // √20 / (√180 + √20) = 0.25; three deviations for n = 2000 are 0.03.
    expect(Math.abs(shareOfSmall(0.5) - 0.25)).toBeLessThan(0.03)
    expect(Math.abs(shareOfSmall(1) - 0.1)).toBeLessThan(0.03)
    expect(Math.abs(shareOfSmall(0) - 0.5)).toBeLessThan(0.035)
    expect(shareOfSmall(0.5, { large: 0 })).toBe(1)
    expect(chooseFrom(pool, { power: 0.5, weights: { large: 0, small: 0 } })).toBeUndefined()
    expect(chooseFrom([], { power: 0.5, weights: {} })).toBeUndefined()
  })
})

describe('the choice of a crop', () => {
  it('avoids silence where the track has sound for it', () => {
    const track = tone('vocals', 'choir/late', 400, 20, 1, 10)
    for (let i = 0; i < 50; i++) {
      const start = drawStart(createRandom(i), track, FRAMES, RATE)
      expect(start).toBeGreaterThanOrEqual(0)
      expect(start + FRAMES).toBeLessThanOrEqual(track.frames)
      // All six draws fall into the silent half with probability 2⁻⁶; seeds 0 to 49 hold no more than a few such cases.
      if (start >= 9.5 * RATE) expect(activeShare(track, start, FRAMES, RATE)).toBeGreaterThanOrEqual(0.5)
    }
    const hits = Array.from({ length: 200 }, (_, i) => drawStart(createRandom(99, i), track, FRAMES, RATE)).filter((s) => s >= 9 * RATE)
    expect(hits.length).toBeGreaterThan(190)
  })

  it('repeats short loops and places short voices once', () => {
    const loop = tone('instrumental', 'loops/x', 200, 0.4)
    const short = tone('vocals', 'solo/x', 400, 0.4)
    const [looped] = readCrop(createRandom(1), loop, FRAMES, RATE, 'repeat', read) as [Float32Array]
    for (let i = 0; i + loop.frames < FRAMES; i++) expect(looped[i]).toBe(looped[i + loop.frames])
    expect(peakOf([looped])).toBeGreaterThan(0.29)
    const [placed] = readCrop(createRandom(1), short, FRAMES, RATE, 'place', read) as [Float32Array]
    const first = placed.findIndex((x) => x !== 0)
    const last = placed.findLastIndex((x) => x !== 0)
    expect(last - first).toBeLessThan(short.frames)
    expect(placed.length).toBe(FRAMES)
  })
})

describe('the configuration', () => {
  it('has the recipe defaults and takes partial overrides', () => {
    expect(mixConfig()).toMatchObject({ noVocals: 0.06, vocalsOnly: 0.03, mono: 0.35, levelRatio: { mean: -2, deviation: 5, limit: 12 } })
    expect(mixConfig({ vocals: { reverb: 1 } }).vocals).toMatchObject({ reverb: 1, speed: 0.7 })
  })

  it('names what is wrong', () => {
    expect(() => mixConfig({ mono: 2 })).toThrow(/mono/)
    expect(() => mixConfig({ monno: 0.2 } as object)).toThrow(/monno/)
    expect(() => mixConfig({ peak: [-3, 2] })).toThrow(/above 0 dB would clip/)
    expect(() => mixConfig({ peak: [-3, -9] })).toThrow(/first number of a range/)
    expect(() => mixConfig({ noVocals: 0.8, vocalsOnly: 0.5 })).toThrow(/more than 1/)
  })
})
