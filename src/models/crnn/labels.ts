/** What analysis networks may say: lists of labels that have a name. A model file holds the labels themselves. */

const pitchClasses = ['C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'] as const

/** The 24 major and minor chords, and none: `mir_eval`'s vocabulary "majmin". */
const chords = [...pitchClasses, ...pitchClasses.map((name) => `${name}m`), 'N']

/** Lists of labels by the names that recipes use. Of chords and keys major comes first, C to B, then minor. */
export const vocabularies = {
  chords,
  keys: ['major', 'minor'].flatMap((mode) => pitchClasses.map((name) => `${name} ${mode}`)),
  onsets: ['onset'],
  vocals: ['vocals'],
  instruments: [
    'piano',
    'electric-piano',
    'organ',
    'acoustic-guitar',
    'distorted-guitar',
    'strings',
    'synth-pluck',
    'flute',
    'violin',
    'brass',
    'reed',
    'whistle',
  ],
  /** Who plays in a band. */
  tags: [
    'drums',
    'bass',
    'piano',
    'electric-piano',
    'organ',
    'acoustic-guitar',
    'distorted-guitar',
    'strings',
    'flute',
    'violin',
    'brass',
    'reed',
  ],
} as const satisfies Record<string, readonly string[]>

export type VocabularyName = keyof typeof vocabularies
