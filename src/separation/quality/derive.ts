/** A separator made of another: what it does not change stays as it is. */

import type { Separator } from '../../models/index.ts'

/**
 * Methods are called on the separator they belong to, for separators that are objects of a class. A stream is not passed on: it would give what the other
 * separator makes of the sound.
 */
export function derive(separator: Separator, changes: Pick<Separator, 'predict'> & Partial<Separator>): Separator {
  const { prepass, stream: _, ...facts } = separator
  return {
    ...facts,
    ...(prepass && { prepass: () => prepass.call(separator) }),
    dispose: () => separator.dispose(),
    ...changes,
  }
}

/** Disposes of all, whatever becomes of one; the first error is thrown at the end. */
export async function disposeAll(owned: readonly { dispose(): Promise<void> }[]): Promise<void> {
  const results = await Promise.allSettled(owned.map((each) => each.dispose()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
