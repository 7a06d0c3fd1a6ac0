/** Harmony of clips: chords that have a third, and phrases that leave no doubt about their key. */
import type { Random } from '../../tensor/random.ts'
import { type ChordColour, diatonicChord, drawKey, drawProgression, makeChord, stepPitchClass } from '../synthetic/harmony.ts'
import type { Chord, Key } from '../synthetic/score.ts'

export interface Harmony {
  readonly key: Key
  /** A chord per half bar; neighbours may be the same object, which is held. */
  readonly halfBars: readonly Chord[]
}

/** Major or minor by its third, with a perfect fifth: what has a place among the 24 labels. */
function isMajorOrMinor({ intervals }: Chord): boolean {
  return (intervals[1] === 3 || intervals[1] === 4) && intervals[2] === 7
}

/** A progression of popular music in any mode, all of whose chords are major or minor, sevenths and ninths included. */
export function drawLabelledHarmony(halfBars: number, random: Random): Harmony {
  for (;;) {
    const key = drawKey(random)
    const colour = random.pick<ChordColour>(['triads', 'triads', 'sevenths', 'ninths', 'blues'])
    const chords = drawProgression(key, colour, halfBars, random)
    if (chords.every(isMajorOrMinor)) return { key, halfBars: chords }
  }
}

/** Degrees between a tonic and the cadence, of two, three and four bars. */
const MIDDLES = [[3], [5], [1], [3, 1], [5, 3], [2, 3], [5, 1], [3, 4], [4, 5], [0, 3], [5, 3, 1], [2, 5, 3], [3, 0, 1], [4, 5, 3]]

/**
 * Phrases in major or minor that begin on the tonic and end with a cadence, dominant to tonic, in minor with the raised leading note. Loops of popular
 * music would not do: Am F C G is in A minor in one song and in C major in another.
 */
export function drawCadences(halfBars: number, random: Random): Harmony {
  const mode = random.pick(['major', 'minor'] as const)
  const tonic = random.integer(0, 11)
  const key: Key = { tonic, mode, name: `${makeChord(tonic, [0, 4, 7]).name} ${mode}` }
  const chordOn = (step: number): Chord =>
    step === 4
      ? makeChord(stepPitchClass(key, 4), random.chance(0.5) ? [0, 4, 7, 10] : [0, 4, 7])
      : diatonicChord(key, step, random.chance(0.15) ? 4 : 3)
  const home = diatonicChord(key, 0)
  const length = random.pick([1, 2, 2])
  const chords: Chord[] = []
  while (chords.length < halfBars) {
    const phrase = [home, ...random.pick(MIDDLES).map(chordOn), chordOn(4), home]
    for (const chord of phrase) for (let half = 0; half < length; half++) chords.push(chord)
  }
  return { key, halfBars: chords.slice(0, halfBars) }
}
