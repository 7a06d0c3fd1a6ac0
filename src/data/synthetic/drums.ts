/** Drum sounds: every piece of a kit is drawn once per song in a few variants, then placed at the hits of the score. */
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import { applyBiquad, applyFilters, designBiquad, fadeEnds, fillNoise } from './filters.ts'
import type { Stereo } from './mix.ts'
import { silence } from './mix.ts'
import type { DrumHit, DrumPiece } from './score.ts'

/** Character of a kit; each song varies it. */
interface Kit {
  readonly kickHertz: number
  readonly kickDecay: number
  /** How far the kick's pitch falls, as a factor, and how fast (seconds). */
  readonly kickSweep: number
  readonly sweepTime: number
  readonly click: number
  readonly snareHertz: number
  readonly snareDecay: number
  /** Share of noise in the snare. */
  readonly wires: number
  readonly hatDecay: number
  readonly brightness: number
  /** Hertz of a lowpass over the kit. */
  readonly ceiling: number
}

const KITS: Record<string, Kit> = {
  acoustic: {
    kickHertz: 58,
    kickDecay: 0.22,
    kickSweep: 2.2,
    sweepTime: 0.018,
    click: 0.5,
    snareHertz: 190,
    snareDecay: 0.16,
    wires: 0.6,
    hatDecay: 0.06,
    brightness: 1,
    ceiling: 19000,
  },
  tight: {
    kickHertz: 66,
    kickDecay: 0.14,
    kickSweep: 2.6,
    sweepTime: 0.012,
    click: 0.9,
    snareHertz: 230,
    snareDecay: 0.1,
    wires: 0.55,
    hatDecay: 0.04,
    brightness: 1.1,
    ceiling: 19000,
  },
  eighties: {
    kickHertz: 55,
    kickDecay: 0.25,
    kickSweep: 3,
    sweepTime: 0.02,
    click: 0.7,
    snareHertz: 175,
    snareDecay: 0.28,
    wires: 0.7,
    hatDecay: 0.07,
    brightness: 0.9,
    ceiling: 16000,
  },
  analog: {
    kickHertz: 46,
    kickDecay: 0.5,
    kickSweep: 2.4,
    sweepTime: 0.03,
    click: 0.15,
    snareHertz: 180,
    snareDecay: 0.13,
    wires: 0.65,
    hatDecay: 0.045,
    brightness: 1,
    ceiling: 18000,
  },
  electronic: {
    kickHertz: 50,
    kickDecay: 0.26,
    kickSweep: 6,
    sweepTime: 0.022,
    click: 0.5,
    snareHertz: 200,
    snareDecay: 0.14,
    wires: 0.75,
    hatDecay: 0.05,
    brightness: 1.15,
    ceiling: 20000,
  },
  'lo-fi': {
    kickHertz: 60,
    kickDecay: 0.18,
    kickSweep: 2,
    sweepTime: 0.02,
    click: 0.3,
    snareHertz: 210,
    snareDecay: 0.14,
    wires: 0.6,
    hatDecay: 0.05,
    brightness: 0.7,
    ceiling: 8500,
  },
  brushes: {
    kickHertz: 62,
    kickDecay: 0.2,
    kickSweep: 1.6,
    sweepTime: 0.02,
    click: 0.2,
    snareHertz: 200,
    snareDecay: 0.18,
    wires: 0.9,
    hatDecay: 0.07,
    brightness: 0.85,
    ceiling: 17000,
  },
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
    const f = Math.min(0.47 * sampleRate, low * (high / low) ** random.uniform())
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

function makePiece(piece: DrumPiece, kit: Kit, kitName: string, sampleRate: number, random: Random): Float32Array {
  const samples = (seconds: number): number => Math.round(seconds * sampleRate)
  const band = (kind: 'lowpass' | 'highpass' | 'bandpass' | 'peak', hertz: number, q = 0.7, db = 0): ReturnType<typeof designBiquad> =>
    designBiquad(kind, hertz, sampleRate, q, db)
  const near = (value: number, share = 0.03): number => value * (1 + share * random.uniform(-1, 1))
  switch (piece) {
    case 'kick': {
      const out = new Float32Array(samples(kit.kickDecay * 5))
      addSweep(out, kit.kickHertz * kit.kickSweep, near(kit.kickHertz, 0.01), kit.sweepTime, kit.kickDecay, 0.95, sampleRate)
      addSweep(out, kit.kickHertz * 2.3, kit.kickHertz * 1.55, 0.01, kit.kickDecay * 0.3, 0.25, sampleRate)
      add(out, noiseBurst(samples(0.03), 0.004, [band('bandpass', near(3200), 0.6)], sampleRate, random), kit.click)
      add(out, noiseBurst(samples(0.08), 0.02, [band('lowpass', 500)], sampleRate, random), 0.4 * kit.click)
      return out
    }
    case 'snare': {
      const out = new Float32Array(samples(kit.snareDecay * 6))
      addSweep(out, near(kit.snareHertz) * 1.35, kit.snareHertz, 0.01, kit.snareDecay * 0.45, 0.6 * (1.1 - kit.wires), sampleRate)
      addSweep(out, kit.snareHertz * 2.1, kit.snareHertz * 1.72, 0.008, kit.snareDecay * 0.3, 0.4 * (1.1 - kit.wires), sampleRate)
      add(
        out,
        noiseBurst(out.length, kit.snareDecay, [band('highpass', 1400), band('peak', near(4200, 0.1), 0.8, 5)], sampleRate, random),
        0.55 * kit.wires,
      )
      add(out, noiseBurst(out.length, kit.snareDecay * 0.35, [band('bandpass', near(900, 0.1), 0.6)], sampleRate, random), 0.5 * kit.wires)
      if (kitName === 'brushes') fadeEnds(out, samples(0.012), 0)
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
      const out = metal(2.6, 400, 16000, 46, 0.55, sampleRate, random)
      add(out, noiseBurst(out.length, 0.45, [band('highpass', 2500)], sampleRate, random), 0.55)
      fadeEnds(out, samples(0.003), samples(0.3))
      return out
    }
    case 'ride': {
      const out = metal(1.4, 600, 13000, 34, 0.35, sampleRate, random)
      add(out, noiseBurst(out.length, 0.2, [band('highpass', 5000)], sampleRate, random), 0.15)
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

const LEVELS: Record<DrumPiece, number> = {
  kick: 1,
  snare: 0.85,
  rim: 0.5,
  clap: 0.5,
  'closed-hat': 0.32,
  'pedal-hat': 0.22,
  'open-hat': 0.33,
  'low-tom': 0.8,
  'mid-tom': 0.7,
  'high-tom': 0.65,
  crash: 0.4,
  ride: 0.26,
  shaker: 0.28,
  tambourine: 0.28,
  cowbell: 0.25,
}
const PANS: Record<DrumPiece, number> = {
  kick: 0,
  snare: 0.05,
  rim: 0.1,
  clap: 0,
  'closed-hat': 0.4,
  'pedal-hat': 0.4,
  'open-hat': 0.4,
  'low-tom': -0.5,
  'mid-tom': -0.1,
  'high-tom': 0.3,
  crash: -0.5,
  ride: -0.45,
  shaker: -0.35,
  tambourine: 0.5,
  cowbell: 0.25,
}
const VARIANTS = 4

/** The kit plays the hits; dry, stereo. `width` 0 puts all pieces in the middle. */
export function renderDrums(
  hits: readonly DrumHit[],
  kitName: string,
  width: number,
  samples: number,
  sampleRate: number,
  random: Random,
): Stereo {
  const out = silence(samples)
  const [left, right] = out
  const base = KITS[kitName]!
  const vary = (value: number, share: number): number => value * Math.exp(share * random.uniform(-1, 1))
  const kit: Kit = {
    ...base,
    kickHertz: vary(base.kickHertz, 0.12),
    kickDecay: vary(base.kickDecay, 0.2),
    snareHertz: vary(base.snareHertz, 0.15),
    snareDecay: vary(base.snareDecay, 0.25),
    hatDecay: vary(base.hatDecay, 0.3),
    brightness: vary(base.brightness, 0.1),
    click: vary(base.click, 0.3),
  }
  const [seed, balance] = [random.integer(0, 0x7fffffff), new Map<DrumPiece, number>()]
  const made = new Map<string, Float32Array>()
  const sound = (piece: DrumPiece, variant: number): Float32Array => {
    const key = `${piece}${variant}`
    const found = made.get(key)
    if (found) return found
    // The first words of the key are the piece's, so the variants share its character and differ in the last word.
    const fresh = makePiece(piece, kit, kitName, sampleRate, createRandom(seed, piece.length * 31 + piece.charCodeAt(0), variant))
    if (kit.ceiling < 0.45 * sampleRate) applyBiquad(fresh, designBiquad('lowpass', kit.ceiling, sampleRate))
    let loudest = 1e-9
    for (const x of fresh) loudest = Math.max(loudest, Math.abs(x))
    for (let i = 0; i < fresh.length; i++) fresh[i]! /= loudest
    fadeEnds(fresh, 8, Math.min(fresh.length >> 1, Math.round(0.02 * sampleRate)))
    made.set(key, fresh)
    return fresh
  }
  hits.forEach((hit, index) => {
    const { piece, velocity } = hit
    if (!balance.has(piece)) balance.set(piece, random.uniform(0.75, 1.25))
    const source = sound(piece, piece === 'crash' ? random.integer(0, 1) : random.integer(0, VARIANTS - 1))
    const start = Math.round(hit.onset * sampleRate)
    let length = Math.min(source.length, samples - start)
    let choke = 0
    if (piece === 'open-hat') {
      const next = hits
        .slice(index + 1, index + 12)
        .find((h) => h.piece === 'closed-hat' || h.piece === 'pedal-hat' || h.piece === 'open-hat')
      if (next) {
        choke = Math.round(0.015 * sampleRate)
        length = Math.min(length, Math.round(next.onset * sampleRate) - start + choke)
      }
    }
    const gain = velocity ** 1.4 * LEVELS[piece] * balance.get(piece)!
    const angle = ((PANS[piece] * width + 1) * Math.PI) / 4
    const [l, r] = [gain * Math.cos(angle) * Math.SQRT2, gain * Math.sin(angle) * Math.SQRT2]
    // Soft hits are duller.
    const open = Math.min(1, 0.35 + 0.75 * velocity)
    let held = 0
    for (let i = 0; i < length; i++) {
      held += open * (source[i]! - held)
      const x = choke > 0 && length - i < choke ? (held * (length - i)) / choke : held
      left[start + i]! += l * x
      right[start + i]! += r * x
    }
  })
  return out
}
