/** Runs beside each other, as text for a terminal and as a page. */
import { escapeText, formatNumber } from '../../report/index.ts'
import type { ScoreKind } from '../../tasks/index.ts'
import type { Comparison, NamedRun, RunSummary, SeedGroup } from './comparison.node.ts'
import { charts, duration, page, scoreText, table } from './page-parts.ts'

const numberOr = (value: number | null) => (value === null ? '–' : formatNumber(value))
const wholeOr = (value: number | null) => (value === null ? '–' : value.toLocaleString('en'))

function headOf(kinds: readonly ScoreKind[]): string[] {
  return ['run', 'state', 'steps', 'parameters', 'loss', ...kinds.map(({ label }) => `best ${label}`), 'at step', 'steps/s', 'time']
}

function cellsOf(run: RunSummary, kinds: readonly ScoreKind[]): string[] {
  const first = kinds[0] && run.scores[kinds[0].name]
  return [
    run.name,
    run.state,
    run.steps === null ? wholeOr(run.step) : `${wholeOr(run.step)} of ${wholeOr(run.steps)}`,
    wholeOr(run.parameters),
    numberOr(run.loss),
    ...kinds.map((kind) => scoreText(kind, run.scores[kind.name]?.best)),
    wholeOr(first?.at ?? null),
    numberOr(run.stepsPerSecond),
    duration(run.seconds),
  ]
}

/** `4.81 ± 0.12 dB` */
function spreadText(kind: ScoreKind, found: SeedGroup['scores'][string] | undefined): string {
  if (!found) return '–'
  const mean = scoreText(kind, found.mean)
  return `${kind.unit ? mean.slice(0, -kind.unit.length - 1) : mean} ± ${scoreText(kind, found.deviation)}`
}

function groupCells({ runs, scores }: SeedGroup, kinds: readonly ScoreKind[]): string[] {
  const spreads = kinds.map((kind) => spreadText(kind, scores[kind.name]))
  return [`${runs.length} seeds: ${runs.join(', ')}`, '', '', '', '', ...spreads, '', '', '']
}

/** The columns of text side by side; the first is read from the left, numbers from the right. */
function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The table and what is different between the recipes, for a terminal. */
export function comparisonText({ kinds, runs, groups, differences }: Comparison): string {
  const rows = [headOf(kinds), ...runs.map((run) => cellsOf(run, kinds))]
  const means = groups.map(({ runs: names, scores }) => {
    const words = kinds.flatMap((kind) => (scores[kind.name] ? [`${kind.label} ${spreadText(kind, scores[kind.name])}`] : []))
    return `${names.join(', ')} (differ in the seed alone): ${words.join(', ')}`
  })
  const different = Object.entries(differences).map(
    ([key, values]) => `${key}: ${values.map((value) => JSON.stringify(value)).join(' | ')}`,
  )
  return [inColumns(rows), ...means, ...(different.length > 0 ? ['', 'recipes differ in', ...different] : [])].join('\n')
}

/** @param linkTo the address of a run's own page, as seen from this one */
export function comparisonPage(comparison: Comparison, runs: readonly NamedRun[], linkTo: (run: NamedRun) => string): string {
  const { kinds, groups, differences } = comparison
  const head = headOf(kinds)
  const numbers = new Set(Array.from(head.keys()).filter((i) => i >= 2))
  const best = (kind: ScoreKind) => Math.max(...comparison.runs.map(({ scores }) => scores[kind.name]?.best ?? Number.NEGATIVE_INFINITY))
  const rows = comparison.runs.map((run, i) => {
    const [name, ...cells] = cellsOf(run, kinds).map(escapeText)
    const marked = cells.map((cell, at) => {
      const kind = kinds[at - 4]
      return kind && comparison.runs.length > 1 && run.scores[kind.name]?.best === best(kind) ? `<strong>${cell}</strong>` : cell
    })
    return [`<a href="${escapeText(linkTo(runs[i]!))}">${name}</a>`, ...marked]
  })
  const means = groups.map((group) => groupCells(group, kinds).map((cell) => (cell === '' ? '' : `<strong>${escapeText(cell)}</strong>`)))
  const values = Object.entries(differences).map(([key, all]) => [
    `<code>${escapeText(key)}</code>`,
    ...all.map((value) => `<code>${escapeText(JSON.stringify(value))}</code>`),
  ])
  const title = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
  return page(
    title,
    `<h1>${title}</h1>
<p class="soft">Best scores of each run, on its own held-out examples; loss: the mean of its last twentieth. Rows of several seeds: mean ± standard deviation of the best scores.</p>
${table(head, [...rows, ...means], numbers)}
<h2>Curves</h2>${charts(runs)}
<p class="soft">Lines are means of neighbouring steps. Drag over a chart to zoom all of them, double-click to see all steps.</p>
${values.length > 0 ? `<h2>Where the recipes differ</h2>${table(['key', ...runs.map(({ name }) => escapeText(name))], values)}` : ''}`,
  )
}
