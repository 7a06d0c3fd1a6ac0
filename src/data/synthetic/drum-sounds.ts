/** Drum sounds: kick, snare, toms as falling sines and noise, hats and cymbals as clouds of inharmonic partials and noise. */
import type { Random } from '../../tensor/random.ts'
import { applyBiquad, applyFilters, designBiquad, fadeEnds, fillNoise } from './filters.ts'
import type { KitName } from './instruments.ts'
import type { DrumPiece } from './score.ts'

/** Character of a kit; each song varies it. */
export interface Kit {
  /** Hertz and seconds of the body; the factor by which the pitch falls, in how many seconds; level of the beater. */
  readonly kick: { readonly hertz: number; readonly decay: number; readonly sweep: number; readonly fall: number; readonly click: number }
  /** Hertz of the shell, seconds, share of the wires' noise, seconds of attack (brushes). */
  readonly snare: { readonly hertz: number; readonly decay: number; readonly wires: number; readonly attack: number }
  /** Seconds of a closed hat. */
  readonly hatDecay: number
  readonly brightness: number
  /** Hertz of a lowpass over the kit. */
  readonly ceiling: number
}

export const KITS: Record<KitName, Kit> = {
  acoustic: kit([58, 0.22, 2.2, 0.018, 0.5], [190, 0.16, 0.6, 0], 0.06, 1, 19000),
  tight: kit([66, 0.14, 2.6, 0.012, 0.9], [230, 0.1, 0.55, 0], 0.04, 1.1, 19000),
  eighties: kit([55, 0.25, 3, 0.02, 0.7], [175, 0.28, 0.7, 0], 0.07, 0.9, 16000),
  analog: kit([46, 0.5, 2.4, 0.03, 0.15], [180, 0.13, 0.65, 0], 0.045, 1, 18000),
  electronic: kit([50, 0.26, 6, 0.022, 0.5], [200, 0.14, 0.75, 0], 0.05, 1.15, 20000),
  'lo-fi': kit([60, 0.18, 2, 0.02, 0.3], [210, 0.14, 0.6, 0], 0.05, 0.7, 8500),
  brushes: kit([62, 0.2, 1.6, 0.02, 0.2], [200, 0.18, 0.9, 0.012], 0.07, 0.85, 17000),
}

function kit(
  [hertz, decay, sweep, fall, click]: readonly [number, number, number, number, number],
  [shell, ring, wires, attack]: readonly [number, number, number, number],
  hatDecay: number,
  brightness: number,
  ceiling: number,
): Kit {
  return { kick: { hertz, decay, sweep, fall, click }, snare: { hertz: shell, decay: ring, wires, attack }, hatDecay, brightness, ceiling }
}

/** The same kit, tuned and damped otherwise. */
export function varyKit(base: Kit, random: Random): Kit {
  const vary = (value: number, share: number): number => value * Math.exp(share * random.uniform(-1, 1))
  const { kick, snare } = base
  return {
    kick: { ...kick, hertz: vary(kick.hertz, 0.12), decay: vary(kick.decay, 0.2), click: vary(kick.click, 0.3) },
    snare: { ...snare, hertz: vary(snare.hertz, 0.15), decay: vary(snare.decay, 0.25) },
    hatDecay: vary(base.hatDecay, 0.3),
    brightness: vary(base.brightness, 0.1),
    ceiling: base.ceiling,
  }
}

/** A falling sine: phase is the integral of f(t) = f1 + (f0 − f1) exp(−t/τ); amplitude exp(−t/decay). */
function addSweep(out: Float32Array, f0: number, f1: number, fall: number, decay: number, amplitude: number, sampleRate: number): void {
  let phase = 0
  const [shrink, fade] = [Math.exp(-1 / (fall * sampleRate)), Math.exp(-1 / (decay * sampleRate))]
  let [extra, level] = [f0 - f1, amplitude]
  for (let i = 0; i < out.length; i++) {
    out[i]! += level * Math.sin(phase)
    phase += (2 * Math.PI * (f1 + extra)) / sampleRate
    extra *= shrink
    level *= fade
  }
}

