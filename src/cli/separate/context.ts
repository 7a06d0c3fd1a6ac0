/** What `divisi separate` needs from outside, so that tests can stand in for it. */

import type { Separator } from '../../separation/index.ts'
import type { ProgressStream } from '../progress.ts'

export interface SeparateContext {
  loadSeparator(model: string | undefined, options: { device: string; threads: number | undefined }): Promise<Separator>
  /** The paths of the written files, one a line; with --json an object a line. */
  readonly stdout: { write(text: string): unknown }
  /** All that is for eyes: what runs, progress, errors. */
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
}
