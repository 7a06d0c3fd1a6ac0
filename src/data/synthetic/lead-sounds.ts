/**
 * Lead instruments: synthesisers, flute, violin, brass, reed, guitar solo, whistle. Their vibrato and glides are a singer's, which makes them
 * hard to tell from one by pitch alone.
 */
import type { Random } from '../../tensor/random.ts'
import type { LeadName } from './instruments.ts'
import type { PitchStyle } from './pitch.ts'
import type { Wavetable } from './wavetable.ts'
import { additiveWave, pulseWave, sawWave } from './wavetable.ts'

export interface LeadSound {
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

/** An instrument of a name, varied by the random stream. */
export function drawLeadSound(name: LeadName, random: Random): LeadSound {
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
