/** The outer structure of FLAC (RFC 9639): STREAMINFO, frame headers, and where one frame ends and the next begins. */

import type { ByteReader } from './byte-reader.ts'
import { crc8, crc16Step } from './crc.ts'
import { AudioError } from './errors.ts'

export interface FlacStreamInfo {
  readonly sampleRate: number
  readonly channels: number
  readonly bits: number
  /** Samples per channel, 0 where the encoder did not know. */
  readonly totalSamples: number
}

export interface FlacFrameHeader {
  readonly variable: boolean
  /** Frame number, or sample number where block sizes vary. */
  readonly number: number
  readonly blockSize: number
  readonly channels: number
  /** 0: as STREAMINFO says. */
  readonly sampleRate: number
  /** 0: as STREAMINFO says. */
  readonly bits: number
  /** Length of the header in bytes. */
  readonly bytes: number
}

const LONGEST_HEADER = 16
/** Eight channels of 65535 32-bit samples, stored as they are, and some air. */
const LONGEST_FRAME = 8 * 65535 * 4 + 1024
const BITS = [0, 8, 12, undefined, 16, 20, 24, 32]
const RATES = [0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000]

/** STREAMINFO from the 34 bytes of its body. */
export function parseFlacStreamInfo(body: Uint8Array): FlacStreamInfo {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const packed = view.getUint32(10)
  return {
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    totalSamples: (packed & 15) * 2 ** 32 + view.getUint32(14),
  }
}

/** Reads "fLaC" and all metadata blocks; the reader then stands at the first frame. */
export async function readFlacMetadata(reader: ByteReader): Promise<FlacStreamInfo> {
  const fail = (reason: string): AudioError => new AudioError(`is a FLAC file with a broken header: ${reason}`, { path: reader.name })
  await reader.skip(4)
  let info: FlacStreamInfo | undefined
  for (let last = false; !last; ) {
    const head = (await reader.read(4)).slice()
    if (head.length < 4) throw fail('it ends within its metadata')
    last = (head[0]! & 0x80) !== 0
    const length = (head[1]! << 16) | (head[2]! << 8) | head[3]!
    if ((head[0]! & 0x7f) === 0 && length === 34) {
      const body = (await reader.read(34)).slice()
      if (body.length < 34) throw fail('it ends within its metadata')
      info = parseFlacStreamInfo(body)
    } else if ((await reader.skip(length)) < length) throw fail('it ends within its metadata')
  }
  if (!info) throw fail('it has no STREAMINFO')
  if (info.sampleRate === 0) throw fail('it claims a rate of 0 Hz')
  return info
}

/** The frame header at an offset; undefined where there is none (its checksum included). */
export function parseFlacFrameHeader(bytes: Uint8Array, at: number): FlacFrameHeader | undefined {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xfe) !== 0xf8 || bytes.length < at + 6) return undefined
  const variable = (bytes[at + 1]! & 1) === 1
  const sizeCode = bytes[at + 2]! >> 4
  const rateCode = bytes[at + 2]! & 15
  const channelCode = bytes[at + 3]! >> 4
  const bits = BITS[(bytes[at + 3]! >> 1) & 7]
  if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || bits === undefined || (bytes[at + 3]! & 1) === 1) return undefined
  let next = at + 4
  const lead = bytes[next++]!
  // As in UTF-8, the leading ones count the bytes of the number.
  const ones = Math.clz32(~(lead << 24))
  if (ones === 1 || ones === 8) return undefined
  const extra = Math.max(0, ones - 1)
  let number = lead & (0x7f >> ones)
  for (let i = 0; i < extra; i++) {
    const byte = bytes[next++]
    if (byte === undefined || (byte & 0xc0) !== 0x80) return undefined
    number = number * 64 + (byte & 0x3f)
  }
  const u8 = (): number => bytes[next++] ?? 0
  const u16 = (): number => u8() * 256 + u8()
  const blockSize =
    sizeCode === 1 ? 192 : sizeCode === 6 ? u8() + 1 : sizeCode === 7 ? u16() + 1 : sizeCode < 6 ? 144 * 2 ** sizeCode : 2 ** sizeCode
  const sampleRate = rateCode < 12 ? RATES[rateCode]! : rateCode === 12 ? u8() * 1000 : rateCode === 13 ? u16() : u16() * 10
  if (next >= bytes.length || crc8(bytes, at, next) !== bytes[next]) return undefined
  return { variable, number, blockSize, channels: channelCode < 8 ? channelCode + 1 : 2, sampleRate, bits, bytes: next + 1 - at }
}

/** How the search for a frame's end came out. */
export type FlacFrameEnd =
  | { readonly kind: 'frame'; readonly length: number }
  /** The next frame follows, but this one's checksum is wrong; or nothing follows where a frame must have ended. */
  | { readonly kind: 'damaged' }
  /** The source ends before the frame does. */
  | { readonly kind: 'cut' }

/** Finds the end of the frame at the reader's position by the header that must follow, or the end of the source, and its checksum. */
export async function findFlacFrameEnd(reader: ByteReader, header: FlacFrameHeader): Promise<FlacFrameEnd> {
  const follower = header.variable ? header.number + header.blockSize : header.number + 1
  let crc = 0
  let at = 0
  // Samples may look like the next header: such a place tells damage only when no better one comes.
  let doubtful = false
  for (let window = 1 << 15; ; window *= 2) {
    const bytes = await reader.peek(Math.min(window, LONGEST_FRAME))
    const ended = bytes.length < Math.min(window, LONGEST_FRAME)
    const last = ended ? bytes.length : bytes.length - LONGEST_HEADER
    for (; at < last; at++) {
      if (at > header.bytes && bytes[at] === 0xff) {
        const next = parseFlacFrameHeader(bytes, at)
        if (next && next.variable === header.variable && next.number === follower) {
          if (crc === 0) return { kind: 'frame', length: at }
          doubtful = true
        }
      }
      // An ID3v1 tag after the last frame.
      if (crc === 0 && ended && bytes.length - at === 128 && String.fromCharCode(...bytes.subarray(at, at + 3)) === 'TAG')
        return { kind: 'frame', length: at }
      crc = crc16Step(crc, bytes[at]!)
    }
    if (ended) return crc === 0 ? { kind: 'frame', length: at } : { kind: doubtful ? 'damaged' : 'cut' }
    if (bytes.length >= LONGEST_FRAME) return { kind: 'damaged' }
  }
}
