/** One channel at a low rate: what lies above is gone, what lies below is kept, and lengths are what they should be. */
import { describe, expect, it } from 'vitest'
import { createMonoResampler, type Samples, toMono } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

const ratios = [
  [44100, 16000],
  [48000, 16000],
  [44100, 8000],
  [32000, 11025],
] as const

const sine = (rate: number, hertz: number, seconds = 0.5) =>
  Float64Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate))

/** Level of the middle half, which the ends do not reach, in dB of a full-scale sine. */
function levelOf(samples: Samples): number {
  let power = 0
  const [from, to] = [samples.length >> 2, (samples.length * 3) >> 2]
  for (let i = from; i < to; i++) power += samples[i]! ** 2
  return 10 * Math.log10((2 * power) / (to - from))
}

describe('down-mix and down-sample', () => {
  it.each(ratios)('1.13 down-mix and down-sample: %i → %i Hz rejects what would alias by more than 80 dB', (from, to) => {
    for (const share of [1.01, 1.2, 1.7, 1.9, 2.4]) {
      const hertz = (share * to) / 2
      if (hertz >= from / 2) continue
      const x = sine(from, hertz)
      expect(levelOf(toMono([x, x], from, to)), `${hertz} Hz`).toBeLessThan(-80)
      // Without the filter the same sine is there at full level, at another frequency.
      expect(levelOf(x.filter((_, i) => i % Math.round(from / to) === 0))).toBeGreaterThan(-1)
    }
  })

  it.each(ratios)('1.13 down-mix and down-sample: %i → %i Hz keeps a sine below the cut-off within 0.01 dB', (from, to) => {
    for (const hertz of [100, 440, 0.25 * to, 0.45 * to]) {
      const x = sine(from, hertz)
      expect(Math.abs(levelOf(toMono([x, x], from, to)) - levelOf(sine(to, hertz))), `${hertz} Hz`).toBeLessThan(0.01)
    }
  })

  it('1.13 down-mix and down-sample: gives ceil(frames · to / from) samples, whatever the length and the blocks', () => {
    for (const [from, to] of ratios) {
      for (const frames of [0, 1, 2, 441, 1000, 44100])
        expect(toMono([new Float32Array(frames), new Float32Array(frames)], from, to).length).toBe(Math.ceil((frames * to) / from))
    }
    const random = createRandom(1)
    const block = [0, 1].map(() => Float32Array.from({ length: 5000 }, () => random.uniform(-1, 1)))
    const mono = createMonoResampler({ from: 44100, to: 16000, channels: 2 })
    const parts = [0, 700, 701, 3000].map((at, i, cuts) => mono.process(block.map((channel) => channel.subarray(at, cuts[i + 1] ?? 5000))))
    expect([...parts, mono.flush()].flatMap((part) => [...part])).toEqual([...toMono(block, 44100, 16000)])
  })

  it('1.13 down-mix and down-sample: is the mean of the channels, which never exceeds full scale', () => {
    expect([...toMono([Float32Array.of(1, 1, 0.5), Float32Array.of(1, -1, 0)], 8000, 8000)]).toEqual([1, 0, 0.25])
    // Three channels, so that a mean is told from a half of the sum.
    expect([...toMono([Float64Array.of(3), Float64Array.of(3), Float64Array.of(3)], 8000, 8000)]).toEqual([3])
    expect([...toMono([Float32Array.of(0.5)], 8000, 8000)]).toEqual([0.5])
  })

  it('1.13 down-mix and down-sample: knows that "8–16 Hz", as one source text says, is meant in kilohertz', () => {
    expect(() => toMono([new Float32Array(10)], 44100, 16)).toThrow(
      'to 16 Hz; allowed are whole numbers from 1000, 8000 to 16000 for analysis',
    )
    expect(() => createMonoResampler({ from: 44100, to: 16000, channels: 0 })).toThrow('channels 0; allowed are whole numbers from 1')
    expect(() => createMonoResampler({ from: 44100, to: 16000, channels: 2 }).process([new Float32Array(3)])).toThrow(
      '2 channels, got a block of 1',
    )
    expect(() => toMono([new Float32Array(3), new Float32Array(2)], 44100, 16000)).toThrow('different lengths')
    expect(() => toMono([], 44100, 16000)).toThrow('channels 0')
  })
})
