import { describe, expect, it } from 'vitest'
import { colourIndex, hex, inkOn } from '../../src/report/colour-map.ts'
import { type Colour, colourTable } from '../../src/report/index.ts'
import { indexedPng } from '../../src/report/png.ts'

/** sRGB to Oklab (Ottosson 2020), the other way from the table's. */
function toOklab(colour: Colour): readonly [number, number, number] {
  const [r, g, b] = colour.map((part) => (part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

describe('colour maps', () => {
  it.each(['sequential', 'diverging'] as const)('%s: equal steps are equally far to the eye', (name) => {
    const labs = colourTable(name).map(toOklab)
    expect(labs).toHaveLength(256)
    // Over 16 colours, so that rounding to bytes, which is up to 0.003 of lightness, counts little.
    const steps = Array.from({ length: 15 }, (_, i) => Math.hypot(...labs[16 * i]!.map((part, k) => part - labs[16 * i + 16]![k]!)))
    const straight = name === 'diverging' ? steps.filter((_, i) => i !== 7) : steps // over the middle the curve turns
    expect(Math.max(...straight) / Math.min(...straight)).toBeLessThan(1.12)
  })

  it('sequential: rises in lightness from near black to near white', () => {
    const lightness = colourTable('sequential').map((colour) => toOklab(colour)[0])
    for (let i = 4; i < 256; i++) expect(lightness[i]).toBeGreaterThan(lightness[i - 4]!)
    expect(lightness[0]).toBeLessThan(0.16)
    expect(lightness[255]).toBeGreaterThan(0.95)
  })

  it('diverging: as dark at one end as at the other, near white in the middle', () => {
    const lightness = colourTable('diverging').map((colour) => toOklab(colour)[0])
    for (let i = 0; i < 128; i++) expect(lightness[i]).toBeCloseTo(lightness[255 - i]!, 1)
    expect(lightness[128]).toBeGreaterThan(0.94)
    const [blue, red] = [colourTable('diverging')[0]!, colourTable('diverging')[255]!]
    expect(blue[2]).toBeGreaterThan(blue[0])
    expect(red[0]).toBeGreaterThan(red[2])
  })

  it('take numbers beyond their ends for the ends, and write on dark in white', () => {
    expect([-9, 0, 0.5, 1, 9].map((value) => colourIndex(value, 0, 1))).toEqual([0, 0, 128, 255, 255])
    expect(hex([255, 0, 10])).toBe('#ff000a')
    expect(inkOn(colourTable('sequential')[0]!)).toBe('#ffffff')
    expect(inkOn(colourTable('sequential')[255]!)).toBe('#000000')
  })
})

describe('indexedPng', () => {
  it('is a PNG that Node can inflate, rows from the top', async () => {
    const { inflateSync, crc32 } = (await import('node:zlib')) as typeof import('node:zlib') & { crc32?: (data: Uint8Array) => number }
    // More than one stored block of 65535 bytes.
    const indices = Uint8Array.from({ length: 300 * 400 }, (_, i) => i % 251)
    const bytes = indexedPng(indices, 300, colourTable('sequential').slice(0, 255))
    const chunks: { type: string; data: Uint8Array; crc: number; body: Uint8Array }[] = []
    const view = new DataView(bytes.buffer)
    for (let at = 8; at < bytes.length; ) {
      const size = view.getUint32(at)
      const body = bytes.subarray(at + 4, at + 8 + size)
      chunks.push({ type: String.fromCharCode(...body.subarray(0, 4)), data: body.subarray(4), crc: view.getUint32(at + 8 + size), body })
      at += 12 + size
    }
    expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'])
    if (crc32) for (const { crc, body } of chunks) expect(crc32(body)).toBe(crc)
    expect(chunks.at(-1)!.crc).toBe(0xae426082) // of every PNG
    const lines = inflateSync(chunks[3]!.data) // checks Adler-32
    expect(lines).toHaveLength(400 * 301)
    expect(Array.from(lines.subarray(301, 306))).toEqual([0, ...Array.from(indices.subarray(300, 304))])
  })
})
