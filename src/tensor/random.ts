/**
 * Random numbers from explicit keys: the n-th draw is a hash of (key, n), so the same key gives the same numbers on every machine,
 * in every order, and after a resume. Nothing holds a hidden global state.
 *
 * The hash is the 32-bit finaliser of MurmurHash3 (Appleby, public domain constants) applied to key words and counter.
 */

/** A stream of draws that belongs to one key. */
export interface Random {
  /** Uniform in [low, high), low defaults to 0 and high to 1, with 32 random bits. */
  uniform(low?: number, high?: number): number
  /** Integer in [low, high], both ends included. */
  integer(low: number, high: number): number
  /** Normal with mean 0 and deviation 1 (Box–Muller). */
  normal(): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** One of the items, each equally likely. */
  pick<T>(items: readonly T[]): T
  /** Where the stream is: `restoreRandom` goes on from there. Plain numbers, for a checkpoint. */
  state(): RandomState
}

/** The two words of a stream's key, and how many draws of 32 bits were taken from it. */
export interface RandomState {
  readonly low: number
  readonly high: number
  readonly counter: number
}

function mix(hash: number): number {
  let h = hash
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

/** Folds words (integers; those above 32 bits lose nothing) into one 32-bit key. */
export function foldKey(...words: readonly number[]): number {
  let h = 0x9e3779b9
  for (const word of words) {
    if (!Number.isSafeInteger(word)) throw new RangeError(`foldKey: key words are safe integers, got ${word}`)
    h = mix(Math.imul(h ^ (word | 0), 0x9e3779b1) + 0x7f4a7c15)
    h = mix(h ^ Math.floor(word / 0x100000000))
  }
  return h >>> 0
}

/**
 * The stream of draws of a key.
 *
 * @example
 * const random = createRandom(42, 7) // seed 42, item 7
 * random.uniform() === createRandom(42, 7).uniform() // true
 */
export function createRandom(...key: readonly number[]): Random {
  return stream(foldKey(...key), foldKey(...key, 0x5bd1e995), 0)
}

/**
 * The stream that gave the state, from there on.
 *
 * @throws RangeError for numbers that are no state
 *
 * @example
 * const random = createRandom(42)
 * random.uniform()
 * const later = restoreRandom(JSON.parse(JSON.stringify(random.state())))
 * later.uniform() === random.uniform() // true
 */
export function restoreRandom({ low, high, counter }: RandomState): Random {
  for (const [name, word] of Object.entries({ low, high })) {
    if (word !== word >>> 0) throw new RangeError(`restoreRandom: ${name} ${word}; allowed are whole numbers of 32 bits, from 0`)
  }
  if (!Number.isSafeInteger(counter) || counter < 0)
    throw new RangeError(`restoreRandom: counter ${counter}; allowed are whole numbers ≥ 0`)
  return stream(low, high, counter)
}

function stream(low32: number, high32: number, start: number): Random {
  let counter = start
  const next = (): number => {
    const n = counter++
    return mix(Math.imul(mix((n | 0) ^ low32), 0x9e3779b1) ^ mix(high32 + Math.imul(n | 0, 0x85ebca6b)))
  }
  const uniform = (low = 0, high = 1): number => low + (high - low) * (next() / 0x100000000)
  return {
    uniform,
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    chance: (probability) => uniform() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick: the list is empty')
      return items[Math.floor(uniform() * items.length)]!
    },
    state: () => ({ low: low32, high: high32, counter }),
  }
}
