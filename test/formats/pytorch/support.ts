/** Files of PyTorch: those of test/goldens/pytorch-files.py, and ones made by hand that PyTorch would not write. */
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../fixtures/pytorch/', import.meta.url)

export const fixtures = readdirSync(folder).sort()

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)))
}

export function joined(...parts: (Uint8Array | string | readonly number[])[]): Uint8Array {
  const pieces = parts.map((part) =>
    typeof part === 'string' ? Uint8Array.from(part, (letter) => letter.charCodeAt(0)) : Uint8Array.from(part),
  )
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

export function little(value: number, width: 2 | 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(value), true)
  return new Uint8Array(view.buffer, 0, width)
}

export interface MadeEntry {
  readonly name: string
  readonly content: Uint8Array
  readonly method?: number
  readonly flags?: number
  /** What the directory claims instead of the truth. */
  readonly length?: number
  readonly packed?: number
  readonly start?: number
  readonly checkSum?: number
}

/** A zip file whose directory says what it is told to. */
export function zipOf(entries: readonly MadeEntry[], claims: { count?: number; start?: number; length?: number } = {}): Uint8Array {
  let body = new Uint8Array(0)
  let directory = new Uint8Array(0)
  for (const { name, content, method = 0, flags = 0, checkSum = 0, ...lies } of entries) {
    const { packed = content.length, length = content.length, start = body.length } = lies
    const about = joined(
      little(20, 2),
      little(flags, 2),
      little(method, 2),
      little(0, 4),
      little(checkSum, 4),
      little(packed, 4),
      little(length, 4),
    )
    body = joined(body, 'PK\x03\x04', about, little(name.length, 2), little(0, 2), name, content) as Uint8Array<ArrayBuffer>
    const place = joined(little(name.length, 2), little(0, 2), little(0, 8), little(0, 2), little(start, 4))
    directory = joined(directory, 'PK\x01\x02', little(20, 2), about, place, name) as Uint8Array<ArrayBuffer>
  }
  const { count = entries.length, start = body.length, length = directory.length } = claims
  return joined(
    body,
    directory,
    'PK\x05\x06',
    little(0, 4),
    little(count, 2),
    little(count, 2),
    little(length, 4),
    little(start, 4),
    little(0, 2),
  )
}

/** A file of torch.save with such a pickle and storages. */
export function checkpointOf(pickle: Uint8Array | string, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const data = Object.entries(storages).map(([key, content]) => ({ name: `a/data/${key}`, content }))
  return zipOf([{ name: 'a/data.pkl', content: joined(pickle) }, ...data])
}

/** Pickle: a reference to a storage of so many float32. */
export function storageOf(count: number, key = '0'): string {
  const integer = `J${String.fromCharCode(...little(count, 4))}`
  return `(X\x07\0\0\0storagectorch\nFloatStorage\nX${String.fromCharCode(...little(key.length, 4))}${key}X\x03\0\0\0cpu${integer}tQ`
}

/** Pickle: a tensor of that storage, with offset, shape and strides as integers of 64 bits. */
export function tensorOf(storage: string, offset: number, shape: readonly number[], strides: readonly number[]): string {
  const integer = (value: number) => `\x8a\x09${String.fromCharCode(...little(Math.abs(value), 8))}\0`
  const tuple = (values: readonly number[]) => `(${values.map(integer).join('')}t`
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${integer(offset)}${tuple(shape)}${tuple(strides)}\x89NtR`
}
