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

/** Curves being drawn, and what it takes to draw them. */
interface Sketch {
  readonly singer: Singer
  readonly random: Random
  /** Frames per second, and the frame of a time, within the curves. */
  readonly rate: number
  at(seconds: number): number
  readonly curves: Omit<Articulation, 'pitch'>
  /** Bursts of plosives, drawn last. */
  readonly bursts: { readonly shape: ConsonantShape; readonly start: number; readonly level: number }[]
}

function setFormants({ curves, singer }: Sketch, from: number, to: number, target: readonly number[]): void {
  const scale = singer.formantShape.map((shape) => shape * singer.tract)
  const f4 = UPPER_FORMANTS[0] * scale[3]!
  for (let k = 0; k < 5; k++) {
    const plain = (k < 3 ? target[k]! : UPPER_FORMANTS[k - 3]!) * scale[k]!
    // The ring of a trained voice: F3 and F5 move towards F4 (Sundberg 1974).
    curves.formants[k]!.fill(k === 2 || k === 4 ? plain + singer.ring * 0.35 * (f4 - plain) : plain, from, to)
  }
}

function lengthOf(c: ConsonantShape): number {
  return c.closure + c.release + c.steady
}

/** Seconds that consonants take, and the factor that presses them into `room` if they need more. */
function squeeze(consonants: readonly Consonant[], room: number): { readonly length: number; readonly factor: number } {
  const length = consonants.reduce((sum, c) => sum + lengthOf(CONSONANTS[c]), 0)
  const factor = length > room ? room / length : 1
  return { length: length * factor, factor }
}

/** Lays consonants from `start` on; `level` is the voice level of the vowel beside them. */
function layConsonants(
  sketch: Sketch,
  consonants: readonly Consonant[],
  start: number,
  factor: number,
  vowel: readonly number[],
  level: number,
): void {
  const { at, curves, singer } = sketch
  const noiseLevel = level * singer.diction
  let time = start
  for (const c of consonants) {
    const shape = CONSONANTS[c]
    const [from, to] = [at(time), at(time + lengthOf(shape) * factor)]
    const opens = at(time + (shape.closure + shape.steady) * factor)
    setFormants(sketch, from, to, shape.locus === 'vowel' ? vowel : shape.locus)
    curves.voicing.fill(shape.voicing * level, from, to)
    // Plosives are breathy after their burst, others all the time.
    curves.aspiration.fill(shape.aspiration * noiseLevel, shape.closure > 0 ? opens : from, to)
    curves.frication.fill(shape.frication * noiseLevel, from, opens)
    if (shape.frication > 0 || shape.burst > 0) curves.noise.fill(NOISES.indexOf(shape.noise), Math.max(0, from - 8), to + 8)
    if (shape.nasalZero > 0) {
      curves.nasality.fill(1, from, to)
      curves.nasalZero.fill(shape.nasalZero * singer.tract, Math.max(0, from - 20), to + 20)
    }
    if (shape.burst > 0) sketch.bursts.push({ shape, start: time + shape.closure * factor, level: noiseLevel })
    time += lengthOf(shape) * factor
  }
}

/** Where a long vowel is heading: e and its neighbours to i, o to u, others anywhere. */
function glideOf(vowel: Vowel, random: Random): Vowel {
  if (vowel === 'e' || vowel === 'ɛ' || vowel === 'æ') return 'i'
  if (vowel === 'o' || vowel === 'ɔ') return 'u'
  return random.pick<Vowel>(['i', 'u', 'ʌ', 'ʌ'])
}

interface VowelShape {
  readonly formants: readonly number[]
  readonly level: number
  /** Seconds of rise and fall, and of consonants at the note's end. */
  readonly attack: number
  readonly release: number
  readonly tail: number
}

function layVowel(sketch: Sketch, note: SungNote, { formants, level, attack, release, tail }: VowelShape): void {
  const { at, rate, random, curves } = sketch
  const [from, to] = [at(note.onset), at(note.onset + note.duration)]
  setFormants(sketch, from, to, formants)
  // Long vowels seldom stay as they are.
  if (note.duration > 0.25 && random.chance(0.4)) {
    const goal = VOWELS[glideOf(note.vowel, random)]
    const share = random.uniform(0.15, 0.5)
    const turn = at(note.onset + random.uniform(0.4, 0.75) * note.duration)
    setFormants(
      sketch,
      turn,
      to,
      formants.map((hertz, k) => hertz + share * (goal[k]! - hertz)),
    )
  }
  const swell = random.uniform(-0.1, 0.5)
  for (let f = from; f < to; f++) {
    const time = Math.max(0, f / rate - note.onset)
    const rise = Math.min(1, time / attack)
    const fall = release > 0 ? Math.max(0, Math.min(1, (note.duration - tail - time) / release)) : 1
    curves.voicing[f] = level * rise * fall * (1 + swell * (Math.sin(Math.PI * (time / note.duration) ** 0.7) - 0.5))
  }
}

