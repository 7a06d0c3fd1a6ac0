/**
 * The singing voice: glottal pulses and noise through a vocal tract of moving resonances.
 *
 * The tract is a cascade. A real tube has formants without end, whose sum keeps the spectrum level; a cascade of the first five alone falls by
 * 12 dB per octave for each. So every section divides by the same resonance of a uniform tube, strongly damped: what remains is the
 * deviation of this mouth from a uniform one, which is what the endless product comes to.
 */
import type { Random } from '../../../tensor/random.ts'
import { FRAME } from '../pitch.ts'
import type { SungNote } from '../score.ts'
import { TABLE_SIZE, tableFor } from '../wavetable.ts'
import type { Articulation } from './articulation.ts'
import { articulate } from './articulation.ts'
import { glottalTables, PULSE_SHAPES } from './glottis.ts'
import { BANDWIDTHS, NOISES } from './phonemes.ts'
import type { Singer } from './singers.ts'

const NEUTRAL = [500, 1500, 2500, 3500, 4500] as const
/** Damping of the uniform tube: its smoothed resonances leave floors between formants as deep as those of a lossless tube. */
const NEUTRAL_BANDWIDTH = 650
/** Fixed resonances above the fifth formant (hertz of an adult man, bandwidth). */
const HIGHER = [
  [5500, 420],
  [6700, 520],
  [8100, 700],
] as const
/** The side pockets above the larynx (piriform sinuses) cut a hole between the fifth and sixth formant (Dang and Honda 1997): hertz, bandwidth. */
const POCKETS = [4900, 350] as const
const POCKET_SECTION = 5 + HIGHER.length
const NOSE_SECTION = POCKET_SECTION + 1
const SECTIONS = NOSE_SECTION + 1

/** Writes the section with poles (f, b) and zeros (fz, bz), gain 1 at 0 Hz, to place `k`. */
function setSection(coefficients: Float64Array, k: number, f: number, b: number, fz: number, bz: number, sampleRate: number): void {
  const w = (2 * Math.PI) / sampleRate
  const r = Math.exp((-w / 2) * b)
  const rz = Math.exp((-w / 2) * bz)
  const [a1, a2, z1, z2] = [-2 * r * Math.cos(w * f), r * r, -2 * rz * Math.cos(w * fz), rz * rz]
  const gain = (1 + a1 + a2) / (1 + z1 + z2)
  const o = k * 5
  coefficients[o] = gain
  coefficients[o + 1] = gain * z1
  coefficients[o + 2] = gain * z2
  coefficients[o + 3] = a1
  coefficients[o + 4] = a2
}

function runSection(block: Float64Array, coefficients: Float64Array, state: Float64Array, k: number): void {
  const o = k * 5
  const [b0, b1, b2, a1, a2] = [coefficients[o]!, coefficients[o + 1]!, coefficients[o + 2]!, coefficients[o + 3]!, coefficients[o + 4]!]
  let s1 = state[2 * k]!
  let s2 = state[2 * k + 1]!
  for (let i = 0; i < block.length; i++) {
    const x = block[i]!
    const y = b0 * x + s1
    s1 = b1 * x - a1 * y + s2
    s2 = b2 * x - a2 * y
    block[i] = y
  }
  state[2 * k] = s1
  state[2 * k + 1] = s2
}

/** Coefficients of a bandpass for noise, scaled so that white noise through it keeps about the same level whatever its width. */
function noiseBand(hertz: number, q: number, level: number, sampleRate: number): readonly [number, number, number] {
  const w = (2 * Math.PI * Math.min(0.47 * sampleRate, hertz)) / sampleRate
  const alpha = Math.sin(w) / (2 * q)
  const loudness = level * Math.sqrt(sampleRate / ((Math.PI * hertz) / q))
  return [(loudness * alpha) / (1 + alpha), (-2 * Math.cos(w)) / (1 + alpha), (1 - alpha) / (1 + alpha)]
}

/** Blend of glottal shapes at an Rd: index of the lower table and weight of the upper. */
function shapeAt(rd: number): readonly [number, number] {
  let k = 0
  while (k < PULSE_SHAPES.length - 2 && rd > PULSE_SHAPES[k + 1]!) k++
  const weight = (rd - PULSE_SHAPES[k]!) / (PULSE_SHAPES[k + 1]! - PULSE_SHAPES[k]!)
  return [k, Math.max(0, Math.min(1, weight))]
}

