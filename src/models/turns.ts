/** One thing at a time, for several who ask: first come, first served, and who gives up does not hold up the others. */

/**
 * The value of a promise, or the signal's reason as soon as it is aborted; what the promise stands for goes on by itself then.
 *
 * @example
 * const never = new Promise<number>(() => {})
 * await untilAborted(never, AbortSignal.abort('enough')).catch((reason) => reason) // 'enough'
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise<T>((resolve, reject) => {
    const give = (): void => reject(signal.reason)
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

/** Calls `work` when all that asked before have had their turn. */
export type Turns = <T>(work: () => Promise<T>, signal?: AbortSignal | undefined) => Promise<T>

/**
 * A queue of calls. A call whose signal is aborted is rejected at once: one that waits is never begun, one that has begun is waited for by the next in
 * the queue, not by its caller any more.
 *
 * @example
 * const turns = createTurns()
 * const order: number[] = []
 * await Promise.all([1, 2, 3].map((n) => turns(async () => order.push(n))))
 * order // [1, 2, 3]
 */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work, signal) => {
    const mine = last.then(() => {
      signal?.throwIfAborted()
      return work()
    })
    last = mine.catch(() => {})
    return untilAborted(mine, signal)
  }
}
