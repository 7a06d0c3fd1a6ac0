/** Opens any sound file by its content and streams its samples with bounded memory. */

import type { ByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { AudioError } from './errors.ts'
import { decodeWithFfmpeg } from './ffmpeg.node.ts'
import { type FileBytes, openBytes } from './file-bytes.node.ts'
import { describeKind } from './file-kind.ts'
import { openFlac } from './flac.ts'
import { skipTags } from './id3.ts'
import { openMp3, startsWithMpegFrame } from './mp3.ts'
import { openOgg } from './ogg.ts'
import { asAudioError, toStream } from './stream.node.ts'
import type { AudioInfo, AudioStream } from './types.ts'
import { readWavHeader } from './wav-header.ts'
import { readWavBlocks, wavInfo, wavSampleFormat } from './wav-reader.ts'

export interface OpenAudioOptions {
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal
  /**
   * Takes what is there of sound that breaks off or is damaged: the blocks end at that place, which `brokenOff` of the stream tells, instead of
   * throwing. Sound of which nothing can be decoded is an error still.
   */
  readonly allowTruncated?: boolean
}

/** Rates outside come from damaged headers: the lowest of telephones is 8 kHz, the highest that converters have 768 kHz. */
const LOWEST_RATE = 1000
const HIGHEST_RATE = 768_000
/** No codec does with less than the shortest frames of FLAC: ten bytes for 65535 samples of silence. */
const MOST_SAMPLES_PER_BYTE = 6554

/**
 * Opens a sound file for one pass from start to end. The content decides, not the name: WAV, FLAC, MP3, Ogg Vorbis and Opus by decoders that ship with Divisi,
 * everything else by the `ffmpeg` of the machine.
 *
 * @throws AudioError, one line each, for what is missing, unreadable, empty, no sound, or needs ffmpeg where there is none. The blocks throw one where the
 * sound breaks off, is damaged or holds NaN, after all that can be decoded before that place.
 * @example
 * const song = await openAudio('song.mp3')
 * let samples = 0
 * for await (const [left] of song.blocks) samples += left?.length ?? 0
 */
export async function openAudio(path: string, options: OpenAudioOptions = {}): Promise<AudioStream> {
  options.signal?.throwIfAborted()
  const bytes = await openBytes(path, options.signal)
  const stream = await openDecoded(bytes, path, options)
  return bytes.reader.size === undefined ? stream : Object.assign(stream, { reopen: () => openAudio(path, options) })
}

/** The sound of bytes, which are closed with it, and at once where there is none. */
export async function openDecoded(
  bytes: FileBytes,
  path: string,
  { signal, allowTruncated = false }: OpenAudioOptions,
): Promise<AudioStream> {
  try {
    const decoder = await decode(bytes.reader, path, signal)
    try {
      signal?.throwIfAborted()
      checkRate(decoder.info, path)
    } catch (error) {
      await decoder.release()
      throw error
    }
    const info = believable(decoder.info, bytes.reader.size)
    return toStream({ ...decoder, info }, { ...bytes, path, signal, allowTruncated })
  } catch (error) {
    await bytes.close()
    throw asAudioError(error, path, signal)
  }
}

/** Without a length that so few bytes cannot hold: progress and the room for stems would be reckoned from it. */
function believable(info: AudioInfo, bytes: number | undefined): AudioInfo {
  const { frames } = info
  return frames === undefined || bytes === undefined || frames <= bytes * MOST_SAMPLES_PER_BYTE ? info : { ...info, frames: undefined }
}

function checkRate({ sampleRate }: AudioInfo, path: string): void {
  if (sampleRate >= LOWEST_RATE && sampleRate <= HIGHEST_RATE) return
  throw new AudioError(
    `claims a rate of ${sampleRate} Hz, and allowed are ${LOWEST_RATE} to ${HIGHEST_RATE} Hz; if it is not damaged, convert it ("ffmpeg -i in -ar 48000 out.wav")`,
    { path },
  )
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
