/** What a classifier takes for what: counts of true classes (rows) against predicted ones (columns). */
import { drawHeatMap } from './heat-map.ts'
import { formatNumber } from './scale.ts'
import { type PictureOptions, textWidth } from './svg.ts'

export interface ConfusionMatrixOptions extends PictureOptions {
  /** counts[true][predicted]: whole numbers ≥ 0. */
  readonly counts: readonly (readonly number[])[]
  readonly classes: readonly string[]
}

/**
 * A confusion matrix. Numbers are counts; colours are the share of the true class, so that rare classes are as visible as frequent ones. A
 * class without examples stays open.
 *
 * @returns SVG
 * @throws RangeError for no classes, a matrix that is not square or not of as many classes, counts that are no whole numbers ≥ 0
 */
export function confusionMatrix({ counts, classes, ...options }: ConfusionMatrixOptions): string {
  const who = 'confusionMatrix'
  if (classes.length === 0) throw new RangeError(`${who}: classes: none; needs at least one`)
  if (counts.length !== classes.length || counts.some((row) => row.length !== classes.length))
    throw new RangeError(
      `${who}: counts of ${counts.length} rows and ${counts[0]?.length ?? 0} columns; needs ${classes.length} of both, one per class`,
    )
  const wrong = counts.flat().find((count) => !Number.isInteger(count) || count < 0)
  if (wrong !== undefined) throw new RangeError(`${who}: a count of ${wrong}; allowed are whole numbers ≥ 0`)
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  const all = totals.reduce((sum, total) => sum + total, 0)
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0)
  return drawHeatMap(who, {
    width: Math.max(460, 220 + 52 * classes.length),
    // Names may stand aslant below.
    height: Math.max(360, 150 + 36 * classes.length + 0.7 * Math.max(...classes.map((name) => textWidth(name)))),
    description: `${right} of ${all} examples of ${classes.length} classes are right (${formatNumber((100 * right) / all)} %). Classes: ${classes.join(', ')}.`,
    ...options,
    rows: counts.map((row, i) => row.map((count) => (totals[i] === 0 ? Number.NaN : count / totals[i]!))),
    x: { label: 'predicted', names: classes },
    y: { label: 'true', names: classes },
    value: { label: 'share of the true class', from: 0, to: 1 },
    numbers: (_, row, column) => String(counts[row]![column]),
  })
}
