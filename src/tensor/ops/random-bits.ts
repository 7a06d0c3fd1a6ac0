/**
 * 32 random bits per element from a key of two words, the same on every backend, in few passes over large tensors (above 4096 elements): r[i]·c[j] modulo 2³²
 * for two vectors of about √n odd words, each a well-mixed hash of key and position. Multiplication by an odd word is a bijection, so any
 * two elements, in a row, a column or neither, are independent (multiply-shift hashing, Dietzfelbinger et al. 1997).
 *
 * What it costs: one multiplication per element. What it lacks: of four corners of a rectangle three determine the fourth. Tests see no
 * trace of that in its upper bits (moments, bins, lags, products of four); two rows whose words happen to have a small ratio p/q are
 * correlated by 1/(pq): above 0.1 for one pair of rows in 10⁸. Enough for dropout and noise; not for cryptography.
 *
 * The mixer uses only addition, multiplication and division, which WebGPU has for uint32 too. Addition and multiplication by constants
 * alone are almost linear and mix badly (an output bit follows one input bit with probability 0.87); h·(2h + 1), the bijection of RC6
 * (Rivest et al. 1998), with the halves swapped between its three applications flips each output bit with probability 0.5 ± 0.01.
 */
import { onnxElementType } from '../dtype.ts'
import { formatShape, type Shape, sizeOf } from '../shape.ts'
import { type Emitter, type NdArray, ShapeError, type TensorSpec } from '../tensor.ts'

const half = 0x10000
const between = [0x9e3779b9, 0x85ebca6b] as const
/** 2³² divided by the golden ratio, odd: neighbouring positions become far words. */
const golden = 0x9e3779b1

function square(h: number): number {
  return Math.imul(h, (h << 1) + 1) >>> 0
}

/** A bijection of 32-bit words, each of whose output bits depends on every input bit. */
export function mix(word: number): number {
  let h = square(word)
  for (const addend of between) {
    h = (h + addend) >>> 0
    h = square(((h >>> 16) + (h << 16)) >>> 0)
  }
  return h
}

/** `mix` of a vector in the graph. */
export function emitMix(emitter: Emitter, word: string): string {
  const one = (opType: string, a: string, b: string) => emitter.node(opType, [a, b])[0]!
  const constant = (value: number) => emitter.constant([value], [], 'uint32')
  const square = (h: string) => one('Mul', h, one('Add', one('Add', h, h), constant(1)))
  let h = square(word)
  for (const addend of between) {
    h = one('Add', h, constant(addend))
    h = square(one('Add', one('Div', h, constant(half)), one('Mul', h, constant(half))))
  }
  return h
}

/** The two words of a key, each (1). */
export function emitWords(emitter: Emitter, key: string): [string, string] {
  const words = emitter.node('Split', [key, emitter.ints([1, 1])], { axis: 0 }, 2)
  return words.map((word) => emitter.node('Cast', [word], { to: onnxElementType.uint32 })[0]!) as [string, string]
}

export function checkKey(who: string, key: TensorSpec): void {
  if (key.dtype === 'int32' && key.shape.length === 1 && key.shape[0] === 2) return
  throw new ShapeError(who, `key ${key.dtype} ${formatShape(key.shape)}; a key is int32 (2), from randomKey or foldIn`)
}

const hashedOneByOne = 4096

/** How n elements are laid out as a product of two vectors; what is above n is cut off. */
function factor(n: number): { rows: number; columns: number } {
  // Few numbers are hashed one by one, which costs no more and makes them all independent: permutations of few need that.
  if (n <= hashedOneByOne) return { rows: 1, columns: n }
  const root = Math.ceil(Math.sqrt(n))
  // A divisor saves the pass that cuts off, unless it is so small that the vectors would cost more.
  for (let rows = Math.floor(Math.sqrt(n)); rows >= 1 && n / rows < 16 * root; rows--) {
    if (n % rows === 0) return { rows, columns: n / rows }
  }
  return { rows: root, columns: Math.ceil(n / root) }
}

/** Positions of the vectors' words among all words of a key; streams of one key do not meet. */
function positions(n: number, stream: number): { rows: number; columns: number; words: Uint32Array } {
  const { rows, columns } = factor(n)
  const words = Uint32Array.from({ length: rows + columns }, (_, i) => Math.imul((stream << 28) + i, golden))
  return { rows, columns, words }
}

/** Bits of a shape in the graph, uint32; all are odd. */
export function emitBits(emitter: Emitter, key: string, shape: Shape, stream: number): string {
  const one = (opType: string, inputs: readonly string[], attributes = {}) => emitter.node(opType, inputs, attributes)[0]!
  const n = sizeOf(shape)
  const { rows, columns, words } = positions(n, stream)
  const [low, high] = emitWords(emitter, key)
  const first = emitMix(emitter, one('Add', [emitter.constant(words, [rows + columns], 'uint32'), low]))
  const hash = emitMix(emitter, one('Add', [first, high]))
  const odd = one('Add', [one('Add', [hash, hash]), emitter.constant([1], [], 'uint32')])
  const [r, c] = emitter.node('Split', [odd, emitter.ints([rows, columns])], { axis: 0 }, 2) as [string, string]
  const product = one('Mul', [one('Reshape', [r, emitter.ints([rows, 1])]), c])
  if (rows * columns === n) return one('Reshape', [product, emitter.ints(shape)])
  // Split and not Slice, which WebGPU has not for integers.
  const flat = one('Reshape', [product, emitter.ints([rows * columns])])
  const [wanted] = emitter.node('Split', [flat, emitter.ints([n, rows * columns - n])], { axis: 0 }, 2) as [string, string]
  return one('Reshape', [wanted, emitter.ints(shape)])
}

/** The same bits, as numbers. */
export function evaluateBits(key: NdArray, n: number, stream: number): Uint32Array {
  const { rows, columns, words } = positions(n, stream)
  const [low, high] = [key.data[0]!, key.data[1]!]
  const odd = words.map((word) => 2 * mix((mix((word + low) >>> 0) + high) >>> 0) + 1)
  const bits = new Uint32Array(n)
  for (let i = 0; i < n; i++) bits[i] = Math.imul(odd[Math.floor(i / columns)]!, odd[rows + (i % columns)]!)
  return bits
}
