/** Names of the instruments and what each can play. */
import type { ChordFigure } from './accompaniment.ts'

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

/** Figures a chord instrument plays; one that stands twice is twice as likely. */
export const CHORD_FIGURES: Record<ChordName, readonly ChordFigure[]> = {
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

/** Who may play; of the instruments that a list leaves out none is drawn. */
export interface Players {
  readonly kits?: readonly KitName[]
  readonly basses?: readonly BassName[]
  readonly chords?: readonly ChordName[]
  readonly leads?: readonly LeadName[]
}

interface Ensemble {
  readonly kits: readonly KitName[]
  readonly basses: readonly BassName[]
  readonly chords: readonly ChordName[]
  readonly leads: readonly LeadName[]
}

/** Who plays together; names that stand twice are twice as likely. */
export const ENSEMBLES: Record<'band' | 'machines' | 'anything', Ensemble> = {
  band: {
    kits: ['acoustic', 'acoustic', 'tight', 'eighties', 'brushes'],
    basses: ['finger', 'finger', 'pick'],
    chords: [
      'piano',
      'electric-piano',
      'organ',
      'acoustic-guitar',
      'acoustic-guitar',
      'clean-guitar',
      'clean-guitar',
      'distorted-guitar',
      'strings',
    ],
    leads: ['guitar-solo', 'guitar-solo', 'violin', 'brass', 'reed', 'flute', 'whistle'],
  },
  machines: {
    kits: ['analog', 'electronic', 'electronic', 'lo-fi', 'eighties'],
    basses: ['analog', 'square', 'sub', 'fm'],
    chords: ['pad', 'pad', 'synth-pluck', 'electric-piano', 'organ', 'piano', 'strings'],
    leads: ['saw-lead', 'square-lead', 'saw-lead', 'flute', 'whistle'],
  },
  anything: { kits: KIT_NAMES, basses: BASS_NAMES, chords: CHORD_NAMES, leads: LEAD_NAMES },
}

/** Those of an ensemble who may play; where it has none of them, all who may. */
export function choose<Name>(names: readonly Name[], allowed: readonly Name[] | undefined): readonly Name[] {
  if (!allowed) return names
  const both = names.filter((name) => allowed.includes(name))
  return both.length > 0 ? both : allowed
}
