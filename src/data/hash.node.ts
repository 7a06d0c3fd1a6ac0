/** SHA-256 of files, read as streams, remembered by (path, size, time of change) so that a second start is fast. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { writeWhole } from '../formats/write-whole.node.ts'

export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

interface Remembered {
  readonly size: number
  readonly mtimeMs: number
  readonly sha256: string
}

export interface HashMemory {
  /** The file's SHA-256, from memory where size and time of change are the same as then. */
  sha256(path: string, signal?: AbortSignal): Promise<string>
  /** Writes what was learnt (temporary file, then rename). */
  save(): Promise<void>
}

/** @param file where the hashes are kept (JSON); a missing or damaged one is started anew. Without it nothing is remembered. */
export async function openHashMemory(file: string | undefined): Promise<HashMemory> {
  const known = new Map<string, Remembered>(file === undefined ? [] : await load(file))
  let changed = false
  return {
    async sha256(path, signal) {
      const key = resolve(path)
      const { size, mtimeMs } = await stat(key)
      const seen = known.get(key)
      if (seen && seen.size === size && seen.mtimeMs === mtimeMs) return seen.sha256
      const sha256 = await sha256File(key, signal)
      known.set(key, { size, mtimeMs, sha256 })
      changed = true
      return sha256
    },
    async save() {
      if (file === undefined || !changed) return
      await mkdir(dirname(file), { recursive: true })
      await writeJson(file, [...known])
      changed = false
    },
  }
}

async function load(file: string): Promise<[string, Remembered][]> {
  try {
    const known: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Array.isArray(known) ? (known as [string, Remembered][]) : []
  } catch {
    return []
  }
}

/** Writes JSON, whole or not at all. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeWhole(file, JSON.stringify(value))
}
