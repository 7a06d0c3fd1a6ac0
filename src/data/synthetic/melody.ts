/**
 * Melodies that follow the chords: a motif of rhythm per phrase, repeated as songs do (A A B A), pitches by small steps of the mode with
 * chord notes on strong places, a long note at the end of the phrase, and then a rest to breathe.
 */
import type { Random } from '../../tensor/random.ts'
import { isChordTone, scaleOf } from './harmony.ts'
import { drawLyrics } from './lyrics.ts'
import type { Chord, Key, Note, SungNote } from './score.ts'

export interface Range {
  /** MIDI numbers, both ends included. */
  readonly low: number
  readonly high: number
}

export interface MelodyStyle {
  /** Notes per beat of the busiest motifs, about 1 (ballad) to 3. */
  readonly busyness: number
  /** Share of notes that go on from the syllable before. */
  readonly melisma: number
  /** Share of steps that leap. */
  readonly leap: number
  /** Only the five notes without half steps. */
  readonly pentatonic: boolean
  /** Share of phrases that are left out. */
  readonly silence: number
}

export interface MelodyContext {
  readonly key: Key
  readonly range: Range
  readonly style: MelodyStyle
  readonly beatsPerBar: number
  /** Chord at a beat counted from the start of the song. */
  chordAt(beat: number): Chord
  /** Seconds of a place counted in beats, with swing. */
  timeOf(beat: number): number
}

/** A note in beats from the start of its phrase. */
interface Place {
  readonly beat: number
  readonly length: number
}

function drawRhythm(beats: number, busyness: number, random: Random): readonly Place[] {
  const rest = random.pick([0.5, 1, 1.5, 2, 3]) * (beats > 5 ? 1 : 0.5)
  const end = beats - rest
  const places: Place[] = []
  let at = random.pick([0, 0, 0, 0.5, 0.5, 1])
  const rapid = busyness > 2.6
  while (at < end - (rapid ? 0.2 : 0.4)) {
    const offbeat = at % 1 !== 0
    const lengths = rapid
      ? [0.25, 0.25, 0.25, 0.5, 0.5]
      : offbeat
        ? [0.5, 0.5, 0.25, 1]
        : busyness > 1.8
          ? [0.5, 0.5, 0.25, 0.25, 0.75, 1]
          : busyness > 1.2
            ? [0.5, 0.5, 1, 1, 1.5]
            : [1, 1, 2, 0.5, 1.5]
    const length = Math.min(random.pick(at % 0.5 !== 0 ? [0.25] : lengths), end - at)
    places.push({ beat: at, length })
    at += length
    if (random.chance(0.06)) at += 0.5
  }
  const last = places.pop()
  if (last) places.push({ beat: last.beat, length: Math.max(last.length, Math.min(random.pick([1, 1.5, 2]), beats - 0.25 - last.beat)) })
  return places
}

function nearestScaleTone(key: Key, midi: number, pentatonic: boolean): number {
  const scale = scaleOf(key)
  const allowed = pentatonic ? (scale[2] === 3 ? [0, 3, 5, 7, 10] : [0, 2, 4, 7, 9]) : scale
  for (const offset of [0, -1, 1, -2, 2]) if (allowed.includes((((midi + offset - key.tonic) % 12) + 12) % 12)) return midi + offset
  return midi
}

function nearestChordTone(chord: Chord, midi: number): number {
  for (const offset of [0, -1, 1, -2, 2, -3, 3, -4, 4, 5]) if (isChordTone(chord, midi + offset)) return midi + offset
  return midi
}

function fold(midi: number, range: Range): number {
  let m = midi
  while (m > range.high) m -= 12
  while (m < range.low) m += 12
  return m
}

