/** Strings of symbols to be copied or said backwards: what encoder and decoder are tried on, with exact answers and of any length. */
import { drawOfPart, type Part } from './held-out.ts'

/** What a string becomes. */
export type TransductionKind = 'copy' | 'reverse'

/** For the identity of runs: another version draws other strings. */
export const sequencesVersion = 1

export interface SequenceOptions {
  /** How many symbols there are. */
  readonly symbols: number
  /** Shortest and longest, each length equally likely. */
  readonly length: readonly [number, number]
  readonly part: Part
  readonly seed: number
}

/** Refuses ranges that are none. */
export function checkSpan(who: string, name: string, [low, high]: readonly [number, number]): void {
  if (Number.isInteger(low) && Number.isInteger(high) && low >= 1 && high >= low) return
  throw new RangeError(`${who}: ${name} [${low}, ${high}]; needs two whole numbers ≥ 1, the smaller one first`)
}

/** Refuses what is no whole number ≥ 1. */
export function checkCount(who: string, name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) throw new RangeError(`${who}: ${name} ${value}; allowed are whole numbers ≥ 1`)
}

/**
 * A string of symbols 0…symbols − 1, a pure function of seed and index.
 *
 * @throws RangeError for sizes that are none, and where no string is of the part
 *
 * @example
 * const options = { symbols: 12, length: [3, 10], seed: 1 } as const
 * const ids = drawSequence({ ...options, part: 'training' }, 0)
 * ids.length >= 3 && ids.length <= 10 // true
 * partOf(ids) // 'training'
 */
export function drawSequence({ symbols, length, part, seed }: SequenceOptions, index: number): Int32Array {
  const who = 'drawSequence'
  checkCount(who, 'symbols', symbols)
  checkSpan(who, 'length', length)
  return drawOfPart(who, part, [seed, part === 'training' ? 1 : 2, index], (random) => {
    const count = random.integer(length[0], length[1])
    return Int32Array.from({ length: count }, () => random.integer(0, symbols - 1))
  })
}

/**
 * What is to be said of a string.
 *
 * @example
 * transduce('reverse', Int32Array.of(1, 2, 3)) // [3, 2, 1]
 */
export function transduce(kind: TransductionKind, ids: Int32Array): Int32Array {
  return kind === 'reverse' ? ids.toReversed() : ids.slice()
}
