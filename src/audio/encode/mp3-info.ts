/**
 * The first frame of an MP3 file, silent and full of facts: number of frames, places to seek to, and the samples that the encoder put before and after
 * the sound, without which a decoded file would be longer than its song and late by 1105 samples.
 *
 * After the "Mp3 Info Tag revision 1" text (G. Bouvigne) and LAME 3.100's VbrTag.c; read back by mp3-frames.ts.
 */

import { concatBytes } from '../../formats/bytes.ts'
import { type MpegFrameHeader, parseMpegHeader } from '../mp3-frames.ts'

/** Samples by which LAME's output lags behind its input, without the 529 of every decoder (its ENCDELAY). */
const LAME_DELAY = 576
const XING_BYTES = 120
const LAME_BYTES = 36
const PLACES = 100
/** Places of frames that are kept for the table; every second one is dropped when there are more. */
const MOST_PLACES = 4096

/** CRC-16/ARC, as LAME's tag has it. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >> 1) ^ 0xa001 : crc >> 1
  return crc
})

function crc16(bytes: Uint8Array, crc = 0): number {
  for (const byte of bytes) crc = (crc >> 8) ^ CRC16[(crc ^ byte) & 0xff]!
  return crc
}

export interface Mp3Info {
  /** Length of the info frame in bytes, known from the first frame of sound. */
  readonly bytes: number
  /** Takes note of a frame of sound. */
  add(frame: Uint8Array): void
  /** The info frame of a stream that holds `samples` samples per channel. */
  frame(samples: number): Uint8Array
}

/** The info frame for a stream whose first frame of sound is `first`. */
export function createMp3Info(first: Uint8Array, constantRate: boolean): Mp3Info {
  const header = parseMpegHeader(first)
  if (!header) throw new Error('LAME gave bytes that are no MP3 frame')
  const sideInfo = header.version === 1 ? (header.channels === 1 ? 17 : 32) : header.channels === 1 ? 9 : 17
  const start = 4 + sideInfo
  const { bytes, head } = roomyHeader(first, header, start + XING_BYTES + LAME_BYTES)
  let frames = 0
  let total = bytes
  let crc = 0
  let every = 1
  let places: number[] = []
  return {
    bytes,
    add(frame) {
      if (frames % every === 0) {
        places.push(total)
        if (places.length === MOST_PLACES) {
          places = places.filter((_, i) => i % 2 === 0)
          every *= 2
        }
      }
      frames++
      total += frame.length
      crc = crc16(frame, crc)
    },
    frame(samples) {
      const out = new Uint8Array(bytes)
      const view = new DataView(out.buffer)
      out.set(head)
      const text = new TextEncoder()
      out.set(text.encode(constantRate ? 'Info' : 'Xing'), start)
      view.setUint32(start + 4, 0x0f)
      view.setUint32(start + 8, frames)
      view.setUint32(start + 12, total)
      for (let i = 0; i < PLACES; i++) {
        const place = places[Math.floor((i * places.length) / PLACES)] ?? bytes
        out[start + 16 + i] = Math.min(255, Math.floor((256 * place) / total))
      }
      view.setUint32(start + 16 + PLACES, 100)
      const lame = start + XING_BYTES
      out.set(text.encode('LAME3.100'), lame)
      out[lame + 9] = constantRate ? 1 : 4
      const padding = Math.max(0, Math.min(0xfff, frames * header.samples - LAME_DELAY - samples))
      out[lame + 21] = LAME_DELAY >> 4
      out[lame + 22] = ((LAME_DELAY & 15) << 4) | (padding >> 8)
      out[lame + 23] = padding & 0xff
      view.setUint32(lame + 28, total)
      view.setUint16(lame + 32, crc)
      view.setUint16(lame + 34, crc16(out.subarray(0, lame + 34)))
      return out
    },
  }
}

/** The header of a frame of the same stream that is long enough, with no checksum and no padding. */
function roomyHeader(first: Uint8Array, { sampleRate, version }: MpegFrameHeader, needed: number): { bytes: number; head: Uint8Array } {
  for (let index = 1; index < 15; index++) {
    const head = Uint8Array.of(0xff, first[1]! | 1, (index << 4) | (first[2]! & 0x0c), first[3]!)
    const parsed = parseMpegHeader(head)
    if (parsed && parsed.bytes >= needed) return { bytes: parsed.bytes, head }
  }
  throw new Error(`no frame of MPEG ${version} at ${sampleRate} Hz has room for ${needed} bytes`)
}

/** Cuts a stream of bytes into frames, whatever pieces it comes in. */
export function createFrameCutter(): (bytes: Uint8Array) => Uint8Array[] {
  let rest: Uint8Array = new Uint8Array(0)
  return (bytes) => {
    const all = concatBytes([rest, bytes])
    const frames: Uint8Array[] = []
    let at = 0
    while (at + 4 <= all.length) {
      const header = parseMpegHeader(all.subarray(at, at + 4))
      if (!header || header.bytes === 0) throw new Error('LAME gave bytes that are no MP3 frame')
      if (at + header.bytes > all.length) break
      frames.push(all.slice(at, at + header.bytes))
      at += header.bytes
    }
    rest = all.slice(at)
    return frames
  }
}
