/** Chord instruments: piano, electric piano, organ, guitars, pads, strings, plucked synthesiser. Each gives a stereo part with its own effects. */
import type { Random } from '../../tensor/random.ts'
import type { Biquad } from '../filter-cookbook.ts'
import { chorus, distort, equalise, saturate, tremolo } from './effects.ts'
import { applyFilters, CONTROL_HOP, designBiquad, fadeEnds, fillNoise, sweepLowpass } from './filters.ts'
import type { ChordName } from './instruments.ts'
import type { Stereo } from './mix.ts'
import { addPanned, silence } from './mix.ts'
import { midiToHertz } from './pitch.ts'
import { pluck, strike } from './plucked.ts'
import type { Note } from './score.ts'
import type { Wavetable } from './wavetable.ts'
import { additiveWave, addTone, sawWave, sineWave, TABLE_SIZE } from './wavetable.ts'

interface Context {
  readonly sampleRate: number
  readonly random: Random
}

/** Draws one note, mono. */
type Player = (note: Note, hertz: number) => Float32Array

function electricPiano({ sampleRate, random }: Context): Player {
  const [bark, tine, decay] = [random.uniform(0.6, 2.4), random.uniform(0.05, 0.4), random.uniform(0.8, 2)]
  const table = sineWave().levels[0]!
  return (note, hertz) => {
    const length = Math.ceil((note.duration + 0.12) * sampleRate)
    const out = new Float32Array(length)
    const step = (hertz / sampleRate) * TABLE_SIZE
    const [fall, ping] = [Math.exp(-1 / (decay * (220 / hertz) ** 0.4 * sampleRate)), Math.exp(-1 / (0.06 * sampleRate))]
    const bell = Math.min(14, Math.floor(9000 / hertz))
    let [phase, bellPhase, level, strikeLevel] = [0, 0, 0.8 * note.velocity, tine * note.velocity]
    const [mask, radian] = [TABLE_SIZE - 1, TABLE_SIZE / (2 * Math.PI)]
    for (let i = 0; i < length; i++) {
      const modulation = table[phase & mask]! * bark * level * radian + table[bellPhase & mask]! * strikeLevel * radian
      out[i] = level * table[(phase + modulation + TABLE_SIZE * 8) & mask]!
      phase += step
      if (phase >= TABLE_SIZE) phase -= TABLE_SIZE
      bellPhase += step * bell
      while (bellPhase >= TABLE_SIZE) bellPhase -= TABLE_SIZE
      level *= fall
      strikeLevel *= ping
    }
    fadeEnds(out, Math.round(0.002 * sampleRate), Math.round(0.1 * sampleRate))
    return out
  }
}

/** Sum of drawbars (feet 16, 8, 5⅓, 4, 2⅔, 2, 1⅗, 1⅓, 1 as multiples of half the pitch), with a click of the key. */
function organ({ sampleRate, random }: Context): Player {
  const drawbars = new Array<number>(16).fill(0)
  for (const n of [1, 2, 3, 4, 6, 8, 10, 12, 16])
    drawbars[n - 1] = n <= 4 ? random.uniform(0.2, 1) : random.chance(0.5) ? random.uniform(0, 0.7) : 0
  const wave = additiveWave(drawbars.map((level) => level * 0.35))
  const click = random.uniform(0, 0.15)
  return (note, hertz) => {
    const length = Math.ceil((note.duration + 0.02) * sampleRate)
    const out = new Float32Array(length)
    addTone(out, 0, length, wave, hertz / 2, sampleRate, 0.6, random.uniform())
    const noise = new Float32Array(Math.min(length, Math.round(0.008 * sampleRate)))
    fillNoise(noise, random.integer(1, 0x7fffffff))
    for (let i = 0; i < noise.length; i++) out[i]! += click * noise[i]! * (1 - i / noise.length)
    fadeEnds(out, Math.round(0.003 * sampleRate), Math.round(0.015 * sampleRate))
    return out
  }
}

