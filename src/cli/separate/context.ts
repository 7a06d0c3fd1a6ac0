/** What `divisi separate` needs from outside, so that tests can stand in for it. */

import type { Readable, Writable } from 'node:stream'
import type { Separator, TimePredictor } from '../../separation/index.ts'
import type { ProgressStream } from '../progress.ts'

/** Standard input and output as streams of bytes, for `-`. */
export interface Pipes {
  readonly input: Readable
  readonly output: Writable & { readonly isTTY?: boolean }
}

export interface SeparateContext {
  /** Of Divisi: a song that another one began is not gone on with. */
  readonly version: string
  loadSeparator(
    model: string | undefined,
    options: { device: string; threads?: number | undefined; memory?: number | undefined },
  ): Promise<Separator>
  /** Tells how long a song will take, where that is wanted. */
  readonly predictor?: TimePredictor
  /** The paths of the written files, one a line; with --json an object a line. */
  readonly stdout: { write(text: string): unknown }
  /** All that is for eyes: what runs, progress, errors. */
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
  /** Where there are such. */
  pipes?(): Pipes
  /** Hears songs through for the passage of --preview. */
  readonly scout?: Separator | undefined
}
