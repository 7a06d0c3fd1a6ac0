/**
 * FLAC by libFLAC (libflacjs), with STREAMINFO complete: length, frame sizes and the MD5 sum of the samples, by which `flac -t` tells a damaged file.
 * The metadata blocks around it are ours (RFC 9639, section 8).
 */

import { concatBytes } from '../../formats/bytes.ts'
import { flacPicture, vorbisComments } from '../tags/vorbis-comments.ts'
import type { AudioBlock } from '../types.ts'
import { interleaveIntegers } from './interleave.ts'
import { openOutput } from './output-file.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

/** libFLAC's own default: within about 1 % of the smallest files, at several times the speed. */
const COMPRESSION = 5
const BLOCK_TYPES = { streamInfo: 0, vorbisComment: 4, picture: 6 } as const
const STREAM_INFO_AT = 4
const OK = 0

type Flac = ReturnType<typeof import('libflacjs')>
let loading: Promise<Flac> | undefined

/** The library is loaded once, when the first FLAC file is written. */
async function load(): Promise<Flac> {
  const { default: libraryOf } = await import('libflacjs')
  const flac = libraryOf('release')
  if (!flac.isReady()) await new Promise<void>((resolve) => flac.on('ready', () => resolve()))
  return flac
}

function metadataBlock(type: number, body: Uint8Array, last: boolean): Uint8Array {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, ((last ? 0x80 : 0) | type) * 2 ** 24 + body.length)
  return concatBytes([head, body])
}

/** Facts of a stream that are known at its end. */
interface StreamFacts {
  readonly min_blocksize: number
  readonly max_blocksize: number
  readonly min_framesize: number
  readonly max_framesize: number
  readonly total_samples: number
  readonly md5sum: string
}

/** STREAMINFO (RFC 9639, section 8.2). */
function streamInfo({ sampleRate, channels, sampleFormat }: EncoderOptions, facts: StreamFacts | undefined, frames: number): Uint8Array {
  const body = new Uint8Array(34)
  const view = new DataView(body.buffer)
  view.setUint16(0, facts?.min_blocksize ?? 4096)
  view.setUint16(2, facts?.max_blocksize ?? 4096)
  // A stream without a frame has no smallest one; 0 is "unknown".
  const smallest = frames === 0 ? 0 : (facts?.min_framesize ?? 0)
  const largest = frames === 0 ? 0 : (facts?.max_framesize ?? 0)
  view.setUint32(4, smallest * 256 + (largest >> 16))
  view.setUint16(8, largest & 0xffff)
  view.setUint32(10, sampleRate * 2 ** 12 + ((channels - 1) << 9) + ((sampleFormat.bits - 1) << 4) + Math.floor(frames / 2 ** 32))
  view.setUint32(14, frames % 2 ** 32)
  const md5 = facts?.md5sum ?? ''
  for (let i = 0; i < md5.length / 2; i++) body[18 + i] = Number.parseInt(md5.slice(2 * i, 2 * i + 2), 16)
  return body
}

export async function createFlacEncoder(path: string, options: EncoderOptions): Promise<Encoder> {
  const { sampleRate, channels, sampleFormat, tags } = options
  loading ??= load()
  const flac = await loading
  const encoder = flac.create_libflac_encoder(sampleRate, channels, sampleFormat.bits, COMPRESSION, 0, false)
  if (encoder === 0) throw new Error(`libFLAC takes no ${channels} channels of ${sampleFormat.bits} bits at ${sampleRate} Hz`)
  let packets: Uint8Array[] = []
  let facts: StreamFacts | undefined
  let frames = 0
  const status = flac.init_encoder_stream(
    encoder,
    // Its own "fLaC" and metadata have no samples; ours stand in their place.
    (bytes, length, samples) => {
      if (samples > 0) packets.push(bytes.slice(0, length))
    },
    (metadata) => {
      facts = metadata as StreamFacts | undefined
    },
  )
  if (status !== OK) {
    flac.FLAC__stream_encoder_delete(encoder)
    throw new Error(`libFLAC cannot start (status ${status})`)
  }
  const file = await openOutput(path)
  await file.append(new TextEncoder().encode('fLaC'))
  await file.append(metadataBlock(BLOCK_TYPES.streamInfo, streamInfo(options, undefined, 0), false))
  await file.append(metadataBlock(BLOCK_TYPES.vorbisComment, vorbisComments(tags), tags.pictures.length === 0))
  for (const [i, picture] of tags.pictures.entries())
    await file.append(metadataBlock(BLOCK_TYPES.picture, flacPicture(picture), i === tags.pictures.length - 1))

  const drain = async (): Promise<void> => {
    for (const packet of packets) await file.append(packet)
    packets = []
  }
  const failed = (): Error => new Error(`libFLAC stops (state ${flac.FLAC__stream_encoder_get_state(encoder)})`)
  return {
    async write(block: AudioBlock) {
      const count = block[0]?.length ?? 0
      if (!flac.FLAC__stream_encoder_process_interleaved(encoder, interleaveIntegers(block, sampleFormat.bits), count)) throw failed()
      frames += count
      await drain()
    },
    async finish() {
      if (!flac.FLAC__stream_encoder_finish(encoder)) throw failed()
      await drain()
      await file.patch(streamInfo(options, facts, frames), STREAM_INFO_AT + 4)
      await file.sync()
    },
    async release() {
      flac.FLAC__stream_encoder_delete(encoder)
      await file.close()
    },
  }
}
