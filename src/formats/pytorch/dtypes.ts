/** Types of PyTorch's numbers: how wide they are, what they are called, and arrays of them. */
import { halfValue } from '../../tensor/index.ts'
import { refuse } from './refuse.ts'

export type PytorchArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array

interface DTypeFacts {
  /** Bytes per value in the file. */
  readonly width: number
  /** Bytes per value of the array. */
  readonly widthRead: number
  /** PyTorch's class of memory of such numbers. */
  readonly storage: string
  /** The array over whole bytes in the machine's order. */
  readonly arrayOf: (bytes: ArrayBuffer) => PytorchArray
}

let halves: Float32Array | undefined

// Loops, because `from` with a function takes fifty times as long: half a minute for the halves of a file of 250 MB.
function fromHalves(bytes: ArrayBuffer): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => halfValue(bits))
  const bits = new Uint16Array(bytes)
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]!]!
  return values
}

/** bfloat16 is the upper half of a float32. */
function fromBrainFloats(bytes: ArrayBuffer): Float32Array {
  const bits = new Uint16Array(bytes)
  const wide = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16
  return new Float32Array(wide.buffer)
}

function truthValues(bytes: ArrayBuffer): Uint8Array {
  const values = new Uint8Array(bytes)
  const wrong = values.find((value) => value > 1)
  return wrong === undefined ? values : refuse(`a tensor has the truth value ${wrong}, allowed are 0 and 1`)
}

export const dtypes = {
  float32: { width: 4, widthRead: 4, storage: 'FloatStorage', arrayOf: (bytes) => new Float32Array(bytes) },
  float64: { width: 8, widthRead: 8, storage: 'DoubleStorage', arrayOf: (bytes) => new Float64Array(bytes) },
  float16: { width: 2, widthRead: 4, storage: 'HalfStorage', arrayOf: fromHalves },
  bfloat16: { width: 2, widthRead: 4, storage: 'BFloat16Storage', arrayOf: fromBrainFloats },
  int64: { width: 8, widthRead: 8, storage: 'LongStorage', arrayOf: (bytes) => new BigInt64Array(bytes) },
  int32: { width: 4, widthRead: 4, storage: 'IntStorage', arrayOf: (bytes) => new Int32Array(bytes) },
  int16: { width: 2, widthRead: 2, storage: 'ShortStorage', arrayOf: (bytes) => new Int16Array(bytes) },
  int8: { width: 1, widthRead: 1, storage: 'CharStorage', arrayOf: (bytes) => new Int8Array(bytes) },
  uint8: { width: 1, widthRead: 1, storage: 'ByteStorage', arrayOf: (bytes) => new Uint8Array(bytes) },
  bool: { width: 1, widthRead: 1, storage: 'BoolStorage', arrayOf: truthValues },
} as const satisfies Record<string, DTypeFacts>

export type PytorchDType = keyof typeof dtypes

export function factsOf(dtype: PytorchDType): DTypeFacts {
  return dtypes[dtype]
}
