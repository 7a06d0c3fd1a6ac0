/**
 * The header of WAV files: RIFF, RIFX (big-endian), RF64 and BW64 (64-bit lengths in a ds64 chunk), with PCM, IEEE float and extensible formats.
 *
 * Microsoft & IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991); Microsoft, "Multiple Channel Audio Data and
 * WAVE Files" (2001); EBU Tech 3306 (RF64); ITU-R BS.2088 (BW64).
 */

import type { ByteReader } from './byte-reader.ts'
import { AudioError } from './errors.ts'

export interface WavHeader {
  readonly littleEndian: boolean
  /** `other` is a compressed or unknown encoding, named by `tag`. */
  readonly encoding: 'int' | 'float' | 'other'
  /** The wFormatTag, or that of the sub-format where extensible. */
  readonly tag: number
  readonly sampleRate: number
  readonly channels: number
  /** Bytes of one sample of one channel. */
  readonly bytesPerSample: number
  /** Length of the sample data in bytes; undefined where it lasts to the end of the source. */
  readonly dataBytes: number | undefined
}

const EXTENSIBLE = 0xfffe
/** Last 8 bytes of the sub-format GUIDs 0000tttt-0000-0010-8000-00AA00389B71, whose tttt is a format tag (KSDATAFORMAT_SUBTYPE_WAVEFORMATEX). */
const WAVEFORMATEX_GUID_END = [0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71]
/** SoX writes this length into headers that it cannot patch (its wav.c). */
const SOX_PIPE_LENGTH = 0x7ffff000
/** Lengths from here up are 0xFFFFFFFF, with or without the header's own bytes taken off, of writers that could not know. */
const LEAST_UNKNOWN_LENGTH = 0xffffff00
const LONGEST_FORMAT_CHUNK = 1 << 16

/** As words in an error: damaged names hold any bytes, which a terminal might obey. */
const printable = (id: string): string => id.replace(/[^ -~]/g, '?')

const ascii = (bytes: Uint8Array, start: number, end: number): string => String.fromCharCode(...bytes.subarray(start, end))

/** Reads up to the first byte of sample data. Throws an AudioError that names what is wrong with the header. */
export async function readWavHeader(reader: ByteReader): Promise<WavHeader> {
  const fail = (reason: string): never => {
    throw new AudioError(`is a WAV file with a broken header: ${reason}`, { path: reader.name })
  }
  const riff = (await reader.read(12)).slice()
  if (riff.length < 12) fail(`it ends after ${riff.length} bytes`)
  const id = ascii(riff, 0, 4)
  const littleEndian = id !== 'RIFX'
  const riffBytes = new DataView(riff.buffer).getUint32(4, littleEndian)
  let longDataBytes: number | undefined
  let format: Omit<WavHeader, 'dataBytes'> | undefined
  for (;;) {
    const head = (await reader.read(8)).slice()
    if (head.length < 8) {
      const missing = format ? 'data' : 'fmt'
      fail(head.length === 0 ? `it has no "${missing}" chunk` : `it ends within the head of a chunk, before the "${missing}" chunk`)
    }
    const chunk = ascii(head, 0, 4)
    const length = new DataView(head.buffer).getUint32(4, littleEndian)
    if (chunk === 'data') {
      if (!format) return fail('its "data" chunk comes before its "fmt " chunk')
      return { ...format, dataBytes: await dataLength(reader, littleEndian, { length, riffBytes, longDataBytes }) }
    }
    if (chunk === 'fmt ' || chunk === 'ds64') {
      if (length > LONGEST_FORMAT_CHUNK) fail(`its "${chunk}" chunk claims ${length} bytes`)
      const body = (await reader.read(length)).slice()
      if (body.length < length) fail(`it ends within its "${chunk}" chunk`)
      if (chunk === 'fmt ') format = parseFormat(body, littleEndian, fail)
      else longDataBytes = parseDs64(body, littleEndian, fail)
    } else if ((await reader.skip(length)) < length) {
      fail(`it ends within its "${printable(chunk)}" chunk, before the "${format ? 'data' : 'fmt'}" chunk`)
    }
    if (length % 2 === 1) await reader.skip(1)
  }
}

