/**
 * What the processes ("ranks") of one training run do together. Every rank calls the same functions in the same order; each settles when
 * all have called it. Waiting leaves the event loop free, and has a limit: a rank that does not answer is an error, not a hang.
 */

/** What JSON can carry: small things that ranks tell each other. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

export type Reduction = 'sum' | 'mean'

export interface Collective {
  /** This process among those of the run, 0 … size − 1. Rank 0 is the one that writes and prints. */
  readonly rank: number
  readonly size: number
  /** For people: `Open MPI 4.1.4, 4 ranks`. */
  readonly description: string
  /** Replaces the values of every rank by their sum or mean over ranks, bit for bit the same everywhere. All give arrays of one length. */
  allReduce(values: Float32Array, reduction: Reduction): Promise<void>
  /** Replaces the values of every rank by those of `root`. All give arrays of one length. */
  broadcast(values: Float32Array, root?: number): Promise<void>
  /** What each rank gave, by rank. For small things: numbers, messages. */
  allGather<T extends Json>(value: T): Promise<T[]>
  /** Settles when all ranks have called it. */
  barrier(): Promise<void>
  /** Parts in order: all ranks call it, and call nothing after it. */
  dispose(): Promise<void>
  /** Ends all ranks, this one first, with this exit code: for a rank that cannot go on while the others wait for it. */
  abort(exitCode: number): never
}

/** A rank that waits for others in vain: they are gone, or busy for longer than the limit. Only `abort` can follow. */
export class RanksLostError extends Error {
  override readonly name = 'RanksLostError'
}

/** The same failure, known to all ranks, each of which throws it: they can end in order. */
export class SharedFailure extends Error {
  override readonly name = 'SharedFailure'
}

/** Refuses what no implementation takes. */
export function checkRoot(root: number, size: number): void {
  if (!Number.isInteger(root) || root < 0 || root >= size)
    throw new RangeError(`broadcast: root ${root}; allowed are the ranks 0 to ${size - 1}`)
}
