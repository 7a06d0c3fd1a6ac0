/**
 * Keys, chords and chord progressions. Progressions come from a small grammar: a phrase is a sequence of functions (tonic, predominant,
 * dominant), a function is one of its degrees, and common loops of popular music are drawn whole. Degrees are 0-based steps of the mode.
 */
import type { Random } from '../../tensor/random.ts'
import type { Chord, Key, ModeName } from './score.ts'

const MODES: Record<ModeName, readonly number[]> = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  lydian: [0, 2, 4, 6, 7, 9, 11],
  'harmonic-minor': [0, 2, 3, 5, 7, 8, 11],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
}
const PITCH_NAMES = ['C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']

export function drawKey(random: Random): Key {
  const mode = random.pick<ModeName>([
    'major',
    'major',
    'major',
    'major',
    'minor',
    'minor',
    'minor',
    'dorian',
    'mixolydian',
    'mixolydian',
    'lydian',
    'harmonic-minor',
    'phrygian',
  ])
  const tonic = random.integer(0, 11)
  return { tonic, mode, name: `${PITCH_NAMES[tonic]!} ${mode}` }
}

export function scaleOf(key: Key): readonly number[] {
  return MODES[key.mode]
}

function isMinor(key: Key): boolean {
  return MODES[key.mode][2] === 3
}

/** Pitch class of a 0-based scale step; steps below 0 and above 6 wrap. */
export function stepPitchClass(key: Key, step: number): number {
  return (key.tonic + MODES[key.mode][((step % 7) + 7) % 7]!) % 12
}

const QUALITY_NAMES: Record<string, string> = {
  '0,4,7': '',
  '0,3,7': 'm',
  '0,3,6': 'dim',
  '0,4,8': 'aug',
  '0,7': '5',
  '0,5,7': 'sus4',
  '0,2,7': 'sus2',
  '0,4,7,9': '6',
  '0,3,7,9': 'm6',
  '0,4,7,11': 'maj7',
  '0,4,7,10': '7',
  '0,3,7,10': 'm7',
  '0,3,7,11': 'mMaj7',
  '0,3,6,10': 'm7b5',
  '0,3,6,9': 'dim7',
  '0,4,8,11': 'maj7#5',
  '0,4,7,14': 'add9',
  '0,3,7,14': 'madd9',
  '0,4,7,11,14': 'maj9',
  '0,4,7,10,14': '9',
  '0,3,7,10,14': 'm9',
}

export function makeChord(root: number, intervals: readonly number[]): Chord {
  const pitchClass = ((root % 12) + 12) % 12
  const quality = QUALITY_NAMES[intervals.join()] ?? `(${intervals.join(' ')})`
  return { root: pitchClass, intervals, name: PITCH_NAMES[pitchClass]! + quality }
}

/** Chord of stacked thirds of the mode on a scale step, with 3 to 5 notes. */
export function diatonicChord(key: Key, step: number, size: 3 | 4 | 5 = 3): Chord {
  const scale = MODES[key.mode]
  const pitch = (s: number): number => scale[((s % 7) + 7) % 7]! + 12 * Math.floor(s / 7)
  const intervals = [0, 2, 4, 6, 8].slice(0, size).map((third) => pitch(step + third) - pitch(step))
  return makeChord(stepPitchClass(key, step), intervals)
}

const LOOPS_MAJOR = [
  [0, 4, 5, 3],
  [5, 3, 0, 4],
  [0, 5, 3, 4],
  [0, 3, 4, 3],
  [0, 3, 0, 4],
  [0, 5, 1, 4],
  [3, 0, 4, 5],
  [0, 2, 3, 4],
  [0, 4, 3, 3],
  [5, 4, 3, 4],
  [1, 4, 0, 0],
  [0, 4, 5, 2, 3, 0, 3, 4],
]
const LOOPS_MINOR = [
  [0, 5, 2, 6],
  [0, 6, 5, 6],
  [0, 3, 6, 2],
  [0, 5, 3, 4],
  [0, 2, 6, 5],
  [0, 0, 5, 6],
  [5, 6, 0, 0],
  [0, 3, 0, 6],
  [0, 6, 5, 4],
  [3, 0, 4, 0],
]
const TONIC = [0, 0, 0, 5, 2]
const PREDOMINANT = [3, 3, 1, 5]
const DOMINANT = [4, 4, 4, 6]
const PHRASES = ['TPDT', 'TTPD', 'TDTP', 'TPTD', 'TTPDTPDT', 'TPDTTPDD', 'PTPD', 'TPPD']

