/**
 * The entries of a zip file, through the directory at its end (PKWARE, APPNOTE.TXT 6.3). PyTorch stores entries as they are and writes the 64-bit
 * forms of all sizes; files that went through another program may be compressed.
 */
import { Inflate } from 'fflate'
import { type ByteSource, bytesInMemory, partOf } from '../byte-source.ts'
import { crc32 } from '../crc32.ts'
import { Cursor } from './cursor.ts'
import { type Allowance, refuse } from './refuse.ts'

export interface ZipEntry {
  /** Bytes of the content. */
  readonly length: number
  /** The content; what is compressed is expanded once, and kept. */
  open(): ByteSource
}

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }

/** Bytes without names, comments and extras. */
const sizes = { local: 30, entry: 46, end: 22, end64: 56, locator64: 20 }

/** Compressed data is at most this many times shorter than what it stands for (zlib, technical details). */
const maxRatio = 1032

function cursorAt(source: ByteSource, position: number, length: number, what: string): Cursor {
  if (!(position >= 0 && position + length <= source.length)) refuse(`its ${what} would be at byte ${position} of ${source.length}`)
  return new Cursor(source, position)
}

/** Where the record at the end of the directory begins: only a comment follows it, which says how long it is. */
function findEnd(source: ByteSource): number {
  const start = Math.max(0, source.length - sizes.end - 0xffff)
  const tail = source.view(start, source.length)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let at = tail.length - sizes.end; at >= 0; at--) {
    if (view.getUint32(at, true) === signatures.end && at + sizes.end + view.getUint16(at + 20, true) === tail.length) return start + at
  }
  return refuse('it begins like a zip file and lacks the directory at the end: it was cut short')
}

interface Directory {
  readonly start: number
  readonly length: number
  readonly count: number
}

function findDirectory(source: ByteSource): Directory {
  const end = findEnd(source)
  const record = new Cursor(source, end + 10)
  const narrow = { count: record.uint16(), length: record.uint32(), start: record.uint32() }
  if (narrow.count !== 0xffff && narrow.length !== 0xffffffff && narrow.start !== 0xffffffff) return narrow
  const locator = cursorAt(source, end - sizes.locator64, sizes.locator64, '64-bit directory')
  if (locator.uint32() !== signatures.locator64) refuse('it lacks the locator of its 64-bit directory')
  locator.skip(4)
  const wide = cursorAt(source, locator.uint64(), sizes.end64, '64-bit directory')
  if (wide.uint32() !== signatures.end64) refuse('its 64-bit directory is not where it should be')
  wide.skip(28)
  return { count: wide.uint64(), length: wide.uint64(), start: wide.uint64() }
}

interface Header {
  readonly name: string
  readonly method: number
  readonly checkSum: number
  readonly packed: number
  readonly length: number
  readonly start: number
}

function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse('an entry has a name that is no UTF-8')
  }
}

/** Sizes and places that do not fit into 32 bits stand in the extra field 1, in this order. */
function widen(name: string, narrow: readonly number[], extra: Uint8Array): number[] {
  const fields = new Cursor(bytesInMemory(extra))
  const missing = narrow.filter((value) => value === 0xffffffff).length
  while (missing > 0 && fields.remaining >= 4) {
    const kind = fields.uint16()
    const length = fields.uint16()
    if (kind !== 1) {
      fields.skip(length)
      continue
    }
    if (length < 8 * missing) break
    return narrow.map((value) => (value === 0xffffffff ? fields.uint64() : value))
  }
  return missing === 0 ? [...narrow] : refuse(`the entry "${name}" lacks its 64-bit sizes`)
}

function readHeader(directory: Cursor): Header {
  if (directory.uint32() !== signatures.entry) refuse('its directory is not where it should be')
  directory.skip(4)
  const flags = directory.uint16()
  const method = directory.uint16()
  directory.skip(4)
  const checkSum = directory.uint32()
  const narrow = [directory.uint32(), directory.uint32()] as const
  const lengths = [directory.uint16(), directory.uint16(), directory.uint16()] as const
  directory.skip(8)
  const offset = directory.uint32()
  const name = decodeName(directory.bytes(lengths[0]))
  if (flags & 1) refuse(`the entry "${name}" is encrypted`)
  // In the extra field, the length comes before the packed length; elsewhere after it.
  const [length, packed, start] = widen(name, [narrow[1], narrow[0], offset], directory.bytes(lengths[1])) as [number, number, number]
  directory.skip(lengths[2])
  return { name, method, checkSum, packed, length, start }
}

/** The packed bytes; they follow a second header, whose names and extras have lengths of their own. */
function locate(source: ByteSource, { name, packed, start }: Header): ByteSource {
  const what = `entry "${name}"`
  const header = cursorAt(source, start, sizes.local, what)
  if (header.uint32() !== signatures.local) refuse(`its ${what} is not where it should be`)
  header.skip(22)
  const at = start + sizes.local + header.uint16() + header.uint16()
  cursorAt(source, at, packed, what)
  return partOf(source, at, packed)
}

/** Stops at the first byte beyond the length that was claimed, and so in a time proportional to it. */
function inflate(packed: ByteSource, { name, length, checkSum }: Header): Uint8Array {
  const content = new Uint8Array(length)
  let at = 0
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > length) refuse(`the entry "${name}" has more than the ${length} bytes that it claims`)
    content.set(chunk, at)
    at += chunk.length
  })
  const step = 16_384
  try {
    for (let from = 0; from < packed.length; from += step) {
      const to = Math.min(packed.length, from + step)
      stream.push(packed.view(from, to), to === packed.length)
    }
  } catch (error) {
    if (error instanceof RangeError) throw error
    return refuse(`the entry "${name}" cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (at !== length) refuse(`the entry "${name}" has ${at} of the ${length} bytes that it claims`)
  if (crc32(content) !== checkSum) refuse(`the entry "${name}" does not have its check sum`)
  return content
}

function entryOf(source: ByteSource, header: Header, allowance: Allowance): ZipEntry {
  const { name, method, packed, length } = header
  if (method !== 0 && method !== 8) refuse(`the entry "${name}" is compressed by method ${method}; read are 0 (stored) and 8 (deflate)`)
  const fits = method === 0 ? length === packed : length <= maxRatio * packed
  if (!fits) refuse(`the entry "${name}" claims ${length} bytes, stored in ${packed}`)
  let expanded: ByteSource | undefined
  return {
    length,
    open: () => {
      if (expanded) return expanded
      const content = locate(source, header)
      if (method === 0) return content
      allowance.take(length, () => `the entry "${name}"`)
      expanded = bytesInMemory(inflate(content, header))
      return expanded
    },
  }
}

/**
 * Check sums are compared for compressed entries only: PyTorch does not compare them, and can be told to write none.
 *
 * @throws RangeError where the directory is damaged, for encrypted entries, other compressions, and two entries of one name
 */
export function readZip(source: ByteSource, allowance: Allowance): Map<string, ZipEntry> {
  const { start, length, count } = findDirectory(source)
  cursorAt(source, start, length, 'directory')
  if (count * sizes.entry > length) refuse(`its directory has ${length} bytes for ${count} entries`)
  const directory = new Cursor(partOf(source, start, length))
  const entries = new Map<string, ZipEntry>()
  for (let i = 0; i < count; i++) {
    const header = readHeader(directory)
    if (entries.has(header.name)) refuse(`it has two entries "${header.name}"`)
    entries.set(header.name, entryOf(source, header, allowance))
  }
  return entries
}
