import { describe, expect, it } from 'vitest'
import type { AudioBlock, Samples } from '../../src/audio/index.ts'
import { createResampler, resample } from '../../src/audio/index.ts'
import { createRandom } from '../../src/tensor/random.ts'

/** Ratios with small tables (the exact path) and large ones (the interpolated path: more than 2048 phases), up and down. */
const RATIOS = [
  [44100, 48000],
  [48000, 44100],
  [96000, 44100],
  [8000, 44100],
  [44100, 16000],
  [192000, 44100],
  [11127, 44100],
  [48000, 44101],
] as const

function sine(rate: number, frequency: number, seconds: number): Float64Array {
  return Float64Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate))
}

function noise(frames: number, key: number): Float32Array {
  const random = createRandom(key)
  return Float32Array.from({ length: frames }, () => random.uniform(-1, 1))
}

/** Root mean square of the middle, which the ends do not reach, in dB of a full-scale sine. */
function levelOfMiddle(samples: Samples): number {
  const [first, last] = [Math.floor(samples.length * 0.25), Math.floor(samples.length * 0.75)]
  let sum = 0
  for (let i = first; i < last; i++) sum += samples[i]! ** 2
  return 10 * Math.log10((2 * sum) / (last - first))
}

function inBlocks(block: AudioBlock, lengths: () => number, from: number, to: number): Samples[] {
  const resampler = createResampler({ from, to, channels: block.length })
  const parts: AudioBlock[] = []
  for (let at = 0; at < block[0]!.length; ) {
    const length = Math.min(lengths(), block[0]!.length - at)
    parts.push(resampler.process(block.map((samples) => samples.subarray(at, at + length))))
    at += length
  }
  parts.push(resampler.flush())
  return block.map((_, channel) => Float32Array.from(parts.flatMap((part) => [...part[channel]!])))
}

