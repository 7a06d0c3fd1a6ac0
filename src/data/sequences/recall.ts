/**
 * Delayed recall (after Hochreiter & Schmidhuber 1997, section 5): a few symbols are shown, then others that mean nothing for a long time, then comes
 * a question for one of those shown first. Whoever answers has remembered over all of the wait.
 */
import { drawOfPart, type Part } from './held-out.ts'
import { checkCount, checkSpan } from './transduction.ts'

/** For the identity of runs: another version draws other strings. */
export const recallVersion = 1

export interface RecallOptions {
  /** Symbols that may be shown. */
  readonly values: number
  /** How many are shown, and so how many questions there are: for the first, the second, … */
  readonly shown: number
  /** Other symbols, of which the wait consists. */
  readonly distractors: number
  /** Shortest and longest wait (steps), each equally likely. */
  readonly wait: readonly [number, number]
  readonly part: Part
  readonly seed: number
}

export interface Recall {
  /** Values are 0…values − 1, distractors follow them, and questions those. */
  readonly ids: Int32Array
  /** Which of the symbols shown is asked for, from 0. */
  readonly question: number
  /** The value that was shown. */
  readonly answer: number
}

/**
 * What is shown, the wait, and the question, with its answer: a pure function of seed and index.
 *
 * @throws RangeError for sizes that are none, and where no string is of the part
 *
 * @example
 * const options = { values: 8, shown: 2, distractors: 4, wait: [100, 120], part: 'training', seed: 1 } as const
 * const { ids, question, answer } = drawRecall(options, 0)
 * ids[question] === answer // true
 * ids.length >= 2 + 100 + 1 // true
 */
export function drawRecall({ values, shown, distractors, wait, part, seed }: RecallOptions, index: number): Recall {
  const who = 'drawRecall'
  for (const [name, value] of Object.entries({ values, shown, distractors })) checkCount(who, name, value)
  checkSpan(who, 'wait', wait)
  const ids = drawOfPart(who, part, [seed, part === 'training' ? 3 : 4, index], (random) => {
    const steps = random.integer(wait[0], wait[1])
    return Int32Array.from({ length: shown + steps + 1 }, (_, t) => {
      if (t < shown) return random.integer(0, values - 1)
      return t < shown + steps ? values + random.integer(0, distractors - 1) : values + distractors + random.integer(0, shown - 1)
    })
  })
  const question = ids.at(-1)! - values - distractors
  return { ids, question, answer: ids[question]! }
}
