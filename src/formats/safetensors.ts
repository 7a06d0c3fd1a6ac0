/** Safetensors: named arrays and text metadata in one file without code (huggingface/safetensors, format description in its README). */
import { formatShape, halfValue, type Shape, sizeOf } from '../tensor/index.ts'

export interface StoredTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

/** Whole numbers (I32, I64), or truth values as 0 and 1 (BOOL). */
export interface StoredIntegers {
  readonly shape: Shape
  readonly data: Int32Array | BigInt64Array | Uint8Array
}

/** Bits of float16 (F16). */
export interface StoredHalves {
  readonly shape: Shape
  readonly data: Uint16Array
}

export interface Safetensors {
  /** F32, and F16, BF16 and F64 as the float32 nearest to them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** What is no weight: indices, counters (`num_batches_tracked` of PyTorch's batch norms). */
  readonly integers: ReadonlyMap<string, StoredIntegers>
  readonly metadata: Readonly<Record<string, string>>
}

export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, StoredTensor | StoredHalves | StoredIntegers>
  readonly metadata: Readonly<Record<string, string>>
}

const maxHeader = 100_000_000

/** By the name of the array's class, which arrays of another realm (a frame, a worker) have too. */
const dtypes: Readonly<Record<string, string>> = {
  Float32Array: 'F32',
  Uint16Array: 'F16',
  Int32Array: 'I32',
  BigInt64Array: 'I64',
  Uint8Array: 'BOOL',
}

/**
 * The bytes of a file. Names are kept in order, with wider values before narrower ones: so every array begins at a multiple of its values' width,
 * without which PyTorch cannot view it in the file.
 *
 * @param content arrays by name: Float32Array is stored as F32, Uint16Array as the bits of F16, Int32Array as I32, BigInt64Array as I64, Uint8Array as BOOL
 * @throws RangeError where values do not fill their shape, for a tensor named `__metadata__`, and for truth values that are neither 0 nor 1
 *
 * @example
 * const tensors = new Map([['bias', { shape: [2], data: Float32Array.of(0.5, -1) }]])
 * const file = writeSafetensors({ tensors, metadata: { note: 'by hand' } })
 * readSafetensors(file).tensors.get('bias')?.data // [0.5, -1]
 */
