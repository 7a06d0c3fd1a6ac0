/** Amounts of categories side by side: scores of models, counts of classes. */
import { checkSome, label, plot, rangeInWords } from './plot.ts'
import { type Axis, formatNumber, scaleOf } from './scale.ts'
import { element, escapeText, type PictureOptions, seriesCount, textWidth } from './svg.ts'

export interface BarSeries {
  readonly label: string
  /** One per category; NaN leaves a gap. */
  readonly values: readonly number[]
}

export interface BarChartOptions extends PictureOptions {
  readonly categories: readonly string[]
  /** What the categories are, below them. */
  readonly x?: Pick<Axis, 'label' | 'unit'>
  readonly y: Omit<Axis, 'log'>
  readonly series: readonly BarSeries[]
}

/**
 * Bars from 0, grouped by category, with their values at their ends where there is room for all.
 *
 * @returns SVG
 * @throws RangeError for no categories or series, series of another length, values that are infinite, sizes without room
 */
export function barChart({ categories, x = { label: '' }, y, series, ...options }: BarChartOptions): string {
  const who = 'barChart'
  checkSome(who, 'categories', categories)
  checkSome(who, 'series', series)
  for (const { label: name, values } of series) {
    if (values.length !== categories.length)
      throw new RangeError(
        `${who}: series "${name}": ${values.length} values of ${categories.length} categories; needs one of each (NaN for none)`,
      )
    const wrong = values.find((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
    if (wrong !== undefined) throw new RangeError(`${who}: series "${name}": ${wrong}; a bar needs an end: give a finite number, or NaN`)
  }
  const all = series.flatMap(({ values }) => values)
  const range = scaleOf(who, { ...y, log: false }, [0, ...all], 0.08, 6)
  // Bars stand on 0, not above it.
  const from = y.from ?? (all.every((value) => !(value < 0)) ? 0 : range.from)
  const to = y.to ?? (all.every((value) => !(value > 0)) && from < 0 ? 0 : range.to)
  const scale = scaleOf(who, { ...y, log: false, from, to }, [0, ...all], 0, 6)
  const columns = categories.map((name, i) => ({ value: i + 0.5, label: name }))
  return plot({
    ...options,
    who,
    x: { ...x, grid: false, scale: { from: 0, to: categories.length, ticks: columns, at: (value) => value / categories.length } },
    y: { ...y, scale },
    legend: series.length > 1 ? series.map((one) => ({ label: one.label, mark: 'patch' })) : [],
    told: `${categories.length} categories: ${categories.join(', ')}. ${rangeInWords(y, all)}.`,
    draw: (area) => {
      const group = area.width / categories.length
      const bar = (group * 0.76) / series.length
      // All values are written, or none.
      const legible = all.every((value) => Number.isNaN(value) || textWidth(formatNumber(value)) <= bar * 1.05)
      const placeOf = (value: number) => area.top + area.height * (1 - scale.at(value))
      const zero = placeOf(Math.max(scale.from, Math.min(scale.to, 0)))
      const [bars, numbers]: [string[], string[]] = [[], []]
      for (const [s, { label: name, values }] of series.entries()) {
        for (const [c, value] of values.entries()) {
          if (Number.isNaN(value)) continue
          const [left, end, text] = [area.left + group * (c + 0.12) + bar * s, placeOf(value), formatNumber(value)]
          const tip = element('title', {}, escapeText(`${categories[c]}, ${name}: ${text}`))
          bars.push(
            element(
              'rect',
              { class: `area fill${s % seriesCount}`, x: left, y: Math.min(zero, end), width: bar * 0.94, height: Math.abs(end - zero) },
              tip,
            ),
          )
          if (legible)
            numbers.push(label(left + bar * 0.47, value < 0 ? end + 14 : end - 5, text, { class: 'label', 'text-anchor': 'middle' }))
        }
      }
      return { inside: bars.join('\n') + numbers.join('') }
    },
  })
}
