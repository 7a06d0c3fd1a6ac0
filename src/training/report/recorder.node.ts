/**
 * Writes down a run while it runs: the log, `run.json`, TensorBoard's events, pictures, and the page, which is written whole after each validation and
 * every so often, so that it can be looked at at any time.
 */
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { writeWhole } from '../../data/index.ts'
import type { Judgement, ScoreKind, Task } from '../../tasks/index.ts'
import type { Recipe } from '../recipe.node.ts'
import { describeData, type RunFile, type Session, thisSession, writeRunFile } from './facts.node.ts'
import { type LogEntry, numbersOf, type StepEntry, trimLog } from './log.node.ts'
import { runPage, type StageRecord, stagesPage } from './page.ts'
import { drawCurves } from './pictures.ts'
import { logOf, type RunRecord, readRecord, shownOf } from './record.node.ts'
import { onlyEstimates, showJudgement } from './shown.ts'
import { openTensorboard } from './tensorboard.node.ts'

export interface RecorderOptions {
  readonly runFolder: string
  readonly recipe: Recipe
  /** Text of the recipe's file. */
  readonly written?: string | undefined
  readonly task: Pick<Task, 'scores' | 'identity'>
  readonly parameters: number
  readonly identity: string
  readonly device: string
  /** Steps done by the checkpoint that the run goes on from; undefined where it begins. */
  readonly from?: number | undefined
  /** What should be known of how it goes on. */
  readonly notes: readonly string[]
  /** Of a stage: the run that it is a part of, whose page shows all stages. */
  readonly whole?: Whole | undefined
}

/** A run of several stages. */
export interface Whole {
  readonly name: string
  readonly runFolder: string
  /** In order, by their folders within it. */
  readonly stages: readonly { readonly folder: string; readonly steps: number }[]
}

export interface Recorder {
  /** A step's numbers; `ms` that it took and `waited` ms for its batch are among them. */
  step(entry: StepEntry): Promise<void>
  /** A validation that took so many seconds; of a step that was judged before nothing is written twice. */
  validation(step: number, judgement: Judgement, best: boolean, seconds: number): Promise<void>
  note(text: string): Promise<void>
  /** Puts on disk what was logged: before a checkpoint, which must not know of steps that the log does not. */
  flush(): Promise<void>
  close(state: Exclude<Session['state'], 'running'>): Promise<void>
}

/** Milliseconds between two pages without a validation, and how much more than it takes to write one. */
const [pageEvery, pageShare] = [20_000, 50]
/** Validations whose pictures and sounds go to TensorBoard. */
const mostShown = 60

/** Removes what writers that were killed left half written. */
async function sweep(runFolder: string): Promise<void> {
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
  for (const name of await readdir(runFolder)) {
    const [, pid] = /\.(\d+)\.tmp$/.exec(name) ?? []
    if (pid !== undefined && !alive(Number(pid))) await rm(join(runFolder, name), { force: true })
  }
}

const inBlock = (text: string) => text.replaceAll(/^/gm, '    ')

/** The stages of a run; that of `runFolder` is the one that is recorded. */
function stagesOf(whole: Whole, runFolder: string, record: RunRecord): Promise<StageRecord[]> {
  return Promise.all(
    whole.stages.map(async ({ folder, steps }) => {
      const path = join(whole.runFolder, folder)
      return { folder, steps, record: relative(path, runFolder) === '' ? record : await readRecord(path) }
    }),
  )
}

