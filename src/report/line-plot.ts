/** Lines over a common axis: losses over steps, curves over a parameter, functions. */
import { type Area, checkPairs, checkSome, label, placer, plot, rangeInWords } from './plot.ts'
import { type Axis, type Scale, scaleOf } from './scale.ts'
import { element, escapeText, type PictureOptions, pixels, seriesCount } from './svg.ts'

export type Values = readonly number[] | Float32Array | Float64Array

export interface Line {
  readonly label: string
  /** Values along the horizontal axis; 0, 1, 2 … by default. */
  readonly x?: Values
  /** NaN leaves a gap, ±∞ leaves the picture. */
  readonly y: Values
  /** A dot at each point. */
  readonly points?: boolean
  /** The line between the points, true by default. */
  readonly line?: boolean
  /** A pale band around the line; where it leaves the range of the lines it is cut. */
  readonly band?: { readonly low: Values; readonly high: Values }
}

export interface LinePlotOptions extends PictureOptions {
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
  /** Words in the picture at a place of both axes. */
  readonly notes?: readonly { readonly x: number; readonly y: number; readonly text: string }[]
}

type Point = readonly [x: number, y: number]

/** Points without gaps between them. */
function stretches(x: Values, y: Values): Point[][] {
  const found: Point[][] = [[]]
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(y[i]!) || Number.isNaN(x[i]!)) found.push([])
    else found.at(-1)!.push([x[i]!, y[i]!])
  }
  return found.filter((points) => points.length > 0)
}

/** Of points that fall into one column of pixels the first, lowest, highest and last: the picture is the same, its text short. */
function thinned(points: readonly Point[]): Point[] {
  const out: Point[] = []
  for (let from = 0; from < points.length; ) {
    const column = Math.round(points[from]![0])
    let to = from
    let [low, high] = [from, from]
    for (; to < points.length && Math.round(points[to]![0]) === column; to++) {
      if (points[to]![1] < points[low]![1]) low = to
      if (points[to]![1] > points[high]![1]) high = to
    }
    const kept = [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)
    out.push(...kept.map((i) => points[i]!))
    from = to
  }
  return out
}

/** The area between two lines over the same places. */
function drawBand(
  x: Values,
  low: Values,
  high: Values,
  n: number,
  [toX, toY]: readonly [(v: number) => number, (v: number) => number],
): string {
  const edge = (values: Values) => stretches(x, values).flatMap((points) => thinned(points.map(([a, b]): Point => [toX(a), toY(b)])))
  const around = [...edge(high), ...edge(low).reverse()].map(([a, b]) => `${pixels(a)} ${pixels(b)}`)
  return element('path', { class: `area band fill${n}`, d: `M${around.join('L')}Z` })
}

function drawLine(
  { x = [], y, points: dots = false, line = true, label: name, band }: Line,
  index: number,
  sx: Scale,
  sy: Scale,
  area: Area,
): string {
  const [toX, toY] = [placer(sx, area.left, area.width), placer(sy, area.top + area.height, -area.height)]
  const n = index % seriesCount
  const placed = stretches(x, y).map((points) => points.map(([a, b]): Point => [toX(a), toY(b)]))
  const paths = line
    ? placed
        .filter((points) => points.length > 1)
        .map(
          (points) =>
            `M${thinned(points)
              .map(([a, b]) => `${pixels(a)} ${pixels(b)}`)
              .join('L')}`,
        )
    : []
  // A point alone between gaps would have no length.
  const alone = dots || !line ? placed.flat() : placed.filter((points) => points.length === 1).flat()
  return [
    band ? drawBand(x, band.low, band.high, n, [toX, toY]) : '',
    paths.length > 0 ? element('path', { class: `line line${n}`, d: paths.join('') }, element('title', {}, escapeText(name))) : '',
    ...alone.map(([a, b]) => element('circle', { class: `dot fill${n}`, cx: a, cy: b, r: 3.2 })),
  ].join('')
}

/**
 * A plot of one or several lines with a legend, each with a colour and dashes of its own. The first is drawn last, over the others.
 *
 * @returns SVG
 * @throws RangeError for no lines or points, x and y (and edges of bands) of different lengths, values that a logarithmic axis cannot show, sizes without room
 *
 * @example
 * const svg = linePlot({
 *   title: 'Training',
 *   x: { label: 'step' },
 *   y: { label: 'loss', log: true },
 *   lines: [{ label: 'training', y: [1, 0.1, 0.01] }],
 * })
 * svg.startsWith('<svg') // true
 */
export function linePlot({ x, y, lines, notes = [], ...options }: LinePlotOptions): string {
  const who = 'linePlot'
  checkSome(who, 'lines', lines)
  const counted = lines.map((line) => ({ ...line, x: line.x ?? Array.from(line.y, (_, i) => i) }))
  for (const line of counted) {
    checkPairs(who, `line "${line.label}"`, line.x, line.y)
    for (const edge of Object.values(line.band ?? {})) checkPairs(who, `band of line "${line.label}"`, line.x, edge)
  }
  const [xs, ys] = [counted.flatMap((line) => Array.from(line.x)), counted.flatMap((line) => Array.from(line.y))]
  const [sx, sy] = [scaleOf(who, x, xs, lines.some(({ points }) => points) ? 0.02 : 0, 8), scaleOf(who, y, ys, 0.06, 6)]
  return plot({
    ...options,
    who,
    x: { ...x, scale: sx },
    y: { ...y, scale: sy },
    legend: lines.length > 1 ? lines.map((line) => ({ label: line.label, mark: line.line === false ? 'patch' : 'line' })) : [],
    told: `Lines ${lines.map((line) => line.label).join(', ')}. ${rangeInWords(x, xs)}. ${rangeInWords(y, ys)}.`,
    draw: (area) => ({
      inside: counted
        .map((line, i) => drawLine(line, i, sx, sy, area))
        .reverse()
        .join('\n'),
      over: notes
        .map((note) => {
          const at = area.left + sx.at(note.x) * area.width
          const anchor = at > area.left + area.width * 0.7 ? 'end' : 'start'
          return label(at + (anchor === 'end' ? -6 : 6), area.top + (1 - sy.at(note.y)) * area.height - 6, note.text, {
            class: 'label',
            'text-anchor': anchor,
          })
        })
        .join(''),
    }),
  })
}
