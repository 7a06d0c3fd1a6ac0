/** Threads that measure files, several at a time. */
import type { Worker } from 'node:worker_threads'
import { startWorker } from '../../runtime/worker-thread.node.ts'
import type { Excerpt } from './excerpts.ts'
import type { Landmarks } from './landmarks.ts'
import type { Scan } from './scan.ts'

export interface ScanRequest {
  readonly path: string
}

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

export interface ScanReply {
  readonly result: ScannedFile | ScanFault
}

export interface ScanPool {
  scan(path: string): Promise<ScannedFile | ScanFault>
  close(): Promise<void>
}

interface Waiting {
  readonly path: string
  resolve(result: ScanReply['result']): void
  reject(error: Error): void
}

/** Starts threads when they are needed; a file for which none is free waits. */
export function createScanPool(threads: number): ScanPool {
  const team: Worker[] = []
  const free: Worker[] = []
  const queue: Waiting[] = []
  const busy = new Map<Worker, Waiting>()
  let failure: Error | undefined

  const fail = (error: Error): void => {
    failure ??= error
    for (const { reject } of [...busy.values(), ...queue]) reject(failure)
    busy.clear()
    queue.length = 0
  }
  const start = (): Worker => {
    const worker = startWorker(import.meta.url, './scan.worker.node', { name: `divisi check ${team.length}` })
    worker.on('message', ({ result }: ScanReply) => {
      const waiting = busy.get(worker)
      busy.delete(worker)
      free.push(worker)
      waiting?.resolve(result)
      next()
    })
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`a thread of the check ended with code ${code}`)))
    team.push(worker)
    return worker
  }
  const next = (): void => {
    while (queue.length > 0) {
      const worker = free.pop() ?? (team.length < threads ? start() : undefined)
      if (!worker) return
      const waiting = queue.shift()!
      busy.set(worker, waiting)
      worker.postMessage({ path: waiting.path } satisfies ScanRequest)
    }
  }
  return {
    scan: (path) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure)
        queue.push({ path, resolve, reject })
        next()
      }),
    async close() {
      fail(new Error('the check is over'))
      await Promise.all(team.map((worker) => worker.terminate()))
    },
  }
}
