import { describe, expect, it } from 'vitest'
import { applyBiquads, butterworthLowPass, ellipticLowPass, highPass, peaking, shelf } from '../../src/data/augment/biquad.ts'
import { activeRms, applyGain, type Channels, decibels, peakOf, toStereo } from '../../src/data/augment/channels.ts'
import { double, randomDoubles, slapDelay } from '../../src/data/augment/double.ts'
import { compress, saturate } from '../../src/data/augment/dynamics.ts'
import { equalise, randomBandLimit, randomEqualiser } from '../../src/data/augment/equalise.ts'
import { randomRoom, reverberate } from '../../src/data/augment/reverb.ts'
import { atSpeed, framesNeeded } from '../../src/data/augment/speed.ts'
import { downMix, pan, swapChannels, widen } from '../../src/data/augment/stereo.ts'
import { createRandom } from '../../src/tensor/random.ts'

const RATE = 44100

const sine = (hz: number, frames: number, amplitude = 1): Float32Array =>
  Float32Array.from({ length: frames }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / RATE))

const noise = (frames: number, seed = 1): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: frames }, () => random.uniform(-0.5, 0.5))
}

const rms = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length)

/** Gain of the sections at a frequency in dB, measured on a sine after the transient. */
function gainDb(sections: Parameters<typeof applyBiquads>[1], hz: number): number {
  const x = sine(hz, 8820)
  applyBiquads([x], sections)
  return 20 * Math.log10(rms(x.subarray(4410)) / rms(sine(hz, 8820).subarray(4410)))
}

/** Frequency of the strongest bin of a Hann-windowed DFT around the expected one, to a tenth of a hertz. */
function frequencyOf(x: Float32Array, low: number, high: number): number {
  let best = 0
  let at = 0
  for (let hz = low; hz <= high; hz += 0.1) {
    let re = 0
    let im = 0
    for (let i = 0; i < x.length; i++) {
      const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / x.length)
      re += w * x[i]! * Math.cos((2 * Math.PI * hz * i) / RATE)
      im += w * x[i]! * Math.sin((2 * Math.PI * hz * i) / RATE)
    }
    const power = re * re + im * im
    if (power > best) {
      best = power
      at = hz
    }
  }
  return at
}

describe('gain', () => {
  it('scales the peak by the given decibels', () => {
    const sound = [noise(1000)]
    const before = peakOf(sound)
    applyGain(sound, decibels(-6))
    // Float32 rounding of one product.
    expect(peakOf(sound) / before).toBeCloseTo(10 ** (-6 / 20), 6)
  })

  it('measures the same active level with and without pauses', () => {
    const voice = sine(300, 22050, 0.5)
    const withPause = new Float32Array(88200)
    withPause.set(voice, 44100)
    expect(activeRms([withPause])).toBeCloseTo(activeRms([voice]), 4)
    expect(activeRms([new Float32Array(5000)])).toBe(0)
  })
})

describe('place', () => {
  it('swaps the channels of a stereo sound and leaves a mono one', () => {
    const [a, b] = [noise(10, 1), noise(10, 2)]
    const stereo: Channels = [a, b]
    swapChannels(stereo)
    expect(stereo).toEqual([b, a])
    const mono: Channels = [a]
    swapChannels(mono)
    expect(mono).toEqual([a])
  })

  it('width 0 makes both channels the middle, 1 changes nothing, 2 doubles the side', () => {
    const make = (): Channels => [noise(100, 1), noise(100, 2)]
    const [none, same, double] = [make(), make(), make()]
    widen(none, 0)
    widen(same, 1)
    widen(double, 2)
    const [l, r] = make() as [Float32Array, Float32Array]
    for (let i = 0; i < 100; i++) {
      expect(none[0]![i]).toBeCloseTo((l[i]! + r[i]!) / 2, 6)
      expect(none[1]![i]).toBe(none[0]![i])
      expect(same[0]![i]).toBeCloseTo(l[i]!, 6)
      expect(double[0]![i]! - double[1]![i]!).toBeCloseTo(2 * (l[i]! - r[i]!), 5)
    }
  })

  it('pans with constant power, hard at the ends', () => {
    const voice = noise(100)
    for (const place of [-1, -0.3, 0, 0.8, 1]) {
      const [left, right] = pan([voice], place) as [Float32Array, Float32Array]
      expect(rms(left) ** 2 + rms(right) ** 2).toBeCloseTo(2 * rms(voice) ** 2, 6)
      expect(Math.sign(Number((rms(right) - rms(left)).toFixed(6)))).toBe(Math.sign(place))
    }
    expect(peakOf([pan([voice], -1)[1]!])).toBeLessThan(1e-6)
    expect(() => pan([voice], 1.5)).toThrow(/place must lie between -1 and 1, got 1.5/)
  })

  it('mixes down to two equal channels', () => {
    const sound: Channels = [Float32Array.of(1, 0), Float32Array.of(0, -1)]
    downMix(sound)
    expect(sound).toEqual([Float32Array.of(0.5, -0.5), Float32Array.of(0.5, -0.5)])
  })
})

