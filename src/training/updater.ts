/**
 * An update of all weights: gradients scaled down to a norm, an optimiser's rule, and a running average of the weights, as a program over chunks
 * of the flat arrays: one program whatever the model. New values go where the old ones were, which ONNX Runtime is not told. It is safe because every
 * operation here is element-wise and none reads an old value after its new one is made; a second set of arrays would be several times the size of
 * the model.
 */
import { type Backend, compile, type DeviceArray, type Program } from '../runtime/browser.ts'
import { add, matmul, mul, narrow, reshape, sub, sum, type Tensor } from '../tensor/index.ts'
import type { Optimizer } from './optimizers/optimizer.ts'

export interface UpdateOptions {
  /** Gradients are scaled down to this global norm. */
  readonly clipNorm: number
  /** Decay per update of the running average of the weights; without it there is no average. */
  readonly averageDecay?: number | undefined
}

/** Largest number of values one run of the update program takes; arrays are padded to a multiple. */
const chunk = 1 << 18

/** Length of the flat arrays of a model: its parameters, padded with zeros that stay zero. */
export function paddedLength(parameterCount: number): number {
  const unit = Math.min(chunk, Math.ceil(parameterCount / 64) * 64)
  return Math.ceil(parameterCount / unit) * unit
}

/** What an update replaces, in the order of checkpoints: the weights, the optimiser's state, the average. */
export function updatedArrays({ state }: Optimizer, averaged = true): readonly string[] {
  return ['weights', ...state, ...(averaged ? ['average'] : [])]
}

export interface UpdateSettings {
  /** Number of the update, counted from 0. */
  readonly update: number
  readonly learningRate: number
  /** That of the mean of the gradients. */
  readonly norm: number
  /** Of how many the gradients are the sum; 1 where left out. */
  readonly parts?: number
}

export interface Updater {
  /** Adds the gradients of another part to those of the parts before it. */
  add(sum: DeviceArray, part: DeviceArray): Promise<void>
  /** Global norm of gradients. */
  norm(gradients: DeviceArray): Promise<number>
  /** Turns the arrays of `updatedArrays` into those after an update. */
  update(arrays: Readonly<Record<string, DeviceArray>>, gradients: DeviceArray, settings: UpdateSettings): Promise<void>
  dispose(): Promise<void>
}

export async function createUpdater(backend: Backend, length: number, optimizer: Optimizer, options: UpdateOptions): Promise<Updater> {
  const size = Math.min(chunk, length)
  const averageDecay = options.averageDecay
  const names = updatedArrays(optimizer, averageDecay !== undefined)
  const settingsOf = ({ update, learningRate, norm, parts = 1 }: UpdateSettings) => ({
    scale: Math.min(1, options.clipNorm / (norm + 1e-6)) / parts,
    // Early on the average follows the weights, so that it does not remember their random start.
    ...(averageDecay === undefined ? {} : { averageDecay: Math.min(averageDecay, (1 + update) / (10 + update)) }),
    ...optimizer.settings(update, learningRate),
  })
  const settingNames = Object.keys(settingsOf({ update: 0, learningRate: 1, norm: 1 }))
  const updater: Program = await compile(
    ({ gradients, settings, average, ...arrays }) => {
      const scalars: Record<string, Tensor> = Object.fromEntries(settingNames.map((name, i) => [name, narrow(settings!, 0, i, i + 1)]))
      const { weights, ...state } = arrays as Record<string, Tensor>
      const next: Readonly<Record<string, Tensor>> = optimizer.rule(weights!, mul(gradients!, scalars.scale!), state, scalars)
      const smooth = (decay: Tensor) => add(mul(average!, decay), mul(next.weights!, sub(1, decay)))
      return Object.fromEntries(names.map((name) => [`next/${name}`, name === 'average' ? smooth(scalars.averageDecay!) : next[name]!]))
    },
    { ...Object.fromEntries(names.map((name) => [name, [size]])), gradients: [size], settings: [settingNames.length] } as Record<
      string,
      readonly number[]
    >,
    { backend },
  )
  // As products of rows with themselves the squares are never in memory.
  const row = length % 4096 === 0 ? 4096 : 64
  const normer = await compile(
    ({ gradients }) => ({ energy: sum(matmul(reshape(gradients, [-1, 1, row]), reshape(gradients, [-1, row, 1]))) }),
    { gradients: [length] },
    { backend },
  )
  // Most runs have one part per update, and nothing to add.
  let adder: Promise<Program> | undefined
  const loadAdder = () => compile(({ total, part }) => ({ next: add(total, part) }), { total: [size], part: [size] }, { backend })
  return {
    add: async (sum, part) => {
      adder ??= loadAdder()
      const program = await adder
      for (let offset = 0; offset < length; offset += size) {
        const [total, more] = [sum.view(offset, [size]), part.view(offset, [size])]
        await program.run({ total, part: more }, { into: { next: total } })
      }
    },
    norm: async (gradients) => Math.sqrt(Number((await normer.run({ gradients: gradients.view(0, [length]) })).energy![0])),
    update: async (arrays, gradients, given) => {
      const settings = Float32Array.from(Object.values(settingsOf(given)))
      for (let offset = 0; offset < length; offset += size) {
        const views = (prefix = '') => Object.fromEntries(names.map((name) => [prefix + name, arrays[name]!.view(offset, [size])]))
        await updater.run({ ...views(), gradients: gradients.view(offset, [size]), settings }, { into: views('next/') })
      }
    },
    dispose: async () => {
      await updater.dispose()
      await normer.dispose()
      await (await adder)?.dispose()
    },
  }
}
