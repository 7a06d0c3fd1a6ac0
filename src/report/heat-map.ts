/** A matrix as colours, with a bar that tells which colour is which number. */
import { type ColourMapName, colourIndex, colourTable, hex, inkOn } from './colour-map.ts'
import type { Values } from './line-plot.ts'
import { type Area, checkSome, label, plot, rangeInWords } from './plot.ts'
import { dataUrl, indexedPng } from './png.ts'
import { type Axis, axisTitle, extentOf, formatNumber, type Scale, scaleOf } from './scale.ts'
import { element, type PictureOptions, textWidth } from './svg.ts'

/** Along rows or columns: a name for each, or numbers from the first cell's middle to the last one's; 0, 1, 2 … by default. */
export interface CellAxis extends Pick<Axis, 'label' | 'unit' | 'from' | 'to' | 'format'> {
  readonly names?: readonly string[]
}

export interface HeatMapOptions extends PictureOptions {
  /** Row by row, all of one length; NaN is left open. */
  readonly rows: readonly Values[]
  readonly x: CellAxis
  /** Of rows. */
  readonly y: CellAxis
  /** Where the first row stands: at the top, as in a matrix (the default), or at the bottom, as low frequencies do. */
  readonly firstRow?: 'top' | 'bottom'
  /** What the colours are; `from` and `to` are the ends of the bar, beyond which colours do not change. */
  readonly value: Axis
  /** 'diverging' puts 0 in the middle. */
  readonly colours?: ColourMapName
  /** Words in each cell, `true` for its number. */
  readonly numbers?: boolean | ((value: number, row: number, column: number) => string)
}

/** More cells than this are an image in the picture, not rectangles. */
const MANY = 2500

interface Cells {
  readonly rows: readonly Values[]
  readonly columns: number
  /** Top to bottom. */
  readonly order: readonly number[]
}

function cellScale(who: string, axis: CellAxis, count: number, upward: boolean, room: number): Scale {
  const { names, from = 0, to = count - 1 } = axis
  if (names && names.length !== count) throw new RangeError(`${who}: ${names.length} names along "${axis.label}"; needs ${count}`)
  if (names) {
    const stride = Math.ceil(count / room)
    const ticks = names.map((name, i) => ({ value: i, label: name })).filter((_, i) => i % stride === 0)
    const at = (i: number) => (upward ? i + 0.5 : count - i - 0.5) / count
    return { from: 0, to: count, ticks, at }
  }
  if (!Number.isFinite(from) || !Number.isFinite(to) || (count > 1 && from === to))
    throw new RangeError(`${who}: the axis "${axis.label}" from ${from} to ${to}; needs different finite numbers`)
  // Numbers stand in the middle of cells.
  const cell = count > 1 ? (to - from) / (count - 1) : 1
  const at = (value: number) => {
    const place = ((value - from) / cell + 0.5) / count
    return upward ? place : 1 - place
  }
  const [low, high] = [Math.min(from, to), Math.max(from, to)]
  if (count === 1) return { from: low, to: high, ticks: [{ value: from, label: formatNumber(from) }], at }
  const { ticks } = scaleOf(
    who,
    { label: axis.label, from: low, to: high, ...(axis.format ? { format: axis.format } : {}) },
    [],
    0,
    Math.min(room, 8),
  )
  // Of countable cells nothing stands between two.
  const whole = cell === 1 && Number.isInteger(from) ? ticks.filter(({ value }) => Number.isInteger(value)) : ticks
  return { from: low, to: high, ticks: whole, at }
}

function drawRectangles({ rows, order }: Cells, area: Area, colourOf: (value: number) => string): string {
  const height = area.height / order.length
  return order
    .map((row, at) => {
      const values = rows[row]!
      const width = area.width / values.length
      const rects = Array.from(values, (value, column) =>
        Number.isNaN(value)
          ? ''
          : element('rect', {
              fill: colourOf(value),
              x: area.left + column * width,
              y: area.top + at * height,
              // A little larger than the cell: rounding leaves no gaps between neighbours.
              width: width + (column < values.length - 1 ? 0.5 : 0),
              height: height + (at < order.length - 1 ? 0.5 : 0),
            }),
      )
      return rects.join('')
    })
    .join('\n')
}

function drawImage({ rows, columns, order }: Cells, area: Area, indexOf: (value: number) => number, colours: ColourMapName): string {
  const indices = new Uint8Array(order.length * columns)
  for (const [at, row] of order.entries()) {
    const values = rows[row]!
    for (let column = 0; column < columns; column++) {
      const value = values[column]!
      indices[at * columns + column] = Number.isNaN(value) ? 255 : Math.min(254, indexOf(value))
    }
  }
  const png = indexedPng(indices, columns, colourTable(colours).slice(0, 255))
  return element('image', {
    class: 'pixels',
    href: dataUrl('image/png', png),
    x: area.left,
    y: area.top,
    width: area.width,
    height: area.height,
    preserveAspectRatio: 'none',
  })
}

