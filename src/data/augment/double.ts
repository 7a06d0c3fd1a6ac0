/** Voices beside the voice: doubled takes (delayed, slowly detuned copies at the sides) and slap echoes. */
import type { Random } from '../../tensor/random.ts'
import { type Channels, decibels, toStereo } from './channels.ts'

export interface Double {
  readonly delaySeconds: number
  /** The delay swings by ± this much, which detunes the copy by 2π·hz·swing. */
  readonly swingSeconds: number
  readonly swingHz: number
  readonly phase: number
  readonly leftGain: number
  readonly rightGain: number
}

/** One to three copies, alternately at the left and at the right. */
export function randomDoubles(random: Random): Double[] {
  const first = random.chance(0.5)
  return Array.from({ length: random.integer(1, 3) }, (_, k) => {
    const gain = decibels(random.uniform(-12, -2))
    const near = random.uniform(0.5, 1)
    const far = 1 - near
    const atLeft = (k % 2 === 0) === first
    return {
      delaySeconds: random.uniform(0.008, 0.045),
      swingSeconds: random.uniform(0.0005, 0.003),
      swingHz: random.uniform(0.2, 1.2),
      phase: random.uniform(0, 2 * Math.PI),
      leftGain: gain * (atLeft ? near : far),
      rightGain: gain * (atLeft ? far : near),
    }
  })
}

/** The sound with its copies; stereo. The copies are made of the mean of the channels. */
export function double(sound: Channels, copies: readonly Double[], rate: number): Channels {
  const frames = sound[0]!.length
  const source = sound[0]!.slice()
  if (sound.length === 2) for (let i = 0; i < frames; i++) source[i] = (source[i]! + sound[1]![i]!) / 2
  const [left, right] = toStereo(sound) as [Float32Array, Float32Array]
  const block = 64
  for (const copy of copies) {
    const delayAt = (i: number): number =>
      rate * (copy.delaySeconds + copy.swingSeconds * Math.sin(copy.phase + (2 * Math.PI * copy.swingHz * i) / rate))
    for (let start = 0; start < frames; start += block) {
      // The delay moves along a straight line inside a block.
      const from = delayAt(start)
      const slope = (delayAt(start + block) - from) / block
      const end = Math.min(frames, start + block)
      for (let i = start; i < end; i++) {
        const position = i - from - slope * (i - start)
        const whole = Math.floor(position)
        if (whole < 0) continue
        const x = source[whole]! + (position - whole) * ((source[whole + 1] ?? 0) - source[whole]!)
        left[i]! += copy.leftGain * x
        right[i]! += copy.rightGain * x
      }
    }
  }
  return [left, right]
}

/** An echo of the sound itself after `delaySeconds`, repeated with `feedback` (below 1), in place. */
export function slapDelay(sound: Channels, delaySeconds: number, gain: number, feedback: number, rate: number): void {
  if (!(feedback >= 0 && feedback < 1)) throw new RangeError(`slapDelay: feedback must be at least 0 and below 1, got ${feedback}`)
  const delay = Math.max(1, Math.round(delaySeconds * rate))
  for (const samples of sound) {
    const line = new Float32Array(delay)
    let p = 0
    for (let i = 0; i < samples.length; i++) {
      const echo = line[p]!
      line[p] = samples[i]! + feedback * echo
      samples[i]! += gain * echo
      if (++p === delay) p = 0
    }
  }
}
