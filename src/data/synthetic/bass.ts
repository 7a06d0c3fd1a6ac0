/** Bass instruments: strings under finger or pick, resonant synthesisers, frequency modulation, and the sine sub. */
import type { Random } from '../../tensor/random.ts'
import { saturate } from './effects.ts'
import { applyFilters, CONTROL_HOP, designBiquad, fadeEnds, sweepLowpass } from './filters.ts'
import type { BassName } from './instruments.ts'
import { midiToHertz } from './pitch.ts'
import { pluck } from './plucked.ts'
import type { Note } from './score.ts'
import { addTone, pulseWave, sawWave, sineWave } from './wavetable.ts'

/** Settings of one bass, drawn per song. */
interface Settings {
  readonly cutoff: number
  readonly sweep: number
  readonly decay: number
  readonly q: number
  readonly brightness: number
  readonly sub: number
  readonly drive: number
  readonly ratio: number
}

function renderNote(name: BassName, note: Note, settings: Settings, sampleRate: number, random: Random): Float32Array {
  const hertz = midiToHertz(note.midi)
  if (name === 'finger' || name === 'pick') {
    const style = {
      brightness: settings.brightness * (name === 'pick' ? 1 : 0.55),
      decay: 7,
      position: name === 'pick' ? 0.11 : 0.24,
      mute: 0.07,
    }
    return pluck(hertz, note.duration, note.velocity, style, sampleRate, random)
  }
  const release = name === 'sub' ? 0.08 : 0.05
  const length = Math.ceil((note.duration + release) * sampleRate)
  const out = new Float32Array(length)
  if (name === 'sub') {
    addTone(out, 0, length, sineWave(), hertz, sampleRate, 0.9, 0)
    addTone(out, 0, length, sineWave(), hertz * 2, sampleRate, 0.06, 0)
    // The thump of the attack: a short fall in pitch is heard as a knock on the note.
    for (let i = 0, phase = 0; i < Math.min(length, 0.05 * sampleRate); i++) {
      phase += (2 * Math.PI * hertz * (1 + 3 * Math.exp(-i / (0.008 * sampleRate)))) / sampleRate
      out[i]! += 0.35 * Math.sin(phase) * Math.exp(-i / (0.012 * sampleRate))
    }
  } else if (name === 'fm') {
    let [carrier, modulator] = [0, 0]
    const fall = Math.exp(-1 / (settings.decay * sampleRate))
    let index = 1 + 3.5 * settings.brightness * note.velocity
    const step = (2 * Math.PI * hertz) / sampleRate
    for (let i = 0; i < length; i++) {
      out[i] = 0.7 * Math.sin(carrier + index * Math.sin(modulator))
      carrier += step
      modulator += step * settings.ratio
      index = 0.25 + (index - 0.25) * fall
    }
  } else {
    const wave = name === 'square' ? pulseWave(0.5) : sawWave()
    addTone(out, 0, length, wave, hertz, sampleRate, 0.45, random.uniform())
    addTone(out, 0, length, wave, hertz * 1.004, sampleRate, 0.25, random.uniform())
    addTone(out, 0, length, sineWave(), hertz / (settings.sub > 0.6 ? 2 : 1), sampleRate, settings.sub * 0.5, 0)
    const top = settings.sweep * (0.4 + 0.6 * note.velocity)
    sweepLowpass(
      out,
      (hop) => settings.cutoff * (1 + top * Math.exp((-hop * CONTROL_HOP) / (settings.decay * sampleRate))) * (hertz / 55) ** 0.4,
      settings.q,
      sampleRate,
    )
  }
  for (let i = 0; i < length; i++) out[i]! *= note.velocity
  fadeEnds(out, Math.round(0.003 * sampleRate), Math.round(release * sampleRate))
  return out
}

/** The bass line, mono. */
export function renderBass(notes: readonly Note[], name: BassName, samples: number, sampleRate: number, random: Random): Float32Array {
  const settings: Settings = {
    cutoff: random.uniform(120, 520),
    sweep: random.uniform(1, 9),
    decay: random.uniform(0.08, 0.5),
    q: random.uniform(0.7, 5),
    brightness: random.uniform(0.5, 1),
    sub: random.uniform(0.1, 0.9),
    drive: random.pick([0, 0, 1, 1.5, 3]),
    ratio: random.pick([1, 1, 2, 3]),
  }
  const out = new Float32Array(samples)
  for (const note of notes) {
    const sound = renderNote(name, note, settings, sampleRate, random)
    const start = Math.round(note.onset * sampleRate)
    const end = Math.min(sound.length, samples - start)
    for (let i = 0; i < end; i++) out[start + i]! += sound[i]!
  }
  if (settings.drive > 0) saturate(out, settings.drive)
  const body =
    name === 'finger' || name === 'pick'
      ? [designBiquad('peak', random.uniform(90, 160), sampleRate, 1, 4), designBiquad('lowpass', random.uniform(2200, 6500), sampleRate)]
      : []
  applyFilters(out, [designBiquad('highpass', 28, sampleRate), ...body])
  return out
}