describe('filters', () => {
  it('Butterworth falls by 3 dB at its edge and by 6 dB per octave and order above', () => {
    for (const order of [2, 4, 8] as const) {
      const sections = butterworthLowPass(order, 1000, RATE)
      expect(gainDb(sections, 1000)).toBeCloseTo(-3.01, 1)
      expect(gainDb(sections, 100)).toBeCloseTo(0, 1)
      // Bilinear warping adds a little: a lower bound.
      expect(gainDb(sections, 2000)).toBeLessThan(-5.9 * order)
    }
  })

  it('the elliptic wall passes up to its edge within 0.1 dB and stops from 1.18 times the edge by 60 dB, wherever it stands', () => {
    for (const edge of [3700, 7600, 15200]) {
      const sections = ellipticLowPass(edge, RATE)
      for (const share of [0.1, 0.5, 0.98]) expect(Math.abs(gainDb(sections, share * edge))).toBeLessThan(0.15)
      // tan(0.552·π/2) / tan(π/4) = 1.18 for low edges, less for high ones; 59: the measured stretch still holds a trace of the onset.
      for (const share of [1.19, 1.3]) expect(gainDb(sections, Math.min(21500, share * edge))).toBeLessThan(-59)
    }
  })

  it('shelves and peaks reach their gain and leave the other end alone', () => {
    expect(gainDb([shelf('low', 300, 6, RATE)], 30)).toBeCloseTo(6, 0)
    expect(gainDb([shelf('low', 300, 6, RATE)], 8000)).toBeCloseTo(0, 1)
    expect(gainDb([shelf('high', 4000, -6, RATE)], 16000)).toBeCloseTo(-6, 0)
    expect(gainDb([shelf('high', 4000, -6, RATE)], 200)).toBeCloseTo(0, 1)
    expect(gainDb([peaking(1000, 1, 9, RATE)], 1000)).toBeCloseTo(9, 1)
    expect(gainDb([highPass(1000, Math.SQRT1_2, RATE)], 100)).toBeLessThan(-35)
  })

  it('stereo and mono filtering agree, and silence costs no subnormal numbers', () => {
    const sections = randomEqualiser(createRandom(3), RATE)
    const stereo: Channels = [noise(5000, 1), noise(5000, 2)]
    const mono: Channels = [noise(5000, 2)]
    applyBiquads(stereo, sections)
    applyBiquads(mono, sections)
    expect(stereo[1]).toEqual(mono[0])
    const click = new Float32Array(44100)
    click[0] = 1
    applyBiquads([click], sections)
    const smallest = Math.min(...Array.from(click, Math.abs).filter((x) => x > 0))
    expect(smallest).toBeGreaterThan(1.2e-38)
  })

  it('the random equaliser stays within the sum of its sections and is a function of its key', () => {
    for (let seed = 0; seed < 20; seed++) {
      const sections = randomEqualiser(createRandom(seed), RATE)
      expect(sections.length).toBeGreaterThanOrEqual(1)
      expect(sections.length).toBeLessThanOrEqual(4)
      // 9 dB each at most; 1 dB for the slope-1 shelves' and the measurement's overshoot.
      for (const hz of [200, 1000, 5000]) expect(gainDb(sections, hz)).toBeLessThan(9 * sections.length + 1)
    }
    const twice = [0, 1].map(() => {
      const sound = [noise(1000)]
      equalise(sound, createRandom(5), RATE)
      return sound
    })
    expect(twice[0]).toEqual(twice[1])
  })

  it('the random band limit keeps 500 Hz and removes what lies above its highest edge', () => {
    for (let seed = 0; seed < 20; seed++) {
      const sections = randomBandLimit(createRandom(seed), RATE, [3500, 9000])
      expect(Math.abs(gainDb(sections, 500))).toBeLessThan(0.2)
      expect(gainDb(sections, 20000)).toBeLessThan(-20)
    }
  })

  it('refuses edges beyond the Nyquist frequency', () => {
    expect(() => butterworthLowPass(4, 30000, RATE)).toThrow(/between 0 and 22050 Hz, got 30000/)
  })
})

