/** The synthesiser in a thread of its own: renders songs into the cache, one after the other. */
import { startWorker } from '../runtime/worker-thread.node.ts'
import type { Facts } from './pcm.node.ts'
import type { Players, SingerName } from './synthetic/index.ts'

/** A voice or a band alone: one file, mono where both channels are equal. */
export interface PartJob {
  readonly kind: 'vocals' | 'instrumental'
  /** The file without its ending. */
  readonly base: string
  readonly seed: number
  readonly seconds: number
  readonly rate: number
  readonly singer: SingerName
}

/** All stems of a song, each in the file of its base. */
export interface SongJob {
  readonly kind: 'song'
  readonly bases: Readonly<Record<SongStem, string>>
  readonly seed: number
  readonly seconds: number
  /** Samples per second, 8000 at least. */
  readonly rate: number
  readonly channels: 1 | 2
  readonly singer: SingerName
  readonly players: Players
}

/** What a song consists of. */
export const songStems = ['vocals', 'drums', 'bass', 'chords', 'lead'] as const
export type SongStem = (typeof songStems)[number]

export type SynthesiserJob = PartJob | SongJob
/** Facts of the files, in their order. */
export type SynthesiserReply = { readonly facts: readonly Facts[] } | { readonly error: string }

export interface Synthesiser {
  /** Renders a job; one at a time. */
  render(job: SynthesiserJob): Promise<readonly Facts[]>
  close(): Promise<void>
}

/** Starts the thread; when the signal is aborted, what it is at rejects. */
export function startSynthesiser(signal?: AbortSignal): Synthesiser {
  const worker = startWorker(import.meta.url, './synthetic.worker.node', { name: 'divisi synthesiser' })
  return {
    render: (job) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(signal!.reason as Error)
        signal?.addEventListener('abort', stop, { once: true })
        worker.once('error', reject)
        worker.once('message', (reply: SynthesiserReply) => {
          signal?.removeEventListener('abort', stop)
          worker.off('error', reject)
          if ('error' in reply) reject(new Error(`the synthesiser failed on seed ${job.seed}: ${reply.error}`))
          else resolve(reply.facts)
        })
        worker.postMessage(job)
      }),
    close: async () => {
      await worker.terminate()
    },
  }
}
