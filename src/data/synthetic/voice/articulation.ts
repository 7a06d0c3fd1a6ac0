/**
 * From notes with syllables to the slow curves that move the synthesiser: formants, levels of voice and noises, nasality, shape of the
 * glottal pulse. Targets are laid out in time first and then smoothed over the time that tongue, lips and vocal folds need.
 */
import type { Random } from '../../../tensor/random.ts'
import { drawPitch, FRAME } from '../pitch.ts'
import type { Consonant, SungNote, Vowel } from '../score.ts'
import type { ConsonantShape } from './phonemes.ts'
import { CONSONANTS, NOISES, UPPER_FORMANTS, VOWELS } from './phonemes.ts'
import type { Singer } from './singers.ts'

/** One value per frame of FRAME samples. */
export interface Articulation {
  readonly frames: number
  readonly pitch: Float32Array
  /** Levels: the voice, noise of the glottis without voice, noise of the mouth and its spectrum (index into NOISES). */
  readonly voicing: Float32Array
  readonly aspiration: Float32Array
  readonly frication: Float32Array
  readonly noise: Uint8Array
  /** F1 to F5 in hertz. */
  readonly formants: readonly Float32Array[]
  /** 0 (mouth) to 1 (nose), and where the zero of the closed mouth lies. */
  readonly nasality: Float32Array
  readonly nasalZero: Float32Array
  /** Rd of the glottal pulse. */
  readonly pulse: Float32Array
}

/** Moving average over 2 · half + 1 frames, in place. */
function smooth(track: Float32Array, half: number): void {
  if (half < 1) return
  const n = track.length
  const source = track.slice()
  let sum = 0
  for (let i = -half; i <= half; i++) sum += source[Math.max(0, Math.min(n - 1, i))]!
  for (let i = 0; i < n; i++) {
    track[i] = sum / (2 * half + 1)
    sum += source[Math.min(n - 1, i + half + 1)]! - source[Math.max(0, i - half)]!
  }
}

function lengthOf(c: ConsonantShape): number {
  return c.closure + c.release + c.steady
}

interface Stretch {
  readonly shape: ConsonantShape
  readonly start: number
  readonly factor: number
}

/** Consonants one after the other, pressed into `room` seconds if they need more. */
function layOut(consonants: readonly Consonant[], room: number): { readonly length: number; readonly factor: number } {
  const length = consonants.reduce((sum, c) => sum + lengthOf(CONSONANTS[c]), 0)
  const factor = length > room ? room / length : 1
  return { length: length * factor, factor }
}

