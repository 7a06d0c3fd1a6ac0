/**
 * A group: one network that a trainer updates, with all that belongs to its weights, in the backend's memory: the optimiser's state, their average,
 * running statistics, gradients, and the learning rate of the moment. Plain training has one; a generator and its discriminator are two.
 */
import type { Collective } from '../distributed/collective.ts'
import { initialValues, type Layout, layoutOf, type Module, type Slot } from '../nn/index.ts'
import type { Backend, DeviceArray, DeviceView } from '../runtime/index.ts'
import { createOptimizer, type OptimizerOptions } from './optimizers/create-optimizer.ts'
import { overRanks } from './over-ranks.ts'
import { plateauFrom, plateauObserve, plateauStart, plateauValues } from './plateau.ts'
import { createSchedule, learningRate, type ScheduleOptions } from './schedule.ts'
import { createUpdater, paddedLength, updatedArrays } from './updater.ts'

export interface GroupOptions {
  readonly model: Module
  /** AdamW with PyTorch's defaults where left out. */
  readonly optimizer?: OptimizerOptions | undefined
  /** The optimiser's own rate in PyTorch, all the time, where left out. */
  readonly schedule?: ScheduleOptions | undefined
  /** Gradients are scaled down to this global norm, 1 by default; `Infinity` leaves them. */
  readonly clipNorm?: number | undefined
  /** Values to start from, by name, as `loadStateDict` gives them; names that it does not have start fresh. */
  readonly initial?: ReadonlyMap<string, Float32Array> | undefined
}

/** Where and under which name a group lives. */
export interface GroupPlace {
  readonly backend: Backend
  readonly seed: number
  /** Before its names in programs and checkpoints: nothing, or `rival/`. */
  readonly prefix: string
  /** Decay per update of the running average of the weights; without it there is no average. */
  readonly averageDecay?: number | undefined
  /** Other processes with the same group, which have parts of the same updates. */
  readonly ranks?: Collective | undefined
}

export interface Applied {
  /** Of the mean gradient, before it is clipped. */
  readonly norm: number
  readonly learningRate: number
  /** False where the loss or the gradients were not finite: nothing changed. */
  readonly accepted: boolean
}

export interface Group {
  readonly layout: Layout
  /** Gives the network's parameters the names that programs of this trainer know them by; to be called where such a program is traced. */
  nameInputs(): void
  /** Weights and statistics of the moment, by those names. */
  inputs(): Record<string, DeviceView>
  /** The same while it is trained itself: statistics go on from part to part, before it is known whether the update is accepted. */
  inputsOfPart(): Record<string, DeviceView>
  /** Where the gradients and statistics of the next part go, as `gradient/<name>` and `next/<name>`. */
  outputsOfPart(): Promise<Record<string, DeviceView>>
  /** Counts in what a program has written there. */
  addPart(): Promise<void>
  /** Forgets the parts since the last update. */
  discard(): void
  /** Updates the weights by the mean of the parts, if all is finite, and begins anew. */
  apply(step: number, lossIsFinite: boolean): Promise<Applied>
  /** @throws Error where the schedule watches no score */
  observe(score: number): void
  /** Whether the schedule watches scores. */
  readonly watches: boolean
  readonly weights: DeviceArray
  readonly average: DeviceArray | undefined
  readonly buffers: DeviceArray
  snapshot(): Promise<Map<string, Float32Array>>
  /** @throws RangeError for a snapshot that has not its arrays */
  check(arrays: ReadonlyMap<string, Float32Array>): void
  restore(arrays: ReadonlyMap<string, Float32Array>, step: number): Promise<void>
  dispose(): Promise<void>
}

/** Views of a flat array by the names of its slots. */
export function views(slots: readonly Slot[], array: DeviceArray, prefix = ''): Record<string, DeviceView> {
  return Object.fromEntries(slots.map(({ name, parameter, offset }) => [prefix + name, array.view(offset, parameter.shape)]))
}

/** Writes every slot's values to their place; slot by slot, because a flat copy of a large model is memory too. */
async function place(slots: readonly Slot[], values: ReadonlyMap<string, Float32Array>, ...arrays: readonly DeviceArray[]): Promise<void> {
  for (const { name, offset } of slots) for (const array of arrays) await array.write(values.get(name)!, offset)
}

