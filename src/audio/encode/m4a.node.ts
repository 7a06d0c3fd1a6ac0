/**
 * AAC by FFmpeg's encoder (@mediabunny/aac-encoder), in an MP4 file by Mediabunny.
 *
 * The encoder runs in an output that is thrown away; its packets go into the file with the times that are theirs: they begin 1024 samples before the
 * song, which the edit list then leaves out, and the last one ends where the song does.
 */

import { registerAacEncoder } from '@mediabunny/aac-encoder'
import {
  AudioSample,
  AudioSampleSource,
  EncodedAudioPacketSource,
  EncodedPacket,
  type MetadataTags,
  Mp4OutputFormat,
  NullTarget,
  Output,
  StreamTarget,
} from 'mediabunny'
import { fieldNames } from '../tags/names.ts'
import type { SongTags } from '../tags/types.ts'
import type { AudioBlock } from '../types.ts'
import { interleaveFloats } from './interleave.ts'
import { setMovieLength } from './mp4-lengths.ts'
import { openOutput } from './output-file.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

/** Samples of a packet, and by how many the encoder's output lags behind its input. */
const PACKET_FRAMES = 1024
/** Per channel: 256 kbit/s of stereo, what shops sell. */
const DEFAULT_BITRATE = 128_000

interface Packet {
  readonly data: Uint8Array
  readonly meta: EncodedAudioChunkMetadata | undefined
}

export async function createM4aEncoder(path: string, options: EncoderOptions): Promise<Encoder> {
  const { sampleRate, channels, bitrate, tags } = options
  registerAacEncoder()
  const file = await openOutput(path)
  const target = new StreamTarget(
    new WritableStream<{ data: Uint8Array; position: number }>({
      write: ({ data, position }) => (position === file.length ? file.append(data) : file.patch(data, position)),
    }),
  )
  let index: { readonly bytes: Uint8Array; readonly position: number } | undefined
  const format = new Mp4OutputFormat({
    fastStart: false,
    onMoov: (data, position) => {
      index = { bytes: data.slice(), position }
    },
  })
  const output = new Output({ format, target })
  const track = new EncodedAudioPacketSource('aac')
  output.addAudioTrack(track)
  output.setMetadataTags(mp4Tags(tags))
  await output.start()

  const packets: Packet[] = []
  // Of the lowest rates the codec has fewer bits than the default.
  const most = Math.floor((6144 * sampleRate) / 1024)
  const source = new AudioSampleSource({
    codec: 'aac',
    bitrate: bitrate ?? channels * Math.min(DEFAULT_BITRATE, most),
    onEncodedPacket: (packet, meta) => void packets.push({ data: packet.data, meta }),
  })
  const encoding = new Output({ format: new Mp4OutputFormat({ fastStart: false }), target: new NullTarget() })
  encoding.addAudioTrack(source)
  await encoding.start()

  let frames = 0
  let written = 0
  let stopped = false
  /** Passes packets on; `end`, where the song ends as the packets count it, is known at the end only. */
  const drain = async (end: number): Promise<void> => {
    for (const { data, meta } of packets.splice(0)) {
      const start = written * PACKET_FRAMES
      const duration = Math.min(PACKET_FRAMES, end - start)
      if (duration <= 0) continue
      await track.add(new EncodedPacket(data, 'key', (start - PACKET_FRAMES) / sampleRate, duration / sampleRate), meta)
      written++
    }
  }
  /** All but the last two packets: those may have to be cut. */
  const drainMost = async (): Promise<void> => {
    const last = packets.splice(Math.max(0, packets.length - 2))
    await drain(Number.POSITIVE_INFINITY)
    packets.push(...last)
  }
  return {
    async write(block: AudioBlock) {
      const count = block[0]?.length ?? 0
      if (count === 0) return
      const sample = new AudioSample({
        data: interleaveFloats(block),
        format: 'f32',
        numberOfChannels: channels,
        sampleRate,
        timestamp: frames / sampleRate,
      })
      await source.add(sample)
      sample.close()
      frames += count
      await drainMost()
    },
    async finish() {
      await encoding.finalize()
      await drain(frames + PACKET_FRAMES)
      await output.finalize()
      stopped = true
      if (index) {
        setMovieLength(index.bytes, sampleRate, frames)
        await file.patch(index.bytes, index.position)
      }
      await file.sync()
    },
    async release() {
      if (!stopped) {
        await encoding.cancel()
        await output.cancel()
      }
      await file.close()
    },
  }
}

/** The atoms of iTunes; fields without one are left out. */
function mp4Tags({ fields, pictures }: SongTags): MetadataTags {
  const raw: Record<string, string> = {}
  for (const { field, mp4 } of fieldNames) {
    const values = fields[field]
    if (mp4 !== undefined && values !== undefined && values.length > 0) raw[mp4] = values.join('; ')
  }
  const whole = (field: string): number | undefined => {
    const value = Number.parseInt(fields[field]?.[0] ?? '', 10)
    return value > 0 ? value : undefined
  }
  const numbers = {
    trackNumber: whole('TRACKNUMBER'),
    tracksTotal: whole('TRACKTOTAL'),
    discNumber: whole('DISCNUMBER'),
    discsTotal: whole('DISCTOTAL'),
    beatsPerMinute: whole('BPM'),
    comment: fields.COMMENT?.join('\n'),
    lyrics: fields.LYRICS?.join('\n'),
  }
  return {
    raw,
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    images: pictures.map(({ kind, mimeType, description, data }) => ({
      kind: kind === 'front' ? 'coverFront' : kind === 'back' ? 'coverBack' : 'unknown',
      mimeType,
      description,
      data,
    })),
  }
}
