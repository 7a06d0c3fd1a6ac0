/**
 * Pictures of shapes that the project draws itself, with exact labels: ten classes, each at a random place, in a random size, turned, in random
 * colours over a background that changes from one colour to another, with noise. A picture is a pure function of seed and index.
 */
import { createRandom, type Random } from '../../tensor/index.ts'
import type { ImageSet } from './image-set.ts'

/** Changes whenever the pictures would. */
export const shapesVersion = 1

interface Shape {
  /** Whether a point is in it; none is farther than `reach` from 0. */
  readonly inside: (u: number, v: number) => boolean
  /** Largest turn to either side, in radians: what is told by its direction must keep it. */
  readonly turn: number
  /** Whether a quarter of a turn leaves the class as it is. */
  readonly quarter?: true
}

const reach = 1.42
const anyTurn = Math.PI
const fewDegrees = Math.PI / 15
const inSquare = (u: number, v: number, half: number) => Math.abs(u) < half && Math.abs(v) < half
/** Every second of the five bands of −0.9…0.9. */
const band = (x: number) => Math.floor((x + 0.9) / 0.36) % 2 === 0
const cell = (x: number) => Math.floor(x / 0.46)

/** A star of five points: from each corner (radius 1) a straight edge goes to the inner corner a tenth of the turn away. */
function inStar(u: number, v: number): boolean {
  const fifth = (2 * Math.PI) / 5
  const from = (Math.atan2(u, -v) + 2 * Math.PI) % fifth
  const angle = Math.min(from, fifth - from)
  const [x, y] = [Math.hypot(u, v) * Math.cos(angle), Math.hypot(u, v) * Math.sin(angle)]
  const [innerX, innerY] = [0.42 * Math.cos(fifth / 2), 0.42 * Math.sin(fifth / 2)]
  // On the side of the centre of the line through both corners.
  return (1 - x) * innerY > y * (1 - innerX)
}

const shapes = {
  disc: { inside: (u, v) => u * u + v * v < 0.81, turn: 0 },
  ring: { inside: (u, v) => Math.abs(Math.hypot(u, v) - 0.75) < 0.2, turn: 0 },
  square: { inside: (u, v) => inSquare(u, v, 0.8), turn: anyTurn },
  triangle: { inside: (u, v) => v < 0.55 && v > -1.1 + Math.abs(u) * Math.sqrt(3), turn: anyTurn },
  cross: { inside: (u, v) => inSquare(u, v, 1) && Math.min(Math.abs(u), Math.abs(v)) < 0.28, turn: anyTurn },
  star: { inside: (u, v) => inStar(u / 1.15, v / 1.15), turn: anyTurn },
  'horizontal stripes': { inside: (u, v) => inSquare(u, v, 0.9) && band(v), turn: fewDegrees },
  'vertical stripes': { inside: (u, v) => inSquare(u, v, 0.9) && band(u), turn: fewDegrees },
  'diagonal stripes': { inside: (u, v) => inSquare(u, v, 0.9) && band((u + v) * Math.SQRT1_2), turn: fewDegrees, quarter: true },
  checkerboard: { inside: (u, v) => inSquare(u, v, 0.92) && (cell(u) + cell(v)) % 2 === 0, turn: fewDegrees },
} as const satisfies Record<string, Shape>

/** Names by label. */
export const shapeClasses: readonly string[] = Object.keys(shapes)

type Colour = readonly [number, number, number]
const colour = (random: Random): Colour => [random.uniform(), random.uniform(), random.uniform()]
const distance = (a: Colour, b: Colour) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])

/** Two colours of a background, near each other, and one of a shape that both let be seen. */
function drawColours(random: Random): { readonly from: Colour; readonly to: Colour; readonly shape: Colour } {
  for (;;) {
    const [from, shape] = [colour(random), colour(random)]
    const to = from.map((value) => value + random.uniform(-0.25, 0.25)) as unknown as Colour
    if (Math.min(distance(from, shape), distance(to, shape)) > 0.55) return { from, to, shape }
  }
}

