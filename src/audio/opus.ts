/** Ogg Opus by libopus: 48 kHz always, without the encoder's pre-skip, ending where the last page says (RFC 7845). */

import { quietly } from './batch.ts'
import { inWavOrder } from './channel-order.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, damaged } from './errors.ts'
import { createGranuleTrim } from './granule.ts'
import type { OggPacket, OggStream } from './ogg-pages.ts'
import { oggPackets } from './ogg-pages.ts'
import type { AudioBlock } from './types.ts'

const SAMPLE_RATE = 48000

interface OpusHead {
  readonly channels: number
  readonly preSkip: number
  /** Factor for all samples, from the header's output gain in dB / 256. */
  readonly gain: number
  readonly streams: number
  readonly coupled: number
  readonly mapping: number[]
  /** Family 1 has Vorbis's order of channels, others have none or WAV's. */
  readonly vorbisOrder: boolean
}

function parseHead(packet: Uint8Array, name: string): OpusHead {
  const fail = (reason: string): AudioError =>
    new AudioError(`is an Opus file with a header that cannot be used: ${reason}`, { path: name })
  if (packet.length < 19) throw fail('it is too short')
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const channels = packet[9]!
  const family = packet[18]!
  if (packet[8]! >> 4 !== 0) throw fail(`version ${packet[8]} is not known`)
  if (channels === 0) throw fail('it claims 0 channels')
  const common = {
    channels,
    preSkip: view.getUint16(10, true),
    gain: 10 ** (view.getInt16(16, true) / 256 / 20),
    vorbisOrder: family === 1,
  }
  if (family === 0) {
    if (channels > 2) throw fail(`mapping family 0 has 1 or 2 channels, not ${channels}`)
    return { ...common, streams: 1, coupled: channels - 1, mapping: channels === 2 ? [0, 1] : [0] }
  }
  if (family !== 1 && family !== 255) throw fail(`channel mapping family ${family} (ambisonics) is not decoded`)
  if (packet.length < 21 + channels) throw fail('its channel mapping is cut')
  const [streams, coupled, mapping] = [packet[19]!, packet[20]!, [...packet.subarray(21, 21 + channels)]]
  // RFC 7845, section 5.1.1; the decoder would look for its channels beyond its memory.
  if (streams === 0 || coupled > streams || streams + coupled > 255 || mapping.some((from) => from !== 255 && from >= streams + coupled))
    throw fail(`${channels} channels of ${streams} streams, ${coupled} of them stereo, do not fit together`)
  return { ...common, streams, coupled, mapping }
}

/** Reads up to the first packets of sound. */
export async function openOpus(stream: OggStream): Promise<Decoder> {
  const { name, firstPacket, lastGranule, place } = stream
  const head = parseHead(firstPacket, name)
  const packets = oggPackets(stream.pages)
  await packets.next()
  await packets.next()
  const { OpusDecoder } = await import('opus-decoder')
  const decoder = new OpusDecoder({
    channels: head.channels,
    streamCount: head.streams,
    coupledStreamCount: head.coupled,
    channelMappingTable: head.mapping,
    preSkip: 0,
  })
  await decoder.ready
  const trim = createGranuleTrim(head.preSkip)

  /** Decodes the packets up to the end of a page, usually a second; undefined after the last. */
  const nextBlock = async (): Promise<AudioBlock | undefined> => {
    const batch: OggPacket[] = []
    for (let packet = await packets.next(); packet; packet = await packets.next()) {
      batch.push(packet)
      if (packet.granule !== undefined) break
    }
    const final = batch.at(-1)
    if (!final) return undefined
    const decoded = quietly(() => decoder.decodeFrames(batch.map((packet) => packet.bytes)))
    if (decoded.errors.length > 0) throw damaged(name, trim.given, SAMPLE_RATE, decoded.errors[0]!.message)
    if (head.gain !== 1)
      for (const samples of decoded.channelData) for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * head.gain
    const block = trim.page(decoded.channelData, final.granule, final.last)
    place.seconds = trim.given / SAMPLE_RATE
    if (trim.lost) throw damaged(name, trim.given, SAMPLE_RATE, 'packets of a page do not decode')
    return head.vorbisOrder ? inWavOrder(block) : block
  }

  let pending: AudioBlock | undefined
  try {
    pending = await nextBlock()
  } catch (error) {
    decoder.free()
    throw error
  }
  async function* blocks(): AsyncGenerator<AudioBlock> {
    for (let block = pending; block; block = await nextBlock()) {
      pending = undefined
      if ((block[0]?.length ?? 0) > 0) yield block
    }
  }
  const frames = lastGranule === undefined ? undefined : Math.max(0, lastGranule - trim.start - head.preSkip)
  return {
    info: { sampleRate: SAMPLE_RATE, channels: head.channels, frames, format: 'opus', sampleFormat: undefined },
    blocks,
    release: () => decoder.free(),
  }
}