/** Noise through filters with an exponential decay. */
function noiseBurst(
  samples: number,
  decay: number,
  filters: readonly Parameters<typeof applyBiquad>[1][],
  sampleRate: number,
  random: Random,
): Float32Array {
  const noise = new Float32Array(samples)
  fillNoise(noise, random.integer(1, 0x7fffffff))
  applyFilters(noise, filters)
  const fade = Math.exp(-1 / (decay * sampleRate))
  let level = 1
  for (let i = 0; i < samples; i++) {
    noise[i]! *= level
    level *= fade
  }
  return noise
}

function add(out: Float32Array, sound: Float32Array, gain: number, offset = 0): void {
  const end = Math.min(sound.length, out.length - offset)
  for (let i = 0; i < end; i++) out[offset + i]! += gain * sound[i]!
}

/** Metal: many inharmonic partials, each with its own decay, and noise. */
function metal(
  seconds: number,
  low: number,
  high: number,
  partials: number,
  decay: number,
  sampleRate: number,
  random: Random,
): Float32Array {
  const out = new Float32Array(Math.round(seconds * sampleRate))
  for (let n = 0; n < partials; n++) {
    const f = Math.min(0.47 * sampleRate, low + (high - low) * random.uniform() ** 1.4)
    const w = (2 * Math.PI * f) / sampleRate
    const r = Math.exp(-1 / (decay * random.uniform(0.4, 1.3) * sampleRate))
    const [cos, sin] = [r * Math.cos(w), r * Math.sin(w)]
    let [re, im] = [0, random.uniform(0.3, 1) / Math.sqrt(partials)]
    for (let i = 0; i < out.length; i++) {
      out[i]! += re
      const next = re * cos - im * sin
      im = re * sin + im * cos
      re = next
    }
  }
  return out
}

