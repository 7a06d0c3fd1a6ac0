/** What bass and chord players do with the harmony: bass lines and chord figures per section. */
import type { Random } from '../../tensor/random.ts'
import { midiAbove, stepPitchClass, voiceChord } from './harmony.ts'
import type { Chord, Key, Note, Section } from './score.ts'

export interface PartContext {
  readonly key: Key
  readonly sections: readonly Section[]
  readonly beatsPerBar: number
  readonly seconds: number
  /** Deviation of onsets in seconds. */
  readonly looseness: number
  chordAt(beat: number): Chord
  timeOf(beat: number): number
}

/** A bass figure in steps of half a beat over one bar of eight: chord degree (r root, f fifth, o octave, - hold, . rest, w walk). */
const BASS_FIGURES: readonly string[] = [
  'r-------',
  'r---r---',
  'r-rrr-rr',
  'rrrrrrrr',
  'r.r.r.r.',
  'r--r--r-',
  'r-.or-.o',
  'r-f-o-f-',
  'r..r.r..',
  'r---f---',
  'rorororo',
  'r--rf-o-',
  'w-w-w-w-',
  'r..r..of',
]

function clean(notes: Note[], context: PartContext, random: Random): Note[] {
  return notes
    .map((n) => ({ ...n, onset: Math.max(0, n.onset + context.looseness * Math.max(-2, Math.min(2, random.normal()))) }))
    .filter((n) => n.onset < context.seconds - 0.02 && n.duration > 0.02)
    .sort((a, b) => a.onset - b.onset)
}

/** One bass line; `swingFeel` prefers walking. */
export function drawBassLine(context: PartContext, swingFeel: boolean, random: Random): Note[] {
  const { beatsPerBar, key } = context
  const floor = random.integer(28, 33)
  const figures = new Map<string, string>()
  const notes: Note[] = []
  for (const section of context.sections) {
    const figure = figures.get(section.kind) ?? (swingFeel && random.chance(0.6) ? 'w-w-w-w-' : random.pick(BASS_FIGURES))
    figures.set(section.kind, figure)
    if (section.density < 0.15 || (section.density < 0.3 && random.chance(0.4))) continue
    const gate = random.uniform(0.6, 0.98)
    for (let bar = section.firstBar; bar < section.firstBar + section.bars; bar++) {
      const steps = beatsPerBar * 2
      for (let s = 0; s < steps; s++) {
        const mark = figure[s]!
        if (mark === '-' || mark === '.') continue
        let length = 1
        while (s + length < steps && figure[s + length] === '-') length++
        const beat = bar * beatsPerBar + s / 2
        // A held note is struck again where the chord changes under it.
        const change = Array.from({ length }, (_, i) => i).find((i) => i > 0 && context.chordAt(beat + i / 2) !== context.chordAt(beat))
        const parts =
          change === undefined
            ? [[0, length]]
            : [
                [0, change],
                [change, length],
              ]
        for (const [from, to] of parts) {
          const start = beat + from! / 2
          const chord = context.chordAt(start)
          const fifth = chord.intervals.find((i) => i >= 6 && i <= 8) ?? 7
          let midi = midiAbove(chord.root, floor)
          if (mark === 'f') midi += midi + fifth > floor + 16 ? fifth - 12 : fifth
          if (mark === 'o') midi += 12
          if (mark === 'w') {
            const next = midiAbove(context.chordAt(start + 1).root, floor)
            const onOne = s === 0 || context.chordAt(start - 0.5) !== chord
            midi = onOne
              ? midi
              : s >= steps - 2
                ? next + random.pick([-1, 1, 2, -2])
                : random.chance(0.6)
                  ? midi + random.pick(chord.intervals)
                  : midiAbove(stepPitchClass(key, random.integer(0, 6)), floor)
          }
          const [t0, t1] = [context.timeOf(start), context.timeOf(beat + to! / 2)]
          notes.push({
            onset: t0,
            duration: (t1 - t0) * (to! - from! > 1 ? Math.max(gate, 0.85) : gate),
            midi: Math.max(24, midi),
            velocity: (s % 4 === 0 ? 0.85 : 0.7) + random.uniform(-0.1, 0.12),
          })
        }
      }
    }
  }
  return clean(notes, context, random)
}

