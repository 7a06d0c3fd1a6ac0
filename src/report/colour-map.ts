/**
 * Colours for numbers. Equal steps of the number are equal steps to the eye: the maps are curves in Oklab (Ottosson 2020, "A perceptual color
 * space for image processing", bottosson.github.io/posts/oklab), a space in which distance is difference seen, walked at even speed, with a
 * lightness that only rises, so that they also hold without colour, on paper and for the colour-blind (Kovesi 2015, "Good Colour Maps", arXiv
 * 1509.03700).
 */

/** Red, green, blue in 0…255. */
export type Colour = readonly [number, number, number]

/** `sequential` from dark violet over red to pale yellow, for amounts; `diverging` from blue over near-white to red, for signed numbers. */
export type ColourMapName = 'sequential' | 'diverging'

type Lab = readonly [number, number, number]

function polar(lightness: number, chroma: number, degrees: number): Lab {
  const angle = (degrees * Math.PI) / 180
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)]
}

/** Oklab to sRGB in 0…1, not clipped. */
function toSrgb([L, a, b]: Lab): readonly number[] {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  return linear.map((value) => (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055))
}

/** The curves over 0…1; chroma stays inside of what screens can show. */
const curves: Readonly<Record<ColourMapName, (t: number) => Lab>> = {
  sequential: (t) => polar(0.14 + 0.83 * t, 0.05 + 0.13 * Math.sin(Math.PI * t), 285 + 175 * t),
  diverging: (t) => {
    const away = Math.abs(2 * t - 1)
    return polar(0.96 - 0.5 * away, 0.17 * away, t < 0.5 ? 260 : 28)
  },
}

const STEPS = 256

function distance(p: Lab, q: Lab): number {
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
}

/** 256 points of a curve, equally far from their neighbours along it. */
function evenly(curve: (t: number) => Lab): Lab[] {
  const fine = Array.from({ length: 32 * STEPS + 1 }, (_, i) => curve(i / (32 * STEPS)))
  const lengths = [0]
  for (let i = 1; i < fine.length; i++) lengths.push(lengths[i - 1]! + distance(fine[i - 1]!, fine[i]!))
  let at = 0
  return Array.from({ length: STEPS }, (_, k) => {
    const wanted = (lengths.at(-1)! * k) / (STEPS - 1)
    while (at < fine.length - 1 && lengths[at]! < wanted - 1e-12) at++
    return fine[at]!
  })
}

const tables = new Map<ColourMapName, readonly Colour[]>()

/**
 * The 256 colours of a map, from its lowest number to its highest.
 *
 * @example
 * colourTable('sequential').length // 256
 */
export function colourTable(name: ColourMapName): readonly Colour[] {
  const known = tables.get(name)
  if (known) return known
  const table = evenly(curves[name]).map(
    (lab) => toSrgb(lab).map((value) => Math.round(255 * Math.max(0, Math.min(1, value)))) as unknown as Colour,
  )
  tables.set(name, table)
  return table
}

/** The place in a table of 256 of a number in a range: its ends beyond it. */
export function colourIndex(value: number, from: number, to: number): number {
  return Math.max(0, Math.min(STEPS - 1, Math.round(((value - from) / (to - from)) * (STEPS - 1))))
}

/** `#rrggbb` */
export function hex(colour: Colour): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** Black or white, whichever is read more easily on a colour (relative luminance, W3C WCAG 2.2). */
export function inkOn(colour: Colour): '#000000' | '#ffffff' {
  const [r, g, b] = colour.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ]
  // The luminance at which both have the same contrast, √(1.05·0.05) − 0.05.
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff'
}
