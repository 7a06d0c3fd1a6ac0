/** What is known of a clip: labels and when they hold. */
import type { VocabularyName } from '../../models/crnn/labels.ts'

/** A label from `start` to `end` (seconds): a chord, a phrase; an onset where both are equal; what is true of the whole clip from its start to its end. */
export interface Annotation {
  readonly label: string
  readonly start: number
  readonly end: number
}

/** Mono sound with its labels. */
export interface Clip {
  readonly audio: Float32Array
  /** Hertz. */
  readonly sampleRate: number
  /** In order of their starts. */
  readonly annotations: readonly Annotation[]
}

/** What clips are made for: the labels that they come with. */
export type ClipKind = VocabularyName

/** Training and held-out clips share no draw; of singers not even the voices. */
export type ClipSplit = 'train' | 'held-out'