/** Initial values: fresh ones of the seed, and those that are given. */
function startOf(model: Module, seed: number, initial: ReadonlyMap<string, Float32Array> = new Map()): Map<string, Float32Array> {
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

/** @throws RangeError for options out of range, by name */
export async function createGroup(
  { model, clipNorm = 1, ...options }: GroupOptions,
  { backend, seed, prefix, averageDecay, ranks }: GroupPlace,
): Promise<Group> {
  const who = `createTrainer: ${prefix && 'rival: '}`
  if (!(clipNorm > 0))
    throw new RangeError(`${who}clipNorm ${clipNorm}; allowed are numbers above 0, Infinity to leave gradients as they are`)
  if (averageDecay !== undefined && !(averageDecay >= 0 && averageDecay <= 1))
    throw new RangeError(`${who}averageDecay ${averageDecay}; allowed are numbers from 0 to 1`)
  const optimizer = createOptimizer(options.optimizer ?? { name: 'adamw' })
  const schedule = createSchedule(options.schedule ?? { name: 'constant', peak: optimizer.learningRate })
  const layout = layoutOf(model)
  if (layout.parameterCount === 0) throw new RangeError(`${who}the model has no parameters; needs at least one that is not frozen`)
  const slots = [...layout.parameters, ...layout.buffers]
  const names = slots.map(({ name }) => prefix + name)
  const length = paddedLength(layout.parameterCount)
  const updater = await createUpdater(backend, length, optimizer, { clipNorm, averageDecay })
  const updated: Record<string, DeviceArray> = {}
  for (const name of updatedArrays(optimizer, averageDecay !== undefined)) updated[name] = await backend.allocate(length)
  const { weights, average } = updated as { weights: DeviceArray; average?: DeviceArray }
  const gradients = await backend.allocate(length)
  const bufferLength = Math.max(1, layout.bufferCount)
  let buffers = await backend.allocate(bufferLength)
  // Statistics are known before it is known whether the update is accepted, and those of a part follow from those of the part before: three places.
  let [written, spare] = [await backend.allocate(bufferLength), undefined as DeviceArray | undefined]
  // Gradients of the parts after the first, which not every run has.
  let more: DeviceArray | undefined
  const state = (): Record<string, DeviceArray> => ({ ...updated, buffers })
  const initial = startOf(model, seed, options.initial)
  await place(layout.parameters, initial, weights, ...(average ? [average] : []))
  await place(layout.buffers, initial, buffers)
  let parts = 0
  // Of the steps those that were accepted: what Adam's corrections of its young moments count.
  let updates = 0
  let plateau = schedule.name === 'plateau' ? plateauStart(schedule) : undefined

  const inputsWith = (statistics: DeviceArray) => ({
    ...views(layout.parameters, weights, prefix),
    ...views(layout.buffers, statistics, prefix),
  })
  return {
    layout,
    nameInputs: () => {
      for (const [i, { parameter }] of slots.entries()) if (parameter.node.kind === 'input') parameter.node.name = names[i]!
    },
    inputs: () => inputsWith(buffers),
    inputsOfPart: () => inputsWith(parts === 0 ? buffers : written),
    outputsOfPart: async () => {
      if (parts > 0) {
        more ??= await backend.allocate(length)
        spare ??= await backend.allocate(bufferLength)
      }
      return {
        ...views(layout.parameters, parts === 0 ? gradients : more!, 'gradient/'),
        ...views(layout.buffers, parts === 0 ? written : spare!, 'next/'),
      }
    },
    addPart: async () => {
      if (parts > 0) {
        await updater.add(gradients, more!)
        ;[written, spare] = [spare!, written]
      }
      parts++
    },
    discard: () => {
      parts = 0
    },
    apply: async (step, lossIsFinite) => {
      if (ranks) {
        await overRanks(ranks, gradients, layout.parameterCount, 'sum')
        // The same everywhere. Each rank's went on from part to part of its own: they follow the batches as closely as those of one process.
        await overRanks(ranks, written, layout.bufferCount, 'mean')
        parts *= ranks.size
      }
      const norm = (await updater.norm(gradients)) / parts
      const rate = learningRate(schedule, step, plateau)
      const accepted = lossIsFinite && Number.isFinite(norm)
      if (accepted) {
        await updater.update(updated, gradients, { update: updates++, learningRate: rate, norm, parts })
        ;[buffers, written] = [written, buffers]
      }
      parts = 0
      return { norm, learningRate: rate, accepted }
    },
    observe: (score) => {
      if (schedule.name !== 'plateau' || !plateau) {
        throw new Error(
          `observe: the schedule "${schedule.name ?? 'warmup-stable-decay'}" watches no score; that of the name "plateau" does`,
        )
      }
      plateau = plateauObserve(schedule, plateau, score)
    },
    watches: schedule.name === 'plateau',
    weights,
    average,
    get buffers() {
      return buffers
    },
    snapshot: async () => {
      const arrays = new Map<string, Float32Array>([[`${prefix}updates`, Float32Array.of(updates)]])
      if (plateau) arrays.set(`${prefix}schedule`, plateauValues(plateau))
      for (const [name, array] of Object.entries(state())) arrays.set(prefix + name, await array.read())
      return arrays
    },
    check: (arrays) => {
      for (const [name, { length: needed }] of Object.entries(state())) {
        const found = arrays.get(prefix + name)?.length
        if (found !== needed) {
          throw new RangeError(
            `checkpoint: "${prefix}${name}" has ${found ?? 'no'} values, the model and its optimiser (${optimizer.name}) need ${needed}; it belongs to others`,
          )
        }
      }
    },
    restore: async (arrays, step) => {
      for (const [name, array] of Object.entries(state())) await array.write(arrays.get(prefix + name)!)
      // Checkpoints of before 2026-11-21 have no count.
      updates = arrays.get(`${prefix}updates`)?.[0] ?? step
      const seen = arrays.get(`${prefix}schedule`)
      if (schedule.name === 'plateau') plateau = seen ? plateauFrom(seen) : plateauStart(schedule)
      parts = 0
    },
    dispose: async () => {
      await updater.dispose()
      for (const array of [gradients, written, spare, more, ...Object.values(state())]) await array?.free()
    },
  }
}
