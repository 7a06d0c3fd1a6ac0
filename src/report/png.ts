/**
 * PNG (W3C, third edition) of indexed or true colours, as a data URL: pictures of many cells are bytes, not rectangles. The bytes are stored, not
 * compressed (deflate's block type 0, RFC 1951), which needs no library and a byte per cell.
 */
import type { Colour } from './colour-map.ts'

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) c = crcTable[(c ^ byte) & 255]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0]
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return ((b << 16) | a) >>> 0
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data])
  return joined([bigEndian(data.length), body, bigEndian(crc32(body))])
}

/** A zlib stream of stored blocks. */
function stored(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)]
  for (let from = 0; from < data.length; from += 65535) {
    const block = data.subarray(from, from + 65535)
    const size = block.length
    parts.push(Uint8Array.of(from + size === data.length ? 1 : 0, size, size >> 8, ~size, ~size >> 8), block)
  }
  return joined([...parts, bigEndian(adler32(data))])
}

/** @param bytes of pixels, row by row from the top */
function pngOf(bytes: Uint8Array, width: number, bytesPerPixel: number, colourType: number, chunks: readonly Uint8Array[]): Uint8Array {
  const length = width * bytesPerPixel
  const height = bytes.length / length
  const lines = new Uint8Array(height * (length + 1)) // each line begins with 0: not filtered
  for (let y = 0; y < height; y++) lines.set(bytes.subarray(y * length, (y + 1) * length), y * (length + 1) + 1)
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', joined([bigEndian(width), bigEndian(height), Uint8Array.of(8, colourType, 0, 0, 0)])),
    ...chunks,
    chunk('IDAT', stored(lines)),
    chunk('IEND', new Uint8Array(0)),
  ])
}

/** @param pixels red, green, blue of each pixel, row by row from the top */
export function colourPng(pixels: Uint8Array, width: number): Uint8Array {
  return pngOf(pixels, width, 3, 2, [])
}

/**
 * @param indices of colours, row by row from the top; 255 is nothing at all, so the 256th colour cannot be used
 * @param colours at most 255
 */
export function indexedPng(indices: Uint8Array, width: number, colours: readonly Colour[]): Uint8Array {
  const palette = new Uint8Array(3 * 256)
  for (const [i, colour] of colours.entries()) palette.set(colour, 3 * i)
  const opacity = new Uint8Array(256).fill(255)
  opacity[255] = 0
  return pngOf(indices, width, 1, 3, [chunk('PLTE', palette), chunk('tRNS', opacity)])
}

/** Bytes as a URL that carries them. */
export function dataUrl(type: string, bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return `data:${type};base64,${btoa(text)}`
}
