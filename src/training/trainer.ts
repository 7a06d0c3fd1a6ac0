/**
 * The training loop: gradients as one program, the update as another, and between them what a run must watch: the loss's finiteness and
 * the gradients' norm. Weights, moments, averages and statistics stay in the backend's memory; the loop moves batches in and scalars out.
 */
import { initialValues, type Layout, layoutOf, type Module, type Slot, traceTraining } from '../nn/index.ts'
import { type Backend, compile, type DeviceArray, type DeviceView, type HostArray, type Program, type Specs } from '../runtime/index.ts'
import { grad, randomWords, type Tensor } from '../tensor/index.ts'
import { createOptimizer, type OptimizerOptions } from './optimizers/create-optimizer.ts'
import { plateauFrom, plateauObserve, plateauStart, plateauValues } from './plateau.ts'
import { createSchedule, learningRate, type ScheduleOptions } from './schedule.ts'
import { createUpdater, paddedLength, updatedArrays } from './updater.ts'

/** Values of a batch by the names of the task's inputs, in the arrays of their dtypes: BigInt64Array or Int32Array for symbols. */
export type Batch<Name extends string> = Readonly<Record<Name, HostArray>>

/** What is trained on: shapes (float32) or specs of a batch, and the loss of one. */
export interface Task<Name extends string> {
  readonly batch: Readonly<Record<Name, Specs[string]>>
  loss(batch: Readonly<Record<Name, Tensor>>): Tensor
}

export interface TrainerOptions<Name extends string> {
  readonly model: Module
  readonly task: Task<Name>
  readonly backend: Backend
  /** AdamW with PyTorch's defaults where left out. */
  readonly optimizer?: OptimizerOptions
  /** The optimiser's own rate in PyTorch, all the time, where left out. */
  readonly schedule?: ScheduleOptions
  /** Gradients are scaled down to this global norm, 1 by default; `Infinity` leaves them. */
  readonly clipNorm?: number
  /** Decay per update of the running average of the weights, 0.998 by default; with 0 the average is the weights. */
  readonly averageDecay?: number
  /** Values to start from, by name, as `loadStateDict` gives them; names that it does not have start fresh. */
  readonly initial?: ReadonlyMap<string, Float32Array>
  readonly seed: number
}

export interface StepReport {
  /** Steps done, this one and refused ones included. */
  readonly step: number
  readonly loss: number
  readonly norm: number
  readonly learningRate: number
  /** False where loss or gradients were not finite: the step changed nothing. */
  readonly accepted: boolean
}

export interface Trainer<Name extends string> {
  readonly step: number
  readonly layout: Layout
  /** One update from one batch. */
  train(batch: Batch<Name>): Promise<StepReport>
  /**
   * Shows a score to the schedule: that of a validation, for the 'plateau' schedule.
   *
   * @throws Error where the schedule watches none
   */
  observe(score: number): void
  /**
   * Everything that the next step depends on: the flat arrays weights, average and buffers, the optimiser's by their names, the number of
   * updates, and what a schedule has seen.
   */
  snapshot(): Promise<Map<string, Float32Array>>
  restore(arrays: ReadonlyMap<string, Float32Array>, step: number): Promise<void>
  /**
   * The model to judge and to ship: averaged weights, by name, with running statistics that are plain means over the batches given.
   * Those of the loop belong to the weights before averaging and to the last few batches (Izmailov et al. 2018, arXiv 1803.05407, 3.2).
   */
  averaged(batches: AsyncIterable<Batch<Name>>): Promise<Map<string, Float32Array>>
  dispose(): Promise<void>
}

/** Writes every slot's values to their place; slot by slot, because a flat copy of a large model is memory too. */
async function place(slots: readonly Slot[], values: ReadonlyMap<string, Float32Array>, ...arrays: readonly DeviceArray[]): Promise<void> {
  for (const { name, offset } of slots) for (const array of arrays) await array.write(values.get(name)!, offset)
}

function views(slots: readonly Slot[], array: DeviceArray, prefix = ''): Record<string, DeviceView> {
  return Object.fromEntries(slots.map(({ name, parameter, offset }) => [prefix + name, array.view(offset, parameter.shape)]))
}

