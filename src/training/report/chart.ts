/** A line plot in a page, with its numbers beside it for the page's script, which zooms and tells values. */
import { type Axis, escapeText, type Line, linePlot } from '../../report/index.ts'

export interface ChartOptions {
  readonly title: string
  readonly y: Pick<Axis, 'label' | 'unit'>
  /** Over steps; `band` is shown, not told. */
  readonly lines: readonly Line[]
  /** Whether it begins with a logarithmic axis; where all values are above 0, the reader can choose. */
  readonly log?: boolean
}

/** JSON that may stand in a page: nothing in it ends the element. */
const inPage = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

/** Five digits are more than a screen shows. */
const short = (values: Line['y']) => Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(5)) : null))

/** A figure; nothing where no line has two points. */
export function chart({ title, y, lines, log = false }: ChartOptions): string {
  const drawable = lines.filter((line) => Array.from(line.y).filter(Number.isFinite).length > 1)
  if (drawable.length === 0) return ''
  const positive = drawable.every((line) => Array.from(line.y).every((value) => !Number.isFinite(value) || value > 0))
  const logarithmic = log && positive
  const svg = linePlot({
    title,
    x: { label: 'step' },
    y: { ...y, log: logarithmic },
    // Bands reach below 0 where their line does not: a logarithmic axis has no place for that.
    lines: drawable.map((line) => (line.band && logarithmic ? { ...line, band: { ...line.band, low: floored(line) } } : line)),
    width: 720,
    height: drawable.length > 1 ? 330 : 300,
  })
  const data = {
    log: logarithmic,
    positive,
    lines: drawable.map(({ label, x, y: values, band, points = false }) => ({
      label,
      points,
      x: Array.from(x!),
      y: short(values),
      ...(band ? { low: short(band.low), high: short(band.high) } : {}),
    })),
  }
  return `<figure class="chart"><div class="plot" tabindex="0" role="group" aria-label="${escapeText(title)}: arrow keys tell values">${svg}</div><p class="tools" hidden></p><output></output><script type="application/json">${inPage(data)}</script></figure>`
}

function floored({ y, band }: Line): number[] {
  return Array.from(band!.low, (value, i) => (value > 0 ? value : y[i]!))
}
