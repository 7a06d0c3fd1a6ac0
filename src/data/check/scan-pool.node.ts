/** Threads that measure files, several at a time. */
import { startTeam, type Team } from '../worker-team.node.ts'
import type { Excerpt } from './excerpts.ts'
import type { Landmarks } from './landmarks.ts'
import type { Scan } from './scan.ts'

export interface ScannedFile {
  /** Name of the container or codec. */
  readonly format: string
  readonly scan: Scan
  readonly landmarks: Landmarks
  readonly excerpts: readonly Excerpt[]
}

/** Why there is no measurement. */
export interface ScanFault {
  readonly fault: string
  /** Where in the sound, if within it. */
  readonly seconds?: number
}

export type Scanned = ScannedFile | ScanFault

export interface ScanPool {
  scan(path: string): Promise<Scanned>
  close(): Promise<void>
}

/** Starts threads with the first file; each takes the next file when it has done one. */
export function createScanPool(threads: number): ScanPool {
  let team: Team<string, Scanned> | undefined
  const free = Array.from({ length: threads }, (_, member) => member)
  const waiting: ((member: number) => void)[] = []
  let closed = false
  return {
    async scan(path) {
      const member = free.pop() ?? (await new Promise<number>((resolve) => waiting.push(resolve)))
      try {
        if (closed) throw new Error('the check is over')
        team ??= startTeam(import.meta.url, './scan.worker.node', { workers: threads, workerData: undefined, name: 'divisi check' })
        return await team.ask(member, path)
      } finally {
        const next = waiting.shift()
        if (next) next(member)
        else free.push(member)
      }
    },
    async close() {
      closed = true
      await team?.close()
    },
  }
}
