/** Draws a whole song on paper: key, tempo, form, harmony, melody, parts and who plays them. */
import { createRandom } from '../../tensor/random.ts'
import type { ChordFigure } from './accompaniment.ts'
import { drawBassLine, drawChordPart } from './accompaniment.ts'
import type { DrumStyle } from './drum-patterns.ts'
import { DRUM_STYLES, drawDrums } from './drum-patterns.ts'
import type { Casting } from './form.ts'
import { drawForm } from './form.ts'
import type { ChordColour } from './harmony.ts'
import { drawKey, drawProgression, isChordTone, scaleOf } from './harmony.ts'
import type { MelodyContext, MelodyStyle } from './melody.ts'
import { drawMelody, singMelody } from './melody.ts'
import type { Chord, Key, Note, Score, SungNote, TimeSpan } from './score.ts'
import type { Singer, SingerName } from './voice/singers.ts'
import { drawSinger, SINGER_NAMES } from './voice/singers.ts'

/** Streams of draws of one song, so that a change of one part leaves the others as they are. */
export const STREAM = {
  plan: 1,
  form: 2,
  harmony: 3,
  melody: 4,
  lyrics: 5,
  drums: 6,
  bass: 7,
  chords: 8,
  lead: 9,
  cast: 10,
  mix: 11,
  voice: 12,
} as const

/** Seconds by which the vocals may start before a phrase (breath, consonants) and ring on after it. */
const VOCAL_LEAD_IN = 0.8
export const VOCAL_TAIL = 2.5

export const BASS_NAMES = ['finger', 'pick', 'analog', 'square', 'sub', 'fm'] as const
export const CHORD_NAMES = [
  'piano',
  'electric-piano',
  'organ',
  'acoustic-guitar',
  'clean-guitar',
  'distorted-guitar',
  'pad',
  'strings',
  'synth-pluck',
] as const
export const LEAD_NAMES = ['saw-lead', 'square-lead', 'flute', 'violin', 'brass', 'reed', 'guitar-solo', 'whistle'] as const
export const KIT_NAMES = ['acoustic', 'tight', 'eighties', 'analog', 'electronic', 'lo-fi', 'brushes'] as const

export type BassName = (typeof BASS_NAMES)[number]
export type ChordName = (typeof CHORD_NAMES)[number]
export type LeadName = (typeof LEAD_NAMES)[number]
export type KitName = (typeof KIT_NAMES)[number]

export interface ComposeOptions {
  readonly seed: number
  readonly seconds: number
  readonly casting: Casting
  /** A named singer instead of a drawn one. */
  readonly singer?: SingerName
}

export interface Composition {
  readonly score: Score
  readonly singer: Singer
  readonly chordParts: readonly { readonly name: ChordName; readonly notes: readonly Note[] }[]
  readonly bassName: BassName
  readonly leadName: LeadName
  readonly kitName: KitName
  readonly style: DrumStyle
}

const FIGURES: Record<ChordName, readonly ChordFigure[]> = {
  piano: ['held', 'arpeggio', 'stabs', 'stabs'],
  'electric-piano': ['held', 'stabs', 'arpeggio'],
  organ: ['held', 'held', 'stabs'],
  'acoustic-guitar': ['strummed', 'strummed', 'arpeggio'],
  'clean-guitar': ['strummed', 'arpeggio', 'stabs'],
  'distorted-guitar': ['strummed', 'held', 'stabs'],
  pad: ['held'],
  strings: ['held'],
  'synth-pluck': ['arpeggio', 'arpeggio', 'stabs'],
}

function mergeSpans(notes: readonly SungNote[], seconds: number): readonly TimeSpan[] {
  const spans: { start: number; end: number }[] = []
  for (const note of [...notes].sort((a, b) => a.onset - b.onset)) {
    const start = Math.max(0, note.onset - VOCAL_LEAD_IN)
    const end = Math.min(seconds, note.onset + note.duration + VOCAL_TAIL)
    const last = spans.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else spans.push({ start, end })
  }
  return spans
}

/** Cuts notes that overlap their successor or the end of the song. */
function trim<N extends Note>(notes: readonly N[], seconds: number): N[] {
  const sorted = [...notes].sort((a, b) => a.onset - b.onset)
  return sorted
    .map((note, i) => ({
      ...note,
      duration: Math.min(note.duration, (sorted[i + 1]?.onset ?? seconds) - note.onset, seconds - 0.05 - note.onset),
    }))
    .filter((note) => note.duration > 0.05)
}