export interface ShapePicture {
  /** Index of its class: the index of the picture modulo 10, so that classes are equally frequent. */
  readonly label: number
  /** (3, height, width), 0…255. */
  readonly pixels: Uint8Array
}

export interface ShapeSetOptions {
  readonly seed: number
  /** Index of the first picture, 0 by default. */
  readonly first?: number
  readonly count: number
  /** 32 by default, at least 16. */
  readonly height?: number
  readonly width?: number
}

/** Points per pixel and axis at which a shape is asked for: soft edges. */
const SAMPLES = 3

/**
 * One picture.
 *
 * @throws RangeError for sizes below 16 and an index below 0
 *
 * @example
 * const { label, pixels } = drawShape({ seed: 1, index: 5 })
 * shapeClasses[label] // 'star'
 * pixels.length // 3072
 */
export function drawShape({
  seed,
  index,
  height = 32,
  width = 32,
}: {
  readonly seed: number
  readonly index: number
  readonly height?: number
  readonly width?: number
}): ShapePicture {
  for (const [name, value] of Object.entries({ height, width }))
    if (!Number.isInteger(value) || value < 16) throw new RangeError(`drawShape: ${name} ${value}; allowed are whole numbers from 16`)
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`drawShape: index ${index}; allowed are whole numbers from 0`)
  const random = createRandom(seed, index, shapesVersion)
  const label = index % shapeClasses.length
  const { inside, turn, quarter }: Shape = shapes[shapeClasses[label] as keyof typeof shapes]
  const { from, to, shape } = drawColours(random)
  const radius = Math.min(height, width) * random.uniform(0.24, 0.4)
  const [x0, y0] = [random.uniform(radius, width - radius), random.uniform(radius, height - radius)]
  const angle = random.uniform(-turn, turn) + (quarter && random.chance(0.5) ? Math.PI / 2 : 0)
  const [cos, sin] = [Math.cos(angle) / radius, Math.sin(angle) / radius]
  const slope = random.uniform(0, 2 * Math.PI)
  const [gx, gy] = [Math.cos(slope) / width, Math.sin(slope) / height]
  const noise = random.uniform(0, 0.12)
  const pixels = new Uint8Array(3 * height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let covered = 0
      const near = Math.hypot(x + 0.5 - x0, y + 0.5 - y0) < reach * radius + 1
      for (let k = 0; near && k < SAMPLES * SAMPLES; k++) {
        const dx = x + ((k % SAMPLES) + 0.5) / SAMPLES - x0
        const dy = y + (Math.floor(k / SAMPLES) + 0.5) / SAMPLES - y0
        if (inside(cos * dx + sin * dy, cos * dy - sin * dx)) covered += 1 / (SAMPLES * SAMPLES)
      }
      const along = 0.5 + gx * (x - width / 2) + gy * (y - height / 2)
      for (let c = 0; c < 3; c++) {
        const ground = from[c]! + along * (to[c]! - from[c]!)
        const value = ground + covered * (shape[c]! - ground) + noise * random.uniform(-1, 1)
        pixels[(c * height + y) * width + x] = Math.min(255, Math.max(0, Math.round(255 * value)))
      }
    }
  }
  return { label, pixels }
}

/**
 * Pictures `first` to `first + count` of a seed.
 *
 * @example
 * const { labels, classes } = makeShapes({ seed: 1, count: 20 })
 * labels.length // 20
 * classes.length // 10
 */
export function makeShapes({ seed, first = 0, count, height = 32, width = 32 }: ShapeSetOptions): ImageSet {
  const size = 3 * height * width
  const set = { labels: new Uint8Array(count), pixels: new Uint8Array(count * size) }
  for (let i = 0; i < count; i++) {
    const { label, pixels } = drawShape({ seed, index: first + i, height, width })
    set.labels[i] = label
    set.pixels.set(pixels, i * size)
  }
  return { classes: shapeClasses, channels: 3, height, width, ...set }
}