describe('speed', () => {
  it('moves a sine by the number of semitones', () => {
    const frames = 22050
    for (const semitones of [-5, 3.5, 5]) {
      const speed = 2 ** (semitones / 12)
      const out = atSpeed(sine(440, framesNeeded(frames, speed)), frames, speed)
      expect(out.length).toBe(frames)
      // 0.1 Hz grid of the search; half a second resolves a lone sine far better than that.
      expect(Math.abs(frequencyOf(out, 440 * speed - 3, 440 * speed + 3) - 440 * speed)).toBeLessThan(0.11)
      expect(rms(out)).toBeCloseTo(Math.SQRT1_2, 2)
    }
  })

  it('leaves errors near −60 dB against the exact sine', () => {
    const frames = 4000
    const speed = 2 ** (2.3 / 12)
    const out = atSpeed(sine(1000, framesNeeded(frames, speed)), frames, speed)
    // The table's first tap lies 7 samples before the position: out[i] is the source at i·speed + 7.
    const error = out.map((x, i) => x - Math.sin((2 * Math.PI * 1000 * (i * speed + 7)) / RATE))
    expect(20 * Math.log10(rms(error) / Math.SQRT1_2)).toBeLessThan(-55)
  })

  it('filters out what faster reading would fold back', () => {
    const frames = 8000
    const speed = 2 ** (5 / 12)
    // 20 kHz read 1.33 times faster would be 26.7 kHz, that is 17.4 kHz after folding.
    const out = atSpeed(sine(20000, framesNeeded(frames, speed)), frames, speed)
    expect(20 * Math.log10(rms(out) / Math.SQRT1_2)).toBeLessThan(-30)
  })

  it('refuses speeds and lengths that make no sense', () => {
    expect(() => atSpeed(new Float32Array(10), 100, 1.5)).toThrow(/need 166 source samples, got 10/)
    expect(() => atSpeed(new Float32Array(1000), 10, 9)).toThrow(/between 1\/4 and 4, got 9/)
  })
})

