/** The page of a run, which needs nothing but itself: curves, held-out examples to look at and to listen to, time, notes, recipe, versions. */
import { stringify } from 'yaml'
import { escapeText, formatNumber } from '../../report/index.ts'
import type { RunFile, Session } from './facts.node.ts'
import { bestOf, charts, duration, page, scoreText, table, tile, timeText } from './page-parts.ts'
import type { RunRecord } from './record.node.ts'
import type { Shown } from './shown.ts'

/** Bytes of pictures; the sounds have a budget of their own. */
const picturesBudget = 2_000_000

/** Seconds of a record by what they went to. */
export function timesOf({ curves, validations, facts }: RunRecord) {
  const training = (curves.get('ms')?.sum ?? 0) / 1000
  const waiting = (curves.get('waited')?.sum ?? 0) / 1000
  const validating = validations.reduce((sum, { seconds = 0 }) => sum + seconds, 0)
  const wall = (facts?.sessions ?? []).reduce((sum, { started, seen }) => sum + (Date.parse(seen) - Date.parse(started)) / 1000, 0)
  const steps = curves.get('ms')?.count ?? 0
  return { training, waiting, validating, wall, perSecond: steps / (training + waiting) }
}

function tiles(record: RunRecord, facts: RunFile): string {
  const { curves, lastStep } = record
  const times = timesOf(record)
  const [kind] = facts.scores
  const best = kind && bestOf(record, kind)
  const latest = record.validations.at(-1)
  const left = (facts.recipe.training.steps - lastStep) / times.perSecond
  const running = facts.sessions.at(-1)?.state === 'running'
  return `<dl class="tiles">${[
    tile('step', lastStep.toLocaleString('en'), `of ${facts.recipe.training.steps.toLocaleString('en')}`),
    tile('loss', formatNumber(curves.get('loss')?.last ?? Number.NaN), 'of the last batch'),
    ...(kind && best ? [tile(`best ${kind.label}`, scoreText(kind, best.value), `at step ${best.step.toLocaleString('en')}`)] : []),
    ...(kind && latest
      ? [
          tile(
            `latest ${kind.label}`,
            scoreText(kind, latest.validation[kind.name]),
            `at step ${latest.validation.step.toLocaleString('en')}`,
          ),
        ]
      : []),
    tile('speed', Number.isFinite(times.perSecond) ? `${formatNumber(times.perSecond)} steps/s` : '–', 'without validations'),
    tile('time so far', duration(times.wall), running && Number.isFinite(left) ? `${duration(left)} to go, without validations` : ''),
    tile('parameters', facts.parameters.toLocaleString('en')),
  ].join('')}</dl>`
}

/** A picture and the sound of its name. */
function exhibit({ pictures, sounds, step }: Shown, name: string, words: string, room: { bytes: number }): string {
  const sound = sounds.find((candidate) => candidate.name === name)
  const svg = pictures[name]
  const fits = svg !== undefined && svg.length <= room.bytes
  if (fits) room.bytes -= svg.length
  const title = escapeText(sound?.title ?? name)
  // What was given is the same at all steps.
  const when = sound?.estimated === false ? '' : escapeText(`, ${words}step ${step.toLocaleString('en')}`)
  const player = sound ? `<audio controls preload="none" src="${sound.url}" aria-label="${title}${when}"></audio>` : ''
  const picture = fits ? svg : svg === undefined ? '' : '<p class="soft">This picture would make the page too large.</p>'
  return `<figure>${picture}${player}<figcaption>${title}${when}</figcaption></figure>`
}

