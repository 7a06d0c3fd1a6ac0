/**
 * The training loop. An update is gradients of one batch or of several parts, averaged, and the optimiser's rule, and between them what a run must watch: the
 * loss's finiteness and the gradients' norm. Where a second network learns beside the first (Goodfellow et al. 2014, arXiv 1406.2661), a part has two phases:
 * first the rival's loss, then that of the task. Weights, moments, averages and statistics stay in the backend's memory; the loop moves batches in and
 * scalars out.
 */
import type { Collective } from '../distributed/collective.ts'
import { together } from '../distributed/together.ts'
import type { Layout, Slot } from '../nn/index.ts'
import type { Backend, HostArray, Specs } from '../runtime/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { createGroup, type GroupOptions } from './group.ts'
import { createPhase, type Losses } from './phase.ts'
import { runningMeans } from './statistics.ts'
import type { NetworkReport, StepReport } from './step-report.ts'
import { addTerms, sumsOfRanks } from './sums.ts'

/** Values of a batch by the names of the task's inputs, in the arrays of their dtypes: BigInt64Array or Int32Array for symbols. */
export type Batch<Name extends string> = Readonly<Record<Name, HostArray>>

/** Shapes (float32) or specs of a batch. */
export type BatchSpecs<Name extends string> = Readonly<Record<Name, Specs[string]>>

/** What is trained on: specs of a batch, and the loss of one. */
export interface Task<Name extends string> {
  readonly batch: BatchSpecs<Name>
  loss(batch: Readonly<Record<Name, Tensor>>): Tensor
}

/** One of the batches that an update takes. */
export interface Part<Name extends string> {
  readonly batch: Batch<Name>
  /** Its number in the run: what layers draw follows from it. */
  readonly index: number
  /** Those of the task where left out. A few sets of shapes are kept ready; each is a program of its own. */
  readonly specs?: BatchSpecs<Name> | undefined
}

/** A second network, trained on the same batches by a loss of its own; the weights of the other are constants to each of the two losses. */
export interface RivalOptions<Name extends string> extends GroupOptions {
  loss(batch: Readonly<Record<Name, Tensor>>): Tensor
  /** True: it is updated at every part, before the task's network sees that part; false: once per update, by the mean of the parts. */
  readonly everyPart: boolean
}

export interface TrainerOptions<Name extends string> extends GroupOptions {
  readonly task: Task<Name>
  readonly backend: Backend
  /** Decay per update of the running average of the weights, 0.998 by default; with 0 the average is the weights. */
  readonly averageDecay?: number
  readonly rival?: RivalOptions<Name> | undefined
  readonly seed: number
  /**
   * Other processes that take parts of the same updates, as many each, with a trainer of the same options. All call the same functions in the same
   * order; gradients, losses and running statistics are means over all parts, so that all have the same weights.
   */
  readonly collective?: Collective | undefined
}

export interface Trainer<Name extends string> {
  readonly step: number
  readonly layout: Layout
  /** One update from one batch. */
  train(batch: Batch<Name>): Promise<StepReport>
  /**
   * One update from the mean gradient of several batches.
   *
   * @throws RangeError for no parts
   */
  update(parts: Iterable<Part<Name>> | AsyncIterable<Part<Name>>): Promise<StepReport>
  /**
   * Shows a score to the schedules: that of a validation, for the 'plateau' schedule.
   *
   * @throws Error where none of them watches scores
   */
  observe(score: number): void
  /**
   * All that decides the steps to come, by name: flat arrays of weights, optimiser's state, average and running statistics, the number of
   * updates, and what a schedule has seen; those of a rival begin with `rival/`.
   */
  snapshot(): Promise<Map<string, Float32Array>>
  /** Goes on from a snapshot as step `step`, which may be a later one than it was taken at. */
  restore(arrays: ReadonlyMap<string, Float32Array>, step: number): Promise<void>
  /**
   * The model to judge and to ship: averaged weights, by name, with running statistics that are plain means over the batches given.
   */
  averaged(batches: AsyncIterable<Batch<Name>> | AsyncIterable<Part<Name>>): Promise<Map<string, Float32Array>>
  /** The rival's weights and statistics of the moment, by name; undefined where there is none. */
  rivalValues(): Promise<Map<string, Float32Array> | undefined>
  dispose(): Promise<void>
}

function unflatten(slots: readonly Slot[], flat: Float32Array): [string, Float32Array][] {
  return slots.map(({ name, offset, size }) => [name, flat.slice(offset, offset + size)])
}

/** A batch holds arrays, a part holds a batch and its number. */
function isPart<Name extends string>(one: Batch<Name> | Part<Name>): one is Part<Name> {
  return typeof (one as Part<Name>).index === 'number'
}

/**
 * A trainer of a model: its weights, the optimiser's state and their average, in the backend's memory.
 *
 * @throws RangeError for options out of range, by name
 *
 * @example
 * const model = new Linear(1, 1)
 * const trainer = await createTrainer({
 *   model,
 *   task: { batch: { x: [4, 1], y: [4, 1] }, loss: ({ x, y }) => mseLoss(model.forward(x), y) },
 *   backend: createReferenceBackend(),
 *   optimizer: { name: 'sgd', momentum: 0.9 },
 *   schedule: { name: 'constant', peak: 0.1 },
 *   seed: 1,
 * })
 * const line = { x: Float32Array.of(-1, 0, 1, 2), y: Float32Array.of(-3, -1, 1, 3) }
 * for (let step = 0; step < 200; step++) await trainer.train(line)
 * const { loss } = await trainer.train(line)
 * loss < 1e-6 // true
 * await trainer.dispose()
 */
