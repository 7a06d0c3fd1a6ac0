/** What is known of an interrupted song beside the log of its windows: how much of each stem is written, and what was found out about the song. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../formats/write-whole.node.ts'
import type { SongFacts } from '../../models/index.ts'
import type { OversState } from '../overs.node.ts'

export interface Checkpoint {
  /** Frames of each staged file that are finished, and on the disk. */
  readonly frames: number
  /** The first window that is still needed for what follows them. */
  readonly firstWindow: number
  /** By stem. */
  readonly overs: Readonly<Record<string, OversState>>
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

const checkpointOf = (folder: string): string => join(folder, 'checkpoint.json')
const factsOf = (folder: string): string => join(folder, 'facts.json')

export function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  return readJson(checkpointOf(folder))
}

export function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  return writeWhole(checkpointOf(folder), JSON.stringify(checkpoint))
}

/** Facts as base64 of their bytes, which keeps every bit of them. */
export async function readFacts(folder: string): Promise<SongFacts | undefined> {
  const found = await readJson<Record<string, string>>(factsOf(folder))
  if (!found) return undefined
  const values = (text: string): Float32Array => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer)
  return Object.fromEntries(Object.entries(found).map(([name, text]) => [name, values(text)]))
}

export function writeFacts(folder: string, facts: SongFacts): Promise<void> {
  const text = ({ buffer, byteOffset, byteLength }: Float32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  return writeWhole(factsOf(folder), JSON.stringify(Object.fromEntries(Object.entries(facts).map(([name, each]) => [name, text(each)]))))
}
