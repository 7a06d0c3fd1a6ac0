/**
 * Which strings of symbols networks may learn from, and which they are only asked about: a hash of the string itself decides, so that no draw,
 * of whatever seed or length, gives a string of one part to the other.
 */
import { createRandom, foldKey, type Random } from '../../tensor/index.ts'

export type Part = 'training' | 'heldOut'

/** One string in so many is held out. */
const share = 8
/** A draw finds its part after 8 tries on average; 10 000 without success (chance 1e-580) mean that there is none. */
const tries = 10_000

/**
 * The part that a string belongs to, always the same one.
 *
 * @param ids its symbols, whole numbers
 *
 * @example
 * partOf([3, 1, 2]) === partOf(Int32Array.of(3, 1, 2)) // true
 */
export function partOf(ids: ArrayLike<number>): Part {
  return foldKey(0x5e9, ...Array.from(ids)) % share === 0 ? 'heldOut' : 'training'
}

/**
 * Draws until the string is of the part: a pure function of the key.
 *
 * @throws RangeError where none of the strings is
 */
export function drawOfPart(who: string, part: Part, key: readonly number[], draw: (random: Random) => Int32Array): Int32Array {
  const random = createRandom(...key)
  for (let i = 0; i < tries; i++) {
    const ids = draw(random)
    if (partOf(ids) === part) return ids
  }
  throw new RangeError(`${who}: found no string of the part "${part}"; there are too few strings: give more symbols, or longer ones`)
}
