/** Safetensors: named arrays and text metadata in one file without code (huggingface/safetensors, format description in its README). */
import { formatShape, halfValue, type Shape, sizeOf } from '../tensor/index.ts'

export interface StoredTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
}

const maxHeader = 100_000_000

/**
 * The bytes of a file. Data starts 8-byte aligned; names are kept in order.
 *
 * @throws RangeError where values do not fill their shape
 *
 * @example
 * const tensors = new Map([['bias', { shape: [2], data: Float32Array.of(0.5, -1) }]])
 * const file = writeSafetensors({ tensors, metadata: { note: 'by hand' } })
 * readSafetensors(file).tensors.get('bias')?.data // [0.5, -1]
 */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    if (sizeOf(shape) !== data.length)
      throw new RangeError(`writeSafetensors: "${name}" has ${data.length} values for the shape ${formatShape(shape)}`)
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = JSON.stringify(header)
  const padded = new TextEncoder().encode(text + ' '.repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8))
  const bytes = new Uint8Array(8 + padded.length + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded.length), true)
  bytes.set(padded, 8)
  let at = 8 + padded.length
  for (const { data } of tensors.values()) {
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

/**
 * Reads F32 and F16 tensors; every offset is checked against the file before it is used.
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
  const body = 8 + length
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : refuse(`"${name}" is described by no JSON object`)
    if (dtype !== 'F32' && dtype !== 'F16') refuse(`"${name}" has the dtype ${String(dtype)}, F32 and F16 are read`)
    const isList = (list: unknown): list is number[] => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0)
    if (!isList(shape) || !isList(offsets) || offsets.length !== 2) refuse(`"${name}" has no valid shape and offsets`)
    const [start, stop] = offsets as [number, number]
    const width = dtype === 'F32' ? 4 : 2
    const size = sizeOf(shape)
    if (stop - start !== size * width || body + stop > bytes.length)
      refuse(`"${name}" ${formatShape(shape)} does not fit its bytes ${start}–${stop}`)
    const data = new Float32Array(size)
    for (let i = 0; i < size; i++) {
      const at = body + start + i * width
      data[i] = width === 4 ? view.getFloat32(at, true) : halfValue(view.getUint16(at, true))
    }
    tensors.set(name, { shape, data })
  }
  return { tensors, metadata: readMetadata(header.__metadata__) }
}