describe('room', () => {
  it('rings for the decay time: the level falls by 60 dB in it', () => {
    const click = new Float32Array(RATE * 2)
    click[0] = 1
    const room = { decaySeconds: 0.8, wet: 1, preDelaySeconds: 0, size: 1, damping: 0 }
    const [left] = reverberate([click], room, RATE) as [Float32Array, Float32Array]
    const level = (seconds: number): number => 20 * Math.log10(rms(left.subarray(seconds * RATE, (seconds + 0.1) * RATE)))
    // Between 0.2 s (density reached) and 0.8 s lie 0.6 / 0.8 · 60 = 45 dB; the echo pattern scatters by a few dB.
    expect(level(0.2) - level(0.8)).toBeGreaterThan(40)
    expect(level(0.2) - level(0.8)).toBeLessThan(50)
  })

  it('is stereo, keeps the dry sound and starts after the pre-delay', () => {
    const click = new Float32Array(RATE)
    click[0] = 1
    const [left, right] = reverberate([click], { decaySeconds: 1, wet: 0.3, preDelaySeconds: 0.05, size: 0.5, damping: 0.3 }, RATE)
    expect(left![0]).toBeCloseTo(1, 6)
    // Shortest line at size 0.5: 14.8 ms after 50 ms.
    expect(peakOf([left!.subarray(1, 0.0645 * RATE)])).toBeLessThan(1e-9)
    expect(peakOf([left!.subarray(0.065 * RATE)])).toBeGreaterThan(1e-3)
    expect(left).not.toEqual(right)
  })

  it('never blows up whatever is drawn', () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = createRandom(seed)
      const out = reverberate([noise(RATE)], randomRoom(random), RATE)
      expect(peakOf(out)).toBeLessThan(5)
    }
  })
})

describe('copies', () => {
  it('a double adds sound only after its delay and on both sides', () => {
    const click = new Float32Array(RATE)
    click[1000] = 1
    for (let seed = 0; seed < 5; seed++) {
      const copies = randomDoubles(createRandom(seed))
      const [left, right] = double([click], copies, RATE) as [Float32Array, Float32Array]
      // Delay at least 8 ms less the swing of 3 ms.
      expect(peakOf([left.subarray(1001, 1000 + 0.005 * RATE - 2)])).toBe(0)
      expect(peakOf([left.subarray(1001), right.subarray(1001)])).toBeGreaterThan(0.05)
      expect(left[1000]).toBe(1)
    }
  })

  it('a slap repeats with its gain and feedback', () => {
    const sound = [new Float32Array(1000)]
    sound[0]![0] = 1
    slapDelay(sound, 100 / RATE, 0.5, 0.4, RATE)
    expect([0, 100, 200, 300].map((i) => sound[0]![i]!.toFixed(4))).toEqual(['1.0000', '0.5000', '0.2000', '0.0800'])
    expect(() => slapDelay(sound, 0.1, 0.5, 1, RATE)).toThrow(/feedback must be at least 0 and below 1, got 1/)
  })
})

describe('dynamics', () => {
  it('saturation keeps the peak, raises the rest and is odd', () => {
    const sound = [sine(100, 4410, 0.5)]
    const before = rms(sound[0]!)
    saturate(sound, 2)
    expect(peakOf(sound)).toBeCloseTo(0.5, 3)
    expect(rms(sound[0]!)).toBeGreaterThan(before * 1.05)
    const mirrored = [sine(100, 4410, -0.5)]
    saturate(mirrored, 2)
    expect(mirrored[0]!.map((x) => -x)).toEqual(sound[0])
  })

  it('compression brings loud and soft parts closer by the ratio', () => {
    const sound = [new Float32Array(2 * RATE)]
    sound[0]!.set(sine(500, RATE, 0.8))
    sound[0]!.set(sine(500, RATE, 0.2), RATE)
    compress(sound, { thresholdDb: -30, ratio: 4, attackSeconds: 0.005, releaseSeconds: 0.1 }, RATE)
    const difference = 20 * Math.log10(rms(sound[0]!.subarray(0.5 * RATE, RATE)) / rms(sound[0]!.subarray(1.5 * RATE)))
    // 12.04 dB of difference above the threshold become a quarter; 0.3 dB for the ripple of the level.
    expect(Math.abs(difference - 12.04 / 4)).toBeLessThan(0.3)
  })

  it('leaves silence silent', () => {
    const sound = [new Float32Array(100)]
    saturate(sound, 1)
    compress(sound, { thresholdDb: -20, ratio: 4, attackSeconds: 0.01, releaseSeconds: 0.1 }, RATE)
    expect(peakOf(sound)).toBe(0)
  })
})

it('a mono sound becomes two independent equal channels', () => {
  const [left, right] = toStereo([noise(10)])
  expect(left).toEqual(right)
  expect(left).not.toBe(right)
})