/** The latest examples, and beside what the network made what it made at the first validation. */
function examples({ shown: { first, latest } }: RunRecord): string {
  if (!latest) return ''
  const room = { bytes: picturesBudget }
  const namesOf = ({ pictures, sounds }: Shown) => new Set([...Object.keys(pictures), ...sounds.map(({ name }) => name)])
  const before = first && first.step !== latest.step ? namesOf(first) : new Set<string>()
  const figures = [...namesOf(latest)].flatMap((name) => [
    exhibit(latest, name, 'latest: ', room),
    ...(before.has(name) ? [exhibit(first!, name, 'first validation: ', room)] : []),
  ])
  const sound = latest.sounds[0]
  return `<h2 id="examples">Held-out examples</h2>
${sound ? `<p class="soft">Excerpts of ${formatNumber(sound.samples / sound.sampleRate)} s, folded down to one channel of ${sound.sampleRate / 1000} kHz. Spectrograms have one scale per example.</p>` : ''}
<div class="examples${sound ? '' : ' large'}">${figures.join('\n')}</div>`
}

function timing(record: RunRecord): string {
  const { training, waiting, validating, wall } = timesOf(record)
  const other = Math.max(0, wall - training - waiting - validating)
  const row = (name: string, seconds: number) => [
    name,
    duration(seconds),
    wall > 0 ? `${((100 * seconds) / wall).toFixed(1).replace('-', '−')} %` : '–',
  ]
  return `<h2 id="time">Time</h2>${table(
    ['what', 'time', 'share'],
    [
      row('training', training),
      row('waiting for batches', waiting),
      row('validation', validating),
      row('other: start, checkpoints, this page', other),
    ],
    new Set([1, 2]),
  )}`
}

function notes({ notes: said, refused }: RunRecord): string {
  const steps = refused.steps.slice(0, 20).join(', ')
  const items = [
    ...(refused.count > 0
      ? [
          `${refused.count} ${refused.count === 1 ? 'step was' : 'steps were'} refused, as loss or gradients were not finite: ${steps}${refused.count > 20 ? ' …' : ''}`,
        ]
      : []),
    ...said.map(({ note, at }) => `step ${at.toLocaleString('en')}: ${note}`),
  ]
  return items.length === 0 ? '' : `<h2 id="notes">Notes</h2><ul>${items.map((item) => `<li>${escapeText(item)}</li>`).join('')}</ul>`
}

function sessions(all: readonly Session[]): string {
  const stateOf = ({ state, seen }: Session, i: number) =>
    state !== 'running' ? state : i < all.length - 1 ? 'killed' : `seen ${timeText(seen)}`
  const rows = all.map((session, i) => {
    const { started, seen, from, to, command, host, device, processor, versions, git } = session
    return [
      `${timeText(started)}<br><span class="soft">${duration((Date.parse(seen) - Date.parse(started)) / 1000)}, ${stateOf(session, i)}</span>`,
      `${(from + 1).toLocaleString('en')} to ${to.toLocaleString('en')}`,
      `${escapeText(device)}<br><span class="soft">${escapeText(processor)}, host ${escapeText(host)}</span>`,
      escapeText(
        Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ),
      git ? `<code>${escapeText(git.revision.slice(0, 12))}</code>${git.dirty ? ' with changes' : ''}` : '–',
      `<code>${escapeText(command)}</code>`,
    ]
  })
  return `<h2 id="processes">Processes</h2>${table(['started', 'steps', 'device', 'versions', 'git', 'command'], rows)}`
}

function written({ written: text }: RunFile): string {
  const open = `<details open><summary>The recipe as it was written</summary><pre>${escapeText(text ?? '')}</pre></details>`
  return `<h2 id="recipe">Recipe</h2>${text === undefined ? '' : open}`
}

function provenance(facts: RunFile): string {
  const { recipe, data, identity } = facts
  const parts = Object.entries(data.parts).map(([name, words]) => [escapeText(name), `<code>${escapeText(words)}</code>`])
  const resolved = `<details><summary>The recipe with all defaults</summary><pre>${escapeText(stringify(recipe))}</pre></details>`
  return `${written(facts)}
${resolved}
<h2 id="data">Data</h2>${table(
    [],
    [
      ['SHA-256 of what decides the examples', `<code>${data.digest}</code>`],
      ...parts,
      ['digest of the run: recipe, data, network', `<code>${escapeText(identity)}</code>`],
    ],
  )}`
}

