/** Where a run's weights come from when it does not begin afresh: a file of weights, or the stage before. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, type StoredTensor } from '../formats/index.ts'
import { readModelAt, readPytorchFile } from '../models/index.ts'
import { layoutOf, type Slot } from '../nn/index.ts'
import { commonValues, type HandOver, type Learned, type Task } from '../tasks/index.ts'
import { loadCheckpoint } from './checkpoint.node.ts'
import type { Stage } from './recipe.node.ts'

/** What there is to start from. */
export interface Start {
  readonly learned: Learned
  /** For people: the file. */
  readonly source: string
  /** Of all values. */
  readonly digest: string
}

function digestOf({ network, rival = new Map() }: Learned): string {
  const hash = createHash('sha256')
  for (const [name, { shape, data }] of [...network, ...rival]) {
    hash.update(JSON.stringify([name, shape]))
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}

const startOf = (learned: Learned, source: string): Start => ({ learned, source, digest: digestOf(learned) })

async function tensorsOf(file: string): Promise<ReadonlyMap<string, StoredTensor>> {
  if (!file.endsWith('.safetensors')) return readPytorchFile(file).tensors
  const bytes = await readFile(file)
  try {
    return readSafetensors(bytes).tensors
  } catch (error) {
    throw new RangeError(`${file}: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * The weights in a file that a recipe names: a model file, a state dict in safetensors, or one of PyTorch's.
 *
 * @throws Error for files that are not there or hold no weights
 */
export async function readInitialWeights(file: string): Promise<Start> {
  const tensors = await tensorsOf(file).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`initialWeights: ${file}: there is no such file`, { cause: error }) : error
  })
  if (tensors.has('weights') && tensors.has('updates'))
    throw new RangeError(
      `initialWeights: ${file} is the checkpoint of a run; give the model beside it, best.safetensors or model.safetensors`,
    )
  return startOf({ network: tensors }, file)
}

const stored = (slots: readonly Slot[], flat: Float32Array) =>
  slots.map(({ name, offset, size, parameter: { shape } }) => [name, { shape, data: flat.slice(offset, offset + size) }] as const)

/**
 * What a stage that is done has learned.
 *
 * @param from which of its weights; where it has no best ones, for no validation gave a score, those of its end are
 */
export async function readStage(folder: string, from: Stage['startFrom']): Promise<Start> {
  const rival = await tensorsOf(join(folder, 'rival.safetensors')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const both = (network: ReadonlyMap<string, StoredTensor>): Learned => ({ network, ...(rival ? { rival } : {}) })
  const [best, end] = [join(folder, 'best.safetensors'), join(folder, 'model.safetensors')]
  if (from === 'best') {
    try {
      return startOf(both(await tensorsOf(best)), best)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  if (from !== 'last') return startOf(both(await tensorsOf(end)), end)
  const { network } = await readModelAt(end)
  const last = join(folder, 'last.safetensors')
  const checkpoint = await loadCheckpoint(last)
  if (!checkpoint) throw new Error(`${last}: there is no such file; the stage before is to leave one`)
  const { parameters, buffers } = layoutOf(network)
  const { arrays } = checkpoint
  return startOf(both(new Map([...stored(parameters, arrays.get('weights')!), ...stored(buffers, arrays.get('buffers')!)])), last)
}

/** A few names, and how many more there are. */
function some(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

/**
 * What a task's networks take of it, and what a reader of the log should know of that.
 *
 * @throws RangeError where there is nothing that they could take
 */
export function takeOver(task: Task, { learned, source }: Start): { values: HandOver; notes: string[] } {
  const common = commonValues(task.network, learned.network)
  const values: HandOver = task.handOver?.(learned) ?? {
    network: common.values,
    ...(task.rival && learned.rival ? { rival: commonValues(task.rival.network, learned.rival).values } : {}),
  }
  if (values.network.size === 0)
    throw new RangeError(
      `${source}: has no value of a name and shape that ${task.network.type} has; its names are ${some([...learned.network.keys()])}, those of the network ${some(common.fresh)}`,
    )
  const { parameters, buffers } = layoutOf(task.network)
  const fresh = [...parameters, ...buffers].map(({ name }) => name).filter((name) => !values.network.has(name))
  const left = [...learned.network.keys()].filter((name) => !values.network.has(name))
  const taken = `starts from ${source}: ${values.network.size} of ${parameters.length + buffers.length} arrays`
  const second = values.rival && task.rival ? `, and ${values.rival.size} of the second network` : ''
  const notes = [`${taken}${second}`]
  if (fresh.length > 0) notes.push(`these start fresh: ${some(fresh)}`)
  if (left.length > 0) notes.push(`these of the file are not taken: ${some(left)}`)
  return { values, notes }
}
