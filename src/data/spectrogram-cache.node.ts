/**
 * Spectrograms computed ahead of time: what a front-end makes of every cached recording, in a folder, keyed by the recording's content and all of
 * the front-end's options, so that another hop is another file. `<base>.f32` holds (channels, frames, features), `<base>.json` says how many.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createFrontEnd, type FrontEnd, frameCount } from '../dsp/index.ts'
import { type Backend, compile, type Program } from '../runtime/index.ts'
import { type CachedTrack, createCacheReader } from './cache.node.ts'
import { writeJson } from './hash.node.ts'
import { removeAbandoned } from './pcm.node.ts'
import type { TrackReader } from './tracks.ts'

/** Changes whenever front-ends compute otherwise. */
const VERSION = 1

/** Frames that are computed at once: long recordings need no more memory than short ones. */
const BLOCK = 256

interface Facts {
  readonly channels: 1 | 2
  readonly frames: number
  readonly features: number
}

/** What a front-end makes of a track, on disk. */
export interface CachedSpectrogram extends Facts {
  readonly track: CachedTrack
  readonly file: string
}

export interface SpectrogramCacheOptions {
  readonly frontEnd: FrontEnd
  readonly backend: Backend
  readonly signal?: AbortSignal
  /** Called after each track, with the number of tracks ready and of all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Computes what is not in the cache yet. Interrupted, it goes on with the next track at the next call.
 *
 * @throws RangeError where the front-end's sample rate is not that of the tracks, a track is shorter than a frame that is not centred, or levels
 * are relative to the loudest of a whole recording (topDb), of which blocks know nothing
 *
 * @example
 * const frontEnd = createFrontEnd({ sampleRate: 44100, nFft: 2048, hopLength: 1024, melBands: 128, compression: 'decibels' })
 * const spectrograms = await prepareSpectrograms(tracks, 'cache/mel', { frontEnd, backend: await createOnnxRuntimeBackend() })
 * const crop = readSpectrogram(spectrograms[0]!, 0, 100)
 */
export async function prepareSpectrograms(
  tracks: readonly CachedTrack[],
  folder: string,
  { frontEnd, backend, signal, onProgress }: SpectrogramCacheOptions,
): Promise<CachedSpectrogram[]> {
  checkFrontEnd(frontEnd, tracks)
  await mkdir(folder, { recursive: true })
  await removeAbandoned(folder)
  const key = keyOf(frontEnd)
  const programs = new Map<number, Program>()
  const read = createCacheReader()
  const spectrograms: CachedSpectrogram[] = []
  try {
    for (const [index, track] of tracks.entries()) {
      signal?.throwIfAborted()
      const base = join(folder, `${basename(track.file, '.pcm')}-${key}-v${VERSION}`)
      const expected = factsOf(frontEnd, track)
      if (!(await isReady(base, expected))) {
        let program = programs.get(track.channels)
        if (!program) {
          program = await compileBlock(frontEnd, track.channels, backend)
          programs.set(track.channels, program)
        }
        await computeTo(base, track, expected, { frontEnd, program, read, signal })
      }
      spectrograms.push({ track, file: `${base}.f32`, ...expected })
      onProgress?.(index + 1, tracks.length)
    }
  } finally {
    for (const program of programs.values()) await program.dispose()
  }
  return spectrograms
}

function checkFrontEnd(frontEnd: FrontEnd, tracks: readonly CachedTrack[]): void {
  const { sampleRate, nFft, center = true, topDb = Infinity, padMode } = frontEnd.options
  if (topDb !== Infinity)
    throw new RangeError(`front-end topDb: ${topDb}; spectrograms are computed in blocks, leave it away and apply it to what is read`)
  const least = !center ? nFft : padMode === 'reflect' ? nFft / 2 + 1 : 1
  for (const { file, frames, name } of tracks) {
    const rate = /-(\d+)-v\d+\.pcm$/.exec(file)?.[1]
    if (rate !== undefined && Number(rate) !== sampleRate)
      throw new RangeError(`front-end sampleRate: ${sampleRate} Hz; ${name} was decoded at ${rate} Hz, give one to both`)
    if (frames < least) throw new RangeError(`${name}: has ${frames} samples; the front-end needs ${least}`)
  }
}

/** Digest of all options, in an order of their own. */
function keyOf({ options }: FrontEnd): string {
  const { window, ...others } = options
  const values = window instanceof Float64Array ? Array.from(window) : window
  const sorted = Object.entries({ ...others, window: values }).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}

function factsOf({ options, features }: FrontEnd, { channels, frames }: CachedTrack): Facts {
  const { center = true, nFft, hopLength } = options
  return { channels, frames: frameCount(center ? frames : frames - nFft, hopLength), features }
}

async function isReady(base: string, { channels, frames, features }: Facts): Promise<boolean> {
  try {
    const found = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Facts
    const { size } = await stat(`${base}.f32`)
    return (
      found.channels === channels && found.frames === frames && found.features === features && size === 4 * channels * frames * features
    )
  } catch {
    return false
  }
}

/** A block's frames of what lies around them: padding is done outside. */
function compileBlock(frontEnd: FrontEnd, channels: number, backend: Backend): Promise<Program> {
  const { nFft, hopLength } = frontEnd.options
  const inner = createFrontEnd({ ...frontEnd.options, center: false, padMode: 'constant' })
  return compile(({ x }) => ({ y: inner.forward(x) }), { x: [channels, (BLOCK - 1) * hopLength + nFft] }, { backend })
}

/** The sample that is seen at a place in or around a track; -1 for silence. */
function seenAt(place: number, frames: number, mirror: boolean): number {
  if (place >= 0 && place < frames) return place
  const image = place < 0 ? -place : 2 * (frames - 1) - place
  return mirror && image >= 0 && image < frames ? image : -1
}

interface Work {
  readonly frontEnd: FrontEnd
  readonly program: Program
  readonly read: TrackReader<CachedTrack>
  readonly signal: AbortSignal | undefined
}

/** `size` samples of all channels, one channel after the other, from a place that may lie before the track. */
function surroundings(track: CachedTrack, start: number, size: number, { frontEnd, read }: Work): Float32Array {
  const mirror = frontEnd.options.padMode === 'reflect'
  const seen = Int32Array.from({ length: size }, (_, i) => seenAt(start + i, track.frames, mirror))
  const inside = seen.filter((place) => place >= 0)
  const block = new Float32Array(track.channels * size)
  if (inside.length === 0) return block
  const first = inside.reduce((a, b) => Math.min(a, b))
  const last = inside.reduce((a, b) => Math.max(a, b))
  for (const [c, samples] of read(track, first, last + 1 - first).entries()) {
    for (let i = 0; i < size; i++) if (seen[i]! >= 0) block[c * size + i] = samples[seen[i]! - first]!
  }
  return block
}

/** Computes block by block under a temporary name. */
async function computeTo(base: string, track: CachedTrack, facts: Facts, work: Work): Promise<void> {
  const { nFft, hopLength, center = true } = work.frontEnd.options
  const { channels, frames, features } = facts
  const temporary = `${base}.${process.pid}.tmp`
  const handle = await open(temporary, 'w')
  try {
    for (let frame = 0; frame < frames; frame += BLOCK) {
      work.signal?.throwIfAborted()
      const start = frame * hopLength - (center ? nFft / 2 : 0)
      const x = surroundings(track, start, (BLOCK - 1) * hopLength + nFft, work)
      const { y } = await work.program.run({ x })
      const count = Math.min(BLOCK, frames - frame)
      for (let c = 0; c < channels; c++) {
        const part = Float32Array.from((y as Float32Array).subarray(c * BLOCK * features, (c * BLOCK + count) * features))
        await writeAll(handle, new Uint8Array(part.buffer), 4 * (c * frames + frame) * features)
      }
    }
    await handle.close()
    await rename(temporary, `${base}.f32`)
    await writeJson(`${base}.json`, facts)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(temporary, { force: true })
    throw error
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
}

/**
 * Frames of a cached spectrogram: (channels, frames, features) in row-major order, one read per channel.
 *
 * @throws RangeError for frames that it does not have; Error where its file is gone or too short
 */
export function readSpectrogram(
  { file, channels, frames, features, track }: CachedSpectrogram,
  start: number,
  count: number,
): Float32Array {
  if (!(Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 1 && start + count <= frames))
    throw new RangeError(`${track.name}: frames ${start} to ${start + count} asked, it has ${frames}`)
  const values = new Float32Array(channels * count * features)
  const descriptor = openSync(file, 'r')
  try {
    for (let c = 0; c < channels; c++) {
      const bytes = new Uint8Array(values.buffer, 4 * c * count * features, 4 * count * features)
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(descriptor, bytes, at, bytes.length - at, 4 * (c * frames + start) * features + at)
        if (read === 0) throw new Error(`${file}: ends too early; delete it, and the next start makes it again`)
        at += read
      }
    }
  } finally {
    closeSync(descriptor)
  }
  return values
}
