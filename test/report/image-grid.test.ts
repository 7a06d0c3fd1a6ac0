/** Images side by side. */
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { imageGrid } from '../../src/report/index.ts'
import { elements, expectWhole, texts } from './support.ts'

/** Size, colour type and lines of a PNG in a data URL. */
function pngOf(url: string): { width: number; height: number; type: number; lines: number[] } {
  const bytes = Buffer.from(url.replace('data:image/png;base64,', ''), 'base64')
  const data = bytes.indexOf('IDAT')
  const length = bytes.readUInt32BE(data - 4)
  const lines = Array.from(inflateSync(bytes.subarray(data + 4, data + 4 + length)))
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), type: bytes[25]!, lines }
}

describe('imageGrid', () => {
  // Red, green, blue planes of 1 × 2 pixels.
  const colours = { pixels: [1, 2, 10, 20, 100, 200], caption: 'a < b' }

  it('draws each image with its own pixels, channels together, and its caption', () => {
    const svg = imageGrid({ title: 'Two', images: [colours, { pixels: [255, 0, -5, 300, 7.6, 0] }], channels: 3, height: 1, width: 2 })
    expectWhole(svg)
    const images = elements(svg, 'image')
    // Each line begins with 0, not filtered.
    expect(images.map(({ href }) => pngOf(href!))).toEqual([
      { width: 2, height: 1, type: 2, lines: [0, 1, 10, 100, 2, 20, 200] },
      { width: 2, height: 1, type: 2, lines: [0, 255, 0, 8, 0, 255, 0] },
    ])
    expect(texts(svg)).toEqual(expect.arrayContaining(['Two', 'a &lt; b']))
    expect(svg).toContain('2 images: a &lt; b, image 1.')
    // Side by side, as much higher than wide as their pixels are.
    const [first, second] = images
    expect(Number(second!.x)).toBeGreaterThan(Number(first!.x) + Number(first!.width))
    expect(second!.y).toBe(first!.y)
    expect(Number(first!.width)).toBe(2 * Number(first!.height))
  })

  it('draws greys, and as many columns as are asked for', () => {
    const images = Array.from({ length: 5 }, (_, i) => ({ pixels: [i], caption: `grey ${i}` }))
    const svg = imageGrid({ title: 'Greys', images, channels: 1, height: 1, width: 1, columns: 2 })
    expectWhole(svg)
    const drawn = elements(svg, 'image')
    expect(drawn.map(({ href }) => pngOf(href!).lines)).toEqual(images.map((_, i) => [0, i, i, i]))
    expect(new Set(drawn.map(({ x }) => x)).size).toBe(2)
    expect(new Set(drawn.map(({ y }) => y)).size).toBe(3)
  })

  it('refuses no images, images of other sizes, and channels that are no colours', () => {
    const draw = (options: object) => imageGrid({ title: 'x', images: [colours], channels: 3, height: 1, width: 2, ...options })
    expect(() => draw({ images: [] })).toThrow('imageGrid: images: none')
    expect(() => draw({ images: [colours, { pixels: [1] }] })).toThrow('image 1 has 1 values; needs 3 × 1 × 2 = 6')
    expect(() => draw({ channels: 4 })).toThrow('channels 4; allowed are 1 (greys) and 3 (red, green, blue)')
    expect(() => draw({ columns: 0 })).toThrow('imageGrid: columns 0; allowed are whole numbers from 1')
    expect(() => draw({ width: 0.5 })).toThrow('imageGrid: width 0.5')
  })
})
