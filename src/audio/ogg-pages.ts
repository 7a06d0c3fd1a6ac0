/** Pages and packets of Ogg (RFC 3533): one logical stream out of a file, checked by its checksums and page numbers. */

import { concatBytes } from '../formats/bytes.ts'
import type { ByteReader } from './byte-reader.ts'
import { crc32WithHole } from './crc.ts'
import type { AudioError } from './errors.ts'
import { skipTags } from './id3.ts'

export interface OggPage {
  readonly serial: number
  readonly sequence: number
  readonly first: boolean
  readonly last: boolean
  /** Whether its first segment goes on with a packet of the page before. */
  readonly continued: boolean
  /** Samples that are complete with this page, as the codec counts them; undefined where no packet ends on it. */
  readonly granule: number | undefined
  /** Segment lengths: a packet ends with each one below 255. */
  readonly lacing: Uint8Array
  /** The whole page. */
  readonly bytes: Uint8Array
}

export interface OggPacket {
  readonly bytes: Uint8Array
  /** Granule position of the page it ends on, where it is the last to end there. */
  readonly granule: number | undefined
  /** Whether it is the last packet of the stream. */
  readonly last: boolean
}

/** The packets of one logical stream, one after the other. */
export interface OggPackets {
  /** Undefined after the last. Throws an AudioError where the file ends before the stream's last page. */
  next(): Promise<OggPacket | undefined>
}

/** How far a decoder has come. */
export interface OggPlace {
  seconds: number
}

/** One logical stream, as its codec's decoder gets it. */
export interface OggStream {
  readonly name: string
  /** First packet of the stream: the codec's own header. */
  readonly firstPacket: Uint8Array
  /** All pages, the first included. */
  readonly pages: AsyncGenerator<OggPage>
  /** Granule position of the last page, where the end of the file can be looked at. */
  readonly lastGranule: number | undefined
  /** To be kept up to date by the decoder, for the errors of the pages. */
  readonly place: OggPlace
}

const HEADER_BYTES = 27
const LONGEST_PAGE = HEADER_BYTES + 255 + 255 * 255

function parsePage(bytes: Uint8Array): OggPage | undefined {
  if (bytes.length < HEADER_BYTES || String.fromCharCode(...bytes.subarray(0, 4)) !== 'OggS' || bytes[4] !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const granule = view.getBigInt64(6, true)
  const flags = bytes[5]!
  return {
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    first: (flags & 2) !== 0,
    last: (flags & 4) !== 0,
    continued: (flags & 1) !== 0,
    granule: granule === -1n ? undefined : Number(granule),
    lacing: bytes.subarray(HEADER_BYTES, HEADER_BYTES + bytes[26]!),
    bytes,
  }
}

function pageLength(head: Uint8Array): number {
  let length = HEADER_BYTES + head[26]!
  for (let i = 0; i < head[26]!; i++) length += head[HEADER_BYTES + i] ?? 0
  return length
}

/** The next page of any logical stream; undefined at the end. `fail` makes the error that names the place. */
export async function readOggPage(
  reader: ByteReader,
  fail: (kind: 'damaged' | 'cut', reason: string) => AudioError,
): Promise<OggPage | undefined> {
  if (String.fromCharCode(...(await reader.peek(4))) !== 'OggS') await skipTags(reader)
  const head = await reader.peek(HEADER_BYTES + 255)
  if (head.length === 0) return undefined
  if (String.fromCharCode(...head.subarray(0, 4)) !== 'OggS'.slice(0, head.length))
    throw fail('damaged', 'there are bytes that are no Ogg page')
  const length = pageLength(head)
  const bytes = head.length < HEADER_BYTES ? head : (await reader.read(length)).slice()
  if (head.length < HEADER_BYTES || bytes.length < length) throw fail('cut', 'the file ends within an Ogg page')
  const page = parsePage(bytes)
  if (!page) throw fail('damaged', 'there is an Ogg page of an unknown version')
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getUint32(22, true)
  if (crc32WithHole(bytes, 22) !== stated) throw fail('damaged', 'the checksum of an Ogg page is wrong')
  return page
}

/** The last page of a stream by looking at the end of the source; undefined where the source cannot seek, or no last page is there. */
export async function findLastOggPage(reader: ByteReader, serial: number): Promise<OggPage | undefined> {
  const tail = await reader.tail(2 * LONGEST_PAGE)
  if (!tail) return undefined
  let found: OggPage | undefined
  for (let at = 0; at + HEADER_BYTES <= tail.length; at++) {
    if (tail[at] !== 0x4f || tail[at + 1] !== 0x67) continue
    const page = parsePage(tail.subarray(at))
    if (!page || at + pageLength(tail.subarray(at)) > tail.length) continue
    if (page.serial === serial && page.last) found = page
  }
  return found
}

/** The pages of one logical stream in order, without gaps, up to its last. Other streams beside it (video, Skeleton) are passed over. */
export async function* oggStreamPages(
  reader: ByteReader,
  serial: number,
  fail: (kind: 'damaged' | 'cut', reason: string) => AudioError,
): AsyncGenerator<OggPage> {
  let expected: number | undefined
  for (let ended = false; ; ) {
    const page = await readOggPage(reader, fail)
    if (!page) {
      if (!ended) throw fail('cut', 'the file has no last page of its stream')
      return
    }
    if (ended && page.first) throw fail('damaged', 'another Ogg stream follows; split the chain, or decode it with "ffmpeg -i" to a WAV')
    if (page.serial !== serial) continue
    if (ended) throw fail('damaged', 'pages follow after the last page of the stream')
    if (expected !== undefined && page.sequence !== expected) throw fail('damaged', `Ogg page ${expected} is missing`)
    expected = (page.sequence + 1) >>> 0
    ended = page.last
    yield page
  }
}

/** Puts the packets of a stream together. */
export function oggPackets(pages: AsyncIterator<OggPage>): OggPackets {
  let queue: OggPacket[] = []
  let partial: Uint8Array[] = []
  return {
    async next() {
      while (queue.length === 0) {
        const { value: page, done } = await pages.next()
        if (done) return undefined
        const packets = cutPackets(page, partial)
        partial = packets.partial
        queue = packets.whole.map((bytes, index) => {
          const lastOfPage = index === packets.whole.length - 1
          return { bytes, granule: lastOfPage ? page.granule : undefined, last: lastOfPage && page.last }
        })
      }
      return queue.shift()
    },
  }
}

function cutPackets(page: OggPage, partial: readonly Uint8Array[]): { whole: Uint8Array[]; partial: Uint8Array[] } {
  const whole: Uint8Array[] = []
  let pieces = page.continued ? [...partial] : []
  let at = HEADER_BYTES + page.lacing.length
  let from = at
  for (const lace of page.lacing) {
    at += lace
    if (lace === 255) continue
    pieces.push(page.bytes.subarray(from, at))
    whole.push(concatBytes(pieces))
    pieces = []
    from = at
  }
  if (at > from) pieces.push(page.bytes.subarray(from, at))
  return { whole, partial: pieces }
}