/** How a chord instrument moves: held, broken, or struck in a rhythm of eighths (D down, U up, x short, . rest, - hold). */
export type ChordFigure = 'held' | 'arpeggio' | 'strummed' | 'stabs'

const STRUMS = ['D-D-D-D-', 'D-DU-UDU', 'D--UD-DU', 'D---D-DU', 'DUDUDUDU', 'D-------', 'D---D---', 'D-D--UD-']
const STABS = ['.x.x.x.x', 'x..x..x.', '..x...x.', 'x.x.x.x.', 'xxxxxxxx', '.x..x...', 'x..x.x..', 'x-------', 'x---x---']

/** One chord part. Strums spread the notes of a chord by some milliseconds, upwards or downwards. */
export function drawChordPart(context: PartContext, figure: ChordFigure, centre: number, voices: number, random: Random): Note[] {
  const notes: Note[] = []
  const patterns = new Map<string, string>()
  const order = random.pick([
    [0, 1, 2, 3],
    [0, 2, 1, 2],
    [0, 2, 1, 3],
    [3, 2, 1, 0],
    [0, 1, 2, 1],
  ])
  const perBeat = random.pick([2, 2, 4])
  const spread = figure === 'strummed' ? random.uniform(0.006, 0.022) : random.uniform(0, 0.004)
  for (const section of context.sections) {
    const pattern = patterns.get(section.kind) ?? random.pick(figure === 'strummed' ? STRUMS : STABS)
    patterns.set(section.kind, pattern)
    if (random.chance(section.density < 0.3 ? 0.25 : 0.08)) continue
    const [first, last] = [section.firstBar * context.beatsPerBar, (section.firstBar + section.bars) * context.beatsPerBar]
    const strike = (beat: number, length: number, velocity: number, upwards: boolean): void => {
      const voicing = [...voiceChord(context.chordAt(beat), centre, voices)]
      if (upwards) voicing.reverse()
      const [t0, t1] = [context.timeOf(beat), context.timeOf(beat + length)]
      voicing.forEach((midi, i) => {
        notes.push({
          onset: t0 + i * spread,
          duration: t1 - t0 - i * spread,
          midi,
          velocity: Math.min(1, velocity + random.uniform(-0.08, 0.08)),
        })
      })
    }
    if (figure === 'arpeggio') {
      for (let i = 0; i < (last - first) * perBeat; i++) {
        const beat = first + i / perBeat
        const voicing = voiceChord(context.chordAt(beat), centre, 4)
        const midi = voicing[order[i % order.length]! % voicing.length]!
        const [t0, t1] = [context.timeOf(beat), context.timeOf(beat + random.pick([1, 1.5, 2]) / perBeat)]
        notes.push({ onset: t0, duration: t1 - t0, midi, velocity: (i % perBeat === 0 ? 0.75 : 0.6) + random.uniform(-0.1, 0.1) })
      }
    } else if (figure === 'held') {
      for (let beat = first; beat < last; ) {
        let length = 0.5
        while (beat + length < last && length < 2 * context.beatsPerBar && context.chordAt(beat + length) === context.chordAt(beat))
          length += 0.5
        strike(beat, length, 0.65, false)
        beat += length
      }
    } else {
      const steps = context.beatsPerBar * 2
      for (let bar = first / context.beatsPerBar; bar < last / context.beatsPerBar; bar++) {
        for (let s = 0; s < steps; s++) {
          const mark = pattern[s]!
          if (mark === '-' || mark === '.') continue
          let length = mark === 'x' ? 0.6 : 1
          while (s + length < steps && pattern[s + Math.ceil(length)] === '-') length = Math.ceil(length) + 1
          strike(bar * context.beatsPerBar + s / 2, length / 2, (s % 4 === 0 ? 0.8 : 0.65) - (mark === 'U' ? 0.1 : 0), mark === 'U')
        }
      }
    }
  }
  return clean(notes, context, random)
}