/** Makes a run's folder one that ends at a step, and goes on writing there. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { runFolder, recipe, written, task, parameters, identity, device, from, notes, whole } = options
  const first = from ?? 0
  await sweep(runFolder)
  const dropped = await trimLog(logOf(runFolder), first)
  const record = await readRecord(runFolder)
  if (record.shown.first && record.shown.first.step > first) record.shown = {}
  const session = await thisSession(device, first)
  const before: readonly Session[] = record.facts?.sessions ?? []
  const kinds: readonly ScoreKind[] = task.scores
  const facts: RunFile = {
    name: recipe.name,
    written,
    recipe,
    parameters,
    identity,
    data: describeData(task.identity),
    scores: kinds,
    sessions: [...before, session],
  }
  record.facts = facts
  const log: FileHandle = await open(logOf(runFolder), 'a')
  const append = async (entry: LogEntry) => {
    record.add(entry)
    await log.appendFile(`${JSON.stringify(entry)}\n`)
  }
  const tensorboard = await openTensorboard(join(runFolder, 'tensorboard'), {
    from: first,
    steps: recipe.training.steps,
    texts: { recipe: inBlock(written ?? JSON.stringify(recipe, undefined, 2)), command: inBlock(session.command) },
  })
  const stages = whole ? await stagesOf(whole, runFolder, record) : []
  let step = first
  let [drawn, cost] = [performance.now(), 0]

  const write = async (state: Session['state']) => {
    const started = performance.now()
    record.facts = { ...facts, sessions: [...before, { ...session, state, to: step, seen: new Date().toISOString() }] }
    await writeRunFile(runFolder, record.facts)
    await writeWhole(join(runFolder, 'report.html'), runPage(record))
    if (whole) await writeWhole(join(whole.runFolder, 'report.html'), stagesPage(whole.name, stages))
    drawn = performance.now()
    cost = drawn - started
  }
  const draw = async () => {
    for (const [name, svg] of Object.entries(drawCurves(recipe.name, record, kinds[0]!)))
      await writeWhole(join(runFolder, `${name}.svg`), svg)
  }
  const note = (text: string) => append({ note: text, at: step })

  if (first > 0) await note(`goes on after step ${first}`)
  else if (before.length > 0) await note('begins anew')
  if (dropped > 0)
    await note(`${dropped} ${dropped === 1 ? 'line' : 'lines'} of the log came after the checkpoint, or were cut, and were taken out`)
  for (const text of notes) await note(text)
  await write('running')
  return {
    step: async (entry) => {
      step = entry.step
      await append(entry)
      await tensorboard.step(step, Object.fromEntries(numbersOf(entry).map(([name, value]) => [`training/${name}`, value])))
      if (performance.now() - drawn > Math.max(pageEvery, pageShare * cost)) await write('running')
    },
    validation: async (at, judgement, best, seconds) => {
      step = at
      const known = record.validations.at(-1)?.validation.step === at
      const { wavs, ...shown } = showJudgement(at, judgement)
      record.shown = { first: record.shown.first ?? onlyEstimates(shown), latest: shown }
      await writeWhole(shownOf(runFolder), JSON.stringify(record.shown))
      for (const [name, svg] of Object.entries(shown.pictures)) await writeWhole(join(runFolder, `${name}.svg`), svg)
      if (!known) {
        await append({ validation: { ...judgement.scores, step: at }, best, seconds: Number(seconds.toFixed(2)) })
        await tensorboard.validation(at, judgement.scores)
        const { steps, validateEvery } = recipe.training
        const every = Math.ceil(steps / validateEvery / mostShown)
        if (record.validations.length % every === 0) await tensorboard.show(shown, wavs)
      }
      await draw()
      await write('running')
    },
    note,
    flush: () => log.datasync(),
    close: async (state) => {
      await draw()
      await write(state)
      await tensorboard.close()
      await log.close()
    },
  }
}

/** Writes nothing: the record of processes that do not lead. */
export const unrecorded: Recorder = {
  step: async () => {},
  validation: async () => {},
  note: async () => {},
  flush: async () => {},
  close: async () => {},
}

/** Does the work and closes the record by how it ended. */
export async function recorded<Result extends { readonly finished: boolean }>(
  recorder: Recorder,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work()
    await recorder.close(result.finished ? 'finished' : 'stopped')
    return result
  } catch (error) {
    if (!signal?.aborted) await recorder.note(`failed: ${error instanceof Error ? error.message : String(error)}`)
    await recorder.close(signal?.aborted ? 'stopped' : 'failed')
    throw error
  }
}
