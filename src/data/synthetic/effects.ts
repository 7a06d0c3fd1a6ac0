/** Effects of the mixing desk on stereo parts: saturation, compression, chorus, rotating speaker, tremolo, echo, equaliser. */
import type { Biquad } from '../filter-cookbook.ts'
import { applyFilters } from './filters.ts'
import type { Stereo } from './mix.ts'

/** Soft clipping in place: x (27 + x²) / (27 + 9x²), the Padé form of tanh, on an input of `drive` times; the level of small signals stays. */
export function saturate(samples: Float32Array, drive: number): void {
  for (let i = 0; i < samples.length; i++) {
    const x = Math.max(-3, Math.min(3, samples[i]! * drive))
    samples[i] = (x * (27 + x * x)) / (27 + 9 * x * x) / drive
  }
}

/**
 * Strong clipping in place at twice the sample rate, so that less of the new harmonics folds back: every sample and the point
 * half way to the next are shaped, then averaged by a short symmetric kernel.
 */
export function distort(samples: Float32Array, drive: number): void {
  const shape = (v: number): number => {
    const x = Math.max(-3, Math.min(3, v * drive))
    return (x * (27 + x * x)) / (27 + 9 * x * x)
  }
  let [x0, x1, x2, x3] = [0, 0, samples[0] ?? 0, samples[1] ?? 0]
  let middle = 0
  for (let i = 0; i < samples.length; i++) {
    // Four-point interpolation of the half-way value between x1 and x2.
    const half = (9 * (x1 + x2) - x0 - x3) / 16
    const [at, between] = [shape(x1), shape(half)]
    samples[i] = 0.25 * middle + 0.5 * at + 0.25 * between
    middle = between
    x0 = x1
    x1 = x2
    x2 = x3
    x3 = samples[i + 2] ?? 0
  }
}

export interface CompressorStyle {
  /** Decibels of full scale. */
  readonly threshold: number
  readonly ratio: number
  /** Seconds. */
  readonly attack: number
  readonly release: number
}

const HOP = 64

/** Gain of a compressor that listens to `key`, one value per hop of 64 samples; linear in between. */
export function compressorGain(key: readonly Stereo[], style: CompressorStyle, sampleRate: number): Float32Array {
  const samples = key[0]![0].length
  const gains = new Float32Array(Math.ceil(samples / HOP) + 1).fill(1)
  const rise = 1 - Math.exp(-HOP / (style.attack * sampleRate))
  const fall = 1 - Math.exp(-HOP / (style.release * sampleRate))
  const total = new Float64Array(HOP)
  let level = -120
  for (let hop = 0; hop < gains.length - 1; hop++) {
    let power = 0
    const start = hop * HOP
    const end = Math.min(samples, start + HOP)
    for (let c = 0; c < 2; c++) {
      total.fill(0)
      for (const sound of key) {
        const channel = sound[c]!
        for (let i = start; i < end; i++) total[i - start]! += channel[i]!
      }
      for (let i = 0; i < HOP; i++) power += total[i]! * total[i]!
    }
    const decibels = 10 * Math.log10(power / (2 * HOP) + 1e-12)
    level += (decibels > level ? rise : fall) * (decibels - level)
    gains[hop + 1] = 10 ** ((-Math.max(0, level - style.threshold) * (1 - 1 / style.ratio)) / 20)
  }
  return gains
}

export function applyGain(sound: Stereo, gains: Float32Array): void {
  for (const channel of sound) {
    for (let hop = 0, start = 0; start < channel.length; hop++, start += HOP) {
      const end = Math.min(channel.length, start + HOP)
      let gain = gains[hop]!
      const step = (gains[hop + 1]! - gain) / HOP
      for (let i = start; i < end; i++) {
        channel[i]! *= gain
        gain += step
      }
    }
  }
}

export function compress(sound: Stereo, style: CompressorStyle, sampleRate: number): void {
  applyGain(sound, compressorGain([sound], style, sampleRate))
}

export function equalise(sound: Stereo, filters: readonly Biquad[]): void {
  for (const channel of sound) applyFilters(channel, filters)
}

/** Adds a copy whose delay swings, opposite on both sides: chorus (20 ms, slow) or the pitch wobble of a rotating speaker (2 ms, 6 Hz). */
export function chorus(
  sound: Stereo,
  style: { readonly rate: number; readonly delay: number; readonly depth: number; readonly mix: number },
  sampleRate: number,
): void {
  const size = Math.ceil((style.delay + style.depth) * sampleRate) + 4
  sound.forEach((channel, c) => {
    const line = new Float32Array(size)
    const step = (2 * Math.PI * style.rate) / sampleRate
    let [k, delay, slope] = [0, 0, 0]
    for (let i = 0; i < channel.length; i++) {
      if (i % HOP === 0) {
        const at = (n: number): number => (style.delay + style.depth * Math.sin(step * n + c * Math.PI * 0.8)) * sampleRate
        delay = at(i)
        slope = (at(i + HOP) - delay) / HOP
      }
      const x = channel[i]!
      line[k] = x
      let place = k - delay
      if (place < 0) place += size
      const whole = place | 0
      const a = line[whole]!
      const b = line[whole + 1 === size ? 0 : whole + 1]!
      channel[i] = x + style.mix * (a + (place - whole) * (b - a))
      delay += slope
      if (++k === size) k = 0
    }
  })
}

/** Loudness that swings by `depth` (0 to 1); `spread` 1 lets the sides swing against each other. */
export function tremolo(sound: Stereo, rate: number, depth: number, spread: number, sampleRate: number): void {
  sound.forEach((channel, c) => {
    for (let start = 0; start < channel.length; start += HOP) {
      const at = (n: number): number => 1 - depth * (0.5 + 0.5 * Math.sin((2 * Math.PI * rate * n) / sampleRate + c * spread * Math.PI))
      let gain = at(start)
      const step = (at(start + HOP) - gain) / HOP
      const end = Math.min(channel.length, start + HOP)
      for (let i = start; i < end; i++) {
        channel[i]! *= gain
        gain += step
      }
    }
  })
}

/** Echoes that alternate between the sides and lose their highs; returns the echoes alone. */
export function echo(sound: Stereo, seconds: number, feedback: number, sampleRate: number): Stereo {
  const samples = sound[0].length
  const [left, right]: Stereo = [new Float32Array(samples), new Float32Array(samples)]
  const delay = Math.max(1, Math.round(seconds * sampleRate))
  let [l, r] = [0, 0]
  for (let i = delay; i < samples; i++) {
    const x = 0.5 * (sound[0][i - delay]! + sound[1][i - delay]!)
    l += 0.35 * (x + feedback * right[i - delay]! - l)
    r += 0.35 * (left[i - delay]! - r)
    left[i] = l
    right[i] = r
  }
  return [left, right]
}

export function addScaled(out: Stereo, sound: Stereo, gain: number): void {
  for (let c = 0; c < 2; c++) {
    const [target, source] = [out[c]!, sound[c]!]
    for (let i = 0; i < target.length; i++) target[i]! += gain * source[i]!
  }
}
