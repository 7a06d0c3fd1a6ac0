/** One training run in a folder: data, network, loop, validation, checkpoints, log. Started again on the same folder it goes on where it stopped. */
import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { writeWhole } from '../data/index.ts'
import { writeSafetensors } from '../formats/index.ts'
import { writeModel } from '../models/index.ts'
import { layoutOf, stateDict } from '../nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../runtime/index.ts'
import { firstPartOf, partAt, type Task } from '../tasks/index.ts'
import { type CheckpointFacts, loadCheckpoint, saveCheckpoint } from './checkpoint.node.ts'
import { type Crew, createCrew, requireShares } from './crew.node.ts'
import { type GuardState, guardStep, isGood } from './guard.ts'
import { identityOf, recipeDigest } from './identity.node.ts'
import { keepCheckpoint, secondName } from './kept-checkpoints.node.ts'
import { createLoop, scheduleOf } from './loop.ts'
import { onlyFirst } from './overfit.ts'
import { openTask } from './recipe.node.ts'
import { openRecorder, recorded, unrecorded, type Whole } from './report/recorder.node.ts'
import type { RunOptions, RunResult } from './run-options.ts'
import { type Schedule, samePast } from './schedule.ts'
import { type Start, takeOver } from './start.node.ts'
import { flatReport } from './step-report.ts'
import type { Part } from './trainer.ts'

/** Training batches that running statistics are taken from: always the first ones, so that a resumed run exports the same model. */
const statisticsBatches = 16

/** What a reader of the log should know about a run that goes on under other conditions than it began. */
function notesOn(before: CheckpointFacts, engine: string, schedule: Schedule, start: Start | undefined): string[] {
  const notes: string[] = []
  if (before.engines.at(-1) !== engine)
    notes.push(`the checkpoint was computed by ${before.engines.at(-1)}; it goes on, but not bit for bit`)
  if (!samePast(before.schedule, schedule, before.step))
    notes.push('the steps so far had other learning rates than the recipe gives them now')
  if (start && before.startedFrom !== undefined && start.digest !== before.startedFrom)
    notes.push(`${start.source} has other weights than when this run started from it; remove the run's folder to start anew from those`)
  return notes
}

export interface RunFiles {
  /** To go on from. */
  readonly checkpoint: string
  /** The checkpoint to go back to when steps are not finite. */
  readonly good: string
  /** Averaged weights of the last validation, and of the best. */
  readonly model: string
  readonly best: string
  /** A second network's weights at the last validation. */
  readonly rival: string
}

export function filesOf(runFolder: string): RunFiles {
  const file = (name: string) => join(runFolder, `${name}.safetensors`)
  return { checkpoint: file('last'), good: file('good'), model: file('model'), best: file('best'), rival: file('rival') }
}

const toTenth = (value: number) => Math.round(10 * value) / 10

/** What a run knows of its validations. */
interface Standing {
  readonly bestScore: number | null
  /** Validations since then. */
  readonly sinceBest: number
}

const beats = (score: number, { bestScore }: Standing) => Number.isFinite(score) && (bestScore === null || score > bestScore)

/** What stands before a run: a stage, or a file of weights. */
export interface Before {
  /** What it starts from, where it does not go on. */
  readonly start: () => Promise<Start>
  /** Identity of the stage before. */
  readonly identity?: string | undefined
}

export interface SingleOptions extends RunOptions {
  /** Of a stage: the run that it is a part of. */
  readonly whole?: Whole | undefined
}

/** Trains until the recipe's last step, the end of its patience, the abort signal, or `stopAfter`; each of them ends with a checkpoint. */
export async function runSingle(options: SingleOptions, before?: Before): Promise<RunResult> {
  const { recipe, runFolder, overfit, onEvent, device, threads } = options
  const crew = createCrew(options.collective)
  const { batchSize } = partAt(recipe.training, 0)
  await crew.all(async () => {
    if (overfit !== undefined && !(Number.isInteger(overfit) && overfit >= 1 && overfit <= batchSize))
      throw new RangeError(`overfit: ${overfit} examples; allowed are whole numbers from 1 to the recipe's batchSize, ${batchSize}`)
    requireShares(recipe.training, crew.size)
    if (crew.leads) await mkdir(runFolder, { recursive: true })
  })
  const onProgress = (what: string, done: number, total: number) => crew.leads && onEvent({ kind: 'prepare', what, done, total })
  const task = await crew.inTurn(() => openTask(recipe, { ...options, onProgress }))
  try {
    const place = { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) }
    const backend = await crew.all(() => createOnnxRuntimeBackend(place))
    try {
      return await train(task, backend, crew, options, before)
    } finally {
      await backend.dispose()
    }
  } finally {
    await task.close()
  }
}

