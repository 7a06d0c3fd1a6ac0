/**
 * Lead instruments on one moving pitch: synthesisers, flute, violin, brass, reed, guitar solo, whistle. Their vibrato and glides are a singer's,
 * which makes them hard to tell from one by pitch alone.
 */
import type { Random } from '../../tensor/random.ts'
import { distort } from './effects.ts'
import { applyFilters, designBiquad, fillNoise } from './filters.ts'
import type { LeadName } from './instruments.ts'
import type { PitchStyle } from './pitch.ts'
import { drawPitch, FRAME } from './pitch.ts'
import type { Note } from './score.ts'
import type { Wavetable } from './wavetable.ts'
import { additiveWave, pulseWave, sawWave, TABLE_SIZE, tableFor } from './wavetable.ts'

interface Instrument {
  readonly wave: Wavetable
  readonly pitch: PitchStyle
  /** Seconds of attack and release; level a held note falls to, and how fast it does. */
  readonly attack: number
  readonly release: number
  readonly sustain: number
  readonly decay: number
  /** Lowpass in hertz when soft and when loud: brightness follows loudness. */
  readonly dark: number
  readonly bright: number
  readonly q: number
  /** Breath or bow noise relative to the tone. */
  readonly noise: number
  /** Swing of loudness with the vibrato. */
  readonly tremolo: number
  readonly drive: number
  readonly body: readonly (readonly [hertz: number, q: number, decibels: number])[]
}

function makeInstrument(name: LeadName, random: Random): Instrument {
  const pitch = (part: Partial<PitchStyle>): PitchStyle => ({
    rate: random.uniform(4.8, 6.6),
    cents: random.uniform(15, 45),
    delay: random.uniform(0.1, 0.4),
    chance: 0.8,
    agility: 60,
    damping: 0.8,
    scoop: 0.2,
    scoopCents: 80,
    fall: 0,
    bend: 8,
    drift: 4,
    anticipation: 0.02,
    ...part,
  })
  const base = {
    attack: 0.04,
    release: 0.06,
    sustain: 0.85,
    decay: 0.3,
    dark: 1500,
    bright: 8000,
    q: 0.7,
    noise: 0,
    tremolo: 0,
    drive: 0,
    body: [],
  }
  switch (name) {
    case 'saw-lead':
      return {
        ...base,
        wave: sawWave(),
        pitch: pitch({ agility: random.pick([60, 200, 400]), scoop: 0, drift: 0 }),
        attack: 0.008,
        dark: 900,
        bright: random.uniform(3000, 9000),
        q: random.uniform(0.7, 3),
      }
    case 'square-lead':
      return {
        ...base,
        wave: pulseWave(random.pick([0.5, 0.25, 0.125])),
        pitch: pitch({ agility: random.pick([80, 300, 400]), scoop: 0, drift: 0 }),
        attack: 0.005,
        dark: 3000,
        bright: random.uniform(4000, 14000),
      }
    case 'flute':
      return {
        ...base,
        wave: additiveWave([0.75, random.uniform(0.2, 0.45), 0.16, 0.07, 0.05, 0.02, 0.012, 0.006]),
        pitch: pitch({ cents: random.uniform(8, 25), scoop: 0.1 }),
        attack: 0.06,
        release: 0.08,
        dark: 2500,
        bright: 9000,
        noise: random.uniform(0.03, 0.1),
        tremolo: 0.25,
      }
    case 'whistle':
      return {
        ...base,
        wave: additiveWave([0.8, 0.04, 0.012]),
        pitch: pitch({ cents: random.uniform(20, 50), scoop: 0.6, scoopCents: 200 }),
        attack: 0.05,
        dark: 8000,
        bright: 12000,
        noise: random.uniform(0.01, 0.05),
        tremolo: 0.15,
      }
    case 'violin':
      return {
        ...base,
        wave: sawWave(),
        pitch: pitch({ cents: random.uniform(20, 45), scoop: 0.3 }),
        attack: random.uniform(0.05, 0.12),
        release: 0.09,
        dark: 2500,
        bright: 9500,
        noise: 0.02,
        tremolo: 0.15,
        body: [
          [190, 1, -12],
          [290, 4, 5],
          [480, 3, 5],
          [750, 3, -4],
          [1150, 3, 4],
          [2700, 1.2, 6],
          [4800, 2, -3],
        ],
      }
    case 'brass':
      return {
        ...base,
        wave: additiveWave(Array.from({ length: 40 }, (_, n) => 0.9 / (n + 1) ** 0.85)),
        pitch: pitch({ cents: random.uniform(8, 30), scoop: 0.4, delay: 0.4 }),
        attack: random.uniform(0.03, 0.07),
        dark: 500,
        bright: random.uniform(3500, 7500),
        q: 0.8,
        noise: 0.008,
        body: [
          [1200, 1.2, 5],
          [2600, 1.5, 2],
        ],
      }
    case 'reed':
      return {
        ...base,
        wave: additiveWave(Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? 0.9 : random.uniform(0.1, 0.6)) / (n + 1) ** 0.9)),
        pitch: pitch({ scoop: 0.5, scoopCents: 150 }),
        dark: 900,
        bright: random.uniform(4500, 9000),
        noise: random.uniform(0.01, 0.04),
        tremolo: 0.1,
        body: [
          [620, 1.5, 5],
          [1350, 2, 3],
          [3100, 2, 4],
        ],
      }
    case 'guitar-solo':
      return {
        ...base,
        wave: sawWave(),
        pitch: pitch({ scoop: 0.5, scoopCents: 200, agility: 70, cents: random.uniform(20, 50), delay: 0.3 }),
        attack: 0.006,
        sustain: 0.55,
        decay: 1.2,
        dark: 1500,
        bright: 4500,
        drive: random.uniform(3, 14),
        body: [
          [900, 0.8, 4],
          [2600, 1, 4],
        ],
      }
  }
}

