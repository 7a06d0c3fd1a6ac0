/** Checkpoints: everything a run needs to go on as if it had not stopped, in one safetensors file that appears whole or not at all. */
import { readFile } from 'node:fs/promises'
import { writeWhole } from '../data/index.ts'
import { readSafetensors, writeSafetensors } from '../formats/index.ts'
import type { Schedule } from './schedule.ts'

export interface Checkpoint {
  /** Flat arrays by name: weights, first, second, average, buffers, and the number of updates; those of a rival begin with `rival/`. */
  readonly arrays: ReadonlyMap<string, Float32Array>
  readonly facts: CheckpointFacts
}

export interface CheckpointFacts {
  /** Steps done. */
  readonly step: number
  /** Digest of everything that must be equal for an exact resume, see identityOf. */
  readonly identity: string
  /** What computed it, in order: bit-identical continuation is promised only for the last one. */
  readonly engines: readonly string[]
  /** Learning rates up to here. */
  readonly schedule: Schedule
  readonly bestScore: number | null
  /** Validations since the best one; checkpoints of before 2026-11-21 do not say. */
  readonly sinceBest?: number
  /** Loss of the first step. */
  readonly firstLoss?: number
  readonly seconds: number
  /** Steps in a row, up to here, whose numbers were not finite. */
  readonly rejected: number
  /** How often weights were set back so far. */
  readonly restores?: number
  /** Digest of the recipe, by which a stage that is done is known without opening its data. */
  readonly recipe?: string
  /** Digest of the weights that the run started from, where it was given some. */
  readonly startedFrom?: string
  /** Whether all is done that follows the last step. */
  readonly finished?: boolean
}

export async function saveCheckpoint(path: string, { arrays, facts }: Checkpoint): Promise<void> {
  const tensors = new Map([...arrays].map(([name, data]) => [name, { shape: [data.length], data }] as const))
  await writeWhole(path, writeSafetensors({ tensors, metadata: { divisi: JSON.stringify(facts) } }))
}

/** Undefined where there is none. */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { tensors, metadata } = readSafetensors(bytes)
    if (!metadata.divisi) throw new RangeError('it is no checkpoint of divisi')
    return { arrays: new Map([...tensors].map(([name, { data }]) => [name, data])), facts: JSON.parse(metadata.divisi) as CheckpointFacts }
  } catch (error) {
    throw new RangeError(`${path}: ${(error as Error).message}; move it away or give another run folder`)
  }
}
