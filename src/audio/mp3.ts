/**
 * MP3 (and layers I and II) by mpg123, gapless: the encoder's delay and padding that a LAME tag tells are cut, so that a file is as long as what was encoded.
 *
 * We walk over the frames ourselves, because the decoder neither tells lost frames nor where a stream breaks off. A stream without the tag that is
 * cut within a frame is an error; one that is cut between two frames cannot be told from a whole one.
 */

import { gather, quietly } from './batch.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { type AudioError, brokenOff, damaged } from './errors.ts'
import { skipTags } from './id3.ts'
import type { MpegFrameHeader, MpegStreamTag } from './mp3-frames.ts'
import { parseMpegHeader, parseMpegStreamTag, sameMpegStream } from './mp3-frames.ts'
import type { AudioBlock, Samples } from './types.ts'

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

/** What tells where the sound is lost. */
type Fail = (kind: 'damaged' | 'cut', reason: string) => AudioError

type Decode = (bytes: Uint8Array) => { channelData: Float32Array[]; samplesDecoded: number; errors: readonly { message: string }[] }

async function* decodeFrames(
  reader: ByteReader,
  decode: Decode,
  first: MpegFrameHeader,
  tag: MpegStreamTag | undefined,
  skip: number,
  length: number | undefined,
): AsyncGenerator<AudioBlock> {
  const { sampleRate, samples: samplesPerFrame } = first
  let frames = 0
  let decoded = 0
  /** Samples of sound in so many decoded ones. */
  const soundIn = (samples: number): number => Math.min(length ?? Number.POSITIVE_INFINITY, Math.max(0, samples - skip))
  const fail: Fail = (kind, reason) =>
    (kind === 'cut' ? brokenOff : damaged)(reader.name, soundIn(frames * samplesPerFrame), sampleRate, reason)
  const next = async (): Promise<Uint8Array | undefined> => {
    const complete = tag?.frames !== undefined && frames >= tag.frames
    const bytes = await nextFrame(reader, first, complete, fail)
    if (!bytes) return undefined
    if (length !== undefined && complete)
      throw fail(
        'damaged',
        `its header promises ${tag.frames} frames, more follow (joined files?); "ffmpeg -i" can decode them all to a WAV`,
      )
    frames++
    return bytes
  }
  for (let ended = false; !ended; ) {
    const batch = await gather(next, (items) => items.length * samplesPerFrame >= SAMPLES_PER_BLOCK)
    const { pieces, failure } = decodeAll(batch.items, decode, samplesPerFrame)
    const before = decoded
    decoded += pieces.length * samplesPerFrame
    const [from, to] = [Math.max(0, skip - before), Math.max(0, skip - before) + soundIn(decoded) - soundIn(before)]
    // The decoder gives two channels, equal ones for mono.
    if (to > from) yield Array.from({ length: first.channels }, (_, c) => joinSamples(pieces, c, samplesPerFrame).subarray(from, to))
    if (failure !== undefined) throw damaged(reader.name, soundIn(decoded), sampleRate, failure)
    if (batch.failure) throw batch.failure.error
    ended = batch.ended
  }
  // Tags other than LAME's are known to be off by one.
  const missing = tag?.frames === undefined ? 0 : tag.frames - frames
  if (missing > (length === undefined ? 1 : 0)) throw fail('cut', `its header promises ${tag!.frames} frames, the file holds ${frames}`)
}

/** What frames decode to, up to the first that does not. */
function decodeAll(
  frames: readonly Uint8Array[],
  decode: Decode,
  samplesPerFrame: number,
): { pieces: readonly Float32Array[][]; failure: string | undefined } {
  const pieces: Float32Array[][] = []
  for (const frame of frames) {
    const { errors, samplesDecoded, channelData } = quietly(() => decode(frame))
    if (errors.length > 0) return { pieces, failure: errors[0]!.message }
    if (samplesDecoded !== samplesPerFrame) return { pieces, failure: 'a frame does not decode' }
    pieces.push(channelData)
  }
  return { pieces, failure: undefined }
}

function joinSamples(pieces: readonly Float32Array[][], channel: number, samplesPerFrame: number): Samples {
  const joined = new Float32Array(pieces.length * samplesPerFrame)
  pieces.forEach((piece, index) => {
    joined.set(piece[channel]!, index * samplesPerFrame)
  })
  return joined
}

/**
 * The bytes of the next frame, past any tags; undefined at the end.
 *
 * @param complete - whether all promised frames were read, so that bytes that are no frame are no lost sound but some tag that we do not know
 */
async function nextFrame(reader: ByteReader, first: MpegFrameHeader, complete: boolean, fail: Fail): Promise<Uint8Array | undefined> {
  let head = await reader.peek(4)
  if (!parseMpegHeader(head)) {
    await skipTags(reader)
    head = await reader.peek(4)
    if (head.length === 0) return undefined
  }
  const header = parseMpegHeader(head)
  if (!header && complete) return undefined
  if (!header) {
    throw head.length < 4
      ? fail('cut', 'the file ends within a frame')
      : fail('damaged', 'there are bytes that are no MPEG frame; "ffmpeg -i" can decode what is around them to a WAV')
  }
  if (!sameMpegStream(first, header)) throw fail('damaged', `it changes to layer ${header.layer} at ${header.sampleRate} Hz`)
  if (header.channels !== first.channels) throw fail('damaged', `it changes from ${first.channels} to ${header.channels} channels`)
  if (header.bytes === 0) throw fail('damaged', 'it changes to free format')
  const bytes = (await reader.read(header.bytes)).slice()
  if (bytes.length < header.bytes) throw fail('cut', 'the file ends within a frame')
  return bytes
}