interface StatedLengths {
  /** Of the data chunk. */
  readonly length: number
  /** Of the outer chunk. */
  readonly riffBytes: number
  /** Of the data chunk in 64 bits, where there is a ds64 chunk. */
  readonly longDataBytes: number | undefined
}

/** Bytes of samples in the data chunk; the reader stands at the first of them. */
async function dataLength(
  reader: ByteReader,
  littleEndian: boolean,
  { length, riffBytes, longDataBytes }: StatedLengths,
): Promise<number | undefined> {
  if (longDataBytes !== undefined && length === 0xffffffff) {
    return longDataBytes === 0 || longDataBytes >= Number.MAX_SAFE_INTEGER ? undefined : longDataBytes
  }
  // A file whose outer length is true and whose data chunk says 0 holds no samples, if what follows can be more chunks.
  const trueRiff = reader.size !== undefined && riffBytes + 8 === reader.size
  const trulyEmpty = length === 0 && trueRiff && (await chunkOrEndFollows(reader, littleEndian))
  const unknown = (length === 0 && !trulyEmpty) || length === SOX_PIPE_LENGTH || length >= LEAST_UNKNOWN_LENGTH
  if (unknown) return undefined
  if (reader.size !== undefined && reader.size - reader.position - length >= 2 ** 32) {
    throw new AudioError(
      'is a WAV file of more than 4 GB whose header tells only what is left of its length after division by 4 GB; "ffmpeg -ignore_length 1 -i" reads it',
      { path: reader.name },
    )
  }
  return length
}

/** Whether the source ends here, or goes on with what looks like a chunk that ends within it. */
async function chunkOrEndFollows(reader: ByteReader, littleEndian: boolean): Promise<boolean> {
  const head = await reader.peek(8)
  if (head.length === 0) return true
  if (head.length < 8 || !/^[ -~]{4}$/.test(ascii(head, 0, 4))) return false
  const length = new DataView(head.buffer, head.byteOffset).getUint32(4, littleEndian)
  return reader.position + 8 + length <= (reader.size ?? Number.POSITIVE_INFINITY)
}

function parseDs64(body: Uint8Array, littleEndian: boolean, fail: (reason: string) => never): number {
  if (body.length < 24) fail(`its "ds64" chunk has ${body.length} bytes where 24 are the least`)
  return Number(new DataView(body.buffer).getBigUint64(8, littleEndian))
}

function parseFormat(body: Uint8Array, littleEndian: boolean, fail: (reason: string) => never): Omit<WavHeader, 'dataBytes'> {
  if (body.length < 16) fail(`its "fmt " chunk has ${body.length} bytes where 16 are the least`)
  const view = new DataView(body.buffer)
  let tag = view.getUint16(0, littleEndian)
  const channels = view.getUint16(2, littleEndian)
  const sampleRate = view.getUint32(4, littleEndian)
  const blockAlign = view.getUint16(12, littleEndian)
  const bits = view.getUint16(14, littleEndian)
  if (tag === EXTENSIBLE) {
    if (body.length < 40) fail(`its extensible "fmt " chunk has ${body.length} bytes where 40 are the least`)
    // The first three groups of a GUID are integers, in the file's byte order.
    const groups = view.getUint16(28, littleEndian) === 0 && view.getUint16(30, littleEndian) === 0x10
    const known = groups && WAVEFORMATEX_GUID_END.every((byte, index) => body[32 + index] === byte)
    tag = known ? view.getUint32(24, littleEndian) : EXTENSIBLE
  }
  const encoding = tag === 1 ? 'int' : tag === 3 ? 'float' : 'other'
  if (channels === 0) fail('it claims 0 channels')
  if (sampleRate === 0) fail('it claims a rate of 0 Hz')
  const bytesPerSample = blockAlign / channels
  if (encoding !== 'other') {
    if (!Number.isInteger(bytesPerSample) || bytesPerSample === 0) {
      fail(`its block align of ${blockAlign} bytes is no multiple of its ${channels} channels`)
    }
    if (bits === 0 || bits > 8 * bytesPerSample) fail(`it claims ${bits}-bit samples in ${bytesPerSample} bytes`)
  }
  return { littleEndian, encoding, tag, sampleRate, channels, bytesPerSample }
}
