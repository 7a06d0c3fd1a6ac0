/** Frames of a codec gathered for one call of its decoder, such that damage takes nothing of what lies before it. */

export interface Batch<T> {
  readonly items: readonly T[]
  /** Whether nothing follows: the source ended, or failed. */
  readonly ended: boolean
  /** What ended it, if that was an error: thrown once the items are decoded and given. */
  readonly failure: { readonly error: unknown } | undefined
}

/** Takes items from `next` until it gives undefined or throws, or `enough` of them are there. */
export async function gather<T>(next: () => Promise<T | undefined>, enough: (items: readonly T[]) => boolean): Promise<Batch<T>> {
  const items: T[] = []
  try {
    while (!enough(items)) {
      const item = await next()
      if (item === undefined) return { items, ended: true, failure: undefined }
      items.push(item)
    }
    return { items, ended: false, failure: undefined }
  } catch (error) {
    return { items, ended: true, failure: { error } }
  }
}

/**
 * Runs a step of a decoder that prints its errors as well as returning them, so that they are said once. The step is synchronous: what others print
 * is not lost.
 */
export function quietly<T>(step: () => T): T {
  const { error } = console
  console.error = () => {}
  try {
    return step()
  } finally {
    console.error = error
  }
}
