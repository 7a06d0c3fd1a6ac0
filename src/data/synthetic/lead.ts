/** Plays the lead line: one oscillator on a moving pitch, noise, a lowpass that follows loudness, and the instrument's body. */
import type { Random } from '../../tensor/random.ts'
import { distort } from './effects.ts'
import { applyFilters, designBiquad, fillNoise } from './filters.ts'
import type { LeadName } from './instruments.ts'
import { drawLeadSound } from './lead-sounds.ts'
import { drawPitch, FRAME } from './pitch.ts'
import type { Note } from './score.ts'
import { TABLE_SIZE, tableFor } from './wavetable.ts'

/** The lead line, mono. Stretches without notes cost nothing. */
export function renderLead(notes: readonly Note[], name: LeadName, samples: number, sampleRate: number, random: Random): Float32Array {
  const out = new Float32Array(samples)
  if (notes.length === 0) return out
  const instrument = drawLeadSound(name, random)
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