/** A second singer's line: the next note of the mode a third above or below that fits the chord. */
function harmonise(notes: readonly SungNote[], key: Key, chordAt: (seconds: number) => Chord, above: boolean): SungNote[] {
  const scale = scaleOf(key)
  return notes.map((note) => {
    const chord = chordAt(note.onset)
    for (const distance of [3, 4, 5]) {
      const midi = note.midi + (above ? distance : -distance)
      if (isChordTone(chord, midi)) return { ...note, midi }
    }
    const distance = [3, 4].find((d) => scale.includes((((note.midi + (above ? d : -d) - key.tonic) % 12) + 12) % 12)) ?? 4
    return { ...note, midi: note.midi + (above ? distance : -distance) }
  })
}

/** The composition of a seed; equal options give equal songs. */
export function compose(options: ComposeOptions): Composition {
  const { seed, seconds, casting } = options
  const plan = createRandom(seed, STREAM.plan)
  const style = plan.pick(DRUM_STYLES)
  const tempo = Math.round(plan.uniform(...style.tempo) * 10) / 10
  const swing = plan.chance(0.6) ? style.swing[0] : plan.uniform(...style.swing)
  const beatsPerBar = style.name !== 'dance' && plan.chance(0.08) ? 3 : 4
  const beatSeconds = 60 / tempo
  const key = drawKey(plan)
  const singer = drawSinger(options.singer ?? plan.pick(SINGER_NAMES), createRandom(seed, STREAM.voice))
  const sections = drawForm(seconds, beatsPerBar * beatSeconds, casting, createRandom(seed, STREAM.form))

  // Swing delays the second half of every beat, and what lies between in proportion.
  const timeOf = (beat: number): number => {
    const whole = Math.floor(beat + 1e-9)
    const part = Math.max(0, beat - whole)
    const half = 0.5 + swing
    return beatSeconds * (whole + (part < 0.5 ? part * 2 * half : half + (part - 0.5) * 2 * (1 - half)))
  }
  const cast = createRandom(seed, STREAM.cast)
  const heavy = style.name === 'rock' && cast.chance(0.5)
  const colour: ChordColour = heavy
    ? 'power'
    : cast.pick<ChordColour>(
        style.name === 'swing'
          ? ['sevenths', 'ninths', 'blues']
          : style.name === 'funk'
            ? ['sevenths', 'ninths', 'triads', 'blues']
            : ['triads', 'triads', 'triads', 'sevenths', 'ninths'],
      )
  const harmony = createRandom(seed, STREAM.harmony)
  const progressions = new Map<string, readonly Chord[]>()
  const chordOfBar: (readonly Chord[])[] = []
  for (const section of sections) {
    const kind =
      section.kind === 'intro' || section.kind === 'break' || section.kind === 'outro'
        ? 'verse'
        : section.kind === 'solo'
          ? 'chorus'
          : section.kind
    const progression = progressions.get(kind) ?? drawProgression(key, colour, 64, harmony)
    progressions.set(kind, progression)
    for (let bar = 0; bar < section.bars; bar++) chordOfBar.push([progression[(bar * 2) % 64]!, progression[(bar * 2 + 1) % 64]!])
  }
  const chordAt = (beat: number): Chord => {
    const bar = Math.min(chordOfBar.length - 1, Math.floor(beat / beatsPerBar + 1e-9))
    return chordOfBar[bar]![beat - bar * beatsPerBar >= 2 - 1e-9 ? 1 : 0]!
  }
  const beats = Array.from({ length: Math.ceil(seconds / beatSeconds) }, (_, i) => ({
    seconds: i * beatSeconds,
    bar: Math.floor(i / beatsPerBar),
    beat: i % beatsPerBar,
    chord: chordAt(i),
  }))

  const melodyRandom = createRandom(seed, STREAM.melody)
  const melodyStyle: MelodyStyle = {
    busyness: Math.min(2.6, Math.max(0.8, melodyRandom.uniform(1, 2.4) * (110 / tempo) ** 0.6)),
    melisma: melodyRandom.pick([0, 0.05, 0.1, 0.25]),
    leap: melodyRandom.uniform(0.08, 0.3),
    pentatonic: melodyRandom.chance(0.4),
  }
  const context: MelodyContext = { key, range: singer.range, style: melodyStyle, beatsPerBar, chordAt, timeOf }
  const sung: SungNote[] = []
  const harmonyNotes: SungNote[] = []
  for (const section of sections) {
    if (!section.vocals) continue
    // Choruses come back with the same tune and words; verses share the tune.
    const tune = createRandom(seed, STREAM.melody, section.kind === 'chorus' ? 1 : section.kind === 'verse' ? 2 : 10 + section.firstBar)
    const words = createRandom(seed, STREAM.lyrics, section.kind === 'chorus' ? 1 : 10 + section.firstBar)
    const centre = section.kind === 'chorus' ? 2 : 0
    const range = { low: singer.range.low + centre, high: singer.range.high - 2 + centre }
    const phrases = drawMelody({ ...context, range }, section.firstBar * beatsPerBar, section.bars, tune)
    const notes = trim(singMelody(phrases, melodyStyle.melisma, 0.012, words, melodyRandom), seconds).filter(
      (note) => note.onset < seconds - 0.15,
    )
    sung.push(...notes)
    if (section.harmonies) harmonyNotes.push(...notes)
  }
  const chordAtSeconds = (time: number): Chord => chordAt(Math.min(beats.length - 1, Math.floor(time / beatSeconds)))
  const above = harmonyNotes.length > 0 && melodyRandom.chance(0.6)
  const harmonies = harmonyNotes.length === 0 ? [] : [harmonise(trim(harmonyNotes, seconds), key, chordAtSeconds, above)]
  if (harmonyNotes.length > 0 && melodyRandom.chance(0.3))
    harmonies.push(harmonise(trim(harmonyNotes, seconds), key, chordAtSeconds, !above))

  const looseness = cast.pick([0, 0.003, 0.006, 0.01])
  const part = { key, sections, beatsPerBar, seconds, looseness, chordAt, timeOf }
  const drums = drawDrums(
    { style, sections, beatsPerBar, seconds, looseness, timeOf: (step) => timeOf(step / 4) },
    createRandom(seed, STREAM.drums),
  )
  const bass = trim(drawBassLine(part, style.name === 'swing', createRandom(seed, STREAM.bass)), seconds)

  const chordsRandom = createRandom(seed, STREAM.chords)
  const first = heavy ? 'distorted-guitar' : cast.pick(CHORD_NAMES)
  const names = [first, ...(cast.chance(0.7) ? [cast.pick(CHORD_NAMES.filter((name) => name !== first))] : [])]
  const chordParts = names.map((name) => {
    const low = name === 'distorted-guitar'
    const centre = low ? chordsRandom.integer(46, 52) : chordsRandom.integer(55, 67)
    const notes = drawChordPart(
      part,
      chordsRandom.pick(FIGURES[name]),
      centre,
      low ? 3 : chordsRandom.pick([3, 4, 4, name.includes('guitar') ? 6 : 4]),
      chordsRandom,
    )
    return { name, notes: notes.map((note) => ({ ...note, duration: Math.min(note.duration, seconds - note.onset) })) }
  })

  const leadRandom = createRandom(seed, STREAM.lead)
  const leadCentre = leadRandom.integer(60, 70)
  const leadContext: MelodyContext = {
    ...context,
    range: { low: leadCentre, high: leadCentre + 17 },
    style: { ...melodyStyle, busyness: leadRandom.uniform(1, 2.6), leap: leadRandom.uniform(0.1, 0.35) },
  }
  const lead = trim(
    sections
      .filter((section) => section.lead)
      .flatMap((section) => drawMelody(leadContext, section.firstBar * beatsPerBar, section.bars, leadRandom).flat()),
    seconds,
  )
  const bassName = cast.pick<BassName>(style.name === 'swing' ? ['finger'] : heavy ? ['pick', 'finger'] : BASS_NAMES)
  const leadName = cast.pick(LEAD_NAMES)
  const kitName = cast.pick(KIT_NAMES)
  return {
    singer,
    chordParts,
    bassName,
    leadName,
    kitName,
    style,
    score: {
      seconds,
      tempo,
      beatsPerBar,
      swing,
      key,
      sections,
      beats,
      sung,
      harmonies,
      drums,
      bass,
      lead,
      vocalSpans: mergeSpans([...sung, ...harmonies.flat()], seconds),
      chords: chordParts.flatMap((p) => p.notes).sort((a, b) => a.onset - b.onset),
      cast: { singer: singer.name, style: style.name, kit: kitName, bass: bassName, chords: names, lead: leadName },
    },
  }
}