/** One stroke of a piece, mono, any level; equal random streams give equal strokes. */
export function makePiece(piece: DrumPiece, kit: Kit, sampleRate: number, random: Random): Float32Array {
  const samples = (seconds: number): number => Math.round(seconds * sampleRate)
  const band = (kind: 'lowpass' | 'highpass' | 'bandpass' | 'peak', hertz: number, q = 0.7, db = 0): ReturnType<typeof designBiquad> =>
    designBiquad(kind, hertz, sampleRate, q, db)
  const near = (value: number, share = 0.03): number => value * (1 + share * random.uniform(-1, 1))
  switch (piece) {
    case 'kick': {
      const { hertz, decay, sweep, fall, click } = kit.kick
      const out = new Float32Array(samples(decay * 5))
      addSweep(out, hertz * sweep, near(hertz, 0.01), fall, decay, 0.95, sampleRate)
      addSweep(out, hertz * 2.3, hertz * 1.55, 0.01, decay * 0.3, 0.25, sampleRate)
      add(out, noiseBurst(samples(0.03), 0.004, [band('bandpass', near(3200), 0.6)], sampleRate, random), click)
      add(out, noiseBurst(samples(0.08), 0.02, [band('lowpass', 500)], sampleRate, random), 0.4 * click)
      return out
    }
    case 'snare': {
      const { hertz, decay, wires, attack } = kit.snare
      const out = new Float32Array(samples(decay * 6))
      addSweep(out, near(hertz) * 1.35, hertz, 0.01, decay * 0.45, 0.6 * (1.1 - wires), sampleRate)
      addSweep(out, hertz * 2.1, hertz * 1.72, 0.008, decay * 0.3, 0.4 * (1.1 - wires), sampleRate)
      const rattle = [band('highpass', 1400), band('peak', near(4200, 0.1), 0.8, 5), band('lowpass', 11000)]
      add(out, noiseBurst(out.length, decay, rattle, sampleRate, random), 0.55 * wires)
      add(out, noiseBurst(out.length, decay * 0.35, [band('bandpass', near(900, 0.1), 0.6)], sampleRate, random), 0.5 * wires)
      fadeEnds(out, samples(attack), 0)
      return out
    }
    case 'rim': {
      const out = metal(0.08, 900, 3400, 6, 0.012, sampleRate, random)
      add(out, noiseBurst(samples(0.02), 0.003, [band('highpass', 2000)], sampleRate, random), 0.3)
      return out
    }
    case 'clap': {
      const out = new Float32Array(samples(0.4))
      const filters = [band('bandpass', near(1300, 0.1), 1.1), band('peak', 2600, 1, 5)]
      for (const [at, gain] of [
        [0, 0.6],
        [0.011, 0.6],
        [0.021, 0.7],
      ] as const)
        add(out, noiseBurst(samples(0.012), 0.004, filters, sampleRate, random), 2 * gain, samples(near(at, 0.2)))
      add(out, noiseBurst(samples(0.35), 0.07, filters, sampleRate, random), 1.6, samples(0.03))
      return out
    }
    case 'closed-hat':
    case 'pedal-hat':
    case 'open-hat': {
      const decay = piece === 'open-hat' ? kit.hatDecay * 6 : piece === 'pedal-hat' ? kit.hatDecay * 0.7 : kit.hatDecay
      const out = metal(decay * 5, 3500, 15500, 22, decay, sampleRate, random)
      add(out, noiseBurst(out.length, decay * 0.8, [], sampleRate, random), 0.5)
      applyFilters(out, [band('highpass', 6200 * kit.brightness), band('highpass', 4200)])
      return out
    }
    case 'low-tom':
    case 'mid-tom':
    case 'high-tom': {
      const hertz = { 'low-tom': 82, 'mid-tom': 118, 'high-tom': 165 }[piece]
      const out = new Float32Array(samples(0.8))
      addSweep(out, hertz * 1.5, near(hertz), 0.04, 0.16, 0.8, sampleRate)
      addSweep(out, hertz * 2.6, hertz * 1.6, 0.03, 0.07, 0.25, sampleRate)
      add(out, noiseBurst(samples(0.1), 0.015, [band('bandpass', 1800, 0.5)], sampleRate, random), 0.4)
      return out
    }
    case 'crash': {
      const out = metal(2.6, 350, 16000, 60, 0.5, sampleRate, random)
      add(out, noiseBurst(out.length, 0.45, [band('highpass', 2500)], sampleRate, random), 0.55)
      fadeEnds(out, samples(0.003), samples(0.3))
      return out
    }
    case 'ride': {
      const out = metal(1.4, 500, 15000, 64, 0.3, sampleRate, random)
      add(out, noiseBurst(out.length, 0.2, [band('highpass', 4500)], sampleRate, random), 0.25)
      add(out, metal(0.3, 3200, 5200, 4, 0.05, sampleRate, random), 0.5)
      applyBiquad(out, band('highpass', 350))
      return out
    }
    case 'shaker': {
      const out = noiseBurst(samples(0.14), 0.035, [band('bandpass', near(7500, 0.15), 0.8)], sampleRate, random)
      fadeEnds(out, samples(random.uniform(0.01, 0.03)), samples(0.02))
      return out
    }
    case 'tambourine': {
      const out = metal(0.3, 5500, 14500, 18, 0.07, sampleRate, random)
      add(out, noiseBurst(out.length, 0.04, [band('highpass', 6000)], sampleRate, random), 0.4)
      return out
    }
    case 'cowbell': {
      const out = metal(0.35, 2200, 6000, 6, 0.05, sampleRate, random)
      addSweep(out, 587, 587, 1, 0.08, 0.35, sampleRate)
      addSweep(out, 845, 845, 1, 0.07, 0.35, sampleRate)
      return out
    }
  }
}
