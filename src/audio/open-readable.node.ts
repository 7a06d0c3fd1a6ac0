/** Sound from a stream of bytes, such as standard input: a file of a kind that can be read from a pipe, or samples alone. */

import { createByteReader } from './byte-reader.ts'
import { readChunks } from './chunks.ts'
import { AudioError } from './errors.ts'
import type { FileBytes } from './file-bytes.node.ts'
import { type OpenAudioOptions, openDecoded } from './open.node.ts'
import { checkSampleFormat } from './quantise.ts'
import { toStream } from './stream.node.ts'
import type { AudioStream, SampleFormat } from './types.ts'
import { readWavBlocks } from './wav-reader.ts'

/** Samples without a header: little-endian, channels interleaved. */
export interface RawFormat {
  readonly sampleRate: number
  readonly channels: number
  readonly sampleFormat: SampleFormat
}

/** A readable stream of Node, as far as it is needed: types of Node itself would ask for them in every project. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  on(event: 'error', listener: (error: Error) => void): unknown
  destroy(): unknown
}

export interface OpenReadableOptions extends OpenAudioOptions {
  /** What errors call it, `standard input` by default. */
  readonly name?: string
  /** What the bytes are, where they are samples alone. */
  readonly raw?: RawFormat | undefined
}

function bytesOf(readable: ByteStream, name: string): FileBytes {
  // Reads tell their errors; one before the first of them has nobody else to listen.
  readable.on('error', () => {})
  const fill = readChunks(readable)
  const destroy = (): void => void readable.destroy()
  return {
    reader: createByteReader({ name, size: undefined, seekable: false, fill }),
    shrunk: () => false,
    interrupt: destroy,
    close: async () => destroy(),
  }
}

function checkRaw({ sampleRate, channels, sampleFormat }: RawFormat): void {
  checkSampleFormat(sampleFormat)
  for (const [what, value] of Object.entries({ sampleRate, channels }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${what}: ${value}; allowed are whole numbers ≥ 1`)
}

/**
 * Opens bytes that come for one pass: WAV, FLAC, MP3, Ogg Vorbis and Opus, told by content, or samples without a header. WAV and samples come in blocks
 * of a fraction of a second, so that what plays can be worked on. The stream is destroyed when the sound is closed.
 *
 * @throws AudioError for what is empty or none of these, RangeError for samples of a format that is none
 * @example
 * const raw = { sampleRate: 44100, channels: 2, sampleFormat: { kind: 'int', bits: 16 } } as const
 * const sound = await openReadable(process.stdin, { raw })
 */
export async function openReadable(readable: ByteStream, options: OpenReadableOptions = {}): Promise<AudioStream> {
  const { name = 'standard input', raw, signal, allowTruncated = false } = options
  if (raw) checkRaw(raw)
  signal?.throwIfAborted()
  const bytes = bytesOf(readable, name)
  signal?.addEventListener('abort', bytes.interrupt, { once: true })
  if (!raw) return openDecoded(bytes, name, options)
  const { sampleRate, channels, sampleFormat } = raw
  const header = {
    littleEndian: true,
    encoding: sampleFormat.kind,
    tag: 0,
    sampleRate,
    channels,
    bytesPerSample: sampleFormat.bits / 8,
    dataBytes: undefined,
  }
  if ((await bytes.reader.peek(1)).length === 0) {
    await bytes.close()
    signal?.throwIfAborted()
    throw new AudioError('is empty', { path: name })
  }
  const info = { sampleRate, channels, frames: undefined, format: 'raw', sampleFormat }
  const decoder = { info, blocks: () => readWavBlocks(bytes.reader, header), release: () => {} }
  return toStream(decoder, { ...bytes, path: name, signal, allowTruncated })
}
