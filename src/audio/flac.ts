/** FLAC, alone and in Ogg, by libFLAC: exact integers of 8, 16 and 24 bits. */

import { gather, quietly } from './batch.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, brokenOff, damaged } from './errors.ts'
import type { FlacFrameHeader, FlacStreamInfo } from './flac-frames.ts'
import { findFlacFrameEnd, parseFlacFrameHeader, parseFlacStreamInfo, readFlacMetadata } from './flac-frames.ts'
import type { OggStream } from './ogg-pages.ts'
import { oggPackets } from './ogg-pages.ts'
import type { AudioBlock, AudioInfo } from './types.ts'

const SAMPLES_PER_BLOCK = 16384

interface FlacFrame {
  readonly header: FlacFrameHeader
  readonly bytes: Uint8Array
}

/** What tells where the sound is lost. */
type Fail = (kind: 'damaged' | 'cut', reason: string) => AudioError

/** Whether our decoder reads the stream: the WASM build knows three depths, and no frames that leave depth or rate to STREAMINFO. */
function decodable(info: FlacStreamInfo, first: FlacFrameHeader | undefined): boolean {
  return [8, 16, 24].includes(info.bits) && first?.bits !== 0 && first?.sampleRate !== 0
}

function audioInfo(info: FlacStreamInfo): AudioInfo {
  const { sampleRate, channels, bits, totalSamples } = info
  return { sampleRate, channels, frames: totalSamples > 0 ? totalSamples : undefined, format: 'flac', sampleFormat: { kind: 'int', bits } }
}

/** Reads the head of a FLAC file at its "fLaC"; undefined where its depth is one that our decoder does not know. */
export async function openFlac(reader: ByteReader): Promise<Decoder | undefined> {
  const info = await readFlacMetadata(reader)
  if (!decodable(info, parseFlacFrameHeader(await reader.peek(32), 0))) return undefined
  const next = async (fail: Fail): Promise<FlacFrame | undefined> => {
    const head = await reader.peek(32)
    if (head.length === 0) return undefined
    const header = parseFlacFrameHeader(head, 0)
    if (!header) {
      if (head.length < 16) throw fail('cut', 'the file ends within a frame')
      if (String.fromCharCode(...head.subarray(0, 3)) === 'TAG' && (await reader.peek(129)).length === 128) return undefined
      throw fail('damaged', 'there are bytes that are no FLAC frame')
    }
    const end = await findFlacFrameEnd(reader, header)
    if (end.kind === 'cut') throw fail('cut', 'the file ends within a frame, or its last frame is damaged')
    if (end.kind === 'damaged') throw fail('damaged', 'the checksum of a frame is wrong')
    return { header, bytes: (await reader.read(end.length)).slice() }
  }
  return makeDecoder(reader.name, info, next)
}

/** FLAC in Ogg (RFC 9639, section 10.1), undefined as in `openFlac`. */
export async function openOggFlac(stream: OggStream): Promise<Decoder | undefined> {
  const { name, firstPacket: first, lastGranule, place } = stream
  if (first.length < 51) throw new AudioError('is an Ogg FLAC file with a broken header', { path: name })
  const stated = parseFlacStreamInfo(first.slice(17, 51))
  // Streaming encoders leave STREAMINFO's count open; the last page has it.
  const info = { ...stated, totalSamples: stated.totalSamples || (lastGranule ?? 0) }
  const packets = oggPackets(stream.pages)
  await packets.next()
  let done = 0
  let pending: Uint8Array | undefined
  // All further packets before the first frame are metadata.
  do pending = (await packets.next())?.bytes
  while (pending && pending[0] !== 0xff)
  if (!decodable(info, pending && parseFlacFrameHeader(pending, 0))) return undefined
  const next = async (fail: Fail): Promise<FlacFrame | undefined> => {
    let bytes = pending ?? (await packets.next())?.bytes
    pending = undefined
    // Some encoders end the stream with an empty packet.
    while (bytes?.length === 0) bytes = (await packets.next())?.bytes
    if (!bytes) return undefined
    const header = parseFlacFrameHeader(bytes, 0)
    if (!header) throw fail('damaged', 'a packet is no FLAC frame')
    done += header.blockSize
    place.seconds = done / info.sampleRate
    return { header, bytes }
  }
  return makeDecoder(name, info, next)
}

async function makeDecoder(name: string, info: FlacStreamInfo, next: (fail: Fail) => Promise<FlacFrame | undefined>): Promise<Decoder> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac')
  const decoder = new FLACDecoder()
  await decoder.ready
  const { sampleRate, channels, bits, totalSamples } = info

  async function* blocks(): AsyncGenerator<AudioBlock> {
    /** Samples per channel of all frames read, and of those that were decoded. */
    let read = 0
    let given = 0
    const fail: Fail = (kind, reason) => (kind === 'cut' ? brokenOff : damaged)(name, read, sampleRate, reason)
    const checked = async (): Promise<Uint8Array | undefined> => {
      const frame = await next(fail)
      if (!frame) return undefined
      const { header } = frame
      if (header.channels !== channels || header.bits !== bits || header.sampleRate !== sampleRate)
        throw fail('damaged', `it changes to ${header.channels} channels of ${header.bits} bits at ${header.sampleRate} Hz`)
      if (totalSamples > 0 && read + header.blockSize > totalSamples)
        throw fail('damaged', `its header promises ${totalSamples} samples, more follow`)
      read += header.blockSize
      return frame.bytes
    }
    for (let ended = false; !ended; ) {
      const batch = await gather(checked, () => read - given >= SAMPLES_PER_BLOCK)
      if (batch.items.length > 0) {
        const { errors, samplesDecoded, channelData } = await quietly(() => decoder.decodeFrames([...batch.items]))
        if (errors.length > 0 || samplesDecoded !== read - given || channelData.length !== channels)
          throw damaged(name, given, sampleRate, errors[0]?.message ?? 'a frame does not decode')
        given = read
        yield channelData.map((samples) => restoreIntegers(samples, bits))
      }
      if (batch.failure) throw batch.failure.error
      ended = batch.ended
    }
    if (read < totalSamples) throw fail('cut', `its header promises ${(totalSamples / sampleRate).toFixed(3)} s of sound`)
  }
  return { info: audioInfo(info), blocks, release: () => decoder.free() }
}

/** The decoder divides integers by 2^(bits − 1) − 1; the integers come back by rounding, and are divided by 2^(bits − 1) as everywhere. */
function restoreIntegers(samples: Float32Array, bits: number): Float32Array {
  const scale = 2 ** (bits - 1)
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * (scale - 1)) / scale
  return samples
}
