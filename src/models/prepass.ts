/**
 * What a network may want to know of a whole song beside the window that it hears: its largest value, its mean. The song is heard through
 * (`SongListener`, separator.ts), and every window comes with what was found.
 */
import type { Spectrum } from '../dsp/index.ts'
import type { Tensor } from '../tensor/index.ts'

/** Which facts of a song a network wants, and how those of all of it are found. */
export interface Prepass {
  /**
   * Facts of single frames of the network's own transform: (b, channels, t, bins) → (b, 1, t, 1) each, by name. Frames past the end of the song are
   * among them and are left out afterwards, so that none may know of another.
   */
  measure(frames: Spectrum): Readonly<Record<string, Tensor>>
  /** What two values of a fact are together: the larger of them, their sum. Of all frames in their order it makes the song's. */
  join(one: number, other: number): number
}

/** Facts as `forward` gets them: (b, 1, 1, 1) each. */
export type SongTensors = Readonly<Record<string, Tensor>>
