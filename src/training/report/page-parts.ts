/** Parts that the pages of runs share: numbers, durations and scores in words, tables, charts of a record, the frame of a page. */
import { escapeText, formatNumber, type Line } from '../../report/index.ts'
import type { ScoreKind } from '../../tasks/index.ts'
import { chart } from './chart.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import type { RunRecord } from './record.node.ts'
import { createThinned } from './thinned.ts'

/** 3723 → "1 h 2 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–'
  if (seconds < 60) return `${formatNumber(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

export function scoreText({ unit }: Pick<ScoreKind, 'unit'>, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const shown = unit === '%' ? (100 * value).toFixed(1) : value.toFixed(3)
  return `${shown.replace('-', '−')}${unit && ` ${unit}`}`
}

/** A time of day for people, in UTC, as a log from another continent is read too. */
export const timeText = (iso: string) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`

/** Cells are markup. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], numbers: ReadonlySet<number> = new Set()): string {
  const cell = (tag: string) => (text: string, i: number) => `<${tag}${numbers.has(i) ? ' class="number"' : ''}>${text}</${tag}>`
  const title = head.length > 0 ? `<thead><tr>${head.map(cell('th')).join('')}</tr></thead>` : ''
  return `<div class="wide"><table>${title}<tbody>${rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n')}</tbody></table></div>`
}

export const tile = (name: string, value: string, more = '') =>
  `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}${more && ` <small>${escapeText(more)}</small>`}</dd></div>`

/** What is known of the numbers of steps; others are shown under their own name. */
const known: Readonly<Record<string, { readonly title: string; readonly label: string; readonly unit?: string; readonly log?: boolean }>> =
  {
    loss: { title: 'Loss of the training batches', label: 'loss', log: true },
    learningRate: { title: 'Learning rate', label: 'learning rate' },
    norm: { title: 'Norm of the gradient, before it is clipped', label: 'norm', log: true },
  }
/** These two are one chart. */
const times: ReadonlySet<string> = new Set(['ms', 'waited'])

/** A record and the name that it goes by in charts of several; a single one has none. */
export interface Named {
  readonly name?: string
  readonly record: RunRecord
}

/** Charts of one run, or of several over each other: loss, scores, the other numbers of steps, times. */
export function charts(runs: readonly Named[]): string {
  const alone = runs.length === 1
  const named = (name: string | undefined, words: string) => (alone ? words : name!)
  const curveLines = (key: string): Line[] =>
    runs.flatMap(({ name, record }): Line[] => {
      const curve = record.curves.get(key)?.curve()
      if (!curve) return []
      const { x, mean, low, high } = curve
      return [{ label: named(name, known[key]?.label ?? key), x, y: mean, ...(alone ? { band: { low, high } } : {}) }]
    })
  const kinds = new Map(runs.flatMap(({ record }) => (record.facts?.scores ?? []).map((kind) => [kind.name, kind] as const)))
  const scores = [...kinds.values()].map((kind) =>
    chart({
      title: `${kind.label[0]!.toUpperCase()}${kind.label.slice(1)} on held-out examples`,
      y: { label: kind.label, ...(kind.unit ? { unit: kind.unit } : {}) },
      lines: runs.map(({ name, record }) => ({ label: named(name, kind.label), ...scoreLine(record, kind) })),
    }),
  )
  const names = [...new Set(runs.flatMap(({ record }) => [...record.curves.keys()]))]
  const order = ['learningRate', 'norm', ...names.filter((name) => !(name in known) && !times.has(name)), 'loss']
  const of = (key: string) =>
    chart({
      title: known[key]?.title ?? key,
      y: { label: known[key]?.label ?? key },
      lines: curveLines(key),
      ...(known[key]?.log ? { log: true } : {}),
    })
  const time = chart({
    title: 'Time of a step',
    y: { label: 'time', unit: 'ms' },
    lines: alone
      ? [
          ...curveLines('ms').map((line) => ({ ...line, label: 'training' })),
          ...curveLines('waited').map((line) => ({ ...line, label: 'waiting for data' })),
        ].map(({ band: _, ...line }) => line)
      : curveLines('ms'),
  })
  const all = [of('loss'), ...scores, ...order.filter((name) => name !== 'loss').map(of), time].filter((markup) => markup !== '')
  return all.length > 0
    ? `<div class="charts">${all.join('\n')}</div>`
    : '<p class="soft">No curves yet: they begin with the second step.</p>'
}

/** More points are not seen, and fewer have dots. */
const [mostPoints, mostDots] = [500, 100]

/** Scores as they are shown: shares of 1 in percent; of very many the means of neighbours. */
export function scoreLine({ validations }: Pick<RunRecord, 'validations'>, { name, unit }: ScoreKind): Pick<Line, 'x' | 'y' | 'points'> {
  const thinned = createThinned(mostPoints)
  for (const { validation } of validations) thinned.add(validation.step, (validation[name] ?? Number.NaN) * (unit === '%' ? 100 : 1))
  const { x, mean } = thinned.curve()
  return { x, y: mean, points: x.length <= mostDots }
}

/** The best value of a score and where it was; undefined where there is none. */
export function bestOf({ validations }: Pick<RunRecord, 'validations'>, { name }: ScoreKind): { step: number; value: number } | undefined {
  let best: { step: number; value: number } | undefined
  for (const { validation } of validations) {
    const value = validation[name]
    if (typeof value === 'number' && (best === undefined || value > best.value)) best = { step: validation.step, value }
  }
  return best
}

/** A whole page. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title><style>${pageStyle}</style></head><body>
${body}
<script>${pageScript}</script></body></html>
`
}
