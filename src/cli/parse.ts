/** What numbers on the command line have to be, for commander's `argParser`. */
import { InvalidArgumentError } from 'commander'

/**
 * A whole number from `least` to `most`.
 *
 * @param words what is allowed, where the bounds alone do not say it
 */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER, words = `It is a whole number from ${least} up.`) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least || value > most) throw new InvalidArgumentError(words)
    return value
  }
}

/** A number from `least` up, or above it. */
export function number(least: number, bound: 'from' | 'above' = 'from', what = 'number') {
  return (text: string): number => {
    const value = Number(text)
    const fits = bound === 'from' ? value >= least : value > least
    if (text.trim() === '' || !fits || !Number.isFinite(value))
      throw new InvalidArgumentError(`It is a ${what} ${bound} ${least}${bound === 'from' ? ' up' : ''}.`)
    return value
  }
}

/** A number of threads. */
export const parseThreads = wholeNumber(1)
