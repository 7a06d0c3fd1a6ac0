/** The exact labels of a synthetic song: everything its sound was made from, in seconds and MIDI numbers. */

export type ModeName = 'major' | 'minor' | 'dorian' | 'mixolydian' | 'lydian' | 'harmonic-minor' | 'phrygian'

export interface Key {
  /** Pitch class of the tonic, 0 = C … 11 = B. */
  readonly tonic: number
  readonly mode: ModeName
  /** Such as "F# dorian". */
  readonly name: string
}

export interface Chord {
  /** Pitch class of the root, 0 = C … 11 = B. */
  readonly root: number
  /** Semitones above the root, ascending from 0; the fifth of a power chord is [0, 7]. */
  readonly intervals: readonly number[]
  /** Such as "Am7". */
  readonly name: string
}

export interface Beat {
  readonly seconds: number
  /** Bar number from 0, and beat in the bar from 0. */
  readonly bar: number
  readonly beat: number
  readonly chord: Chord
}

export type SectionKind = 'intro' | 'verse' | 'pre-chorus' | 'chorus' | 'bridge' | 'solo' | 'break' | 'outro'

export interface Section {
  readonly kind: SectionKind
  readonly start: number
  readonly end: number
  readonly firstBar: number
  readonly bars: number
  /** 0 (sparse) to 1 (everybody plays). */
  readonly density: number
  /** Whether the singer, the lead instrument and the harmony singers have phrases here. */
  readonly vocals: boolean
  readonly lead: boolean
  readonly harmonies: boolean
}

export interface Note {
  /** Seconds from the start of the song. */
  readonly onset: number
  readonly duration: number
  /** MIDI number, 69 = 440 Hz; whole numbers. */
  readonly midi: number
  /** 0 to 1. */
  readonly velocity: number
}

export type Vowel = 'i' | 'ɪ' | 'e' | 'ɛ' | 'æ' | 'a' | 'ʌ' | 'ɔ' | 'o' | 'ʊ' | 'u' | 'ɝ' | 'y' | 'ø'

export type Consonant =
  | 's'
  | 'ʃ'
  | 'f'
  | 'h'
  | 'z'
  | 'v' // fricatives
  | 'p'
  | 't'
  | 'k'
  | 'b'
  | 'd'
  | 'g' // plosives
  | 'm'
  | 'n' // nasals
  | 'l'
  | 'r'
  | 'w'
  | 'j' // liquids and glides

/** A note of a singer: the onset is that of the vowel, and the consonants before it come earlier. */
export interface SungNote extends Note {
  readonly vowel: Vowel
  /** Consonants before the vowel; empty when the syllable starts with its vowel or goes on from the note before. */
  readonly initial: readonly Consonant[]
  /** Consonants after the vowel, inside the note's duration. */
  readonly final: readonly Consonant[]
  /** Sung on the syllable of the note before, without a new attack. */
  readonly slurred: boolean
  /** First note after a breath. */
  readonly phraseStart: boolean
  readonly phraseEnd: boolean
}

export type DrumPiece =
  | 'kick'
  | 'snare'
  | 'rim'
  | 'clap'
  | 'closed-hat'
  | 'pedal-hat'
  | 'open-hat'
  | 'low-tom'
  | 'mid-tom'
  | 'high-tom'
  | 'crash'
  | 'ride'
  | 'shaker'
  | 'tambourine'
  | 'cowbell'

export interface DrumHit {
  readonly onset: number
  readonly piece: DrumPiece
  readonly velocity: number
}

export interface TimeSpan {
  readonly start: number
  readonly end: number
}

export interface Score {
  readonly seconds: number
  /** Beats per minute. */
  readonly tempo: number
  readonly beatsPerBar: number
  /** Share of the beat by which every second eighth comes late: 0 is straight, 1/6 is triplet swing. */
  readonly swing: number
  readonly key: Key
  readonly sections: readonly Section[]
  readonly beats: readonly Beat[]
  /** The lead singer's line. */
  readonly sung: readonly SungNote[]
  /** Lines of further singers, in the vocals too; doubles of the lead line are not listed. */
  readonly harmonies: readonly (readonly SungNote[])[]
  /** Outside these spans the vocals are exactly zero; inside are notes, their consonants, breaths and reverberation. */
  readonly vocalSpans: readonly TimeSpan[]
  readonly drums: readonly DrumHit[]
  readonly bass: readonly Note[]
  readonly chords: readonly Note[]
  readonly lead: readonly Note[]
  /** What plays: names of singer, kit, pattern and instruments. */
  readonly cast: {
    readonly singer: string
    readonly style: string
    readonly kit: string
    readonly bass: string
    readonly chords: readonly string[]
    readonly lead: string
  }
}
