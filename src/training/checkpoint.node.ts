/** Checkpoints: everything a run needs to go on as if it had not stopped, in one safetensors file that appears whole or not at all. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readSafetensors, writeSafetensors } from '../formats/index.ts'

export interface Checkpoint {
  /** Flat arrays by name: weights, first, second, average, buffers. */
  readonly arrays: ReadonlyMap<string, Float32Array>
  readonly facts: CheckpointFacts
}

export interface CheckpointFacts {
  /** Updates done. */
  readonly step: number
  /** Digest of everything that must be equal for an exact resume: recipe, files, layout of the model. */
  readonly identity: string
  /** What computed it: bit-identical continuation is promised only for the same. */
  readonly engine: string
  readonly bestScore: number | null
  readonly seconds: number
}

/** Writes beside the target, flushes, renames. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
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
  const { tensors, metadata } = readSafetensors(bytes)
  if (!metadata.divisi) throw new RangeError(`${path}: is no checkpoint of divisi; move it away or give another run folder`)
  return { arrays: new Map([...tensors].map(([name, { data }]) => [name, data])), facts: JSON.parse(metadata.divisi) as CheckpointFacts }
}