async function train(
  task: Task,
  backend: Backend,
  crew: Crew,
  { recipe, runFolder, written, stopAfter, overfit, signal, whole, ...options }: SingleOptions,
  ahead: Before | undefined,
): Promise<RunResult> {
  const onEvent = crew.leads ? options.onEvent : () => {}
  const { training } = recipe
  const schedule = scheduleOf(training)
  const chain = { overfit, before: ahead?.identity }
  const layouts = { layout: layoutOf(task.network), rival: task.rival && layoutOf(task.rival.network) }
  const identity = identityOf(recipe, { data: task.identity, ...layouts, ...chain })
  await crew.agreeOn('recipe, recordings and network', identity)
  const files = filesOf(runFolder)
  const before = await crew.checkpoint(async () => {
    const found = await loadCheckpoint(files.checkpoint)
    if (!found || found.facts.identity === identity) return found
    throw new Error(
      `${files.checkpoint} belongs to another recipe, other files or another version of the network; give another folder with --run, or remove it to start anew`,
    )
  })
  // The others get the weights of rank 0.
  const { start, taken } =
    (await crew.alone(async () => {
      const start = await ahead?.start()
      return { start, taken: start && !before ? takeOver(task, start) : undefined }
    })) ?? {}
  const startedFrom = before ? before.facts.startedFrom : start?.digest
  const device = [backend.description, ...(crew.description ? [crew.description] : [])].join(', ')
  const engine = `${device}, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`
  const { index: first } = firstPartOf(training, before?.facts.step ?? 0)
  const { collective } = crew
  const trainer = await crew.all(() => createLoop(recipe, task, backend, { first, initial: taken?.values, collective }))
  let { seconds, firstLoss = Number.NaN } = before?.facts ?? { seconds: 0 }
  let guard: GuardState = { rejected: before?.facts.rejected ?? 0, restores: before?.facts.restores ?? 0 }
  let standing: Standing = { bestScore: before?.facts.bestScore ?? null, sinceBest: before?.facts.sinceBest ?? 0 }
  if (before) await trainer.restore(before.arrays, before.facts.step)
  await crew.align(trainer)
  const engines = [...(before?.facts.engines.filter((name) => name !== engine) ?? []), engine]
  const notes = before ? notesOn(before.facts, engine, schedule, start) : (taken?.notes ?? [])
  const { parameterCount: parameters } = trainer.layout
  const about = { runFolder, recipe, written, task, parameters, identity, device, whole }
  const recorder = (await crew.alone(() => openRecorder({ ...about, from: before?.facts.step, notes }))) ?? unrecorded
  onEvent({ kind: 'start', device, parameters, step: trainer.step, notes })

  const part = async (index: number): Promise<Part<string>> => {
    const number = overfit === undefined ? index : 0
    const [specs, batch] = [task.specsAt?.(number) ?? task.batch, await task.batchAt(number)]
    return { index, specs, batch: overfit === undefined ? batch : onlyFirst(batch, specs, overfit) }
  }
  /** Milliseconds that the step of the moment waited for its batches. */
  let waited = 0
  const partsOf = async function* (step: number) {
    const { index, accumulate } = firstPartOf(training, step)
    for (let p = crew.rank; p < accumulate; p += crew.size) {
      const asked = performance.now()
      const one = await part(index + p)
      waited += performance.now() - asked
      yield one
    }
  }
  const firstParts = async function* () {
    for (let index = 0; index < statisticsBatches; index++) yield await part(index)
  }
  const save = async (finished = false) => {
    // Processors of other kinds round otherwise, and weights drift apart by last bits.
    if (await crew.align(trainer))
      await recorder.note(`step ${trainer.step}: the weights of the ranks differed; all have those of rank 0 now`)
    await crew.alone(async () => {
      await recorder.flush()
      const position = { step: trainer.step, identity, recipe: recipeDigest(recipe, chain), engines, schedule }
      const facts = { ...position, ...standing, seconds, ...guard, firstLoss, ...(startedFrom ? { startedFrom } : {}), finished }
      await saveCheckpoint(files.checkpoint, { arrays: await trainer.snapshot(), facts })
      if (trainer.step > 0) await keepCheckpoint(runFolder, files.checkpoint, trainer.step, training)
    })
  }
  /** A run that is stopped may leave checkpoints at other steps than one that is not: those are none to go back to. */
  const regular = () => trainer.step % training.checkpointEvery === 0
  /** What steps that are not finite go back to. */
  const keepGood = async () => {
    if (regular() && isGood(guard)) await crew.alone(() => secondName(files.checkpoint, files.good))
  }
  const goBack = async () => {
    const good = await crew.checkpoint(() => loadCheckpoint(files.good))
    if (!good) throw new Error(`${files.good}: there is no such file; the run wrote it to go back to when losses are not finite`)
    await trainer.restore(good.arrays, trainer.step)
    onEvent({ kind: 'restore', step: trainer.step, to: good.facts.step })
    await recorder.note(
      `steps up to ${trainer.step} were not finite: set back to the weights of step ${good.facts.step}, on with later batches`,
    )
  }
  /** Scores the averaged model and writes it; learning by heart has no scores. */
  const judgeAlone = async (counts: boolean): Promise<number> => {
    const step = trainer.step
    const started = performance.now()
    const values = await trainer.averaged(firstParts())
    const judgement =
      overfit === undefined ? await task.judge({ values, backend, examples: training.validationExamples, pause: setImmediate }) : undefined
    const { scores = {} } = judgement ?? {}
    const score = scores[task.scores[0].name] ?? Number.NaN
    const best = counts && beats(score, standing)
    const file = writeModel(recipe.name, task.network, values, { step: String(step), validation: JSON.stringify(scores) })
    const second = await trainer.rivalValues()
    if (second) await writeWhole(files.rival, writeSafetensors({ tensors: stateDict(task.rival!.network, second), metadata: {} }))
    await writeWhole(files.model, file)
    if (best) await writeWhole(files.best, file)
    if (judgement) {
      onEvent({ kind: 'validation', step, best, kinds: task.scores, scores })
      await recorder.validation(step, judgement, best, (performance.now() - started) / 1000)
    }
    return score
  }
  /** Only what an uninterrupted run has too may become the best and tries the patience: not the scores of stops. */
  const judge = async (counts: boolean): Promise<number> => {
    // As a text, because JSON has no NaN.
    const score = Number(await crew.lead(async () => String(await judgeAlone(counts))))
    if (counts) standing = beats(score, standing) ? { bestScore: score, sinceBest: 0 } : { ...standing, sinceBest: standing.sinceBest + 1 }
    return score
  }
  const outOfPatience = () => training.patience !== undefined && standing.sinceBest >= training.patience
  const watches = [training.schedule, training.rival?.schedule].some((curve) => curve?.name === 'plateau')
  const end = Math.min(training.steps, stopAfter ?? training.steps)
  let last = Number.NaN
  // A finished run that is started again judges once more: its model file is made anew.
  let judged = 0
  return recorded(recorder, signal, async () => {
    if (!before) await save()
    await keepGood()
    let stopped = await crew.any(signal?.aborted ?? false)
    while (trainer.step < end && !stopped && !outOfPatience()) {
      const asked = performance.now()
      waited = 0
      const report = await trainer.update(partsOf(trainer.step))
      const ms = performance.now() - asked
      seconds += ms / 1000
      const { restore, ...state } = guardStep(guard, report.accepted && (report.rival?.accepted ?? true), training.learningRate)
      guard = state
      last = report.loss
      if (report.step === 1) firstLoss = report.loss
      onEvent({ kind: 'step', ...report })
      await recorder.step({ ...flatReport(report), ms: toTenth(ms - waited), waited: toTenth(waited) })
      if (restore) await goBack()
      if (report.step % training.validateEvery === 0) {
        const score = await judge(true)
        if (watches) trainer.observe(score)
        judged = report.step
      }
      if (regular()) {
        await save()
        await keepGood()
      }
      stopped = await crew.any(signal?.aborted ?? false)
    }
    if (trainer.step !== judged && !stopped && !outOfPatience()) await judge(trainer.step >= training.steps)
    const finished = trainer.step >= training.steps || outOfPatience()
    await save(finished)
    const { checkpoint, model } = files
    return { step: trainer.step, finished, outOfPatience: outOfPatience(), losses: { first: firstLoss, last }, checkpoint, model }
  })
}
