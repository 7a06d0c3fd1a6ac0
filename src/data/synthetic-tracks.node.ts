/** Synthetic songs as tracks beside the recordings, or instead of them: made once by seed in a worker thread, kept in the cache. */
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CachedTrack } from './cache.node.ts'
import { readFacts } from './pcm.node.ts'
import { type PartJob, startSynthesiser } from './synthesiser.node.ts'
import { SINGER_NAMES, type SingerName } from './synthetic/index.ts'
import { type Split, SYNTHETIC_SOURCE } from './tracks.ts'

/** Changes whenever the synthesiser sings or plays otherwise. */
export const SYNTHETIC_VERSION = 2

/** Singers whose songs are for validation. */
export const HELD_OUT_SINGERS: readonly SingerName[] = ['tenor', 'mezzo']

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
  const jobs = Array.from({ length: 2 * songs }, (_, index): PartJob => {
    const song = index >> 1
    const kind = index % 2 === 0 ? 'vocals' : 'instrumental'
    return {
      base: join(folder, `synthetic-${seed}-${song}-${kind}-${seconds}s-${rate}-v${SYNTHETIC_VERSION}`),
      kind,
      // Voice and band of one number would share their tune; here they are meant to meet others.
      seed: seed + 2 * song + (kind === 'vocals' ? 0 : 1),
      seconds,
      rate,
      singer: SINGER_NAMES[song % SINGER_NAMES.length]!,
    }
  })
  const synthesiser = startSynthesiser(signal)
  try {
    const tracks: CachedTrack[] = []
    for (const [index, job] of jobs.entries()) {
      signal?.throwIfAborted()
      const facts = (await readFacts(job.base, rate)) ?? (await synthesiser.render(job))[0]!
      const song = index >> 1
      const split: Split = HELD_OUT_SINGERS.includes(job.singer) ? 'valid' : 'train'
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
    await synthesiser.close()
  }
}
