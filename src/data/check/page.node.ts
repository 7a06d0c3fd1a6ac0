/** A check's report as a page that needs nothing else, with pictures of the suspicious places. */
import { escapeText } from '../../report/index.ts'
import type { CheckReport } from './check.node.ts'
import { type Finding, findingKinds, severities } from './findings.ts'
import { drawFinding } from './pictures.node.ts'
import { countsOf, placeOf, totalsText } from './report-text.ts'

/** Pictures of a page; the most severe findings have theirs first. */
const PICTURES = 40
/** Pictures of one kind of finding. */
const PICTURES_OF_KIND = 6

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1f; --soft: #5c5f66; --rule: #dcdee3; --error: #b3124f; --warning: #8a6000; --note: #1158c7 }
@media (prefers-color-scheme: dark) { :root { --back: #15161a; --text: #e6e7ea; --soft: #a2a6af; --rule: #33363d; --error: #ff7fa8; --warning: #e0b84a; --note: #6ea8ff } }
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem }
p { margin: .2rem 0 .6rem } .soft { color: var(--soft) }
.error { color: var(--error) } .warning { color: var(--warning) } .note { color: var(--note) }
ul { list-style: none; padding: 0; margin: 0 } li { padding: .5rem 0; border-top: 1px solid var(--rule); overflow-wrap: anywhere }
code { font-size: .9em } svg { display: block; margin: .4rem 0 }
`

function item(finding: Finding, picture: string | undefined): string {
  const place = placeOf(finding)
  return `<li><code>${escapeText(finding.path)}</code>${place && ` <span class="soft">${place}</span>`}<br>${escapeText(finding.message)}${picture ?? ''}</li>`
}

/**
 * The page as text; files are opened again for the pictures.
 *
 * @throws the signal's reason when it is aborted
 */
export async function checkPage(report: CheckReport, title: string, signal?: AbortSignal): Promise<string> {
  const { findings, lengths } = report
  const pictures = new Map<Finding, string>()
  const drawn = new Map<string, number>()
  for (const finding of findings) {
    signal?.throwIfAborted()
    const before = drawn.get(finding.kind) ?? 0
    if (pictures.size >= PICTURES || before >= PICTURES_OF_KIND) continue
    const picture = await drawFinding(finding, lengths.get(finding.kind === 'sum' ? finding.other! : finding.path) ?? finding.at ?? 0)
    if (picture === undefined) continue
    pictures.set(finding, picture)
    drawn.set(finding.kind, before + 1)
  }
  const sections = severities.flatMap((severity) => {
    const kinds = [...new Set(findings.filter((one) => one.severity === severity).map(({ kind }) => kind))]
    return kinds.map((kind) => {
      const own = findings.filter((one) => one.severity === severity && one.kind === kind)
      const head = `<h2><span class="${severity}">${severity}</span>: ${kind} (${own.length})</h2><p class="soft">${escapeText(findingKinds[kind])}</p>`
      return `${head}<ul>${own.map((one) => item(one, pictures.get(one))).join('\n')}</ul>`
    })
  })
  const body = sections.length > 0 ? sections.join('\n') : '<p>Nothing was found.</p>'
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title><style>${style}</style></head><body>
<h1>${escapeText(title)}</h1>
<p>${countsOf(findings)}</p>
<p class="soft">${totalsText(report).map(escapeText).join('<br>')}</p>
${body}
<p class="soft">At most ${PICTURES} places have pictures, ${PICTURES_OF_KIND} of a kind.</p>
</body></html>
`
}
