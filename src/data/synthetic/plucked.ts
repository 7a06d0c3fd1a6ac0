/** Plucked and struck strings: Karplus–Strong with the extensions of Jaffe and Smith (1983), and a piano of decaying partials. */
import type { Random } from '../../tensor/random.ts'
import { fillNoise } from './filters.ts'

export interface PluckStyle {
  /** 0 (felt, nylon) to 1 (steel, plectrum). */
  readonly brightness: number
  /** Seconds in which a low string falls by 60 dB. */
  readonly decay: number
  /** Where it is plucked, share of the string from the bridge. */
  readonly position: number
  /** Seconds in which the hand stops it after the note's end. */
  readonly mute: number
}

/** A plucked string, mono; it lasts `seconds` and the time the hand needs to stop it. Peak about `velocity`. */
export function pluck(
  frequency: number,
  seconds: number,
  velocity: number,
  style: PluckStyle,
  sampleRate: number,
  random: Random,
): Float32Array {
  const out = new Float32Array(Math.ceil((seconds + style.mute) * sampleRate))
  const period = sampleRate / frequency
  // The loop's two-point average delays by `softness`, the allpass by the rest of the fraction.
  const softness = 0.5 - 0.42 * style.brightness * (0.6 + 0.4 * velocity)
  const whole = Math.max(2, Math.floor(period - softness - 0.3))
  const fraction = period - softness - whole
  const tune = (1 - fraction) / (1 + fraction)
  const decay = style.decay * (110 / frequency) ** 0.4
  const sustain = 10 ** (-3 / (decay * frequency))
  const stopped = 10 ** (-3 / (Math.max(0.03, style.mute) * frequency))
  const line = new Float64Array(whole)
  const noise = new Float32Array(whole)
  fillNoise(noise, random.integer(1, 0x7fffffff))
  const dull = Math.min(0.95, Math.max(0.05, 0.85 - 0.6 * style.brightness - 0.35 * velocity))
  const gap = Math.max(1, Math.round(whole * style.position))
  let [held, loudest] = [0, 1e-9]
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < whole; i++) {
      held += (1 - dull) * (noise[i]! - held)
      if (pass === 1) line[i] = held
    }
  }
  const shaped = Float64Array.from(line, (x, i) => x - 0.9 * line[(i - gap + whole) % whole]!)
  let mean = 0
  for (const x of shaped) mean += x / whole
  for (let i = 0; i < whole; i++) loudest = Math.max(loudest, Math.abs(shaped[i]! - mean))
  for (let i = 0; i < whole; i++) line[i] = ((shaped[i]! - mean) / loudest) * velocity
  const end = Math.round(seconds * sampleRate)
  let [k, before, allpassIn, allpassOut, gain] = [0, 0, 0, 0, sustain]
  for (let i = 0; i < out.length; i++) {
    if (i === end) gain = Math.min(sustain, stopped)
    const x = line[k]!
    const average = gain * ((1 - softness) * x + softness * before)
    before = x
    allpassOut = tune * (average - allpassOut) + allpassIn
    allpassIn = average
    line[k] = allpassOut
    out[i] = x
    if (++k === whole) k = 0
  }
  const fade = Math.min(out.length, Math.round(0.004 * sampleRate))
  for (let i = 0; i < fade; i++) out[out.length - 1 - i]! *= i / fade
  for (let i = 0; i < Math.min(out.length, 24); i++) out[i]! *= i / 24
  return out
}

export interface PianoStyle {
  /** Loss of the upper partials: 0 bright, 1 felt. */
  readonly softness: number
  /** Stretch of the partials: fₙ = n f √(1 + B n²). */
  readonly inharmonicity: number
}

/** A struck string, mono: partials that decay in two stages, damped at the note's end. */
export function strike(
  frequency: number,
  seconds: number,
  velocity: number,
  style: PianoStyle,
  sampleRate: number,
  random: Random,
): Float32Array {
  const tail = 0.18
  const out = new Float32Array(Math.ceil((seconds + tail) * sampleRate))
  const end = Math.min(out.length, Math.round(seconds * sampleRate))
  const slow = Math.min(14, 9 * (220 / frequency) ** 0.7)
  const count = Math.min(28, Math.floor((0.42 * sampleRate) / frequency))
  for (let n = 1; n <= count; n++) {
    const f = n * frequency * Math.sqrt(1 + style.inharmonicity * n * n)
    if (f > 0.45 * sampleRate) break
    const rolloff = Math.exp(-(n - 1) * (0.12 + 0.35 * style.softness + 0.25 * (1 - velocity)) * Math.max(0.6, frequency / 330))
    const amplitude = velocity * Math.abs(Math.sin((Math.PI * n) / 8.3)) * rolloff * random.uniform(0.75, 1.25)
    const sign = random.chance(0.5) ? 1 : -1
    if (amplitude < 2e-4) continue
    const t60 = slow / (1 + 0.25 * (n - 1) + f / 3000)
    // A complex rotation by one sample, shrinking; two of them with slightly different pitch and decay beat as a pair of strings does.
    for (const [share, detune, speed] of [
      [0.7, -0.12, 2.6],
      [0.3, 0.17, 0.8],
    ] as const) {
      const w = (2 * Math.PI * (f + detune * random.uniform(0.5, 1.5))) / sampleRate
      let r = 10 ** ((-3 * speed) / (t60 * sampleRate))
      let [cos, sin] = [r * Math.cos(w), r * Math.sin(w)]
      let [re, im] = [0, sign * amplitude * share]
      let stop = Math.min(end, Math.ceil(Math.log(1e-4 / (amplitude * share)) / Math.log(r)))
      for (let part = 0, i = 0; part < 2; part++) {
        for (; i < stop; i++) {
          out[i]! += re
          const next = re * cos - im * sin
          im = re * sin + im * cos
          re = next
        }
        if (i < end) break
        r = 10 ** (-3 / (tail * sampleRate)) / Math.max(0.5, r)
        cos *= r
        sin *= r
        stop = out.length
      }
    }
  }
  const knock = new Float32Array(Math.min(out.length, Math.round(0.02 * sampleRate)))
  fillNoise(knock, random.integer(1, 0x7fffffff))
  let held = 0
  for (let i = 0; i < knock.length; i++) {
    held += 0.12 * (knock[i]! - held)
    out[i]! += 0.25 * velocity ** 2 * held * (1 - i / knock.length) ** 2
  }
  // The hammer stays on the string for about two milliseconds.
  const contact = Math.min(out.length, Math.round(0.002 * sampleRate))
  for (let i = 0; i < contact; i++) out[i]! *= Math.sin((Math.PI * i) / (2 * contact)) ** 2
  const fade = Math.min(out.length, Math.round(0.01 * sampleRate))
  for (let i = 0; i < fade; i++) out[out.length - 1 - i]! *= i / fade
  return out
}