describe('resample', () => {
  it.each(RATIOS)('%i → %i Hz keeps a sine within 0.01 dB up to 90 %% of the lower Nyquist frequency', (from, to) => {
    for (const share of [0.01, 0.5, 0.9]) {
      const frequency = (share * Math.min(from, to)) / 2
      // An amplitude off by 0.01 dB is an error of 1.2e-3; a sine in phase with the ideal one also shows that there is no delay.
      const output = resample([sine(from, frequency, 0.3)], from, to)[0]!
      const ideal = sine(to, frequency, 0.3)
      const [first, last] = [Math.floor(output.length * 0.25), Math.floor(output.length * 0.75)]
      let largest = 0
      for (let i = first; i < last; i++) largest = Math.max(largest, Math.abs(output[i]! - ideal[i]!))
      expect(largest).toBeLessThan(1.2e-3)
    }
  })

  it.each(RATIOS.filter(([from, to]) => from > to))('%i → %i Hz rejects what would alias by 120 dB', (from, to) => {
    for (const share of [1.001, 1.05, 1.3, 1.9]) {
      const frequency = (share * to) / 2
      if (frequency >= from / 2) continue
      expect(levelOfMiddle(resample([sine(from, frequency, 0.3)], from, to)[0]!)).toBeLessThan(-120)
    }
  })

  it.each(RATIOS.filter(([from, to]) => from < to))('%i → %i Hz leaves images 120 dB below a sine', (from, to) => {
    const frequency = 0.6 * (from / 2)
    const output = resample([sine(from, frequency, 0.3)], from, to)[0]!
    const ideal = sine(to, frequency, 0.3)
    // What the pass band's ripple does to the sine's own level is no image.
    const middle = [...output.keys()].filter((i) => i > output.length * 0.25 && i < output.length * 0.75)
    const gain = middle.reduce((sum, i) => sum + output[i]! * ideal[i]!, 0) / middle.reduce((sum, i) => sum + ideal[i]! ** 2, 0)
    expect(levelOfMiddle(output.map((x, i) => x - gain * (ideal[i] ?? 0)))).toBeLessThan(-120)
  })

  it.each(RATIOS)('%i → %i Hz keeps a constant', (from, to) => {
    const output = resample([new Float64Array(from / 2).fill(0.5)], from, to)[0]!
    // Rows of the filter table sum to 1 within the rounding of 64-bit sums.
    for (const x of output.subarray(Math.floor(output.length * 0.3), Math.floor(output.length * 0.7)))
      expect(Math.abs(x - 0.5)).toBeLessThan(1e-12)
  })

  it('gives ceil(frames · to / from) frames, whatever the length', () => {
    for (const [from, to] of RATIOS) {
      for (const frames of [0, 1, 2, 100, 441, 999, 1000]) {
        expect(resample([noise(frames, 1)], from, to)[0]!.length, `${frames} frames ${from} → ${to}`).toBe(Math.ceil((frames * to) / from))
      }
    }
  })

  it('gives at least the length back on the way back, and less than an output sample more', () => {
    for (const [from, to] of [
      [44100, 48000],
      [96000, 44100],
      [11127, 44100],
    ] as const) {
      for (const frames of [1, 1000, 12345]) {
        const back = resample(resample([noise(frames, 2)], from, to), to, from)[0]!.length
        expect(back).toBeGreaterThanOrEqual(frames)
        expect(back).toBeLessThanOrEqual(frames + Math.ceil(from / to))
      }
    }
  })

  it.each(RATIOS)('%i → %i Hz gives the same bits however the input is cut', (from, to) => {
    const block = [noise(6000, 3), noise(6000, 4), noise(6000, 5)]
    const whole = resample(block, from, to)
    const random = createRandom(6)
    expect(inBlocks(block, () => 1 + random.integer(0, 700), from, to)).toEqual(whole)
    expect(
      inBlocks(
        block.map((samples) => samples.subarray(0, 300)),
        () => 1,
        from,
        to,
      ),
    ).toEqual(
      resample(
        block.map((samples) => samples.subarray(0, 300)),
        from,
        to,
      ),
    )
  })

  it('gives a channel the same bits alone, in a pair and as the odd one out', () => {
    const [a, b, c] = [noise(3000, 7), noise(3000, 8), noise(3000, 9)]
    const together = resample([a, b, c], 44100, 48000)
    expect(together).toEqual([a, b, c].map((samples) => resample([samples], 44100, 48000)[0]!))
  })

  it('passes equal rates through unchanged, as copies', () => {
    const samples = noise(100, 10)
    const output = resample([samples], 44100, 44100)[0]!
    expect(output).toEqual(samples)
    expect(output).not.toBe(samples)
  })

  it('computes 64-bit blocks with 64 bits', () => {
    expect(resample([new Float64Array(10)], 1, 2)[0]).toBeInstanceOf(Float64Array)
    expect(resample([new Float32Array(10)], 1, 2)[0]).toBeInstanceOf(Float32Array)
  })

  it('converts far apart rates, and refuses what only damaged headers claim', () => {
    const output = resample([new Float64Array(200_000).fill(0.5)], 3_999_975, 44100)[0]!
    expect(output.length).toBe(Math.ceil((200_000 * 44100) / 3_999_975))
    // Blended rows sum to 1 as exact ones do.
    expect(Math.abs(output[Math.floor(output.length / 2)]! - 0.5)).toBeLessThan(1e-12)
    expect(() => createResampler({ from: 4_000_000_000, to: 44100, channels: 1 })).toThrow(
      'rates at most 50000 times apart can be converted, got 4000000000 and 44100 Hz',
    )
  })

  it('refuses what makes no sense', () => {
    expect(() => createResampler({ from: 0, to: 1, channels: 1 })).toThrow(/from is a rate in Hz, a positive integer; got 0/)
    expect(() => createResampler({ from: 1, to: 44100.5, channels: 1 })).toThrow(/to is a rate/)
    expect(() => createResampler({ from: 1, to: 1, channels: 0 })).toThrow(/channels is a positive integer/)
    const resampler = createResampler({ from: 2, to: 1, channels: 2 })
    expect(() => resampler.process([new Float32Array(1)])).toThrow(/made for 2 channels, got a block of 1/)
    expect(() => resampler.process([new Float32Array(1), new Float32Array(2)])).toThrow(/different lengths/)
    resampler.flush()
    expect(() => resampler.process([new Float32Array(1), new Float32Array(1)])).toThrow(/flushed already/)
    expect(resampler.flush()[0]!.length).toBe(0)
  })
})
