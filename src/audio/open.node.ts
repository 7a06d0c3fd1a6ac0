/** Opens any sound file by its content and streams its samples with bounded memory. */

import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { ByteReader } from './byte-reader.ts'
import { createByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { AudioError } from './errors.ts'
import { decodeWithFfmpeg } from './ffmpeg.node.ts'
import { describeKind } from './file-kind.ts'
import { openFlac } from './flac.ts'
import { skipTags } from './id3.ts'
import { openMp3, startsWithMpegFrame } from './mp3.ts'
import { openOgg } from './ogg.ts'
import { openPipe } from './pipe.node.ts'
import type { AudioBlock, AudioStream } from './types.ts'
import { readWavHeader } from './wav-header.ts'
import { readWavBlocks, wavInfo, wavSampleFormat } from './wav-reader.ts'

/**
 * Opens a sound file for one pass from start to end. The content decides, not the name: WAV, FLAC, MP3, Ogg Vorbis and Opus by decoders that ship with Divisi,
 * everything else by the `ffmpeg` of the machine.
 *
 * @throws AudioError, one line each, for what is missing, unreadable, empty, no sound, or needs ffmpeg where there is none. The blocks throw one where the stream breaks off.
 * @example
 * const song = await openAudio('song.mp3')
 * let samples = 0
 * for await (const [left] of song.blocks) samples += left?.length ?? 0
 */
export async function openAudio(path: string, options: { signal?: AbortSignal } = {}): Promise<AudioStream> {
  const { signal } = options
  signal?.throwIfAborted()
  const bytes = await openBytes(path, signal)
  try {
    const decoder = await decode(bytes.reader, path, signal)
    if (signal?.aborted) await decoder.release()
    signal?.throwIfAborted()
    const stream = toStream(decoder, bytes, path, signal)
    return bytes.reader.size === undefined ? stream : { ...stream, reopen: () => openAudio(path, options) }
  } catch (error) {
    await bytes.close()
    throw asAudioError(error, path, signal)
  }
}

/** What a decoder throws over bytes that no encoder writes is an error of the file; an abort stays what it is. */
function asAudioError(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof AudioError) return error
  return new AudioError(`cannot be decoded (${error instanceof Error ? error.message : String(error)})`, { path, cause: error })
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EACCES' || code === 'EPERM'
          ? 'cannot be read: permission denied'
          : `cannot be opened (${String(code ?? error)})`
    throw new AudioError(reason, { path, cause: error })
  }
}

interface OpenBytes {
  readonly reader: ByteReader
  /** Makes a read that waits for a pipe's writer end soon, with an error. */
  interrupt(): void
  close(): Promise<void>
}

async function openBytes(path: string, signal: AbortSignal | undefined): Promise<OpenBytes> {
  const handle = await openFile(path)
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new AudioError('is a folder, not a sound file', { path })
    const seekable = stat.isFile()
    const pipe = stat.isFIFO() ? await openPipe(path, signal) : undefined
    const read = async (target: Uint8Array, position: number): Promise<number> =>
      pipe ? pipe.read(target) : (await handle.read(target, 0, target.length, seekable ? position : null)).bytesRead
    const reader = createByteReader({
      name: path,
      size: seekable ? stat.size : undefined,
      seekable,
      fill: async (target, position) => {
        try {
          return await read(target, position)
        } catch (error) {
          throw new AudioError(`cannot be read (${error instanceof Error ? error.message : String(error)})`, { path, cause: error })
        }
      },
    })
    return {
      reader,
      interrupt: () => pipe?.close(),
      close: async () => {
        pipe?.close()
        await handle.close()
      },
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function decode(reader: ByteReader, path: string, signal: AbortSignal | undefined): Promise<Decoder> {
  if ((await reader.peek(1)).length === 0) throw new AudioError('is empty', { path })
  const head = (await reader.peek(64)).slice()
  const own = await decodeOurselves(reader)
  if (own) return own
  if (reader.size === undefined)
    throw new AudioError('is a pipe, and only WAV, FLAC, MP3, Ogg Vorbis and Opus can be read from one', { path })
  return decodeWithFfmpeg(path, describeKind(head), signal)
}

/** The decoder for the content at the reader's position; undefined where it is none of ours. */
async function decodeOurselves(reader: ByteReader): Promise<Decoder | undefined> {
  await skipTags(reader)
  const magic = String.fromCharCode(...(await reader.peek(12)))
  if (/^(RIFF|RIFX|RF64|BW64)(....WAVE|.{0,7}$)/s.test(magic)) {
    const header = await readWavHeader(reader)
    if (!wavSampleFormat(header)) return undefined
    return { info: wavInfo(reader, header), blocks: () => readWavBlocks(reader, header), release: () => {} }
  }
  if (magic.startsWith('fLaC')) return openFlac(reader)
  if (magic.startsWith('OggS')) return openOgg(reader)
  return (await startsWithMpegFrame(reader)) ? openMp3(reader) : undefined
}

function toStream(decoder: Decoder, bytes: OpenBytes, path: string, signal: AbortSignal | undefined): AudioStream {
  const inner = decoder.blocks()
  let step: Promise<IteratorResult<AudioBlock>> | undefined
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      signal?.removeEventListener('abort', close)
      decoder.interrupt?.()
      bytes.interrupt()
      await step?.catch(() => {})
      try {
        await decoder.release()
      } finally {
        await bytes.close()
      }
    })()
    return closing
  }
  signal?.addEventListener('abort', close)

  let started = false
  const checkOpen = (): void => {
    signal?.throwIfAborted()
    if (closing) throw new AudioError('was closed; open it again to read it from its start', { path })
  }
  async function* blocks(): AsyncGenerator<AudioBlock> {
    checkOpen()
    if (started) throw new AudioError('is being read already; open it a second time for a second reader', { path })
    started = true
    try {
      for (;;) {
        step = inner.next()
        // An interrupted step fails with what it was interrupted in; the reason is the close.
        const result = await step.finally(checkOpen).catch((error: unknown) => {
          throw asAudioError(error, path, signal)
        })
        step = undefined
        if (result.done) return
        yield result.value
        // Decoders work on this thread, from bytes that mostly lie in memory: between blocks the others have their turn.
        await setImmediate()
        checkOpen()
      }
    } finally {
      await close()
    }
  }
  return { info: decoder.info, blocks: { [Symbol.asyncIterator]: blocks }, close }
}