/** Detuned saws that swell and fade; the lowpass is on the part. */
function pad({ sampleRate, random }: Context, wave: Wavetable, attack: number, release: number): Player {
  const detune = random.uniform(0.002, 0.007)
  const count = random.integer(2, 4)
  return (note, hertz) => {
    const length = Math.ceil((note.duration + release) * sampleRate)
    const out = new Float32Array(length)
    for (let k = 0; k < count; k++) {
      const f = hertz * (1 + detune * ((2 * k) / Math.max(1, count - 1) - 1) * random.uniform(0.7, 1.3))
      addTone(out, 0, length, wave, f, sampleRate, 0.4 / count ** 0.7, random.uniform())
    }
    for (let i = 0; i < length; i++) out[i]! *= 0.5 + 0.5 * note.velocity
    fadeEnds(out, Math.round(Math.min(attack, note.duration * 0.8) * sampleRate), Math.round(release * sampleRate))
    return out
  }
}

function synthPluck({ sampleRate, random }: Context): Player {
  const [cutoff, sweep, decay, q] = [random.uniform(300, 1200), random.uniform(3, 14), random.uniform(0.05, 0.3), random.uniform(0.8, 4)]
  return (note, hertz) => {
    const length = Math.ceil((note.duration + 0.25) * sampleRate)
    const out = new Float32Array(length)
    addTone(out, 0, length, sawWave(), hertz * 1.003, sampleRate, 0.3, random.uniform())
    addTone(out, 0, length, sawWave(), hertz * 0.997, sampleRate, 0.3, random.uniform())
    const fade = Math.exp(-1 / (decay * 2.5 * sampleRate))
    let level = note.velocity
    for (let i = 0; i < length; i++) {
      out[i]! *= level
      level *= fade
    }
    sweepLowpass(out, (hop) => cutoff * (1 + sweep * note.velocity * Math.exp((-hop * CONTROL_HOP) / (decay * sampleRate))), q, sampleRate)
    fadeEnds(out, Math.round(0.002 * sampleRate), Math.round(0.2 * sampleRate))
    return out
  }
}

function makePlayer(name: ChordName, context: Context): Player {
  const { sampleRate, random } = context
  switch (name) {
    case 'piano': {
      const style = { softness: random.uniform(0, 0.6), inharmonicity: random.uniform(0.0001, 0.0006) }
      return (note, hertz) => strike(hertz, note.duration, note.velocity, style, sampleRate, random)
    }
    case 'electric-piano':
      return electricPiano(context)
    case 'organ':
      return organ(context)
    case 'pad':
      return pad(context, sawWave(), random.uniform(0.05, 0.6), random.uniform(0.2, 0.9))
    case 'strings':
      return pad(context, sawWave(), random.uniform(0.06, 0.2), 0.25)
    case 'synth-pluck':
      return synthPluck(context)
    default: {
      const steel = name === 'acoustic-guitar' ? random.uniform(0.4, 0.95) : random.uniform(0.55, 0.9)
      const style = { brightness: steel, decay: name === 'acoustic-guitar' ? 3.5 : 6, position: random.uniform(0.1, 0.25), mute: 0.06 }
      return (note, hertz) => pluck(hertz, note.duration, note.velocity, style, sampleRate, random)
    }
  }
}

function bodyOf(name: ChordName, { sampleRate, random }: Context): readonly Biquad[] {
  const peak = (hertz: number, q: number, decibels: number): Biquad =>
    designBiquad('peak', hertz * random.uniform(0.9, 1.1), sampleRate, q, decibels)
  switch (name) {
    case 'acoustic-guitar':
      return [
        designBiquad('highpass', 75, sampleRate),
        peak(105, 3, 6),
        peak(205, 3, 5),
        peak(410, 2, -3),
        peak(2600, 1, 4),
        designBiquad('high-shelf', 6000, sampleRate, 0.7, random.uniform(-2, 6)),
      ]
    case 'clean-guitar':
      return [
        designBiquad('highpass', 90, sampleRate),
        peak(400, 1, -2),
        peak(2800, 1, 5),
        designBiquad('lowpass', random.uniform(4500, 9000), sampleRate),
      ]
    case 'strings':
      return [
        designBiquad('highpass', 120, sampleRate),
        peak(480, 1.5, 3),
        peak(1200, 1.2, 2),
        peak(2700, 1, 3),
        designBiquad('high-shelf', 5500, sampleRate, 0.7, random.uniform(-9, -2)),
      ]
    default:
      return [designBiquad('highpass', 60, sampleRate)]
  }
}

