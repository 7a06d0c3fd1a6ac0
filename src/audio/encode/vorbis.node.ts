/**
 * Ogg Vorbis by libvorbis (wasm-media-encoders), which leaves the comments empty: ours take their place, and the pages behind them get new numbers.
 */

import { concatBytes } from '../../formats/bytes.ts'
import { crc32WithHole } from '../crc.ts'
import type { SongTags } from '../tags/types.ts'
import { pictureComments, vorbisComments } from '../tags/vorbis-comments.ts'
import type { AudioBlock } from '../types.ts'
import { toFloats } from './interleave.ts'
import { createOggWriter } from './ogg-writer.ts'
import { openOutput } from './output-file.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

/** libvorbis's scale: about 192 kbit/s of stereo at 44.1 kHz. */
const DEFAULT_QUALITY = 6
/** Nominal kbit/s of stereo at 44.1 kHz for the qualities −1 to 10 (libvorbis's setup_44.h). */
const NOMINAL = [45, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500]
const HEADER_PACKETS = 3
const HEADER_BYTES = 27
const SEQUENCE_AT = 18
const CRC_AT = 22

/** The quality whose nominal rate is nearest to what is asked for, linearly between those that libvorbis states. */
function qualityFor(bitrate: number, channels: number): number {
  const kilobits = (bitrate / 1000) * (2 / channels)
  const above = NOMINAL.findIndex((nominal) => nominal >= kilobits)
  if (above <= 0) return above === 0 ? -1 : NOMINAL.length - 2
  return above - 2 + (kilobits - NOMINAL[above - 1]!) / (NOMINAL[above]! - NOMINAL[above - 1]!)
}

export async function createVorbisEncoder(path: string, { sampleRate, channels, bitrate, tags }: EncoderOptions): Promise<Encoder> {
  const { createOggEncoder } = await import('wasm-media-encoders')
  const vorbis = await createOggEncoder()
  const serial = 1
  vorbis.configure({
    sampleRate,
    channels: channels as 1 | 2,
    vbrQuality: bitrate === undefined ? DEFAULT_QUALITY : qualityFor(bitrate, channels),
    oggSerialNo: serial,
  })
  const file = await openOutput(path)
  const retag = createRetagger(serial, tags)
  return {
    async write(block: AudioBlock) {
      await file.append(retag(vorbis.encode(block.map(toFloats))))
    },
    async finish() {
      await file.append(retag(vorbis.finalize()))
      await file.sync()
    },
    release: () => file.close(),
  }
}

/** A page and the packets on it, by its lacing. */
interface Page {
  readonly bytes: Uint8Array
  readonly segments: readonly Uint8Array[]
}

function firstPage(bytes: Uint8Array): Page | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length < HEADER_BYTES + bytes[26]!) return undefined
  const lacing = bytes.subarray(HEADER_BYTES, HEADER_BYTES + bytes[26]!)
  const segments: Uint8Array[] = []
  let at = HEADER_BYTES + lacing.length
  for (const length of lacing) {
    segments.push(bytes.subarray(at, at + length))
    at += length
  }
  return bytes.length < at ? undefined : { bytes: bytes.subarray(0, at), segments }
}

/** Turns libvorbis's stream, in any pieces, into one with our comments. */
function createRetagger(serial: number, tags: SongTags): (bytes: Uint8Array) => Uint8Array {
  let rest: Uint8Array = new Uint8Array(0)
  let packet: Uint8Array[] = []
  const headers: Uint8Array[] = []
  let sequence = 0

  const newHeaders = (): Uint8Array => {
    const comments = concatBytes([new TextEncoder().encode('\x03vorbis'), vorbisComments(tags, pictureComments(tags)), Uint8Array.of(1)])
    const writer = createOggWriter(serial)
    const pages = [writer.headers(headers[0]!), writer.headers(comments, headers[2]!)]
    return concatBytes(pages)
  }
  return (bytes) => {
    rest = concatBytes([rest, bytes]).slice()
    const out: Uint8Array[] = [new Uint8Array(0)]
    for (let page = firstPage(rest); page; page = firstPage(rest)) {
      rest = rest.subarray(page.bytes.length)
      if (headers.length === HEADER_PACKETS) {
        const copy = page.bytes.slice()
        const view = new DataView(copy.buffer)
        view.setUint32(SEQUENCE_AT, sequence++, true)
        view.setUint32(CRC_AT, crc32WithHole(copy, CRC_AT), true)
        out.push(copy)
        continue
      }
      for (const segment of page.segments) {
        packet.push(segment)
        if (segment.length === 255) continue
        headers.push(concatBytes(packet).slice())
        packet = []
      }
      // Sound begins on a page of its own (Vorbis I, appendix A.2).
      if (headers.length === HEADER_PACKETS) {
        const pages = newHeaders()
        for (let at = 0; at < pages.length; sequence++) at += firstPage(pages.subarray(at))!.bytes.length
        out.push(pages)
      }
    }
    return concatBytes(out)
  }
}
