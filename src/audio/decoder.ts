/** What every decoder gives: the facts of a stream, read from its head, and its samples on demand. */

import type { AudioBlock, AudioInfo } from './types.ts'

export interface Decoder {
  readonly info: AudioInfo
  /** The samples, once; the caller passes each block on and keeps none. */
  blocks(): AsyncGenerator<AudioBlock>
  /** Makes a step of `blocks` that waits for something outside end soon, with an error. */
  interrupt?(): void
  /** Frees the memory or ends the process of the decoder. Called once, and not while a step of `blocks` runs. */
  release(): Promise<void> | void
}
