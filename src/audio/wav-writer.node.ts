/** WAV files written as a stream, appearing under their name only when complete; beyond 4 GB they become RF64 (EBU Tech 3306). */

import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
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
}

let counter = 0

/**
 * Starts a WAV file under a temporary name beside `path`; `finish` renames it over `path`.
 *
 * @param options.largestRiff - data bytes from which the file becomes RF64; for tests
 * @throws RangeError for a format that WAV does not have, AudioError when the folder cannot be written
 */
export async function createWavWriter(path: string, format: WavFormat, options: { largestRiff?: number } = {}): Promise<WavWriter> {
  checkSampleFormat(format.sampleFormat)
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${counter++}.part`)
  const fail = (error: unknown): never => {
    throw new AudioError(`cannot be written (${error instanceof Error ? error.message : String(error)})`, { path, cause: error })
  }
  const handle = await open(temporary, 'wx').catch(fail)
  const frameBytes = (format.channels * format.sampleFormat.bits) / 8
  let frames = 0
  let state: 'open' | 'finished' | 'aborted' = 'open'
  const header = (): Uint8Array => wavHeader(format, frames, options.largestRiff)
  let position = header().length
  await handle.write(header(), 0, position, 0).catch(fail)

  const writeAll = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let offset = 0; offset < bytes.length; )
      offset += (await handle.write(bytes, offset, bytes.length - offset, at + offset)).bytesWritten
  }
  return {
    async write(block) {
      if (state !== 'open') throw new AudioError(`is ${state} and takes no more samples`, { path })
      if (block.length !== format.channels)
        throw new RangeError(`write: blocks of ${path} have ${format.channels} channels, got ${block.length}`)
      const bytes = encodeWavSamples(block, format.sampleFormat)
      await writeAll(bytes, position).catch(fail)
      position += bytes.length
      frames += bytes.length / frameBytes
    },
    async finish() {
      if (state !== 'open') throw new AudioError(`is ${state} already`, { path })
      try {
        if ((frames * frameBytes) % 2 === 1) await writeAll(new Uint8Array(1), position)
        await writeAll(header(), 0)
        await handle.sync()
        await handle.close()
        await rename(temporary, path)
        state = 'finished'
      } catch (error) {
        fail(error)
      }
    },
    async abort() {
      if (state !== 'open') return
      state = 'aborted'
      await handle.close().catch(() => {})
      await rm(temporary, { force: true })
    },
  }
}
