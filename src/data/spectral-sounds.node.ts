/** Sounds as lists of spectral chunks: what a song's largest values are, found once and kept in the cache; and chunks read and transformed when asked for. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { frameCount } from '../dsp/index.ts'
import { largestOf } from '../dsp/plain-spectrogram.ts'
import { createRandom } from '../tensor/random.ts'
import { type FolderSound, readSound } from './folders.node.ts'
import { writeJson } from './hash.node.ts'
import type { SpectralChunk } from './spectral/mixing.ts'
import { createPlainTransform, type PlainTransform, samplesOf } from './spectral/transform.ts'
import type { ChunkList } from './spectral/voxaug.ts'
import { ENVELOPE_SECONDS } from './tracks.ts'

/** Changes whenever the numbers would. */
const VERSION = 1
/** Frames that are transformed at once. */
const BLOCK = 1024
/** Stretches of voices this far below the loudest of their recording are silence (−60 dB). */
const SILENT = 1e-3

/** The largest values of a sound's spectrum. */
export interface SpectralPeaks {
  readonly peak: number
  readonly rePeak: number
  readonly imPeak: number
}

export interface SpectralSound extends FolderSound {
  readonly peaks: SpectralPeaks
}

export interface SpectralFormat extends PlainTransform {
  readonly channels: 1 | 2
  /** Samples per second. */
  readonly rate: number
}

/** Mono twice for two channels, the mean of two for one. */
export function withChannels(sound: readonly Float32Array[], channels: 1 | 2): readonly Float32Array[] {
  if (sound.length === channels) return sound
  const [left, right] = sound as [Float32Array, Float32Array]
  return channels === 2 ? [left, left] : [left.map((x, i) => 0.5 * (x + right[i]!))]
}

/** Frames `start` to `start + frames` of a sound, centred, silence around it. */
function createReader({ channels, ...transform }: SpectralFormat) {
  const spectra = createPlainTransform(transform)
  return (sound: FolderSound, start: number, frames: number) => {
    const [first, length] = [start * transform.hopLength - transform.nFft / 2, samplesOf(frames, transform)]
    const [from, to] = [Math.max(0, first), Math.min(sound.frames, first + length)]
    const inside = to > from ? withChannels(readSound(sound, from, to - from), channels) : []
    return spectra(
      Array.from({ length: channels }, (_, c) => {
        const padded = new Float32Array(length)
        if (inside[c]) padded.set(inside[c], from - first)
        return padded
      }),
    )
  }
}

/**
 * Sounds with the largest values of their spectra.
 *
 * @param cacheFolder keeps them
 */
export async function measureSounds(
  sounds: readonly FolderSound[],
  cacheFolder: string,
  format: SpectralFormat,
  { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<SpectralSound[]> {
  const read = createReader(format)
  const measured: SpectralSound[] = []
  for (const [index, sound] of sounds.entries()) {
    signal?.throwIfAborted()
    const key = createHash('sha256')
      .update(JSON.stringify([sound.parts.map(({ id }) => id), format]))
      .digest('hex')
    const file = join(cacheFolder, `${key}-peaks-v${VERSION}.json`)
    let peaks: SpectralPeaks | undefined = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
    if (!peaks) {
      let [peak, rePeak, imPeak] = [0, 0, 0]
      const frames = frameCount(sound.frames, format.hopLength)
      for (let start = 0; start < frames; start += BLOCK) {
        const { re, im } = read(sound, start, Math.min(BLOCK, frames - start))
        peak = Math.sqrt(re.reduce((most, x, i) => Math.max(most, x * x + im[i]! * im[i]!), peak * peak))
        rePeak = Math.max(rePeak, largestOf(re))
        imPeak = Math.max(imPeak, largestOf(im))
        await setImmediate()
      }
      peaks = { peak, rePeak, imPeak }
      await writeJson(file, peaks)
    }
    measured.push({ ...sound, peaks })
    onProgress?.(index + 1, sounds.length)
  }
  return measured
}

/** Whether anything is heard in [start, start + samples) of a sound. */
function isHeard({ parts }: FolderSound, start: number, samples: number, rate: number): boolean {
  const step = ENVELOPE_SECONDS * rate
  return parts.some(({ envelope }) => {
    const least = SILENT * envelope.reduce((most, level) => Math.max(most, level), 0)
    return envelope.subarray(Math.floor(start / step), Math.ceil((start + samples) / step)).some((level) => level > least)
  })
}

export interface ChunkListOptions {
  /** Frames of a chunk; the last of a sound has what is left. */
  readonly chunkFrames: number
  /** Whether chunks in which nothing is heard are left out. */
  readonly heard?: boolean
  /** What normalises a song: its largest magnitude, or the peak of its waveform, which is far below, as the original's archives of voices have it. */
  readonly peakOf?: 'spectrum' | 'waveform'
}

/** Chunks of all sounds, in an order that is drawn once and is always the same. */
export function chunkList(
  sounds: readonly SpectralSound[],
  format: SpectralFormat,
  { chunkFrames, heard = false, peakOf = 'spectrum' }: ChunkListOptions,
): ChunkList {
  const { hopLength, rate } = format
  const places: { readonly sound: SpectralSound; readonly start: number; readonly frames: number }[] = []
  for (const sound of sounds) {
    const frames = frameCount(sound.frames, hopLength)
    for (let start = 0; start < frames; start += chunkFrames) {
      if (!heard || isHeard(sound, start * hopLength, chunkFrames * hopLength, rate))
        places.push({ sound, start, frames: Math.min(chunkFrames, frames - start) })
    }
  }
  const random = createRandom(0)
  for (let i = places.length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    ;[places[i], places[j]] = [places[j]!, places[i]!]
  }
  const read = createReader(format)
  return {
    count: places.length,
    read: (index): SpectralChunk => {
      const { sound, start, frames } = places[index]!
      const z = read(sound, start, frames)
      const peak = peakOf === 'spectrum' ? sound.peaks.peak : sound.parts.reduce((most, part) => Math.max(most, part.peak), 0)
      // A song of silence has no scale; 1 leaves it silence.
      return { ...z, peak: peak || 1, rePeak: sound.peaks.rePeak, imPeak: sound.peaks.imPeak }
    },
  }
}
