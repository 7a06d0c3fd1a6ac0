/**
 * Ogg Opus (RFC 7845) by libopus (libopus-wasm): 48 kHz always. The header's pre-skip and the last page's position tell decoders what the encoder put
 * before and after the sound, so that they give back its exact length, in time.
 */

import { concatBytes } from '../../formats/bytes.ts'
import { pictureComments, vorbisComments } from '../tags/vorbis-comments.ts'
import type { AudioBlock } from '../types.ts'
import { interleaveFloats } from './interleave.ts'
import { createOggWriter } from './ogg-writer.ts'
import { openOutput } from './output-file.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

const SAMPLE_RATE = 48_000
/** 20 ms, what RFC 7845 recommends for files. */
const PACKET_FRAMES = 960
/** Transparent to nearly all listeners (Hydrogenaudio's tests of 2014 have 96 kbit/s ahead of MP3 at 130). */
const DEFAULT_BITRATES = [96_000, 160_000]

function opusHead(channels: number, preSkip: number): Uint8Array {
  const head = new Uint8Array(19)
  const view = new DataView(head.buffer)
  head.set(new TextEncoder().encode('OpusHead'))
  head[8] = 1
  head[9] = channels
  view.setUint16(10, preSkip, true)
  view.setUint32(12, SAMPLE_RATE, true)
  return head
}

export async function createOpusEncoder(path: string, { channels, bitrate, tags }: EncoderOptions): Promise<Encoder> {
  const { Application, createEncoder, Signal } = await import('libopus-wasm')
  const opus = await createEncoder({
    channels: channels as 1 | 2,
    sampleRate: SAMPLE_RATE,
    application: Application.Audio,
    signal: Signal.Music,
    bitrate: bitrate ?? DEFAULT_BITRATES[channels - 1]!,
    frameSize: PACKET_FRAMES,
    vbr: true,
  })
  const preSkip = opus.getLookahead()
  const file = await openOutput(path)
  // Any number will do for the only stream of a file.
  const ogg = createOggWriter(1)
  await file.append(ogg.headers(opusHead(channels, preSkip)))
  await file.append(ogg.headers(concatBytes([new TextEncoder().encode('OpusTags'), vorbisComments(tags, pictureComments(tags))])))

  const packet = new Float32Array(PACKET_FRAMES * channels)
  let inPacket = 0
  let frames = 0
  let encoded = 0
  const encode = async (): Promise<void> => {
    packet.fill(0, inPacket)
    inPacket = 0
    encoded += PACKET_FRAMES
    await file.append(ogg.packet(opus.encodeFloat(packet).slice(), encoded))
  }
  return {
    async write(block: AudioBlock) {
      const samples = interleaveFloats(block)
      frames += block[0]?.length ?? 0
      for (let at = 0; at < samples.length; ) {
        const count = Math.min(samples.length - at, packet.length - inPacket)
        packet.set(samples.subarray(at, at + count), inPacket)
        at += count
        inPacket += count
        if (inPacket === packet.length) await encode()
      }
    },
    async finish() {
      const end = preSkip + frames
      while (encoded < end) await encode()
      await file.append(ogg.end(end))
      await file.sync()
    },
    async release() {
      opus.free()
      await file.close()
    },
  }
}