/** The lead line, mono. Stretches without notes cost nothing. */
export function renderLead(notes: readonly Note[], name: LeadName, samples: number, sampleRate: number, random: Random): Float32Array {
  const out = new Float32Array(samples)
  if (notes.length === 0) return out
  const instrument = makeInstrument(name, random)
  const frames = Math.ceil(samples / FRAME) + 1
  const fresh = (i: number): boolean => i === 0 || notes[i]!.onset - notes[i - 1]!.onset - notes[i - 1]!.duration > 0.04
  const pitch = drawPitch(notes, frames, instrument.pitch, sampleRate, fresh, random)
  const level = new Float32Array(frames)
  const rate = sampleRate / FRAME
  const legato = random.chance(0.5)
  notes.forEach((note, n) => {
    const joined = legato && !fresh(n)
    const end = Math.min(frames, Math.ceil((note.onset + note.duration + instrument.release) * rate))
    for (let f = Math.max(0, Math.floor(note.onset * rate)); f < end; f++) {
      const time = f / rate - note.onset
      const over = time - note.duration
      const body = instrument.sustain + (1 - instrument.sustain) * Math.exp(-time / instrument.decay)
      const rise = joined ? 1 : Math.min(1, Math.max(0, time) / instrument.attack)
      const value = note.velocity * body * rise * (over > 0 ? Math.max(0, 1 - over / instrument.release) : 1)
      level[f] = Math.max(level[f]!, value)
    }
  })
  const swing = (2 * Math.PI * instrument.pitch.rate) / rate
  const noise = new Float32Array(4096)
  fillNoise(noise, random.integer(1, 0x7fffffff))
  let [phase, ic1, ic2, place] = [0, 0, 0, 0]
  const k = 1 / instrument.q
  for (let frame = 0, start = 0; start < samples; frame++, start += FRAME) {
    const last = Math.min(frames - 1, frame + 1)
    const shake = 1 - instrument.tremolo * (0.5 + 0.5 * Math.sin(swing * frame))
    const [v0, v1] = [level[frame]! * shake, level[last]! * shake]
    if (v0 + v1 < 1e-5 && Math.abs(ic1) + Math.abs(ic2) < 1e-6) continue
    const hertz = pitch[frame]!
    const slope = (pitch[last]! - hertz) / FRAME
    const table = tableFor(instrument.wave, hertz * 1.03, sampleRate)
    const cutoff = Math.min(
      0.4 * sampleRate,
      (instrument.dark + (instrument.bright - instrument.dark) * v0 * v0 * 1.5) * (hertz / 440) ** 0.3,
    )
    const g = Math.tan((Math.PI * cutoff) / sampleRate)
    const a1 = 1 / (1 + g * (g + k))
    const a2 = g * a1
    const a3 = g * a2
    if (frame % 64 === 0) place = random.integer(0, 4095)
    const end = Math.min(FRAME, samples - start)
    for (let i = 0; i < end; i++) {
      const at = phase | 0
      const t = table[at]!
      place = (place + 1) & 4095
      const v = v0 + (i / FRAME) * (v1 - v0)
      const x = v * (t + (phase - at) * (table[at + 1]! - t) + instrument.noise * noise[place]!)
      phase += ((hertz + slope * i) / sampleRate) * TABLE_SIZE
      if (phase >= TABLE_SIZE) phase -= TABLE_SIZE
      const v3 = x - ic2
      const w1 = a1 * ic1 + a2 * v3
      const w2 = ic2 + a2 * ic1 + a3 * v3
      ic1 = 2 * w1 - ic1
      ic2 = 2 * w2 - ic2
      out[start + i] = w2
    }
  }
  if (instrument.drive > 0) {
    distort(out, instrument.drive)
    applyFilters(out, [
      designBiquad('highpass', 120, sampleRate),
      designBiquad('lowpass', 4800, sampleRate, 0.9),
      designBiquad('lowpass', 6000, sampleRate, 0.6),
    ])
  }
  applyFilters(out, [
    designBiquad('highpass', 90, sampleRate),
    ...instrument.body.map(([hertz, q, decibels]) => designBiquad('peak', hertz * random.uniform(0.95, 1.05), sampleRate, q, decibels)),
  ])
  return out
}