/** Drawing breath, up to a moment. */
function layBreath({ at, rate, random, curves }: Sketch, end: number): void {
  const length = random.uniform(0.18, 0.4)
  const loudness = random.uniform(0.02, 0.09)
  const start = end - length
  for (let f = at(start); f < at(end); f++) curves.aspiration[f] = loudness * Math.sin((Math.PI * (f / rate - start)) / length) ** 2
}

function layNotes(sketch: Sketch, notes: readonly SungNote[]): void {
  const { at, singer, random, curves } = sketch
  let phraseLevel = 1
  notes.forEach((note, i) => {
    const [previous, next] = [notes[i - 1], notes[i + 1]]
    const end = note.onset + note.duration
    const gap = previous ? note.onset - previous.onset - previous.duration : Infinity
    if (note.phraseStart) phraseLevel = random.uniform(0.75, 1.1)
    const level = phraseLevel * (0.35 + 0.65 * note.velocity) * random.uniform(0.9, 1.1)
    const formants = VOWELS[note.vowel].map((hertz) => hertz * (1 + 0.03 * random.normal()))
    const room = Math.min(0.4, note.onset, gap > 0.1 ? Math.max(0.12, gap) : 0.45 * (previous?.duration ?? 1))
    const before = squeeze(note.initial, room)
    const after = squeeze(note.final, 0.4 * note.duration)
    const attack = gap > 0.06 && note.initial.length === 0 ? random.uniform(0.02, 0.08) : 0.005
    const release = next && next.onset - end < 0.05 ? 0 : Math.min(0.12, 0.4 * note.duration)
    layVowel(sketch, note, { formants, level, attack, release, tail: after.length })
    // Loud notes press the glottis, soft and very high ones let more air through.
    const height = (note.midi - singer.range.low) / (singer.range.high - singer.range.low)
    curves.pulse.fill(singer.pulse * (1 + 0.5 * (0.8 - level)) * (height > 0.85 ? 1.1 : 1), at(note.onset - before.length), at(end))
    layConsonants(sketch, note.initial, note.onset - before.length, before.factor, formants, level)
    layConsonants(sketch, note.final, end - after.length, after.factor, formants, level * 0.85)
    if (note.phraseStart && Math.min(gap, note.onset) > 0.5 && random.chance(0.75)) layBreath(sketch, note.onset - before.length - 0.06)
  })
}

/** The curves of one singer's line. */
export function articulate(notes: readonly SungNote[], singer: Singer, frames: number, sampleRate: number, random: Random): Articulation {
  const rate = sampleRate / FRAME
  const curve = (value = 0): Float32Array => new Float32Array(frames).fill(value)
  const curves = {
    frames,
    voicing: curve(),
    aspiration: curve(),
    frication: curve(),
    noise: new Uint8Array(frames),
    formants: Array.from({ length: 5 }, () => curve()),
    nasality: curve(),
    nasalZero: curve(1200),
    pulse: curve(singer.pulse),
  }
  const at = (seconds: number): number => Math.max(0, Math.min(frames, Math.round(seconds * rate)))
  const sketch: Sketch = { singer, random, rate, at, curves, bursts: [] }
  setFormants(sketch, 0, frames, [500, 1500, 2500])
  layNotes(sketch, notes)

  const half = (milliseconds: number): number => Math.round((milliseconds / 1000) * rate)
  for (const track of curves.formants) for (const ms of [22, 16]) smooth(track, half(ms))
  for (const track of [curves.voicing, curves.aspiration, curves.frication]) for (const ms of [7, 4]) smooth(track, half(ms))
  for (const track of [curves.nasality, curves.pulse]) smooth(track, half(12))
  // Bursts are too short to be smoothed: they jump up and die away, at the back of the mouth more slowly than at the lips.
  for (const { shape, start, level } of sketch.bursts) {
    const decay = 0.004 + 0.1 * Math.min(0.07, shape.release + 0.02)
    for (let f = at(start), t = 0; f < frames && t < 0.05; f++, t += 1 / rate)
      curves.frication[f]! += shape.burst * level * Math.exp(-t / decay)
  }
  const style = {
    ...singer.vibrato,
    agility: singer.agility,
    damping: 0.6,
    scoop: singer.scoop,
    scoopCents: 250,
    fall: 0.5 * singer.scoop,
    bend: 5 * singer.drift,
    drift: singer.drift,
    anticipation: 0.045,
  }
  const fresh = (i: number): boolean => i === 0 || notes[i]!.onset - notes[i - 1]!.onset - notes[i - 1]!.duration > 0.15
  return { ...curves, pitch: drawPitch(notes, frames, style, sampleRate, fresh, random) }
}
