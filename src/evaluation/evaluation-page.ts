/** An evaluation as a page that needs nothing else: a table, curves over time, the worst passages; light or dark as its reader has it. */
import { escapeText } from '../report/index.ts'
import { type Curve, clock, drawCurves } from './curves.ts'
import type { EvaluatedSet, Evaluation, FrameRatios, StemEvaluation } from './evaluate.ts'
import { formatRatio, nameOfSet, ratioNames, versionName } from './evaluation-text.ts'

const WORST = 5

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1f; --soft: #5c5f66; --rule: #dcdee3; --zero: #8b8f98;
  --c0: #1158c7; --c1: #b3470a; --c2: #0b7a3b; --c3: #8a2fb0; --c4: #9a6b00 }
@media (prefers-color-scheme: dark) { :root { --back: #15161a; --text: #e6e7ea; --soft: #a2a6af; --rule: #33363d; --zero: #777c87;
  --c0: #6ea8ff; --c1: #ff9b5e; --c2: #56cf86; --c3: #d896f5; --c4: #e0b84a } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem } h3 { font-size: 1rem; margin-bottom: .3rem }
p.facts, figcaption, .unit { color: var(--soft) }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child, th.name, td.name { text-align: left }
tr.first td { border-top: 2px solid var(--rule) }
td small { color: var(--soft) }
figure { margin: .5rem 0 1rem } figcaption { font-size: .9rem } figcaption span { margin-right: 1.2rem }
svg { width: 100%; height: auto; display: block } svg text { fill: var(--soft); font: 12px system-ui, sans-serif }
.grid { stroke: var(--rule) } .zero { stroke: var(--zero) }
.line { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round }
.key { display: inline-block; width: 1.6rem; margin-right: .4rem; border-top: 3px solid; vertical-align: middle }
${[0, 1, 2, 3, 4].map((i) => `.line${i} { stroke: var(--c${i}) } .key${i} { border-color: var(--c${i}) }`).join('\n')}
.line2 { stroke-dasharray: 7 4 } .key2 { border-top-style: dashed } .line3 { stroke-dasharray: 2 4 } .key3 { border-top-style: dotted }
`

/** The page as text. `title` names the song, or what was compared with what. */
export function evaluationPage(evaluation: Evaluation, title: string): string {
  const { sets, window, hop, seconds, sampleRate } = evaluation
  const frames = sets[0]?.stems[0]?.frames.length ?? 0
  const facts = `${versionName(evaluation)}. ${clock(seconds)} at ${sampleRate} Hz, ${frames} frame${frames === 1 ? '' : 's'} of ${round(window)} s every ${round(hop)} s. Ratios in dB; higher is better.`
  const notes = evaluation.notes.length > 0 ? `<ul>${evaluation.notes.map((note) => `<li>${escapeText(note)}</li>`).join('')}</ul>` : ''
  const stems = evaluation.references.filter((stem) => sets.some((set) => set.stems.some((s) => s.stem === stem)))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title><style>${style}</style></head><body>
<h1>${escapeText(title)}</h1>
<p class="facts">${facts}</p>
${notes}
<div class="wide">${scoreTable(evaluation, stems)}</div>
<p class="facts">The median over frames, and in small print the ratio of the whole signal.</p>
${stems.map((stem) => section(evaluation, stem)).join('\n')}
</body></html>
`
}

function round(seconds: number): string {
  return String(Number(seconds.toFixed(3)))
}

function stemOf(set: EvaluatedSet, stem: string): StemEvaluation | undefined {
  return set.stems.find((candidate) => candidate.stem === stem)
}

function scoreTable({ sets, kind }: Evaluation, stems: readonly string[]): string {
  const columns = ratioNames(kind)
  const rows = stems.flatMap((stem) =>
    sets
      .flatMap((set) => {
        const scores = stemOf(set, stem)
        return scores ? [{ set, scores }] : []
      })
      .map(({ set, scores }, n) => {
        const cells = columns.map(
          ([ratio]) => `<td>${formatRatio(scores.median[ratio])} <small>${formatRatio(scores.global[ratio])}</small></td>`,
        )
        const name = n === 0 ? escapeText(stem) : ''
        return `<tr${n === 0 ? ' class="first"' : ''}><td>${name}</td><td class="name">${nameOfSet[set.name]}</td>${cells.join('')}</tr>`
      }),
  )
  const head = columns.map(([, name]) => `<th>${name}</th>`).join('')
  return `<table><thead><tr><th>stem</th><th class="name">what</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function section(evaluation: Evaluation, stem: string): string {
  const { sets, kind, window, hop, seconds } = evaluation
  const parts = [`<h2>${escapeText(stem)}</h2>`]
  const options = (title: string) => ({ title, step: hop, first: window / 2, end: seconds })
  const estimate = sets[0] && stemOf(sets[0], stem)
  if (estimate && estimate.frames.length > 1) {
    const curves = ratioNames(kind).map(([ratio, name]): Curve => ({ label: name, values: estimate.frames.map((frame) => frame[ratio]) }))
    parts.push('<h3>The estimate over time</h3>', drawCurves(curves.slice(0, 5), options(`Ratios of ${stem} over time`)))
  }
  const rivals = sets.flatMap((set): Curve[] => {
    const values = stemOf(set, stem)?.frames.map((frame) => frame.sdr) ?? []
    return values.length > 1 ? [{ label: nameOfSet[set.name], values }] : []
  })
  if (rivals.length > 1) parts.push('<h3>SDR beside the baselines</h3>', drawCurves(rivals, options(`SDR of ${stem} beside the baselines`)))
  if (estimate && estimate.frames.length > 1) parts.push(worstPassages(estimate, evaluation))
  return parts.join('\n')
}

function worstPassages({ frames, median }: StemEvaluation, { window, hop, kind }: Evaluation): string {
  const worst: number[] = []
  const byRatio = [...frames.keys()].filter((frame) => !Number.isNaN(frames[frame]!.sdr)).sort((a, b) => frames[a]!.sdr - frames[b]!.sdr)
  for (const frame of byRatio) {
    if (worst.length === WORST) break
    // Overlapping frames are one passage.
    if (worst.every((other) => Math.abs(other - frame) * hop >= window)) worst.push(frame)
  }
  if (worst.length === 0) return '<p>No frame has ratios.</p>'
  const columns = ratioNames(kind)
  const row = (name: string, ratios: FrameRatios): string =>
    `<tr><td>${name}</td>${columns.map(([ratio]) => `<td>${formatRatio(ratios[ratio])}</td>`).join('')}</tr>`
  const rows = worst.map((frame) => row(`${clock(frame * hop)} – ${clock(frame * hop + window)}`, frames[frame]!))
  const head = columns.map(([, name]) => `<th>${name}</th>`).join('')
  return `<h3>Worst passages</h3><div class="wide"><table><thead><tr><th>min:s</th>${head}</tr></thead><tbody>${rows.join('\n')}${row('median of all frames', median)}</tbody></table></div>`
}
