/** Long computations on the thread of their caller: between their steps they let progress, Ctrl-C and other work have a turn. */

/** Returns at once most of the time, and after a turn of the event loop now and then; throws the signal's reason once it is aborted. */
export type Breath = () => Promise<void>

/** Work goes on at least this long (ms) between two turns, each of which costs a timer's millisecond. */
const LEAST_MS = 30

/**
 * A breath for one computation.
 *
 * @example
 * const breath = createBreath(AbortSignal.timeout(60_000))
 * for (let step = 0; step < 1000; step++) await breath()
 */
export function createBreath(signal?: AbortSignal): Breath {
  let last = performance.now()
  return async () => {
    if (performance.now() - last < LEAST_MS) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
    last = performance.now()
  }
}