/** Sound of an articulation; dry, mono, a vowel at full level has an RMS of about 0.1. */
export function synthesise(curves: Articulation, singer: Singer, samples: number, sampleRate: number, random: Random): Float32Array {
  const out = new Float32Array(samples)
  const tables = glottalTables()
  const coefficients = new Float64Array(SECTIONS * 5)
  const state = new Float64Array(SECTIONS * 2)
  const block = new Float64Array(FRAME)
  const { formants, voicing, aspiration, frication, pitch, nasality, nasalZero, pulse, noise } = curves
  const tract = singer.tract
  HIGHER.forEach(([f, b], k) => {
    const hertz = Math.min(0.42 * sampleRate, f * tract * random.uniform(0.96, 1.04))
    setSection(coefficients, 5 + k, hertz, b, hertz, NEUTRAL_BANDWIDTH * 1.5, sampleRate)
  })
  const pocket = POCKETS[0] * tract * random.uniform(0.9, 1.12)
  setSection(coefficients, POCKET_SECTION, pocket, 1400, pocket, POCKETS[1], sampleRate)
  const bands = NOISES.map(({ bands: [a, b], plain }) => ({
    low: noiseBand(a[0] * Math.sqrt(tract), a[1], a[2], sampleRate),
    high: noiseBand(b[0] * Math.sqrt(tract), b[1], b[2], sampleRate),
    plain,
  }))
  let s = random.integer(1, 0x7fffffff)
  let [phase, shimmer, jitter, odd] = [0, 1, 1, false]
  let [l1, l2, h1, h2, px1, px2] = [0, 0, 0, 0, 0, 0]
  // Breath noise loses its highs above 4 kHz on its way out.
  const soften = 1 - Math.exp((-2 * Math.PI * 4200) / sampleRate)
  let [quiet, breathNoise] = [0, 0]
  for (let frame = 0, start = 0; start < samples; frame++, start += FRAME) {
    const last = Math.min(frame + 1, curves.frames - 1)
    const [v0, a0, f0] = [voicing[frame]!, aspiration[frame]!, frication[frame]!]
    const [v1, as1, f1] = [voicing[last]!, aspiration[last]!, frication[last]!]
    if (v0 + a0 + f0 + v1 + as1 + f1 < 1e-6) {
      // Let the resonances ring out (30 ms), then skip silence.
      if (quiet++ > 20) {
        if (quiet === 22) state.fill(0)
        continue
      }
    } else quiet = 0
    const hertz = pitch[frame]!
    const slope = (pitch[last]! - hertz) / FRAME
    const nose = nasality[frame]!
    for (let k = 0; k < 5; k++) {
      let f = formants[k]![frame]!
      // Singers open the mouth so that the first formant does not fall below the pitch (Sundberg 1975).
      if (k === 0) f = Math.max(f, hertz * 1.04)
      else if (k === 1) f = Math.max(f, Math.max(formants[0]![frame]!, hertz) * 1.25)
      const b = BANDWIDTHS[k]! * singer.bandwidth * (1 + 1.2 * nose) * (k === 0 ? 1 + hertz / 700 : 1)
      setSection(coefficients, k, Math.min(f, 0.44 * sampleRate), b, NEUTRAL[k]! * tract, NEUTRAL_BANDWIDTH * tract, sampleRate)
    }
    // The side branch of the nose: a pole and a zero that cancel while the velum is closed.
    const zero = nasalZero[frame]!
    setSection(coefficients, NOSE_SECTION, zero * 1.3, 200, zero * (1.3 - 0.3 * nose), 200 - 80 * nose, sampleRate)
    const [shape, blend] = shapeAt(pulse[frame]!)
    const lowTable = tableFor(tables[shape]!, hertz * 1.03, sampleRate)
    const highTable = tableFor(tables[shape + 1]!, hertz * 1.03, sampleRate)
    const breath = singer.breath * 3.5
    for (let i = 0; i < block.length; i++) {
      const u = i / block.length
      phase += ((hertz + slope * i) / sampleRate) * jitter
      if (phase >= 1) {
        phase -= 1
        s ^= s << 13
        s ^= s >>> 17
        s ^= s << 5
        const r1 = s * 4.656612873e-10
        s ^= s << 13
        s ^= s >>> 17
        s ^= s << 5
        odd = !odd
        jitter = 1 + singer.jitter * 1.7 * r1
        shimmer = (1 + singer.shimmer * 1.7 * s * 4.656612873e-10) * (odd ? 1 - singer.growl : 1)
      }
      const p = phase * TABLE_SIZE
      const k = p | 0
      const d = p - k
      const x = lowTable[k]!
      const y = highTable[k]!
      const low = x + d * (lowTable[k + 1]! - x)
      const glottal = low + blend * (y + d * (highTable[k + 1]! - y) - low)
      s ^= s << 13
      s ^= s >>> 17
      s ^= s << 5
      breathNoise += soften * (s * 4.656612873e-10 - breathNoise)
      const v = v0 + u * (v1 - v0)
      // Breath noise comes in puffs, strongest while the glottis is open (phase 0 is its closure).
      const open = phase > 0.3 ? 4 * (phase - 0.3) * (1 - phase) * 2 : 0
      block[i] = v * (glottal * shimmer + breath * breathNoise * (0.35 + open)) + 1.5 * breathNoise * (a0 + u * (as1 - a0))
    }
    for (let k = 0; k < SECTIONS; k++) runSection(block, coefficients, state, k)
    const end = Math.min(FRAME, samples - start)
    if (f0 + f1 > 1e-6) {
      const { low, high, plain } = bands[noise[frame]!]!
      for (let i = 0; i < end; i++) {
        s ^= s << 13
        s ^= s >>> 17
        s ^= s << 5
        const white = s * 4.656612873e-10
        const dx = white - px2
        px2 = px1
        px1 = white
        const yl = low[0] * dx - low[1] * l1 - low[2] * l2
        l2 = l1
        l1 = yl
        const yh = high[0] * dx - high[1] * h1 - high[2] * h2
        h2 = h1
        h1 = yh
        block[i]! += (yl + yh + plain * white) * (f0 + (i / block.length) * (f1 - f0))
      }
    }
    for (let i = 0; i < end; i++) out[start + i] = block[i]! * 0.2
  }
  return out
}

/** One singer sings one line. */
export function renderLine(notes: readonly SungNote[], singer: Singer, samples: number, sampleRate: number, random: Random): Float32Array {
  const frames = Math.ceil(samples / FRAME) + 1
  return synthesise(articulate(notes, singer, frames, sampleRate, random), singer, samples, sampleRate, random)
}
