/** The plan of a song: key, tempo, metre, form, and the chord and time at every beat. */
import type { Random } from '../../tensor/random.ts'
import { createRandom } from '../../tensor/random.ts'
import type { DrumStyle } from './drum-patterns.ts'
import type { Casting } from './form.ts'
import { drawForm } from './form.ts'
import type { ChordColour } from './harmony.ts'
import { drawKey, drawProgression } from './harmony.ts'
import type { Chord, Key, Section, SectionKind } from './score.ts'
import { STREAM } from './streams.ts'

/** When and over which chords everything happens. */
export interface Plan {
  readonly key: Key
  readonly style: DrumStyle
  readonly tempo: number
  readonly swing: number
  readonly beatsPerBar: number
  readonly sections: readonly Section[]
  readonly seconds: number
  /** Chord and time in seconds at a place counted in beats from the start. */
  chordAt(beat: number): Chord
  timeOf(beat: number): number
}

function drawChordColour(style: DrumStyle, heavy: boolean, random: Random): ChordColour {
  if (heavy) return 'power'
  if (style.name === 'swing') return random.pick<ChordColour>(['sevenths', 'ninths', 'blues'])
  if (style.name === 'funk') return random.pick<ChordColour>(['sevenths', 'ninths', 'triads', 'blues'])
  return random.pick<ChordColour>(['triads', 'triads', 'triads', 'sevenths', 'ninths'])
}

export interface PlanOptions {
  readonly seed: number
  readonly seconds: number
  readonly casting: Casting
  readonly style: DrumStyle
  /** Power chords. */
  readonly heavy: boolean
}

export function drawPlan({ seed, seconds, casting, style, heavy }: PlanOptions): Plan {
  const random = createRandom(seed, STREAM.plan)
  const tempo = Math.round(random.uniform(...style.tempo) * 10) / 10
  const swing = random.chance(0.6) ? style.swing[0] : random.uniform(...style.swing)
  const beatsPerBar = style.name !== 'dance' && random.chance(0.08) ? 3 : 4
  const key = drawKey(random)
  const beatSeconds = 60 / tempo
  const sections = drawForm(seconds, beatsPerBar * beatSeconds, casting, createRandom(seed, STREAM.form))
  const harmony = createRandom(seed, STREAM.harmony)
  const colour = drawChordColour(style, heavy, harmony)
  // Sections share progressions: what has no tune of its own borrows the verse's, a solo the chorus's.
  const borrowed: Partial<Record<SectionKind, SectionKind>> = { intro: 'verse', break: 'verse', outro: 'verse', solo: 'chorus' }
  const progressions = new Map<SectionKind, readonly Chord[]>()
  const halfBars: Chord[] = []
  for (const section of sections) {
    const kind = borrowed[section.kind] ?? section.kind
    const progression = progressions.get(kind) ?? drawProgression(key, colour, 64, harmony)
    progressions.set(kind, progression)
    for (let half = 0; half < 2 * section.bars; half++) halfBars.push(progression[half % 64]!)
  }
  const chordAt = (beat: number): Chord => {
    const bar = Math.floor(beat / beatsPerBar + 1e-9)
    const half = 2 * bar + (beat - bar * beatsPerBar >= 2 - 1e-9 ? 1 : 0)
    return halfBars[Math.min(halfBars.length - 1, half)]!
  }
  // Swing delays the second half of every beat, and what lies between in proportion.
  const timeOf = (beat: number): number => {
    const whole = Math.floor(beat + 1e-9)
    const part = Math.max(0, beat - whole)
    const half = 0.5 + swing
    return beatSeconds * (whole + (part < 0.5 ? part * 2 * half : half + (part - 0.5) * 2 * (1 - half)))
  }
  return { key, style, tempo, swing, beatsPerBar, sections, seconds, chordAt, timeOf }
}
