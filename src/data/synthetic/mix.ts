/** Levels and sums of stems. Everything after the stems is linear and common to all, so the stems add up to the mixture exactly. */
import type { TimeSpan } from './score.ts'

export type Stereo = readonly [Float32Array, Float32Array]

export function silence(samples: number): Stereo {
  return [new Float32Array(samples), new Float32Array(samples)]
}

/** Adds a mono signal at a place between left (−1) and right (1) with constant power. */
export function addPanned(out: Stereo, mono: Float32Array, pan: number, gain: number, offset = 0): void {
  const angle = ((Math.max(-1, Math.min(1, pan)) + 1) * Math.PI) / 4
  const [left, right] = [gain * Math.cos(angle) * Math.SQRT2, gain * Math.sin(angle) * Math.SQRT2]
  const [l, r] = out
  const end = Math.min(mono.length, l.length - offset)
  for (let i = Math.max(0, -offset); i < end; i++) {
    const x = mono[i]!
    l[offset + i]! += left * x
    r[offset + i]! += right * x
  }
}

export function scale(sound: Stereo, gain: number): void {
  for (const channel of sound) for (let i = 0; i < channel.length; i++) channel[i]! *= gain
}

export function peak(sound: Stereo): number {
  let most = 0
  for (const channel of sound) for (let i = 0; i < channel.length; i++) most = Math.max(most, Math.abs(channel[i]!))
  return most
}

/** Root mean square over the parts that sound: blocks of 4096 samples within 35 dB of the loudest. 0 for silence. */
export function activeRms(sound: Stereo): number {
  const powers: number[] = []
  const [l, r] = sound
  for (let start = 0; start < l.length; start += 4096) {
    const end = Math.min(l.length, start + 4096)
    let sum = 0
    for (let i = start; i < end; i++) sum += l[i]! ** 2 + r[i]! ** 2
    powers.push(sum / (2 * (end - start)))
  }
  const floor = Math.max(...powers, 0) * 10 ** -3.5
  const active = powers.filter((power) => power > floor)
  return active.length === 0 ? 0 : Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length)
}

/** Sum of stems, each sample added in 64 bits and rounded once. */
export function sum(stems: readonly Stereo[]): Stereo {
  const out = silence(stems[0]![0].length)
  const total = new Float64Array(8192)
  for (let c = 0; c < 2; c++) {
    const target = out[c]!
    for (let start = 0; start < target.length; start += total.length) {
      const length = Math.min(total.length, target.length - start)
      total.fill(0)
      for (const stem of stems) {
        const source = stem[c]!
        for (let i = 0; i < length; i++) total[i]! += source[start + i]!
      }
      for (let i = 0; i < length; i++) target[start + i] = total[i]!
    }
  }
  return out
}

/** Silences what lies outside the spans; inside, the last half second of each span fades. */
export function gate(sound: Stereo, spans: readonly TimeSpan[], sampleRate: number): void {
  const samples = sound[0].length
  const fade = Math.round(0.5 * sampleRate)
  let before = 0
  for (const span of spans) {
    const [start, end] = [Math.round(span.start * sampleRate), Math.min(samples, Math.round(span.end * sampleRate))]
    for (const channel of sound) {
      channel.fill(0, before, start)
      if (end < samples) for (let i = Math.max(start, end - fade); i < end; i++) channel[i]! *= (end - i) / fade
    }
    before = end
  }
  for (const channel of sound) channel.fill(0, before)
}
