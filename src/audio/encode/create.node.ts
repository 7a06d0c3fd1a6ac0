/** One way to write a sound file of any kind; it appears whole under its name, or not at all. */

import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { AudioError } from '../errors.ts'
import { createResampler } from '../resample.ts'
import { noTags, type SongTags } from '../tags/types.ts'
import type { AudioBlock, SampleFormat } from '../types.ts'
import { checkEncoding, storedRate, storedSampleFormat } from './formats.ts'
import { type AudioFormat, audioFormats, type CreateEncoder } from './types.ts'

export interface AudioWriterOptions {
  /** Default: by the ending of the file's name. */
  readonly format?: AudioFormat | undefined
  /** Of the blocks, in Hz. */
  readonly sampleRate: number
  readonly channels: number
  /** How WAV and FLAC store samples; default 16-bit integers. */
  readonly sampleFormat?: SampleFormat | undefined
  /** Bits per second over all channels, for MP3, Ogg Vorbis, Opus and AAC; default: one at which few people hear a difference. */
  readonly bitrate?: number | undefined
  readonly tags?: SongTags | undefined
}

export interface AudioWriter {
  /** The rate of the file: that of the blocks where the format has it; else blocks are resampled to this one. */
  readonly sampleRate: number
  /** Appends a block of `channels` arrays. Integers are round(x · 2^(bits − 1)), clamped: exact multiples of 2^(1 − bits) come back exactly. */
  write(block: AudioBlock): Promise<void>
  /** Completes the file and gives it its name. */
  finish(): Promise<void>
  /** Removes what was written; nothing is left. Does nothing once finished. */
  abort(): Promise<void>
}

/** An encoder is loaded with the first file that wants it: none of them costs a program that does not. */
const encoders: Readonly<Record<AudioFormat, () => Promise<CreateEncoder>>> = {
  wav: async () => (await import('./wav.node.ts')).createWavEncoder,
  flac: async () => (await import('./flac.node.ts')).createFlacEncoder,
  mp3: async () => (await import('./mp3.node.ts')).createMp3Encoder,
  ogg: async () => (await import('./vorbis.node.ts')).createVorbisEncoder,
  opus: async () => (await import('./opus.node.ts')).createOpusEncoder,
  m4a: async () => (await import('./m4a.node.ts')).createM4aEncoder,
}

/** Frames that an encoder is given at once: a block of a whole song must not be doubled in memory. */
const MOST_FRAMES = 16_384

function formatOf(path: string): AudioFormat {
  const ending = extname(path).slice(1).toLowerCase()
  const format = audioFormats.find((name) => name === ending)
  if (!format) throw new RangeError(`format: the name ${path} tells none; give one of ${audioFormats.join(', ')}`)
  return format
}

/**
 * Starts a sound file under a temporary name beside `path`; `finish` renames it over `path`. Memory does not grow with the sound.
 *
 * WAV and FLAC give back the very samples. The lossy formats give back the same number of samples without delay to decoders that heed what their headers
 * say: MP3 (LAME's tag), Ogg Vorbis, Opus (its rate is 48 kHz always) and AAC (the edit list; some decoders add up to 1023 samples of silence at the end).
 *
 * @throws RangeError for what the format cannot hold, AudioError where the file cannot be written
 * @example
 * const writer = await createAudioWriter('vocals.flac', { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 24 } })
 * await writer.write([new Float32Array(44100), new Float32Array(44100)])
 * await writer.finish()
 */
export async function createAudioWriter(path: string, options: AudioWriterOptions): Promise<AudioWriter> {
  const { format = formatOf(path), sampleRate, channels, bitrate, tags = noTags } = options
  const { sampleFormat = { kind: 'int', bits: 16 } } = options
  checkEncoding(format, { sampleRate, channels, sampleFormat, bitrate })
  const rate = storedRate(format, sampleRate)
  const resampler = rate === sampleRate ? undefined : createResampler({ from: sampleRate, to: rate, channels })
  const temporary = join(dirname(path), `.divisi-${randomUUID()}.part`)
  const create = await encoders[format]()
  const toAudioError = (error: unknown): AudioError => {
    if (error instanceof AudioError && error.path === path) return error
    const reason =
      error instanceof Error ? error.message.replace(`${temporary}: `, '').replace(/^cannot be written \((.*)\)$/, '$1') : String(error)
    return new AudioError(`cannot be written (${reason.replaceAll(temporary, path)})`, { path, cause: error })
  }
  let state: 'open' | 'finished' | 'aborted' = 'open'
  const encoder = await create(temporary, {
    sampleRate: rate,
    channels,
    sampleFormat: storedSampleFormat(format, sampleFormat),
    bitrate,
    tags,
  }).catch(async (error: unknown) => {
    await rm(temporary, { force: true })
    throw toAudioError(error)
  })
  let released: Promise<void> | undefined
  const release = (): Promise<void> => {
    released ??= encoder.release()
    return released
  }
  const abort = async (): Promise<void> => {
    if (state !== 'open') return
    state = 'aborted'
    await release().catch(() => {})
    await rm(temporary, { force: true })
  }
  /** A failed file is removed at once: nobody can finish it. */
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    if (state !== 'open') throw new AudioError(`was ${state} already`, { path })
    try {
      await action()
    } catch (error) {
      await abort()
      throw toAudioError(error)
    }
  }
  const encode = async (block: AudioBlock): Promise<void> => {
    const frames = block[0]?.length ?? 0
    for (let from = 0; from < frames; from += MOST_FRAMES)
      await encoder.write(block.map((samples) => samples.subarray(from, from + MOST_FRAMES)))
  }
  return {
    sampleRate: rate,
    async write(block) {
      if (block.length !== channels) throw new RangeError(`write: ${path} has ${channels} channels, got a block of ${block.length}`)
      const other = block.findIndex((samples) => samples.length !== block[0]!.length)
      if (other > 0) throw new RangeError(`write: channel 0 has ${block[0]!.length} samples, channel ${other} has ${block[other]!.length}`)
      await attempt(() => encode(resampler ? resampler.process(block) : block))
    },
    async finish() {
      await attempt(async () => {
        if (resampler) await encode(resampler.flush())
        await encoder.finish()
      })
      // A closed file can be renamed on every system.
      await attempt(async () => {
        await encoder.release()
        await rename(temporary, path)
      })
      state = 'finished'
    },
    abort,
  }
}
