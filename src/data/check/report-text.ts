/** A check's report as text and as JSON. */
import type { CheckReport } from './check.node.ts'
import { type Finding, findingKinds, type Severity, severities } from './findings.ts'

const clock = (seconds: number): string => {
  const tenths = Math.round(seconds * 10)
  const [minutes, rest] = [Math.floor(tenths / 600), (tenths % 600) / 10]
  return `${minutes}:${rest.toFixed(1).padStart(4, '0')}`
}

/** Where in the file, in words; nothing where it is the whole. */
export function placeOf({ at, until }: Finding): string {
  if (at === undefined) return ''
  return until === undefined ? `at ${clock(at)}` : `${clock(at)}–${clock(until)}`
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

/** How many findings of each severity: `2 errors, 1 warning, 0 notes`. */
export function countsOf(findings: readonly Finding[]): string {
  return severities.map((severity) => plural(findings.filter((one) => one.severity === severity).length, severity)).join(', ')
}

/** `vocals: 12 files, 0.8 h`. */
export function totalsText({ totals }: Pick<CheckReport, 'totals'>): string[] {
  return totals.map(
    ({ role, files, seconds }) =>
      `${role}: ${plural(files, 'file')}, ${seconds < 360 ? `${seconds.toFixed(1)} s` : `${(seconds / 3600).toFixed(2)} h`}`,
  )
}

/** Lines a severity and kind has at most before the rest is counted. */
const SHOWN = 20

/**
 * Findings by severity and kind, each with the sentence that explains its kind.
 *
 * @param shown severities that are listed; the others are counted
 */
export function checkText(report: CheckReport, shown: readonly Severity[] = severities): string {
  const { findings } = report
  const lines: string[] = []
  for (const severity of severities.filter((one) => shown.includes(one))) {
    const kinds = [...new Set(findings.filter((one) => one.severity === severity).map(({ kind }) => kind))]
    for (const kind of kinds) {
      const own = findings.filter((one) => one.severity === severity && one.kind === kind)
      lines.push(`${severity}: ${kind} (${own.length}). ${findingKinds[kind]}`)
      for (const one of own.slice(0, SHOWN)) lines.push(`  ${[one.path, placeOf(one)].filter(Boolean).join(' ')}: ${one.message}`)
      if (own.length > SHOWN) lines.push(`  … and ${own.length - SHOWN} more; --json and --html have all`)
      lines.push('')
    }
  }
  lines.push(...totalsText(report), countsOf(findings))
  return lines.join('\n')
}

/** Everything, for programs. */
export function checkJson(report: CheckReport): string {
  const count = (severity: Severity): number => report.findings.filter((one) => one.severity === severity).length
  return JSON.stringify(
    {
      errors: count('error'),
      warnings: count('warning'),
      notes: count('note'),
      totals: report.totals,
      findings: report.findings,
      files: report.files,
    },
    null,
    2,
  )
}
