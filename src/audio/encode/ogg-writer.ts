/** Ogg pages (RFC 3533) around the packets of one logical stream. */

import { concatBytes } from '../../formats/bytes.ts'
import { crc32WithHole } from '../crc.ts'

const HEADER_BYTES = 27
const MOST_SEGMENTS = 255
const CRC_AT = 22
const FLAGS = { continued: 1, first: 2, last: 4 } as const

export interface OggWriter {
  /** Packets of the codec's headers, on pages of their own that hold no sound. */
  headers(...packets: readonly Uint8Array[]): Uint8Array
  /**
   * A packet of sound; gives the pages that are full by now.
   *
   * @param granule - samples that are complete with it, as the codec counts them
   */
  packet(bytes: Uint8Array, granule: number): Uint8Array
  /** The last page; `granule` is the position at which the sound ends. */
  end(granule: number): Uint8Array
}

/** A stream whose pages hold at most `packetsPerPage` packets: what a player must read before it can play. */
export function createOggWriter(serial: number, packetsPerPage = 50): OggWriter {
  let sequence = 0
  let waiting: { bytes: Uint8Array; granule: number }[] = []

  /** Pages that hold whole packets; those that no packet ends on have the position −1. */
  const pages = (packets: readonly Uint8Array[], granule: number, flags: number): Uint8Array => {
    const segments: number[] = []
    for (const { length } of packets) {
      for (let left = length; left >= 255; left -= 255) segments.push(255)
      segments.push(length % 255)
    }
    const body = concatBytes([new Uint8Array(0), ...packets])
    const out: Uint8Array[] = []
    let at = 0
    for (let from = 0; from === 0 || from < segments.length; from += MOST_SEGMENTS) {
      const lacing = segments.slice(from, from + MOST_SEGMENTS)
      const length = lacing.reduce((sum, segment) => sum + segment, 0)
      const final = from + MOST_SEGMENTS >= segments.length
      const ends = lacing.some((segment) => segment < 255)
      const page = new Uint8Array(HEADER_BYTES + lacing.length + length)
      const view = new DataView(page.buffer)
      page.set(new TextEncoder().encode('OggS'))
      page[5] = (from > 0 && segments[from - 1] === 255 ? FLAGS.continued : 0) | (sequence === 0 ? FLAGS.first : 0) | (final ? flags : 0)
      view.setBigInt64(6, ends ? BigInt(granule) : -1n, true)
      view.setUint32(14, serial, true)
      view.setUint32(18, sequence++, true)
      page[26] = lacing.length
      page.set(lacing, HEADER_BYTES)
      page.set(body.subarray(at, at + length), HEADER_BYTES + lacing.length)
      at += length
      view.setUint32(CRC_AT, crc32WithHole(page, CRC_AT), true)
      out.push(page)
    }
    return concatBytes(out)
  }
  const flush = (granule: number, flags: number): Uint8Array => {
    const packets = waiting.map(({ bytes }) => bytes)
    waiting = []
    return pages(packets, granule, flags)
  }
  return {
    headers: (...packets) => pages(packets, 0, 0),
    packet(bytes, granule) {
      const full =
        waiting.length === packetsPerPage ||
        waiting.reduce((sum, packet) => sum + packet.bytes.length / 255 + 1, 0) + bytes.length / 255 + 1 > MOST_SEGMENTS
      const done = full ? flush(waiting.at(-1)!.granule, 0) : new Uint8Array(0)
      waiting.push({ bytes, granule })
      return done
    },
    end: (granule) => flush(granule, FLAGS.last),
  }
}
