/** WAV files written as a stream, appearing under their name only when complete; beyond 4 GB they become RF64 (EBU Tech 3306). */

import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AudioError } from './errors.ts'
import { checkSampleFormat } from './quantise.ts'
import type { AudioBlock, SampleFormat } from './types.ts'
import { encodeWavSamples, wavHeader } from './wav-encode.ts'

export interface WavFormat {
  readonly sampleRate: number
  readonly channels: number
  readonly sampleFormat: SampleFormat
}

export interface WavWriter {
  /** Appends a block of `channels` arrays. Integers are round(x · 2^(bits − 1)), clamped: exact multiples of 2^(1 − bits) come back exactly. */
  write(block: AudioBlock): Promise<void>
  /** Completes the header and gives the file its name. */
  finish(): Promise<void>
  /** Removes what was written; nothing is left. Does nothing once finished. */
  abort(): Promise<void>
  /** Brings all that was written to the disk. */
  sync(): Promise<void>
  /** Closes the file and leaves it under its temporary name, from which a writer with the options `part` and `from` goes on. */
  leave(): Promise<void>
}

export interface WavWriterOptions {
  /** Most bytes of samples that a plain RIFF file takes before it becomes RF64; for tests. */
  readonly largestRiff?: number | undefined
  /** Path of the file until it is finished; default: one beside it that nobody else uses. */
  readonly part?: string | undefined
  /** Goes on with the file `part` after this many frames; what follows them is cut off. */
  readonly from?: number | undefined
}

/**
 * Starts a WAV file under a temporary name beside `path`; `finish` renames it over `path`.
 *
 * @throws RangeError for a format that WAV does not have, AudioError when the folder cannot be written, or the file `part` is shorter than `from`
 * @example
 * const writer = await createWavWriter('vocals.wav', { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 16 } })
 * await writer.write([new Float32Array(44100), new Float32Array(44100)])
 * await writer.finish()
 */
export async function createWavWriter(path: string, format: WavFormat, options: WavWriterOptions = {}): Promise<WavWriter> {
  checkFormat(format)
  const { part: temporary = join(dirname(path), `.divisi-${randomUUID()}.part`), from } = options
  const frameBytes = (format.channels * format.sampleFormat.bits) / 8
  let frames = from ?? 0
  let state: 'open' | 'finished' | 'aborted' | 'left' = 'open'
  let handle: FileHandle
  const toAudioError = (error: unknown): AudioError =>
    new AudioError(`cannot be written (${error instanceof Error ? error.message : String(error)})`, { path, cause: error })
  try {
    handle = await open(temporary, from !== undefined ? 'r+' : options.part === undefined ? 'wx' : 'w')
  } catch (error) {
    throw toAudioError(error)
  }
  const abort = async (): Promise<void> => {
    if (state !== 'open') return
    state = 'aborted'
    await handle.close().catch(() => {})
    await rm(temporary, { force: true })
  }
  const writeAt = async (bytes: Uint8Array, position: number): Promise<void> => {
    for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
  /** A failed file is removed at once: nobody can finish it. */
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action()
    } catch (error) {
      await abort()
      throw toAudioError(error)
    }
  }
  const checkOpen = (): void => {
    if (state !== 'open') throw new AudioError(`was ${state} already`, { path })
  }

  const header = (): Uint8Array => wavHeader(format, frames, options.largestRiff)
  let end = header().length + frames * frameBytes
  await attempt(async () => {
    const { size } = await handle.stat()
    if (from !== undefined && size < end) throw new Error(`it holds less than the ${from} frames to go on from`)
    await handle.truncate(end)
    await writeAt(header(), 0)
  })
  return {
    async write(block) {
      checkOpen()
      if (block.length !== format.channels)
        throw new RangeError(`write: ${path} has ${format.channels} channels, got a block of ${block.length}`)
      const bytes = encodeWavSamples(block, format.sampleFormat)
      const position = end
      end += bytes.length
      frames += bytes.length / frameBytes
      await attempt(() => writeAt(bytes, position))
    },
    async finish() {
      checkOpen()
      await attempt(async () => {
        if ((frames * frameBytes) % 2 === 1) await writeAt(new Uint8Array(1), end)
        await writeAt(header(), 0)
        await handle.sync()
        await rename(temporary, path)
      })
      state = 'finished'
      await handle.close()
    },
    abort,
    sync: () => attempt(() => handle.sync()),
    async leave() {
      if (state !== 'open') return
      state = 'left'
      await handle.close()
    },
  }
}

function checkFormat({ sampleRate, channels, sampleFormat }: WavFormat): void {
  checkSampleFormat(sampleFormat)
  const wrong = (name: string, value: number, high: number): RangeError =>
    new RangeError(`createWavWriter: ${name} is an integer from 1 to ${high}, got ${value}`)
  if (!Number.isInteger(channels) || channels < 1 || (channels * sampleFormat.bits) / 8 > 0xffff)
    throw wrong('channels', channels, Math.floor((8 * 0xffff) / sampleFormat.bits))
  const mostHertz = Math.floor(0xffffffff / ((channels * sampleFormat.bits) / 8))
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > mostHertz) throw wrong('sampleRate', sampleRate, mostHertz)
}
