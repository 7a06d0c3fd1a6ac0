/** Checks that layers share: what is wrong with an argument, and what would not be. */

/**
 * Refuses sizes that are none.
 *
 * @param sizes by the name of the argument
 * @throws RangeError for a size that is no whole number ≥ 1
 */
export function checkExtent(who: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`${who}: ${name} ${size}; allowed are whole numbers ≥ 1`)
  }
}
