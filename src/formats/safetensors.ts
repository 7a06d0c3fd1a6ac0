/** Safetensors: named arrays and text metadata in one file without code (huggingface/safetensors, format description in its README). */
import { formatShape, type Shape, sizeOf } from '../tensor/index.ts'

export interface StoredTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
}

const maxHeader = 100_000_000

/** The bytes of a file. Data starts 8-byte aligned; names are kept in order. */
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

/** Reads F32 and F16 tensors; every offset is checked against the file before it is used. */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8) refuse(`${bytes.length} bytes are too few for a header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > maxHeader || 8 + length > bytes.length) refuse(`its header claims ${length} bytes, the file has ${bytes.length}`)
  let header: Record<string, unknown>
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>
  } catch {
    return refuse('its header is no JSON')
  }
  const body = 8 + length
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets: offsets } = entry as { dtype?: unknown; shape?: unknown; data_offsets?: unknown }
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
      data[i] = width === 4 ? view.getFloat32(at, true) : halfToFloat(view.getUint16(at, true))
    }
    tensors.set(name, { shape, data })
  }
  return { tensors, metadata: (header.__metadata__ ?? {}) as Record<string, string> }
}

/** IEEE 754 binary16 → number. */
function halfToFloat(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
