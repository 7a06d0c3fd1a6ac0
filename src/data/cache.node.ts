/** The decoded recordings: every file once as samples at the training rate, in a folder keyed by content, so that a crop is one read. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createResampler, openAudio } from '../audio/index.ts'
import type { LocatedEntry } from './catalogue.node.ts'
import { createPcmWriter, type Facts, readFacts, readPcm, removeAbandoned } from './pcm.node.ts'
import type { Track, TrackReader } from './tracks.ts'

/** Changes whenever the bytes of the cache would. */
const VERSION = 1

/** A track of the cache, with the file that has its samples. */
export interface CachedTrack extends Track {
  readonly file: string
  readonly rms: number
  readonly peak: number
}

export interface CacheOptions {
  /** Samples per second of the cached audio. */
  readonly rate?: number
  /** Whether recordings may be silent throughout, as stems of a song are whose instrument never plays; false by default. */
  readonly silent?: boolean
  readonly signal?: AbortSignal
  /** Called after each file, with the number of files ready and of all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Decodes what is not in the cache yet and gives the tracks. Interrupted, it goes on with the next file at the next call, which also
 * removes what a killed process left half written more than an hour ago.
 *
 * @throws Error that lists every file that cannot be used and why.
 */
export async function prepareCache(entries: readonly LocatedEntry[], folder: string, options: CacheOptions = {}): Promise<CachedTrack[]> {
  const { rate = 44100, silent = false, signal, onProgress } = options
  await mkdir(folder, { recursive: true })
  await removeAbandoned(folder)
  const tracks: CachedTrack[] = []
  const problems: string[] = []
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted()
    // What may be silent has a name of its own: it must not pass for what may not.
    const base = join(folder, `${entry.sha256}-${rate}${silent ? '-stem' : ''}-v${VERSION}`)
    try {
      const facts = (await readFacts(base, rate)) ?? (await decodeTo(base, entry.path, rate, { signal, silent }))
      tracks.push({
        id: entry.sha256,
        kind: entry.kind,
        split: entry.split,
        group: entry.group,
        name: entry.name,
        file: `${base}.pcm`,
        ...facts,
        envelope: Float32Array.from(facts.envelope),
      })
    } catch (error) {
      signal?.throwIfAborted()
      problems.push(`  ${error instanceof Error ? error.message : String(error)}`)
    }
    onProgress?.(index + 1, entries.length)
  }
  if (problems.length > 0)
    throw new Error(
      `${problems.length} of ${entries.length} recordings cannot be used:\n${problems.join('\n')}\nRepair or replace them, or take them off the file list.`,
    )
  return tracks
}

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether it may be silent throughout; false by default. */
  readonly silent?: boolean
}

/**
 * Decodes a file to samples of that rate.
 *
 * @throws Error that names the file, for sound of more than two channels, without samples, silent, or not finite
 */
export async function decodeTo(base: string, path: string, rate: number, { signal, silent = false }: DecodeOptions = {}): Promise<Facts> {
  const stream = await openAudio(path, signal ? { signal } : {})
  try {
    const { channels, sampleRate } = stream.info
    if (channels !== 1 && channels !== 2) throw new Error(`${path}: has ${channels} channels; training takes mono and stereo only`)
    const writer = await createPcmWriter(base, channels, rate)
    try {
      if (sampleRate === rate) for await (const block of stream.blocks) await writer.write(block)
      else {
        const resampler = createResampler({ from: sampleRate, to: rate, channels })
        for await (const block of stream.blocks) await writer.write(resampler.process(block))
        await writer.write(resampler.flush())
      }
      return await writer.finish(path, { silent })
    } catch (error) {
      await writer.discard()
      throw error
    }
  } finally {
    await stream.close()
  }
}

/** Reads crops of cached tracks. */
export function createCacheReader(): TrackReader<CachedTrack> {
  return (track, start, frames) => {
    if (!(start >= 0 && start + frames <= track.frames))
      throw new RangeError(`${track.name}: samples ${start} to ${start + frames} asked, it has ${track.frames}`)
    return readPcm(track.file, track.channels, start, frames)
  }
}