function unflatten(slots: readonly Slot[], flat: Float32Array): [string, Float32Array][] {
  return slots.map(({ name, offset, size }) => [name, flat.slice(offset, offset + size)])
}

/** Initial values: fresh ones of the seed, and those that are given. */
function startOf({
  model,
  seed,
  initial = new Map(),
}: Pick<TrainerOptions<string>, 'model' | 'seed' | 'initial'>): Map<string, Float32Array> {
  const start = initialValues(model, seed)
  for (const [name, values] of initial) {
    if (values.length !== start.get(name)?.length) {
      const needed = start.has(name)
        ? `has ${values.length} values, the model needs ${start.get(name)!.length}`
        : 'is no parameter of the model'
      throw new RangeError(`createTrainer: initial "${name}" ${needed}; loadStateDict checks and names all that is wrong`)
    }
    start.set(name, values)
  }
  return start
}

/** The buffers, flat: statistics under given weights as means over batches; what training leaves alone, a frozen table, as it was before. */
async function runningMeans<Name extends string>(
  { task, backend, seed }: TrainerOptions<Name>,
  layout: Layout,
  weights: DeviceArray,
  before: DeviceArray,
  batches: AsyncIterable<Batch<Name>>,
): Promise<Float32Array> {
  const program = await compile(
    ({ 'statistics/momentum': momentum, 'training/key': key, ...batch }) => {
      const { updates } = traceTraining(() => task.loss(batch as Record<Name, Tensor>), { momentum: momentum!, key: key! })
      return Object.fromEntries(layout.buffers.map(({ name, parameter }) => [`next/${name}`, updates.get(parameter) ?? parameter]))
    },
    { ...task.batch, 'statistics/momentum': [], 'training/key': { shape: [2], dtype: 'int32' } } as Specs,
    { backend },
  )
  let [now, next] = [await backend.allocate(layout.bufferCount), await backend.allocate(layout.bufferCount)]
  await now.write(await before.read())
  let count = 0
  for await (const batch of batches) {
    const feeds: Record<string, HostArray | DeviceView> = {
      ...(batch as Record<string, HostArray>),
      ...views(layout.parameters, weights),
      ...views(layout.buffers, now),
      'training/key': randomWords(seed, count),
      'statistics/momentum': Float32Array.of(1 / ++count),
    }
    await program.run(feeds, { into: views(layout.buffers, next, 'next/') })
    ;[now, next] = [next, now]
  }
  if (count === 0) throw new RangeError('averaged: needs at least one batch to take running statistics from')
  const means = await now.read()
  for (const array of [now, next]) await array.free()
  await program.dispose()
  return means
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
  const { model, task, backend, clipNorm = 1, averageDecay = 0.998 } = options
  if (!(clipNorm > 0))
    throw new RangeError(`createTrainer: clipNorm ${clipNorm}; allowed are numbers above 0, Infinity to leave gradients as they are`)
  if (!(averageDecay >= 0 && averageDecay <= 1))
    throw new RangeError(`createTrainer: averageDecay ${averageDecay}; allowed are numbers from 0 to 1`)
  const optimizer = createOptimizer(options.optimizer ?? { name: 'adamw' })
  const schedule = createSchedule(options.schedule ?? { name: 'constant', peak: optimizer.learningRate })
  const layout = layoutOf(model)
  if (layout.parameterCount === 0) throw new RangeError('createTrainer: the model has no parameters; needs at least one that is not frozen')
  const length = paddedLength(layout.parameterCount)
  const gradientsProgram: Program = await compile(
    ({ 'training/key': key, ...batch }) => {
      const { result: loss, updates } = traceTraining(() => task.loss(batch as Record<Name, Tensor>), { key: key! })
      const gradients = grad(
        loss,
        layout.parameters.map(({ parameter }) => parameter),
      )
      return {
        loss,
        ...Object.fromEntries(layout.parameters.map(({ name }, i) => [`gradient/${name}`, gradients[i]!])),
        ...Object.fromEntries(layout.buffers.map(({ name, parameter }) => [`next/${name}`, updates.get(parameter) ?? parameter])),
      }
    },
    { ...task.batch, 'training/key': { shape: [2], dtype: 'int32' } } as Specs,
    { backend },
  )
  const updater = await createUpdater(backend, length, optimizer, { clipNorm, averageDecay })
  const updated: Record<string, DeviceArray> = {}
  for (const name of updatedArrays(optimizer)) updated[name] = await backend.allocate(length)
  const { weights, average } = updated as Record<'weights' | 'average', DeviceArray>
  const gradients = await backend.allocate(length)
  const gradientViews = views(layout.parameters, gradients, 'gradient/')
  // Statistics are known before it is known whether the step is accepted: they have two places.
  const bufferLength = Math.max(1, layout.bufferCount)
  let [buffers, nextBuffers] = [await backend.allocate(bufferLength), await backend.allocate(bufferLength)]
  const state = (): Record<string, DeviceArray> => ({ ...updated, buffers })
  const initial = startOf(options)
  await place(layout.parameters, initial, weights, average)
  await place(layout.buffers, initial, buffers)
  let step = 0
  // Of the steps those that were accepted: what Adam's corrections of its young moments count.
  let updates = 0
  let plateau = schedule.name === 'plateau' ? plateauStart(schedule) : undefined

  return {
    get step() {
      return step
    },
    layout,
    train: async (batch) => {
      const feeds: Record<string, HostArray | DeviceView> = {
        ...(batch as Record<string, HostArray>),
        ...views(layout.parameters, weights),
        ...views(layout.buffers, buffers),
        'training/key': randomWords(options.seed, step),
      }
      const into = { ...gradientViews, ...views(layout.buffers, nextBuffers, 'next/') }
      const loss = Number((await gradientsProgram.run(feeds, { into })).loss![0])
      const norm = await updater.norm(gradients)
      const rate = learningRate(schedule, step, plateau)
      const accepted = Number.isFinite(loss) && Number.isFinite(norm)
      if (accepted) {
        await updater.update(updated, gradients, { update: updates++, learningRate: rate, norm })
        ;[buffers, nextBuffers] = [nextBuffers, buffers]
      }
      step++
      return { step, loss, norm, learningRate: rate, accepted }
    },
    observe: (score) => {
      if (schedule.name !== 'plateau' || !plateau) {
        throw new Error(
          `observe: the schedule "${schedule.name ?? 'warmup-stable-decay'}" watches no score; that of the name "plateau" does`,
        )
      }
      plateau = plateauObserve(schedule, plateau, score)
    },
    snapshot: async () => {
      const arrays = new Map<string, Float32Array>([['updates', Float32Array.of(updates)]])
      if (plateau) arrays.set('schedule', plateauValues(plateau))
      for (const [name, array] of Object.entries(state())) arrays.set(name, await array.read())
      return arrays
    },
    restore: async (arrays, at) => {
      if (!Number.isInteger(at) || at < 0) throw new RangeError(`checkpoint: step ${at}; allowed are whole numbers ≥ 0`)
      // All is looked at before anything is written: a refused checkpoint changes nothing.
      for (const [name, { length: needed }] of Object.entries(state())) {
        const found = arrays.get(name)?.length
        if (found !== needed) {
          throw new RangeError(
            `checkpoint: "${name}" has ${found ?? 'no'} values, the model and its optimiser (${optimizer.name}) need ${needed}; it belongs to others`,
          )
        }
      }
      for (const [name, array] of Object.entries(state())) await array.write(arrays.get(name)!)
      step = at
      // Checkpoints of before 2026-11-21 have no count.
      updates = arrays.get('updates')?.[0] ?? at
      const seen = arrays.get('schedule')
      if (schedule.name === 'plateau') plateau = seen ? plateauFrom(seen) : plateauStart(schedule)
    },
    averaged: async (batches) => {
      const means = layout.bufferCount > 0 ? await runningMeans(options, layout, average, buffers, batches) : new Float32Array(0)
      return new Map([...unflatten(layout.parameters, await average.read()), ...unflatten(layout.buffers, means)])
    },
    dispose: async () => {
      await gradientsProgram.dispose()
      await updater.dispose()
      for (const array of [gradients, nextBuffers, ...Object.values(state())]) await array.free()
    },
  }
}