function drawSteps(key: Key, random: Random): readonly number[] {
  if (random.chance(0.6)) return random.pick(isMinor(key) ? LOOPS_MINOR : LOOPS_MAJOR)
  return [...random.pick(PHRASES)].map((f) => random.pick(f === 'T' ? TONIC : f === 'P' ? PREDOMINANT : DOMINANT))
}

/** How rich the chords are: power chords, triads, sevenths, ninths, or the dominant sevenths of the blues. */
export type ChordColour = 'power' | 'triads' | 'sevenths' | 'ninths' | 'blues'

function colour(key: Key, step: number, kind: ChordColour, random: Random): Chord {
  const root = stepPitchClass(key, step)
  if (kind === 'power') return makeChord(root, [0, 7])
  if (kind === 'blues') return makeChord(root, [0, 4, 7, 10])
  const triad = diatonicChord(key, step)
  const diminished = triad.intervals[2] === 6
  if (kind === 'ninths') {
    const nine = diatonicChord(key, step, 5)
    return nine.intervals[4] === 14 && !diminished && random.chance(0.7) ? nine : diatonicChord(key, step, 4)
  }
  if (kind === 'sevenths') return random.chance(0.8) ? diatonicChord(key, step, 4) : triad
  // The minor dominant is sharpened to a leading note as often as not, and a diminished triad on the seventh gives way to the dominant.
  if (diminished) return makeChord(stepPitchClass(key, step === 6 ? 4 : step + 2), [0, 4, 7])
  if (step === 4 && isMinor(key) && random.chance(0.5)) return makeChord(root, [0, 4, 7])
  if (random.chance(0.1))
    return makeChord(
      root,
      random.pick([
        [0, 5, 7],
        [0, 2, 7],
      ]),
    )
  return triad
}

/**
 * A progression that fills `halfBars` half bars (one chord each, neighbours may be equal) and repeats its loop.
 * Chords last half a bar, one bar or two bars.
 */
export function drawProgression(key: Key, kind: ChordColour, halfBars: number, random: Random): readonly Chord[] {
  if (kind === 'blues') {
    const twelve = random.chance(0.5) ? [0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4] : [0, 3, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4]
    const chords = twelve.map((step) => colour(key, step, kind, random))
    return Array.from({ length: halfBars }, (_, i) => chords[Math.floor(i / 2) % 12]!)
  }
  const span = random.pick([1, 2, 2, 2, 2, 4])
  const first = drawSteps(key, random)
  const steps = span === 1 && first.length === 4 ? [...first, ...drawSteps(key, random)] : first
  const chords = steps.map((step) => colour(key, step, kind, random))
  return Array.from({ length: halfBars }, (_, i) => chords[Math.floor(i / span) % chords.length]!)
}

/** Lowest MIDI number not below `floor` with the pitch class. */
export function midiAbove(pitchClass: number, floor: number): number {
  return floor + ((((pitchClass - floor) % 12) + 12) % 12)
}

/** Notes of a chord near a centre, moving as little as may be from the voicing before (nearest inversion). */
export function voiceChord(chord: Chord, centre: number, voices: number): readonly number[] {
  const low = centre - 7
  const notes = chord.intervals.map((interval) => midiAbove((chord.root + interval) % 12, low)).sort((a, b) => a - b)
  for (let i = 0; notes.length < voices; i++) notes.push(notes[i]! + 12)
  return notes.slice(0, Math.max(voices, 2))
}

/** Whether a MIDI number belongs to the chord. */
export function isChordTone(chord: Chord, midi: number): boolean {
  return chord.intervals.some((interval) => (chord.root + interval - midi) % 12 === 0)
}