/** A chord part, stereo. */
export function renderChords(notes: readonly Note[], name: ChordName, samples: number, sampleRate: number, random: Random): Stereo {
  const context: Context = { sampleRate, random }
  const out = silence(samples)
  const player = makePlayer(name, context)
  const spread = name.includes('guitar') ? 0 : random.uniform(0.1, 0.7)
  notes.forEach((note, i) => {
    const pan = spread * (name === 'piano' || name === 'electric-piano' ? (note.midi - 62) / 18 : i % 2 === 0 ? 0.6 : -0.6)
    addPanned(out, player(note, midiToHertz(note.midi)), pan, 0.3, Math.round(note.onset * sampleRate))
  })
  if (name === 'distorted-guitar') {
    const [drive, tone] = [10 ** random.uniform(0.5, 1.7), random.uniform(3000, 5500)]
    const [channel, other] = out
    applyFilters(channel, [designBiquad('highpass', 110, sampleRate), designBiquad('peak', 800, sampleRate, 0.7, 4)])
    distort(channel, drive)
    // The loudspeaker of a guitar amplifier: nothing above 5 kHz.
    applyFilters(channel, [
      designBiquad('highpass', 80, sampleRate),
      designBiquad('peak', 120, sampleRate, 1.2, 3),
      designBiquad('peak', 2500, sampleRate, 1, 5),
      designBiquad('lowpass', tone, sampleRate, 0.9),
      designBiquad('lowpass', tone * 1.2, sampleRate, 0.6),
    ])
    for (let i = 0; i < samples; i++) channel[i]! *= 0.25
    // The second take of the same part on the other side: a short delay that drifts.
    other.set(channel)
    if (random.chance(0.6)) chorus([other, new Float32Array(0)], { rate: 0.3, delay: 0.019, depth: 0.004, mix: 3 }, sampleRate)
    for (let i = 0; i < samples; i++) other[i]! *= 0.5
    return out
  }
  equalise(out, bodyOf(name, context))
  if (name === 'pad' || name === 'strings') {
    const [cutoff, rate, depth] = [
      name === 'pad' ? random.uniform(500, 4500) : random.uniform(3500, 9000),
      random.uniform(0.05, 0.4),
      name === 'pad' ? random.uniform(0, 0.5) : 0,
    ]
    for (const channel of out)
      sweepLowpass(
        channel,
        (hop) => cutoff * (1 + depth * Math.sin((2 * Math.PI * rate * hop * CONTROL_HOP) / sampleRate)),
        0.9,
        sampleRate,
      )
    chorus(out, { rate: random.uniform(0.2, 0.8), delay: 0.018, depth: random.uniform(0.002, 0.005), mix: 0.6 }, sampleRate)
  } else if (name === 'organ') {
    if (random.chance(0.5)) for (const channel of out) saturate(channel, random.uniform(1, 4))
    const rate = random.pick([0.8, 6.2, 6.8])
    chorus(out, { rate, delay: 0.004, depth: 0.0007, mix: 0.6 }, sampleRate)
    tremolo(out, rate, random.uniform(0.05, 0.3), 1, sampleRate)
  } else if (name === 'electric-piano' && random.chance(0.6))
    tremolo(out, random.uniform(3, 6.5), random.uniform(0.1, 0.5), random.pick([0, 1]), sampleRate)
  else if (name === 'clean-guitar' && random.chance(0.6))
    chorus(out, { rate: random.uniform(0.3, 1.2), delay: 0.012, depth: 0.003, mix: 0.7 }, sampleRate)
  return out
}
