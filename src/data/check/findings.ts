/** What the check of training data finds, and how bad it is. */

/** `error`: it cannot be trained on, or spoils what is measured; `warning`: it probably harms; `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note'
export const severities: readonly Severity[] = ['error', 'warning', 'note']

/** Kinds of findings, and the sentence that explains each in a report. */
export const findingKinds = {
  set: 'The set as a whole cannot be used: something is missing or contradicts itself.',
  unreadable: 'No decoder makes sound of the file.',
  damaged: 'The sound breaks off or is damaged within the file; what is behind it is lost.',
  channels: 'Training takes mono and stereo.',
  silent: 'Silence throughout teaches nothing, and has no level that could be set.',
  pause: 'Long silence in the file: crops of it are empty.',
  clipped: 'Samples at full scale or flat tops are distortion, which a network learns as part of the stem.',
  offset: 'The mean of the samples is not 0: headroom is lost, and crops begin and end with a click.',
  bandwidth:
    'The sound ends below what its sample rate promises: resampled up, or of a lossy encoder. A network may learn that narrow means this stem.',
  rate: 'A sample rate below that of training leaves the highs empty; a rare one is often a mistake of an export.',
  mono: 'Two equal channels: mono, stored twice.',
  'dead-channel': 'One channel is silent.',
  inverted: 'Left and right are opposites of each other: the sum of both, which mono listeners and mono networks hear, is nearly empty.',
  short: 'Shorter than an example of training.',
  duplicate: 'The same sound twice counts double, and the parts of a mixture that share it are no longer independent.',
  'both-splits': 'The same sound is trained on and validated with: the score then tells memory, not skill.',
  'both-roles': 'The same sound stands as voice and as accompaniment.',
  voice: 'A voice was heard where none should be: the network would learn to leave voices in.',
  accompaniment: 'Accompaniment was heard where a voice should be alone: the network would learn to take it for the voice.',
  sum: 'The mixture is not the sum of its stems.',
  'stem-length': 'Stems of a song are not equally long.',
  'stem-rate': 'Stems of a song have different sample rates.',
} as const
export type FindingKind = keyof typeof findingKinds

export interface Finding {
  readonly kind: FindingKind
  readonly severity: Severity
  /** The file, or the folder of the song. */
  readonly path: string
  /** What and how much, without the file's name. */
  readonly message: string
  /** Where in the file, in seconds. */
  readonly at?: number
  readonly until?: number
  /** The other one of two files. */
  readonly other?: string
}

/** The most severe first, then by file. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity }: Finding): number => severities.indexOf(severity)
  return [...findings].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}
