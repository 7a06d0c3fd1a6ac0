/** What plots share: title, legend, axes with ticks and grid, and the area between them. */
import { type Axis, axisTitle, extentOf, formatNumber, type Scale } from './scale.ts'
import { checkSize, element, escapeText, hash, type PictureOptions, picture, pixels, seriesCount, textWidth, wrapText } from './svg.ts'

/** Pixels from the left and the top. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface PlotAxis extends Axis {
  readonly scale: Scale
  /** Lines across the area at ticks; the line of 0 is stronger. */
  readonly grid?: boolean
  /** Of a horizontal axis: words at ticks stand aslant, for names that are wider than what they name. */
  readonly aslant?: boolean
}

export interface LegendEntry {
  readonly label: string
  /** As a line with its dashes, as a patch of colour, or as the shape around (0, 0) that marks its points. */
  readonly mark: 'line' | 'patch' | { readonly path: string }
}

export interface Plot extends PictureOptions {
  readonly who: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly legend?: readonly LegendEntry[]
  /** Pixels kept free at the right. */
  readonly right?: number
  /** Said to those who cannot see the picture, if they were told nothing else. */
  readonly told: string
  /** Draws inside the area, which is cut at its border; what it gives as `over` is drawn uncut. */
  readonly draw: (area: Area) => { readonly inside: string; readonly over?: string }
}

const TITLE = 15
/** Of words aslant, radians above the horizontal. */
const SLANT = Math.PI / 4
const line = (x1: number, y1: number, x2: number, y2: number, name: string) => element('line', { class: name, x1, y1, x2, y2 })

export function label(x: number, y: number, words: string, attributes: Readonly<Record<string, string>> = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(words))
}

interface Placed {
  readonly markup: string
  readonly bottom: number
}

function titleAt(title: string, width: number): Placed {
  const lines = wrapText(title, width - 24, TITLE)
  const markup = lines.map((words, i) => label(12, 12 + TITLE + i * 19, words, { class: 'title' })).join('')
  return { markup, bottom: 12 + TITLE + (lines.length - 1) * 19 + 8 }
}

/** Entries side by side, in as many rows as they need. */
function legendAt(entries: readonly LegendEntry[], top: number, left: number, width: number): Placed {
  if (entries.length === 0) return { markup: '', bottom: top }
  let [x, y] = [left, top + 12]
  const markup = entries.map(({ label: words, mark }, i) => {
    const room = 30 + textWidth(words) + 22
    if (x > left && x + room > width) [x, y] = [left, y + 18]
    const n = i % seriesCount
    const sign =
      mark === 'line'
        ? line(x, y - 4, x + 24, y - 4, `line line${n}`)
        : mark === 'patch'
          ? element('rect', { class: `area fill${n}`, x: x + 8, y: y - 10, width: 12, height: 12 })
          : element('path', { class: `dot fill${n}`, d: mark.path, transform: `translate(${pixels(x + 15)} ${pixels(y - 4)})` })
    const text = label(x + 30, y, words, { class: 'key' })
    x += room
    return sign + text
  })
  return { markup: markup.join(''), bottom: y + 10 }
}

/** The whole picture. */
export function plot({ who, title, description, width = 720, height = 400, x, y, legend = [], right = 16, told, draw }: Plot): string {
  checkSize(who, width, height)
  const head = titleAt(title, width)
  const left = 34 + Math.max(...y.scale.ticks.map(({ label: words }) => textWidth(words)), 12)
  const keys = legendAt(legend, head.bottom, left, width - 8)
  const hanging = x.aslant ? Math.max(...x.scale.ticks.map(({ label: words }) => textWidth(words)), 0) * Math.sin(SLANT) : 0
  const area: Area = { left, top: keys.bottom + 4, width: width - left - right, height: height - keys.bottom - 4 - 48 - hanging }
  if (area.width < 40 || area.height < 30)
    throw new RangeError(
      `${who}: width ${width} and height ${height} leave no room between title, legend and axes; make the picture larger`,
    )
  const [bottom, end] = [area.top + area.height, area.left + area.width]
  const grid = ({ grid: asked = true, scale }: PlotAxis, drawn: (place: number, name: string) => string) =>
    asked ? scale.ticks.map(({ value }) => drawn(scale.at(value), value === 0 ? 'zero' : 'grid')).join('') : ''
  const { inside, over = '' } = draw(area)
  const clip = `clip-${hash(title + inside)}`
  const parts = [
    head.markup,
    keys.markup,
    grid(x, (at, name) => line(area.left + at * area.width, area.top, area.left + at * area.width, bottom, name)),
    grid(y, (at, name) => line(area.left, bottom - at * area.height, end, bottom - at * area.height, name)),
    element('clipPath', { id: clip }, element('rect', { x: area.left, y: area.top, width: area.width, height: area.height })),
    element('g', { 'clip-path': `url(#${clip})` }, inside || ' '),
    over,
    element('rect', { class: 'border', x: area.left, y: area.top, width: area.width, height: area.height }),
    ...x.scale.ticks.map(({ value, label: words }) => {
      const place = area.left + x.scale.at(value) * area.width
      if (!x.aslant) return label(place, bottom + 17, words, { 'text-anchor': 'middle' })
      const transform = `translate(${pixels(place + 4)} ${pixels(bottom + 14)}) rotate(${-(SLANT * 180) / Math.PI})`
      return label(0, 0, words, { 'text-anchor': 'end', transform })
    }),
    ...y.scale.ticks.map(({ value, label: words }) =>
      label(area.left - 7, bottom - y.scale.at(value) * area.height + 4, words, { 'text-anchor': 'end' }),
    ),
    label(area.left + area.width / 2, bottom + 37 + hanging, axisTitle(x), { class: 'label', 'text-anchor': 'middle' }),
    label(0, 0, axisTitle(y), {
      class: 'label',
      'text-anchor': 'middle',
      transform: `translate(16 ${(area.top + area.height / 2).toFixed(1)}) rotate(-90)`,
    }),
  ]
  return picture(parts.filter((part) => part !== '').join('\n'), { title, description: description ?? told, width, height })
}

/** Where a value lies: pixels; what is infinite lies far outside of the picture. */
export function placer(scale: Scale, start: number, extent: number): (value: number) => number {
  return (value) => start + Math.max(-20, Math.min(20, scale.at(value))) * extent
}

/** `loss (nats): 0.1 to 2.3` */
export function rangeInWords(axis: Axis, values: readonly number[]): string {
  const range = extentOf(values)
  return `${axisTitle(axis)}: ${range ? `${formatNumber(range[0])} to ${formatNumber(range[1])}` : 'no number'}`
}

/** Refuses pictures of nothing. */
export function checkSome(who: string, name: string, things: { readonly length: number }): void {
  if (things.length === 0) throw new RangeError(`${who}: ${name}: none; needs at least one`)
}

/** Refuses coordinates that do not pair. */
export function checkPairs(who: string, name: string, x: { readonly length: number }, y: { readonly length: number }): void {
  checkSome(who, `points of ${name}`, y)
  if (x.length !== y.length) throw new RangeError(`${who}: ${name}: ${x.length} x and ${y.length} y; needs as many of both`)
}