/** A melody of `bars` bars that starts at a beat of the song. Velocities grow with height. */
export function drawMelody(context: MelodyContext, firstBeat: number, bars: number, random: Random): readonly Note[][] {
  const { key, range, style, beatsPerBar } = context
  const phraseBars = bars % 2 === 0 ? (style.busyness < 1.2 && bars % 4 === 0 ? 4 : 2) : 1
  const phrases = Math.max(1, Math.floor(bars / phraseBars))
  const rhythms = [
    drawRhythm(phraseBars * beatsPerBar, style.busyness, random),
    drawRhythm(phraseBars * beatsPerBar, style.busyness, random),
  ]
  const plan = random.pick(['AABA', 'ABAB', 'AAAB', 'ABAB'])
  let midi = Math.round(random.uniform(range.low + 3, range.high - 5))
  const lines = Array.from({ length: phrases }, (_, p) => {
    const rhythm = rhythms[plan[p % 4] === 'A' ? 0 : 1]!
    const start = firstBeat + p * phraseBars * beatsPerBar
    const goal = random.uniform(range.low + 2, range.high)
    return rhythm.map((place, i): Note => {
      const beat = start + place.beat
      const chord = context.chordAt(beat)
      const strong = place.beat % 1 === 0 || place.length >= 1
      const drift = Math.sign(goal - midi) * (random.chance(0.6) ? 1 : -1)
      const step = random.chance(0.2) ? 0 : random.chance(style.leap) ? random.pick([3, 4, 5, 7]) : random.pick([1, 2, 2])
      midi = fold(midi + drift * step, range)
      midi = strong && random.chance(0.7) ? nearestChordTone(chord, midi) : nearestScaleTone(key, midi, style.pentatonic)
      if (i === rhythm.length - 1) midi = nearestChordTone(chord, midi)
      midi = fold(midi, range)
      const onset = context.timeOf(beat)
      const height = (midi - range.low) / Math.max(1, range.high - range.low)
      return {
        onset,
        duration: context.timeOf(beat + place.length) - onset,
        midi,
        velocity: 0.5 + 0.3 * height + random.uniform(-0.1, 0.15),
      }
    })
  })
  return lines.filter((_, p) => p === 0 || !random.chance(style.silence))
}

/** Cuts notes that overlap their successor or the end of the song. */
export function trimNotes<N extends Note>(notes: readonly N[], seconds: number): N[] {
  const sorted = [...notes].sort((a, b) => a.onset - b.onset)
  return sorted
    .map((note, i) => ({
      ...note,
      duration: Math.min(note.duration, (sorted[i + 1]?.onset ?? seconds) - note.onset, seconds - 0.05 - note.onset),
    }))
    .filter((note) => note.duration > 0.05)
}

/** Puts syllables to the phrases of a melody. `timing` moves every onset by up to that many seconds. */
export function singMelody(
  phrases: readonly (readonly Note[])[],
  melisma: number,
  timing: number,
  lyrics: Random,
  random: Random,
): SungNote[] {
  const words = drawLyrics(
    phrases.reduce((sum, phrase) => sum + phrase.length, 0),
    lyrics,
  )
  let index = 0
  return phrases.flatMap((phrase) => {
    const slurs = phrase.map((note, i) => {
      const previous = phrase[i - 1]
      if (!previous || note.midi === previous.midi) return false
      return note.onset - previous.onset - previous.duration < 0.02 && lyrics.chance(melisma)
    })
    return phrase.map((note, i): SungNote => {
      const slurred = slurs[i]!
      if (!slurred) index++
      const { vowel, initial, final } = words[index - 1]!
      // The end of a word waits for its last note, and short notes have no time for one.
      const open = slurs[i + 1] === true || (phrase[i + 1]?.onset ?? Infinity) - note.onset < 0.35
      return {
        ...note,
        onset: Math.max(0, note.onset + random.uniform(-timing, timing)),
        vowel,
        initial: slurred ? [] : initial,
        final: open ? [] : final,
        slurred,
        phraseStart: i === 0,
        phraseEnd: i === phrase.length - 1,
      }
    })
  })
}
