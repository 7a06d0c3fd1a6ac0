/** Keys of random numbers in the graph: two int32 words that say everything about the numbers drawn from them. */
import { onnxElementType } from '../dtype.ts'
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { foldKey } from '../random.ts'
import { formatShape } from '../shape.ts'
import { constant, ShapeError, type Tensor } from '../tensor.ts'
import { checkKey, emitMix, emitWords, mix } from './random-bits.ts'

/** Different for the two words of a new key (fractional digits of the roots of 2 and 3). */
const lanes = [0x6a09e667, 0xbb67ae85] as const

/**
 * The words of a key, to be fed at run time to an input of shape (2) and dtype int32.
 *
 * @param words whole numbers that name the key: a seed, a step, a layer
 * @throws RangeError for words that are no safe integers
 *
 * @example
 * randomWords(42, 7).length // 2
 */
export function randomWords(...words: readonly number[]): Int32Array {
  return Int32Array.from(lanes, (lane) => foldKey(lane, ...words))
}

/**
 * A key that is part of the graph: every run draws the same numbers. Keys that change from run to run are inputs, fed with `randomWords`.
 *
 * @throws RangeError for words that are no safe integers
 *
 * @example
 * const key = randomKey(42)
 * const [a, b] = await evaluate(() => [uniform(key, [2]), uniform(key, [2])])
 * a![0] === b![0] // true
 */
export function randomKey(...words: readonly number[]): Tensor {
  return constant(randomWords(...words), [2], 'int32')
}

const foldPrimitive = definePrimitive<null>('foldIn', {
  infer: ([key, word]) => {
    checkKey('foldIn', key!)
    if (word!.dtype !== 'int32' || word!.shape.length !== 0) {
      throw new ShapeError('foldIn', `word ${word!.dtype} ${formatShape(word!.shape)}; allowed are int32 scalars`)
    }
    return [{ shape: [2], dtype: 'int32' }]
  },
  vjp: () => [undefined, undefined],
  lower: (emitter, [key, word]) => {
    const one = (opType: string, a: string, b: string) => emitter.node(opType, [a, b])[0]!
    const folded = emitter.node('Cast', [word!], { to: onnxElementType.uint32 })[0]!
    const [low, high] = emitWords(emitter, key!)
    const hash = [low, high, folded].reduce((h, part) => emitMix(emitter, one('Add', h, part)), emitter.constant(lanes, [2], 'uint32'))
    return emitter.node('Cast', [hash], { to: onnxElementType.int32 })
  },
  evaluate: ([key, word]) => {
    const parts = [...key!.data, word!.data[0]!]
    return [
      ndarray(
        [2],
        Float64Array.from(lanes, (lane) => parts.reduce((h, part) => mix((h + part) >>> 0), lane) | 0),
      ),
    ]
  },
})

/**
 * Another key, made of a key and a word: per step, per layer, per example. Its numbers have nothing to do with those of the first.
 *
 * @param word a whole number of 32 bits, or an int32 scalar of the graph
 * @throws ShapeError where the key is no int32 (2) or the word no such number
 *
 * @example
 * const key = foldIn(randomKey(42), 7)
 * key.shape // [2]
 */
export function foldIn(key: Tensor, word: Tensor | number): Tensor {
  if (typeof word === 'number' && !(Number.isInteger(word) && word >= -(2 ** 31) && word < 2 ** 32)) {
    throw new ShapeError('foldIn', `word ${word}; allowed are whole numbers of 32 bits`)
  }
  return foldPrimitive([key, typeof word === 'number' ? constant(word | 0, [], 'int32') : word], null)[0]!
}

/**
 * n keys made of one.
 *
 * @throws ShapeError where the key is no int32 (2) or n is no whole number ≥ 1
 *
 * @example
 * const [mask, noise] = splitKey(randomKey(42), 2)
 */
export function splitKey(key: Tensor, n: number): Tensor[] {
  if (!Number.isInteger(n) || n < 1) throw new ShapeError('splitKey', `${n} keys; allowed are whole numbers ≥ 1`)
  return Array.from({ length: n }, (_, i) => foldIn(key, i))
}
