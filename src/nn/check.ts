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

/**
 * Refuses probabilities that are none.
 *
 * @param probabilities by the name of the argument
 * @throws RangeError for one outside 0…1
 */
export function checkProbability(who: string, probabilities: Readonly<Record<string, number>>): void {
  for (const [name, p] of Object.entries(probabilities)) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`${who}: ${name} ${p}; allowed are numbers in 0…1`)
  }
}

/**
 * Refuses words that are not among those that are known: a misspelt one would be taken for another.
 *
 * @param words by the name of the argument
 * @throws RangeError for one that is not allowed
 */
export function checkWord(who: string, words: Readonly<Record<string, string>>, allowed: readonly string[]): void {
  for (const [name, word] of Object.entries(words)) {
    if (!allowed.includes(word)) throw new RangeError(`${who}: ${name} ${JSON.stringify(word)}; allowed are ${allowed.join(', ')}`)
  }
}