/** The bar at the right of the area. */
function drawBar(area: Area, scale: Scale, axis: Axis, colours: ColourMapName): string {
  const left = area.left + area.width + 18
  const table = colourTable(colours)
  const strips = 64
  const bar = Array.from({ length: strips }, (_, i) =>
    element('rect', {
      fill: hex(table[Math.round((i * 255) / (strips - 1))]!),
      x: left,
      y: area.top + (area.height * (strips - 1 - i)) / strips,
      width: 14,
      height: area.height / strips + (i === 0 ? 0 : 0.5),
    }),
  )
  const ticks = scale.ticks.map(({ value, label: words }) => label(left + 20, area.top + area.height * (1 - scale.at(value)) + 4, words))
  const widest = Math.max(...scale.ticks.map(({ label: words }) => textWidth(words)), 0)
  const transform = `translate(${(left + 20 + widest + 14).toFixed(1)} ${(area.top + area.height / 2).toFixed(1)}) rotate(90)`
  return [
    element('g', { class: 'cells' }, bar.join('')),
    element('rect', { class: 'border', x: left, y: area.top, width: 14, height: area.height }),
    ...ticks,
    label(0, 0, axisTitle(axis), { class: 'label', 'text-anchor': 'middle', transform }),
  ].join('')
}

/** The range of colours: 0 in the middle of a diverging map, unless both ends are given. */
function valueAxis(value: Axis, cells: readonly number[], colours: ColourMapName): Axis {
  if (colours !== 'diverging' || (value.from !== undefined && value.to !== undefined)) return value
  const range = extentOf(cells) ?? [-1, 1]
  const reach = Math.max(Math.abs(value.from ?? value.to ?? 0), Math.abs(range[0]), Math.abs(range[1])) || 1
  return { ...value, from: -reach, to: reach }
}

/**
 * A heat map with a colour bar. Up to 2500 cells are shapes, more are an image inside the picture (a byte per cell).
 *
 * @returns SVG
 * @throws RangeError for no rows or columns, rows of different lengths, names of another number than cells, a logarithmic value, sizes
 * without room
 *
 * @example
 * const svg = heatMap({
 *   title: 'Weights',
 *   rows: [[1, 0], [0.25, 0.75]],
 *   x: { label: 'key' },
 *   y: { label: 'query' },
 *   value: { label: 'weight', from: 0, to: 1 },
 * })
 * svg.includes('<title') // true
 */
export function heatMap({
  rows,
  x,
  y,
  value,
  firstRow = 'top',
  colours = 'sequential',
  numbers = false,
  ...options
}: HeatMapOptions): string {
  return drawHeatMap('heatMap', { rows, x, y, value, firstRow, colours, numbers, ...options })
}

/** heatMap for those who build on it and are to be named in errors. */
export function drawHeatMap(who: string, options: HeatMapOptions): string {
  const { rows, x, y, value, firstRow = 'top', colours = 'sequential', numbers = false, width = 720, height = 400, ...rest } = options
  checkSome(who, 'rows', rows)
  const columns = rows[0]!.length
  checkSome(who, 'columns', rows[0]!)
  const uneven = rows.findIndex((row) => row.length !== columns)
  if (uneven >= 0)
    throw new RangeError(`${who}: row ${uneven} has ${rows[uneven]!.length} cells, row 0 has ${columns}; needs as many in all`)
  if (value.log) throw new RangeError(`${who}: value.log true; give logarithms or decibels as values`)
  const values = rows.flatMap((row) => Array.from(row))
  const shown = valueAxis(value, values, colours)
  const scale = scaleOf(who, shown, values, 0, 6)
  const table = colourTable(colours)
  const indexOf = (v: number) => colourIndex(v, scale.from, scale.to)
  const order = Array.from(rows.keys())
  if (firstRow === 'bottom') order.reverse()
  const cells: Cells = { rows, columns, order }
  const bar = 18 + 14 + 6 + Math.max(...scale.ticks.map(({ label: words }) => textWidth(words)), 0) + 24
  const words = typeof numbers === 'function' ? numbers : (v: number) => formatNumber(v)
  const longest = Math.max(...(x.names ?? []).map((name) => textWidth(name)), 30)
  const inRow = Math.max(1, Math.floor((width - bar - 80) / (longest + 6)))
  const aslant = x.names !== undefined && inRow < columns
  const room = aslant ? Math.max(1, Math.floor((width - bar - 80) / 18)) : inRow
  return plot({
    ...rest,
    who,
    width,
    height,
    right: bar,
    x: { ...x, grid: false, aslant, scale: cellScale(who, x, columns, true, room) },
    y: { ...y, grid: false, scale: cellScale(who, y, rows.length, firstRow === 'bottom', Math.max(1, Math.floor((height - 100) / 15))) },
    told: `${rows.length} rows, ${columns} columns. ${rangeInWords(value, values)}.`,
    draw: (area) => {
      const many = rows.length * columns > MANY
      const inside = many ? drawImage(cells, area, indexOf, colours) : drawRectangles(cells, area, (v) => hex(table[indexOf(v)]!))
      const [cellWidth, cellHeight] = [area.width / columns, area.height / rows.length]
      const texts = !numbers
        ? []
        : order.flatMap((row, at) =>
            Array.from(rows[row]!, (v, column) => {
              const text = Number.isNaN(v) ? '' : words(v, row, column)
              if (text === '') return ''
              // An attribute would lose against the style sheet.
              const ink = `fill:${inkOn(table[indexOf(v)]!)}`
              return label(area.left + (column + 0.5) * cellWidth, area.top + (at + 0.5) * cellHeight + 4, text, {
                'text-anchor': 'middle',
                style: ink,
              })
            }),
          )
      return { inside: element('g', { class: 'cells' }, inside) + texts.join(''), over: drawBar(area, scale, shown, colours) }
    },
  })
}
