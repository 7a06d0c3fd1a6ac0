/**
 * The decoded recordings: every file once as 16-bit samples at the training rate, in a folder keyed by content, so that a crop
 * is one positional read. Half of full scale is left as headroom, because lossy decoders overshoot ±1.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createResampler, openAudio } from '../audio/index.ts'
import type { LocatedEntry } from './catalogue.node.ts'
import { writeJson } from './hash.node.ts'
import { ENVELOPE_SECONDS, type Track, type TrackReader } from './tracks.ts'

/** Changes whenever the bytes of the cache would. */
const VERSION = 1
const SCALE = 16384

/** What stands beside the samples of a file. */
interface Facts {
  readonly channels: 1 | 2
  readonly frames: number
  readonly rms: number
  readonly peak: number
  readonly envelope: readonly number[]
}

/** A track of the cache, with the file that has its samples: interleaved int16, 16384 = full scale. */
export interface CachedTrack extends Track {
  readonly file: string
  readonly rms: number
  readonly peak: number
}

export interface CacheOptions {
  /** Samples per second of the cached audio. */
  readonly rate?: number
  readonly signal?: AbortSignal
  /** Called after each file, with the number of files ready and of all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Decodes what is not in the cache yet and gives the tracks. Interrupted, it goes on with the next file at the next call.
 *
 * @throws Error that lists every file that cannot be used and why.
 */
export async function prepareCache(entries: readonly LocatedEntry[], folder: string, options: CacheOptions = {}): Promise<CachedTrack[]> {
  const { rate = 44100, signal, onProgress } = options
  await mkdir(folder, { recursive: true })
  const tracks: CachedTrack[] = []
  const problems: string[] = []
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted()
    const base = join(folder, `${entry.sha256}-${rate}-v${VERSION}`)
    try {
      const facts = (await readFacts(base)) ?? (await decodeTo(base, entry.path, rate, signal))
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

/** The facts of a finished file; undefined where it is not there in full. */
async function readFacts(base: string): Promise<Facts | undefined> {
  try {
    const facts = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Facts
    const { size } = await stat(`${base}.pcm`)
    return size === facts.frames * facts.channels * 2 ? facts : undefined
  } catch {
    return undefined
  }
}

async function decodeTo(base: string, path: string, rate: number, signal: AbortSignal | undefined): Promise<Facts> {
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
      return await writer.finish(path)
    } catch (error) {
      await writer.discard()
      throw error
    }
  } finally {
    await stream.close()
  }
}

/** Writes samples and their facts under temporary names until all is there. */
async function createPcmWriter(base: string, channels: 1 | 2, rate: number) {
  const temporary = `${base}.${process.pid}.tmp`
  const handle = await open(temporary, 'w')
  const step = ENVELOPE_SECONDS * rate * channels
  const envelope: number[] = []
  let samples = 0
  let power = 0
  let stepPower = 0
  let stepSamples = 0
  let peak = 0
  return {
    async write(block: readonly (Float32Array | Float64Array)[]): Promise<void> {
      const frames = block[0]!.length
      const out = new Int16Array(frames * channels)
      for (let i = 0; i < frames; i++)
        for (let c = 0; c < channels; c++) {
          const x = block[c]![i]!
          const a = Math.abs(x)
          if (a > peak) peak = a
          out[i * channels + c] = Math.max(-32768, Math.min(32767, Math.round(x * SCALE)))
          stepPower += x * x
          if (++stepSamples === step) {
            envelope.push(Math.sqrt(stepPower / step))
            power += stepPower
            stepPower = 0
            stepSamples = 0
          }
        }
      samples += out.length
      const bytes = new Uint8Array(out.buffer)
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
    },
    async finish(path: string): Promise<Facts> {
      power += stepPower
      if (stepSamples > 0) envelope.push(Math.sqrt(stepPower / stepSamples))
      if (!(peak > 1e-4)) throw new Error(`${path}: is ${samples === 0 ? 'empty' : 'silent'}`)
      if (!Number.isFinite(peak)) throw new Error(`${path}: has samples that are not numbers`)
      await handle.close()
      const digits = (x: number): number => Number(x.toPrecision(5))
      const facts: Facts = {
        channels,
        frames: samples / channels,
        rms: digits(Math.sqrt(power / samples)),
        peak: digits(peak),
        envelope: envelope.map(digits),
      }
      await rename(temporary, `${base}.pcm`)
      await writeJson(`${base}.json`, facts)
      return facts
    },
    async discard(): Promise<void> {
      await handle.close().catch(() => {})
      await rm(temporary, { force: true })
    },
  }
}

/** Reads crops of cached tracks. The track must carry its `file`. */
export function createCacheReader(): TrackReader {
  return (track, start, frames) => {
    const { file, channels } = track as CachedTrack
    if (!(start >= 0 && start + frames <= track.frames))
      throw new RangeError(`${track.name}: samples ${start} to ${start + frames} asked, it has ${track.frames}`)
    const raw = new Int16Array(frames * channels)
    const bytes = new Uint8Array(raw.buffer)
    const fd = openSync(file, 'r')
    try {
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(fd, bytes, at, bytes.length - at, start * channels * 2 + at)
        if (read === 0) throw new Error(`${file}: ends too early; delete it, and the next start makes it again`)
        at += read
      }
    } finally {
      closeSync(fd)
    }
    return Array.from({ length: channels }, (_, c) => {
      const samples = new Float32Array(frames)
      for (let i = 0, k = c; i < frames; i++, k += channels) samples[i] = raw[k]! * (1 / SCALE)
      return samples
    })
  }
}