const told =
  '<p class="soft">Lines are means of neighbouring steps, bands their least and greatest value. Drag over a chart to zoom all of them, double-click to see all steps.</p>'

/** Everything of one run below its heading. */
function runSections(record: RunRecord): string {
  const { facts } = record
  return [
    ...(facts ? [tiles(record, facts)] : []),
    '<h2 id="curves">Curves</h2>',
    charts([{ record }]),
    told,
    examples(record),
    timing(record),
    notes(record),
    ...(facts ? [provenance(facts), sessions(facts.sessions)] : []),
  ].join('\n')
}

interface Heading {
  readonly name: string
  readonly session: Session | undefined
  readonly step: number
  readonly steps: number
}

function header({ name, session, step, steps }: Heading, sections: string): string {
  const running = session?.state === 'running'
  const links = Array.from(sections.matchAll(/<h2 id="([\w-]+)">/g), ([, id]) => `<a href="#${id}">${id}</a>`)
  const state = session ? `<span class="state ${session.state}">${session.state}</span>` : ''
  const refresh = running
    ? '<p class="refresh soft"><label hidden><input type="checkbox" id="refresh"> reads itself anew every 30 s while you are not busy with it; </label>load it again to see how the run goes on</p>'
    : ''
  return `<header><h1>${escapeText(name)} ${state}</h1>
<p class="soft">${session ? `Written ${timeText(session.seen)}${running ? '; a run whose page gets no newer than this was killed' : ''}.` : ''}</p>${refresh}
<progress value="${step}" max="${Math.max(1, steps)}" aria-label="steps done">${step} of ${steps}</progress>
<nav aria-label="sections">${links.join(' ')}</nav></header>`
}

/** The page as text. */
export function runPage(record: RunRecord): string {
  const { facts, lastStep: step } = record
  const name = facts?.name ?? 'a run'
  const sections = runSections(record)
  const heading = { name, session: facts?.sessions.at(-1), step, steps: facts?.recipe.training.steps ?? step }
  return page(`${name}, step ${step}`, `${header(heading, sections)}\n${sections}`)
}

/** A stage of a run, by the name of its folder; one that has not begun has no record. */
export interface StageRecord {
  readonly folder: string
  readonly steps: number
  readonly record?: RunRecord | undefined
}

/** The page of a run of several stages, one after the other; the examples are those of the latest stage that has some, the rest is in each stage's own page. */
export function stagesPage(name: string, stages: readonly StageRecord[]): string {
  const begun = stages.filter(({ record }) => record !== undefined && record.facts !== undefined)
  const latest = begun.at(-1)
  const heard = begun.findLast(({ record }) => record!.shown.latest !== undefined)
  const parts = stages.map(({ folder, record }) => {
    const title = `<h2 id="${escapeText(folder)}">${escapeText(folder)}`
    if (!record?.facts) return `${title}</h2><p class="soft">Has not begun.</p>`
    const { state } = record.facts.sessions.at(-1)!
    return `${title} <span class="state ${state}">${state}</span></h2>
<p><a href="${encodeURIComponent(folder)}/report.html">its own page</a> <span class="soft">has its recipe, data and examples</span></p>
${tiles(record, record.facts)}
${charts([{ record }])}
${heard?.record === record ? examples(record) : ''}`
  })
  const sections = [
    told,
    ...parts,
    ...(latest?.record?.facts ? [written(latest.record.facts), sessions(begun.flatMap(({ record }) => record!.facts!.sessions))] : []),
  ].join('\n')
  const step = begun.reduce((sum, { record }) => sum + record!.lastStep, 0)
  const steps = stages.reduce((sum, stage) => sum + stage.steps, 0)
  return page(
    `${name}, step ${step}`,
    `${header({ name, session: latest?.record?.facts?.sessions.at(-1), step, steps }, sections)}\n${sections}`,
  )
}
