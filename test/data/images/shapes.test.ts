/** Pictures of shapes: exact labels, nothing but seed and index decides them, and what is told apart can be told apart. */
import { describe, expect, it } from 'vitest'
import { drawShape, makeShapes, shapeClasses } from '../../../src/data/index.ts'

/** Light or dark of each pixel against the mean of the border, where no shape reaches: how far it is from the background. */
function foreground(pixels: Uint8Array, height: number, width: number): boolean[] {
  const at = (c: number, y: number, x: number) => pixels[(c * height + y) * width + x]!
  // The background changes slowly: what is far from the colour at all four corners is shape.
  const corners = [
    [0, 0],
    [0, width - 1],
    [height - 1, 0],
    [height - 1, width - 1],
  ] as const
  return Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width]
    return corners.every(([cy, cx]) => Math.hypot(...[0, 1, 2].map((c) => at(c, y, x) - at(c, cy, cx))) > 75)
  })
}

describe('shapes', () => {
  it('2.13 CNN, its generated shapes: a picture is a function of seed and index, labels go round all ten classes', () => {
    expect(shapeClasses).toHaveLength(10)
    const set = makeShapes({ seed: 3, first: 5, count: 12 })
    expect(Array.from(set.labels)).toEqual([5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6])
    expect(set.classes).toBe(shapeClasses)
    expect(set.pixels).toHaveLength(12 * 3 * 32 * 32)
    const alone = drawShape({ seed: 3, index: 9 })
    expect(alone.label).toBe(9)
    expect(set.pixels.slice(4 * 3072, 5 * 3072)).toEqual(alone.pixels)
    const others = [drawShape({ seed: 3, index: 19 }), drawShape({ seed: 4, index: 9 })]
    for (const { label, pixels } of others) {
      expect(label).toBe(9)
      expect(pixels).not.toEqual(alone.pixels)
    }
  })

  it('2.13 CNN, its generated shapes: places, sizes and colours vary, also over pictures that are not square', () => {
    const [height, width] = [24, 40]
    const centres: number[][] = []
    const areas: number[] = []
    for (let index = 0; index < 400; index += 10) {
      const { pixels } = drawShape({ seed: 1, index, height, width })
      const inside = foreground(pixels, height, width).flatMap((is, i) => (is ? [[Math.floor(i / width), i % width] as const] : []))
      if (inside.length === 0) continue
      areas.push(inside.length)
      centres.push([0, 1].map((axis) => inside.reduce((sum, place) => sum + place[axis]!, 0) / inside.length))
    }
    expect(areas.length).toBeGreaterThan(30)
    // Discs of radius 0.9 · (0.24…0.4) · 24.
    expect(Math.min(...areas)).toBeLessThan(150)
    expect(Math.max(...areas)).toBeGreaterThan(190)
    expect(Math.max(...areas)).toBeLessThan(Math.PI * (0.9 * 0.4 * 24 + 1) ** 2)
    for (const [axis, extent] of [height, width].entries()) {
      const along = centres.map((centre) => centre[axis]!)
      expect(Math.max(...along) - Math.min(...along)).toBeGreaterThan(0.3 * (extent - 16))
    }
    const means = [0, 10, 20, 30].map((index) => drawShape({ seed: 1, index }).pixels.reduce((sum, x) => sum + x, 0))
    expect(new Set(means).size).toBe(4)
  })

  it('2.13 CNN, its generated shapes: stripes change along the axis that their name says', () => {
    const changes = (label: number) => {
      const totals = { across: 0, down: 0 }
      for (let index = label; index < 300; index += 10) {
        const on = foreground(drawShape({ seed: 2, index }).pixels, 32, 32)
        for (let i = 0; i < 31 * 32; i++) {
          if (i % 32 < 31 && on[i] !== on[i + 1]) totals.across++
          if (on[i] !== on[i + 32]) totals.down++
        }
      }
      return totals.across / totals.down
    }
    const ratio = Object.fromEntries(shapeClasses.map((name, label) => [name, changes(label)]))
    expect(ratio['horizontal stripes']!).toBeLessThan(0.6)
    expect(ratio['vertical stripes']!).toBeGreaterThan(1 / 0.6)
    for (const name of ['disc', 'ring', 'square', 'diagonal stripes', 'checkerboard']) {
      expect(ratio[name]!, name).toBeGreaterThan(0.8)
      expect(ratio[name]!, name).toBeLessThan(1.25)
    }
  })

  it('2.13 CNN, its generated shapes: refuses sizes without room and what is no index', () => {
    expect(() => drawShape({ seed: 1, index: 0, height: 15 })).toThrow('drawShape: height 15; allowed are whole numbers from 16')
    expect(() => drawShape({ seed: 1, index: 0, width: 20.5 })).toThrow('width 20.5')
    expect(() => drawShape({ seed: 1, index: -1 })).toThrow('drawShape: index -1; allowed are whole numbers from 0')
  })
})