export function writeSafetensors({ tensors, metadata }: SafetensorsContent): Uint8Array {
  // Text, not an object: objects move names that are numbers to the front and have no place for `__proto__`.
  const entries = [`"__metadata__":${JSON.stringify(metadata)}`]
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  let offset = 0
  for (const [name, { shape, data }] of ordered) {
    if (name === '__metadata__')
      throw new RangeError('writeSafetensors: "__metadata__" is no name of a tensor; the format has it for the metadata')
    if (sizeOf(shape) !== data.length)
      throw new RangeError(`writeSafetensors: "${name}" has ${data.length} values for the shape ${formatShape(shape)}`)
    const dtype = dtypes[data[Symbol.toStringTag]]
    if (dtype === undefined)
      throw new RangeError(`writeSafetensors: "${name}" is a ${data[Symbol.toStringTag]}; allowed are ${Object.keys(dtypes).join(', ')}`)
    const wrong = dtype === 'BOOL' ? (data as Uint8Array).find((value) => value > 1) : undefined
    if (wrong !== undefined) throw new RangeError(`writeSafetensors: "${name}" has the truth value ${wrong}; allowed are 0 and 1`)
    const range = [offset, offset + data.byteLength]
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: range })}`)
    offset += data.byteLength
  }
  const text = `{${entries.join(',')}}`
  const padded = new TextEncoder().encode(text + ' '.repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8))
  const bytes = new Uint8Array(8 + padded.length + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded.length), true)
  bytes.set(padded, 8)
  let at = 8 + padded.length
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

function refuse(problem: string): never {
  throw new RangeError(`safetensors: ${problem}; the file is damaged or of another format`)
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readHeader(bytes: Uint8Array): JsonObject {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refuse('its header is no JSON')
  }
  return isObject(header) ? header : refuse('its header is no JSON object')
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined || metadata === null) return {}
  const entries = isObject(metadata) ? Object.entries(metadata) : refuse('its "__metadata__" is no JSON object')
  return Object.fromEntries(
    entries.map(([name, text]) => [name, typeof text === 'string' ? text : refuse(`"${name}" of its "__metadata__" is no text`)]),
  )
}

const scratch = new DataView(new ArrayBuffer(4))

/** The number of 16 bits of bfloat16: the upper half of a float32. */
function brainFloat(bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

/** How the floats that are read are stored: bytes per value, and the value at a byte. */
const floats = new Map<unknown, { readonly width: number; readonly at: (view: DataView, byte: number) => number }>([
  ['F32', { width: 4, at: (view, byte) => view.getFloat32(byte, true) }],
  ['F16', { width: 2, at: (view, byte) => halfValue(view.getUint16(byte, true)) }],
  ['BF16', { width: 2, at: (view, byte) => brainFloat(view.getUint16(byte, true)) }],
  ['F64', { width: 8, at: (view, byte) => view.getFloat64(byte, true) }],
])

const integers = new Map<unknown, { readonly width: number; readonly of: (bytes: ArrayBuffer) => StoredIntegers['data'] }>([
  ['I32', { width: 4, of: (bytes) => new Int32Array(bytes) }],
  ['I64', { width: 8, of: (bytes) => new BigInt64Array(bytes) }],
  ['BOOL', { width: 1, of: (bytes) => new Uint8Array(bytes) }],
])

interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** Bytes of the data. */
  readonly start: number
  readonly stop: number
}

function readEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : refuse(`"${name}" is described by no JSON object`)
  const known = floats.get(dtype) ?? integers.get(dtype)
  if (!known) {
    const read = [...floats.keys(), ...integers.keys()].join(', ')
    throw new RangeError(`safetensors: "${name}" has the dtype ${String(dtype)}, read are ${read}; convert it where the file is written`)
  }
  const isList = (list: unknown): list is number[] => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0)
  if (!isList(shape) || !isList(offsets) || offsets.length !== 2) refuse(`"${name}" has no valid shape and offsets`)
  const [start, stop] = offsets as [number, number]
  if (stop - start !== sizeOf(shape) * known.width) refuse(`"${name}" ${formatShape(shape)} does not fit its bytes ${start}–${stop}`)
  return { name, dtype: dtype as string, shape, start, stop }
}

/** Entries in the order of their data, which fills the file without gaps and overlaps: the format allows no others. */
function readEntries(header: JsonObject, length: number): Entry[] {
  const entries = Object.entries(header).flatMap(([name, entry]) => (name === '__metadata__' ? [] : [readEntry(name, entry)]))
  entries.sort((a, b) => a.start - b.start || a.stop - b.stop)
  let at = 0
  for (const { name, start, stop } of entries) {
    if (start !== at) refuse(`"${name}" begins at byte ${start} of the data, where ${at} is next`)
    at = stop
  }
  if (at !== length) refuse(`its tensors have ${at} bytes, the file has ${length} for them`)
  return entries
}

/** Whether arrays have their numbers as files have them. */
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * Reads weights (F32, F16, BF16, F64) and whole numbers (I32, I64, BOOL); every offset is checked against the file before it is used.
 *
 * Arrays of F32 are views of `bytes` wherever they begin at a multiple of four of its buffer, so that a large file is in memory once: who changes one changes both.
 *
 * @throws RangeError where the file is damaged, of another format, or has tensors of another dtype
 *
 * @example
 * const empty = writeSafetensors({ tensors: new Map(), metadata: { model: 'band-unet' } })
 * readSafetensors(empty).metadata // { model: 'band-unet' }
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8) refuse(`${bytes.length} bytes are too few for a header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > maxHeader || 8 + length > bytes.length) refuse(`its header claims ${length} bytes, the file has ${bytes.length}`)
  const header = readHeader(bytes.subarray(8, 8 + length))
  const metadata = readMetadata(header.__metadata__)
  const body = 8 + length
  const content = { tensors: new Map<string, StoredTensor>(), integers: new Map<string, StoredIntegers>() }
  for (const { name, dtype, shape, start, stop } of readEntries(header, bytes.length - body)) {
    const float = floats.get(dtype)
    if (float) {
      const at = bytes.byteOffset + body + start
      const lies = dtype === 'F32' && littleEndian && at % 4 === 0
      const data = lies ? new Float32Array(bytes.buffer, at, sizeOf(shape)) : new Float32Array(sizeOf(shape))
      if (!lies) for (let i = 0; i < data.length; i++) data[i] = float.at(view, body + start + i * float.width)
      content.tensors.set(name, { shape, data })
    } else {
      const data = integers.get(dtype)!.of(Uint8Array.from(bytes.subarray(body + start, body + stop)).buffer)
      if (dtype === 'BOOL' && data.some((value) => value > 1)) refuse(`"${name}" has truth values that are neither 0 nor 1`)
      content.integers.set(name, { shape, data })
    }
  }
  return { ...content, metadata }
}
