/**
 * PNG (W3C, third edition) of indexed or true colours, as a data URL: pictures of many cells are bytes, not rectangles.
 */
import { zlibSync } from 'fflate'
import { concatBytes } from '../formats/bytes.ts'
import { crc32 } from '../formats/crc32.ts'
import type { Colour } from './colour-map.ts'

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data])
  return concatBytes([bigEndian(data.length), body, bigEndian(crc32(body))])
}

/** @param bytes of pixels, row by row from the top */
function pngOf(bytes: Uint8Array, width: number, bytesPerPixel: number, colourType: number, chunks: readonly Uint8Array[]): Uint8Array {
  const length = width * bytesPerPixel
  const height = bytes.length / length
  const lines = new Uint8Array(height * (length + 1)) // each line begins with 0: not filtered
  for (let y = 0; y < height; y++) lines.set(bytes.subarray(y * length, (y + 1) * length), y * (length + 1) + 1)
  return concatBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', concatBytes([bigEndian(width), bigEndian(height), Uint8Array.of(8, colourType, 0, 0, 0)])),
    ...chunks,
    chunk('IDAT', zlibSync(lines)),
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

const signature = 'data:image/png;base64,'

/** The first picture of bytes in a picture of shapes, as heat maps of many cells have it; undefined where there is none. */
export function pngInside(svg: string): { readonly png: Uint8Array; readonly width: number; readonly height: number } | undefined {
  const start = svg.indexOf(signature)
  if (start < 0) return undefined
  const png = Uint8Array.from(atob(svg.slice(start + signature.length, svg.indexOf('"', start))), (letter) => letter.charCodeAt(0))
  // Width and height begin the first chunk, behind eight bytes of signature and eight of its head.
  const view = new DataView(png.buffer)
  return { png, width: view.getUint32(16), height: view.getUint32(20) }
}