/** The curves of one singer's line. `level` scales dynamics: 1 as written. */
export function articulate(notes: readonly SungNote[], singer: Singer, frames: number, sampleRate: number, random: Random): Articulation {
  const rate = sampleRate / FRAME
  const at = (seconds: number): number => Math.max(0, Math.min(frames, Math.round(seconds * rate)))
  const curve = (): Float32Array => new Float32Array(frames)
  const [voicing, aspiration, frication, nasality, nasalZero, pulse] = [
    curve(),
    curve(),
    curve(),
    curve(),
    curve().fill(1200),
    curve().fill(singer.pulse),
  ]
  const noise = new Uint8Array(frames)
  const formants = Array.from({ length: 5 }, curve)
  const scale = singer.formantShape.map((shape) => shape * singer.tract)
  const setFormants = (from: number, to: number, target: readonly number[]): void => {
    const f4 = UPPER_FORMANTS[0] * scale[3]!
    for (let k = 0; k < 5; k++) {
      const plain = k < 3 ? target[k]! * scale[k]! : UPPER_FORMANTS[k - 3]! * scale[k]!
      // The ring of a trained voice: F3 and F5 move towards F4 (Sundberg 1974).
      const hertz = k === 2 || k === 4 ? plain + singer.ring * 0.35 * (f4 - plain) : plain
      formants[k]!.fill(hertz, from, to)
    }
  }
  setFormants(0, frames, [500, 1500, 2500])
  const stretches: Stretch[] = []
  /** Lays consonants from `start` on; the voice level of the neighbouring vowel is `level`. */
  const speak = (consonants: readonly Consonant[], start: number, factor: number, vowel: readonly number[], level: number): void => {
    let time = start
    for (const c of consonants) {
      const shape = CONSONANTS[c]
      const end = time + lengthOf(shape) * factor
      const [from, to] = [at(time), at(end)]
      const closed = at(time + (shape.closure + shape.steady) * factor)
      setFormants(from, to, shape.locus === 'vowel' ? vowel : shape.locus)
      voicing.fill(shape.voicing * level, from, to)
      if (shape.closure === 0) aspiration.fill(shape.aspiration * level * singer.diction, from, closed)
      else aspiration.fill(shape.aspiration * level * singer.diction, closed, to)
      frication.fill(shape.frication * level * singer.diction, from, closed)
      if (shape.frication > 0 || shape.burst > 0) noise.fill(NOISES.indexOf(shape.noise), Math.max(0, from - 8), Math.min(frames, to + 8))
      if (shape.nasalZero > 0) {
        nasality.fill(1, from, to)
        nasalZero.fill(shape.nasalZero * singer.tract, Math.max(0, from - 20), Math.min(frames, to + 20))
      }
      if (shape.burst > 0) stretches.push({ shape, start: time + shape.closure * factor, factor: level * singer.diction })
      time = end
    }
  }
  let phraseLevel = 1
  notes.forEach((note, i) => {
    const previous = notes[i - 1]
    const next = notes[i + 1]
    const height = (note.midi - singer.range.low) / (singer.range.high - singer.range.low)
    if (note.phraseStart) phraseLevel = random.uniform(0.75, 1.1)
    const level = phraseLevel * (0.35 + 0.65 * note.velocity) * random.uniform(0.9, 1.1)
    const vowel = VOWELS[note.vowel].map((hertz) => hertz * (1 + 0.03 * random.normal()))
    const end = note.onset + note.duration
    const gapBefore = previous ? note.onset - previous.onset - previous.duration : Infinity
    const room = Math.min(0.4, note.onset, gapBefore > 0.1 ? Math.max(0.12, gapBefore) : 0.45 * (previous?.duration ?? 1))
    const before = layOut(note.initial, room)
    const after = layOut(note.final, 0.4 * note.duration)
    const [from, to] = [at(note.onset), at(end)]
    setFormants(from, to, vowel)
    // Long vowels seldom stay as they are: they close towards i or u, or open a little.
    if (note.duration > 0.25 && random.chance(0.4)) {
      const goal =
        VOWELS[
          note.vowel === 'e' || note.vowel === 'ɛ' || note.vowel === 'æ'
            ? 'i'
            : note.vowel === 'o' || note.vowel === 'ɔ'
              ? 'u'
              : random.pick<Vowel>(['i', 'u', 'ʌ', 'ʌ'])
        ]
      const share = random.uniform(0.15, 0.5)
      setFormants(
        at(note.onset + random.uniform(0.4, 0.75) * note.duration),
        to,
        vowel.map((hertz, k) => hertz + share * (goal[k]! - hertz)),
      )
    }
    const fresh = gapBefore > 0.06
    const release = next && next.onset - end < 0.05 ? 0 : Math.min(0.12, 0.4 * note.duration)
    const attack = fresh && note.initial.length === 0 ? random.uniform(0.02, 0.08) : 0.005
    const swell = random.uniform(-0.1, 0.5)
    for (let f = from; f < to; f++) {
      const time = f / rate - note.onset
      const left = note.duration - after.length - time
      voicing[f] =
        level *
        Math.min(1, time / attack) *
        Math.max(0, release > 0 ? Math.min(1, left / release) : 1) *
        (1 + swell * (Math.sin(Math.PI * Math.max(0, time / note.duration) ** 0.7) - 0.5))
    }
    pulse.fill(singer.pulse * (1 + 0.5 * (0.8 - level)) * (height > 0.85 ? 1.1 : 1), at(note.onset - before.length), to)
    if (note.initial.length > 0) speak(note.initial, note.onset - before.length, before.factor, vowel, level)
    if (note.final.length > 0) speak(note.final, end - after.length, after.factor, vowel, level * 0.85)
    // Drawing breath before a phrase.
    const pause = Math.min(gapBefore, note.onset)
    if (note.phraseStart && pause > 0.5 && random.chance(0.75)) {
      const length = random.uniform(0.18, 0.4)
      const start = note.onset - before.length - length - 0.06
      const loudness = random.uniform(0.02, 0.09)
      for (let f = at(start); f < at(start + length); f++) aspiration[f] = loudness * Math.sin((Math.PI * (f / rate - start)) / length) ** 2
    }
  })
  const milliseconds = (ms: number): number => Math.round((ms / 1000) * rate)
  for (const track of formants) for (const ms of [22, 16]) smooth(track, milliseconds(ms))
  for (const ms of [7, 4]) for (const track of [voicing, aspiration, frication]) smooth(track, milliseconds(ms))
  for (const track of [nasality, pulse]) smooth(track, milliseconds(12))
  // Bursts are too short to be smoothed: they jump up and die away.
  for (const { shape, start, factor } of stretches) {
    const decay = shape.noise === NOISES[6] ? 0.011 : shape.noise === NOISES[5] ? 0.008 : 0.006
    for (let f = at(start), t = 0; f < frames && t < 0.05; f++, t += 1 / rate) frication[f]! += shape.burst * factor * Math.exp(-t / decay)
  }
  const pitch = drawPitch(
    notes,
    frames,
    {
      ...singer.vibrato,
      agility: singer.agility,
      damping: 0.6,
      scoop: singer.scoop,
      scoopCents: 250,
      fall: 0.5 * singer.scoop,
      bend: 5 * singer.drift,
      drift: singer.drift,
      anticipation: 0.045,
    },
    sampleRate,
    (i) => i === 0 || notes[i]!.onset - notes[i - 1]!.onset - notes[i - 1]!.duration > 0.15,
    random,
  )
  return { frames, pitch, voicing, aspiration, frication, noise, formants, nasality, nasalZero, pulse }
}
