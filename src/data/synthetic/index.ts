/** Divisi's own synthesiser of songs with known stems and exact labels. Portable: runs in Node, workers and pages. */
export { BASS_NAMES, CHORD_NAMES, KIT_NAMES, LEAD_NAMES, type Players } from './instruments.ts'
export type {
  Beat,
  Chord,
  Consonant,
  DrumHit,
  DrumPiece,
  Key,
  ModeName,
  Note,
  Score,
  Section,
  SectionKind,
  SungNote,
  TimeSpan,
  Vowel,
} from './score.ts'
export type { SongOptions, SyntheticSong } from './song.ts'
export { makeInstrumental, makeSong, singVoice } from './song.ts'
export type { SingerName } from './voice/singers.ts'
export { SINGER_NAMES } from './voice/singers.ts'
