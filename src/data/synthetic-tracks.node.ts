/** Synthetic songs as tracks beside the recordings, or instead of them: made once by seed in a worker thread, kept in the cache. */
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { startWorker } from '../runtime/worker-thread.node.ts'
import type { CachedTrack } from './cache.node.ts'
import { type Facts, readFacts } from './pcm.node.ts'
import { SINGER_NAMES, type SingerName } from './synthetic/index.ts'
import { type Split, SYNTHETIC_SOURCE } from './tracks.ts'

/** Changes whenever the synthesiser sings or plays otherwise. */
const VERSION = 2

/** Singers whose songs are for validation. */
const HELD_OUT: readonly SingerName[] = ['tenor', 'mezzo']

export interface SyntheticOptions {
  /** Number of vocal tracks, and of instrumental ones. */
  readonly songs: number
  /** Length of each. */
  readonly seconds?: number
  readonly seed?: number
  /** Samples per second. */
  readonly rate?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface SyntheticJob {
  readonly base: string
  readonly kind: 'vocals' | 'instrumental'
  readonly seed: number
  readonly seconds: number
  readonly rate: number
  readonly singer: SingerName
}

export type SyntheticReply = { readonly facts: Facts } | { readonly error: string }

/**
 * Sung lines and instrumentals of the project's synthesiser in the cache folder. The songs of two singers are held out for
 * validation.
 *
 * @example
 * const tracks = await makeSyntheticTracks('cache', { songs: 200 })
 */
export async function makeSyntheticTracks(folder: string, options: SyntheticOptions): Promise<CachedTrack[]> {
  const { songs, seconds = 30, seed = 0, rate = 44100, signal, onProgress } = options
  if (!Number.isSafeInteger(songs) || songs < SINGER_NAMES.length)
    throw new RangeError(`makeSyntheticTracks: songs must be at least ${SINGER_NAMES.length} (one per singer), got ${songs}`)
  await mkdir(folder, { recursive: true })
  const jobs = Array.from({ length: 2 * songs }, (_, index): SyntheticJob => {
    const song = index >> 1
    const kind = index % 2 === 0 ? 'vocals' : 'instrumental'
    return {
      base: join(folder, `synthetic-${seed}-${song}-${kind}-${seconds}s-${rate}-v${VERSION}`),
      kind,
      // Voice and band of one number would share their tune; here they are meant to meet others.
      seed: seed + 2 * song + (kind === 'vocals' ? 0 : 1),
      seconds,
      rate,
      singer: SINGER_NAMES[song % SINGER_NAMES.length]!,
    }
  })
  const worker = startWorker(import.meta.url, './synthetic.worker.node', { name: 'divisi synthesiser' })
  const make = (job: SyntheticJob): Promise<Facts> =>
    new Promise((resolve, reject) => {
      const stop = (): void => reject(signal!.reason as Error)
      signal?.addEventListener('abort', stop, { once: true })
      worker.once('error', reject)
      worker.once('message', (reply: SyntheticReply) => {
        signal?.removeEventListener('abort', stop)
        worker.off('error', reject)
        if ('error' in reply) reject(new Error(`the synthesiser failed on seed ${job.seed}: ${reply.error}`))
        else resolve(reply.facts)
      })
      worker.postMessage(job)
    })
  try {
    const tracks: CachedTrack[] = []
    for (const [index, job] of jobs.entries()) {
      signal?.throwIfAborted()
      const facts = (await readFacts(job.base, rate)) ?? (await make(job))
      const song = index >> 1
      const split: Split = HELD_OUT.includes(job.singer) ? 'valid' : 'train'
      tracks.push({
        id: basename(job.base),
        kind: job.kind,
        split,
        group: `${SYNTHETIC_SOURCE}/${job.kind === 'vocals' ? job.singer : `band-${song}`}`,
        name: `synthetic song ${song} (${job.kind})`,
        file: `${job.base}.pcm`,
        ...facts,
        envelope: Float32Array.from(facts.envelope),
      })
      onProgress?.(index + 1, jobs.length)
    }
    return tracks
  } finally {
    await worker.terminate()
  }
}
