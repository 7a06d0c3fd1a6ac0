/** An evaluation in words: names of ratios and baselines, a table for a terminal, and JSON. */
import type { EvaluatedSet, Evaluation, FrameRatios } from './evaluate.ts'

export const nameOfSet: Readonly<Record<EvaluatedSet['name'], string>> = {
  estimate: 'estimate',
  mixture: 'the mixture itself',
  'ratio-mask': 'ideal ratio mask',
  'binary-mask': 'ideal binary mask',
}

/** The ratios that there are, in the order of tables. */
export function ratioNames(kind: Evaluation['kind']): readonly (readonly [keyof FrameRatios, string])[] {
  const names = [['sdr', 'SDR'] as const, ['siSdr', 'SI-SDR'] as const, ['sir', 'SIR'] as const, ['sar', 'SAR'] as const]
  return kind === 'images' ? [...names, ['isr', 'ISR'] as const] : names
}

export function versionName({ version, kind }: Pick<Evaluation, 'version' | 'kind'>): string {
  return `BSS Eval v${version}${kind === 'sources' ? ', sources' : ''}`
}

/** Two decimals; – where a ratio is not defined. */
export function formatRatio(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  return value.toFixed(2).replace('-', '−')
}

/** Median over frames / whole signal, a line per stem and set of estimates. */
export function evaluationTable({ sets, kind, references, hop, window }: Evaluation): string {
  const columns = ratioNames(kind)
  const frames = sets[0]?.stems[0]?.frames.length ?? 0
  const header = ['stem', 'what', ...columns.map(([, name]) => name)]
  const rows = references.flatMap((stem) =>
    sets.flatMap((set) => {
      const scores = set.stems.find((candidate) => candidate.stem === stem)
      if (!scores) return []
      const cells = columns.map(([ratio]) => `${formatRatio(scores.median[ratio])} / ${formatRatio(scores.global[ratio])}`)
      return [[stem, nameOfSet[set.name], ...cells]]
    }),
  )
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]!.length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd()
  const number = (seconds: number): string => String(Number(seconds.toFixed(3)))
  const caption = `dB: median of ${frames} frame${frames === 1 ? '' : 's'} of ${number(window)} s every ${number(hop)} s / whole signal`
  return [line(header), ...rows.map(line), caption].join('\n')
}

/** The evaluation as JSON text: null where a ratio is not defined, "Infinity" and "-Infinity" as strings. */
export function evaluationJson(evaluation: Evaluation): string {
  const text = JSON.stringify(
    evaluation,
    (_, value: unknown) => (typeof value === 'number' && Math.abs(value) === Number.POSITIVE_INFINITY ? String(value) : value),
    2,
  )
  // One line per frame: a song has hundreds.
  return `${text.replaceAll(/\{\s+"sdr": [^{}]*\}/g, (ratios) => ratios.replaceAll(/\s+/g, ' '))}\n`
}
