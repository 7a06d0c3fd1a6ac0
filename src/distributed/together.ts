/**
 * Work of different lengths on different ranks. Whoever is done waits; whoever works tells the others every few seconds that it still does, so
 * that waiting may last as long as the work, and a rank that dies meanwhile is noticed all the same.
 */
import { type Collective, type Json, SharedFailure } from './collective.ts'

/** Time between two words of a rank that works. */
const heartbeatMs = 1000

/**
 * Runs each rank's own work, and settles when all are done. A failure of one is a failure of all.
 *
 * @param work needs a free event loop now and then; ranks with nothing to do return at once
 * @throws SharedFailure on every rank, with the first failed rank's message
 *
 * @example
 * const names = await together(collective, async () => (collective.rank === 0 ? 'first' : 'other'))
 */
export async function together<T>(collective: Collective, work: () => Promise<T>): Promise<T> {
  if (collective.size === 1) return work()
  let outcome: { readonly value: T } | { readonly failure: unknown } | undefined
  const working = work().then(
    (value) => (outcome = { value }),
    (failure: unknown) => (outcome = { failure }),
  )
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined
    await Promise.race([working, new Promise((wake) => (timer = setTimeout(wake, heartbeatMs)))])
    clearTimeout(timer)
    const failed = outcome !== undefined && 'failure' in outcome ? messageOf(outcome.failure) : undefined
    const words = await collective.allGather({ done: outcome !== undefined, failed })
    const rank = words.findIndex((word) => word.failed !== undefined)
    if (rank >= 0) throw shared(words[rank]!.failed!, rank, outcome)
    if (words.every(({ done }) => done)) return (outcome as { readonly value: T }).value
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Rank 0's failures are told as they are, as a single process would; those of others say where. */
function shared(
  message: string,
  rank: number,
  outcome: { readonly value: unknown } | { readonly failure: unknown } | undefined,
): SharedFailure {
  const cause = outcome !== undefined && 'failure' in outcome ? outcome.failure : undefined
  return new SharedFailure(rank === 0 ? message : `rank ${rank}: ${message}`, { cause })
}

/**
 * Work of rank 0 alone, whose result all ranks get, as far as JSON carries it.
 *
 * @example
 * const score = await onRoot(collective, async () => 11.4)
 */
export async function onRoot<T>(collective: Collective, work: () => Promise<T>): Promise<T> {
  const own = await together(collective, async () => (collective.rank === 0 ? await work() : undefined))
  if (collective.size === 1) return own as T
  const [first] = await collective.allGather((own ?? null) as Json)
  return (collective.rank === 0 ? own : first) as T
}
