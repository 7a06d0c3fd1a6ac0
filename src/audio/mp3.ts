/**
 * MP3 (and layers I and II) by mpg123, gapless: the encoder's delay and padding that a LAME tag tells are cut, so that a file is as long as what was encoded.
 *
 * We walk over the frames ourselves, because the decoder neither tells lost frames nor where a stream breaks off. A stream without the tag that is
 * cut within a frame is an error; one that is cut between two frames cannot be told from a whole one.
 */

import { concatBytes } from '../formats/bytes.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, brokenOff, describeTime } from './errors.ts'
import { skipTags } from './id3.ts'
import type { MpegFrameHeader, MpegStreamTag } from './mp3-frames.ts'
import { parseMpegHeader, parseMpegStreamTag, sameMpegStream } from './mp3-frames.ts'
import type { AudioBlock } from './types.ts'

/** Samples by which a layer III decoder lags behind its input. */
const DECODER_DELAY = 529
const SAMPLES_PER_BLOCK = 16384

/** Whether MPEG audio starts at the position: two headers of one stream, a frame apart, or a single frame up to the end. */
export async function startsWithMpegFrame(reader: ByteReader): Promise<boolean> {
  const first = parseMpegHeader(await reader.peek(4))
  // Free format does not tell the length of its frames; nobody uses it.
  if (!first || first.bytes === 0) return false
  const both = await reader.peek(first.bytes + 4)
  const second = parseMpegHeader(both.subarray(first.bytes))
  return both.length === first.bytes || (second !== undefined && sameMpegStream(first, second))
}

/** Reads the head of an MPEG stream that `startsWithMpegFrame` has seen. */
export async function openMp3(reader: ByteReader): Promise<Decoder> {
  const head = parseMpegHeader(await reader.peek(4))!
  const tag = parseMpegStreamTag(await reader.peek(head.bytes), head)
  if (tag) await reader.skip(head.bytes)
  // Some encoders' tag frames have another channel mode than the sound.
  const first = parseMpegHeader(await reader.peek(4)) ?? head
  const { MPEGDecoder } = await import('mpg123-decoder')
  const decoder = new MPEGDecoder({ enableGapless: false })
  await decoder.ready
  const { skip, length } = soundWithin(tag, first)
  return {
    info: {
      sampleRate: first.sampleRate,
      channels: first.channels,
      frames: length,
      format: first.layer === 3 ? 'mp3' : `mp${first.layer}`,
      sampleFormat: undefined,
    },
    blocks: () => decodeFrames(reader, (bytes) => decoder.decode(bytes), first, tag, skip, length),
    release: () => decoder.free(),
  }
}

/** Where the sound lies among the decoded samples; the length is undefined where no tag tells it truthfully. */
function soundWithin(tag: MpegStreamTag | undefined, header: MpegFrameHeader): { skip: number; length: number | undefined } {
  if (!tag?.gapless) return { skip: 0, length: undefined }
  const skip = tag.gapless.delay + DECODER_DELAY
  if (tag.frames === undefined) return { skip, length: undefined }
  const decoded = tag.frames * header.samples
  return { skip, length: Math.max(0, Math.min(decoded - tag.gapless.delay - tag.gapless.padding, decoded - skip)) }
}

type Decode = (bytes: Uint8Array) => { channelData: Float32Array[]; samplesDecoded: number; errors: readonly { message: string }[] }

async function* decodeFrames(
  reader: ByteReader,
  decode: Decode,
  first: MpegFrameHeader,
  tag: MpegStreamTag | undefined,
  skip: number,
  length: number | undefined,
): AsyncGenerator<AudioBlock> {
  let frames = 0
  let decoded = 0
  let given = 0
  const secondsAt = (): number => Math.max(0, frames * first.samples - skip) / first.sampleRate
  const damaged = (reason: string): AudioError =>
    new AudioError(`is damaged at ${describeTime(secondsAt())}: ${reason}`, { path: reader.name, seconds: secondsAt() })
  const cut = (): AudioError => brokenOff(reader.name, secondsAt() * first.sampleRate, first.sampleRate, 'the file ends within a frame')
  for (let ended = false; !ended; ) {
    const batch: Uint8Array[] = []
    while (batch.length * first.samples < SAMPLES_PER_BLOCK) {
      const complete = tag?.frames !== undefined && frames >= tag.frames
      const frame = await nextFrame(reader, first, complete, damaged, cut)
      if (!frame) {
        ended = true
        break
      }
      batch.push(frame)
      frames++
      if (length !== undefined && tag?.frames !== undefined && frames > tag.frames) {
        throw damaged(`its header promises ${tag.frames} frames, more follow (joined files?); "ffmpeg -i" can decode them all to a WAV`)
      }
    }
    const result = decode(concatBytes(batch))
    if (result.errors.length > 0) throw damaged(result.errors[0]!.message)
    if (result.samplesDecoded !== batch.length * first.samples) throw damaged('a frame does not decode')
    const from = Math.min(result.samplesDecoded, Math.max(0, skip - decoded))
    const to = length === undefined ? result.samplesDecoded : Math.min(result.samplesDecoded, Math.max(0, skip + length - decoded))
    decoded += result.samplesDecoded
    if (to > from) {
      given += to - from
      // The decoder gives two channels, equal ones for mono.
      yield result.channelData.slice(0, first.channels).map((samples) => samples.subarray(from, to))
    }
  }
  // Tags other than LAME's are known to be off by one.
  const missing = tag?.frames === undefined ? 0 : tag.frames - frames
  if (missing > (length === undefined ? 1 : 0)) {
    throw brokenOff(reader.name, given, first.sampleRate, `its header promises ${tag!.frames} frames, the file holds ${frames}`)
  }
}

/**
 * The bytes of the next frame, past any tags; undefined at the end.
 *
 * @param complete - whether all promised frames were read, so that bytes that are no frame are no lost sound but some tag that we do not know
 */
async function nextFrame(
  reader: ByteReader,
  first: MpegFrameHeader,
  complete: boolean,
  damaged: (reason: string) => AudioError,
  cut: () => AudioError,
): Promise<Uint8Array | undefined> {
  let head = await reader.peek(4)
  if (!parseMpegHeader(head)) {
    await skipTags(reader)
    head = await reader.peek(4)
    if (head.length === 0) return undefined
  }
  const header = parseMpegHeader(head)
  if (!header && complete) return undefined
  if (!header)
    throw head.length < 4 ? cut() : damaged('there are bytes that are no MPEG frame; "ffmpeg -i" can decode what is around them to a WAV')
  if (!sameMpegStream(first, header)) throw damaged(`it changes to layer ${header.layer} at ${header.sampleRate} Hz`)
  if (header.channels !== first.channels) throw damaged(`it changes from ${first.channels} to ${header.channels} channels`)
  if (header.bytes === 0) throw damaged('it changes to free format')
  const bytes = (await reader.read(header.bytes)).slice()
  if (bytes.length < header.bytes) throw cut()
  return bytes
}