export async function createTrainer<Name extends string>(options: TrainerOptions<Name>): Promise<Trainer<Name>> {
  const { task, backend, averageDecay = 0.998, seed, rival: against } = options
  const ranks = options.collective && options.collective.size > 1 ? options.collective : undefined
  if (ranks && against?.everyPart)
    throw new RangeError(
      'createTrainer: a rival with everyPart: true learns from one part after the other, which several processes cannot share out; everyPart: false updates it once per update',
    )
  const main = await createGroup(options, { backend, seed, prefix: '', averageDecay, ranks })
  const rival = against && (await createGroup(against, { backend, seed, prefix: 'rival/', ranks }))
  const groups = rival ? [main, rival] : [main]
  const lossOf = (loss: Task<Name>['loss']) => (batch: Readonly<Record<string, Tensor>>) => loss(batch as Record<Name, Tensor>)
  const loss = lossOf((batch) => task.loss(batch))
  const others = rival ? [rival] : []
  const phase = createPhase({ backend, loss, trained: main, others, key: (index) => [seed, index] })
  const rivalPhase =
    against &&
    createPhase({
      backend,
      loss: lossOf((batch) => against.loss(batch)),
      trained: rival!,
      others: [main],
      key: (index) => [seed, index, 1],
    })
  for (const one of rivalPhase ? [rivalPhase, phase] : [phase]) await one.prepare(task.batch)
  let step = 0

  /** Runs the rival's phase over a part and, where it is its time, updates it; before the task's network, which then meets a rival that has learned. */
  const answer = async ({ batch, index, specs = task.batch }: Part<Name>, before: NetworkReport | undefined): Promise<NetworkReport> => {
    const { loss: value } = await rivalPhase!.run(batch, specs, index)
    const sum = (before?.loss ?? 0) + value
    if (!against!.everyPart) return { loss: sum, norm: Number.NaN, learningRate: Number.NaN, accepted: true }
    const applied = await rival!.apply(step, Number.isFinite(value))
    return { ...applied, loss: sum, accepted: applied.accepted && (before?.accepted ?? true) }
  }

  const take = async (parts: Iterable<Part<Name>> | AsyncIterable<Part<Name>>): Promise<StepReport> => {
    let [count, total, terms]: [number, number, Losses['terms']] = [0, 0, {}]
    let other: NetworkReport | undefined
    const compute = async () => {
      for await (const part of parts) {
        if (rival) other = await answer(part, other)
        const { loss: value, terms: ofPart } = await phase.run(part.batch, part.specs ?? task.batch, part.index)
        total += value
        terms = addTerms(terms, ofPart)
        count++
      }
      if (count === 0) throw new RangeError('update: no parts; an update needs at least one')
    }
    if (ranks) {
      await together(ranks, compute)
      const sums = await sumsOfRanks(ranks, { count, total, other: other?.loss ?? 0, terms })
      ;({ count, total, terms } = sums)
      if (other) other = { ...other, loss: sums.other }
    } else await compute()
    const value = total / count
    if (rival && !against!.everyPart) other = { ...(await rival.apply(step, Number.isFinite(other!.loss))), loss: other!.loss }
    const applied = await main.apply(step, Number.isFinite(value))
    step++
    const means = Object.entries(terms).map(([name, sum]) => [name, sum / count] as const)
    return {
      step,
      loss: value,
      ...applied,
      ...(means.length > 0 ? { terms: Object.fromEntries(means) } : {}),
      ...(other ? { rival: { ...other, loss: other.loss / count } } : {}),
    }
  }
  const update: Trainer<Name>['update'] = async (parts) => {
    try {
      return await take(parts)
    } finally {
      for (const group of groups) group.discard()
    }
  }

  return {
    get step() {
      return step
    },
    layout: main.layout,
    update,
    train: (batch) => update([{ batch, index: step }]),
    observe: (score) => {
      const watching = groups.filter((group) => group.watches)
      for (const group of watching.length > 0 ? watching : [main]) group.observe(score)
    },
    snapshot: async () => {
      const arrays: [string, Float32Array][] = []
      for (const group of groups) arrays.push(...(await group.snapshot()))
      return new Map(arrays)
    },
    restore: async (arrays, at) => {
      if (!Number.isInteger(at) || at < 0) throw new RangeError(`checkpoint: step ${at}; allowed are whole numbers ≥ 0`)
      // All is looked at before anything is written: a refused checkpoint changes nothing.
      for (const group of groups) group.check(arrays)
      for (const group of groups) await group.restore(arrays, at)
      step = at
    },
    averaged: async (batches) => {
      const { layout } = main
      const average = main.average!
      async function* shaped() {
        for await (const one of batches)
          yield isPart(one) ? { batch: one.batch, specs: one.specs ?? task.batch } : { batch: one, specs: task.batch }
      }
      const statistics = { backend, loss, trained: main, others, weights: average, seed }
      const means = layout.bufferCount > 0 ? await runningMeans(statistics, shaped()) : new Float32Array(0)
      return new Map([...unflatten(layout.parameters, await average.read()), ...unflatten(layout.buffers, means)])
    },
    rivalValues: async () => {
      if (!rival) return undefined
      const { layout, weights, buffers } = rival
      return new Map([...unflatten(layout.parameters, await weights.read()), ...unflatten(layout.buffers, await buffers.read())])
    },
    dispose: async () => {
      await phase.dispose()
      await rivalPhase?.dispose()
      for (const group of groups) await group.dispose()
    },
  }
}
