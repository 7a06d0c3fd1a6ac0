/** The bytes of WAV files: headers (RIFF, RF64; plain and extensible formats) and interleaved samples. */

import { checkSampleFormat } from './quantise.ts'
import type { AudioBlock, SampleFormat } from './types.ts'

/** Lengths above this do not fit the 32-bit fields of RIFF beside the header. */
const LARGEST_RIFF = 0xffffffff - 128

/** Speaker positions of WAVE_FORMAT_EXTENSIBLE by channel count, as ffmpeg's default layouts have them: 1 to 8 channels; more have none. */
const CHANNEL_MASKS = [0, 0x4, 0x3, 0xb, 0x33, 0x37, 0x3f, 0x70f, 0x63f]
const SUBTYPE_TAIL = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71]

/**
 * The header of a file with `frames` frames. Its length depends on the format alone: room for the ds64 chunk is kept by a JUNK chunk.
 *
 * @param largestRiff - data bytes above which the header is RF64
 */
export function wavHeader(
  format: { sampleRate: number; channels: number; sampleFormat: SampleFormat },
  frames: number,
  largestRiff: number = LARGEST_RIFF,
): Uint8Array<ArrayBuffer> {
  const { sampleRate, channels, sampleFormat } = format
  checkSampleFormat(sampleFormat)
  const { kind, bits } = sampleFormat
  const extensible = channels > 2 || (kind === 'int' && bits > 16)
  const formatBytes = extensible ? 40 : kind === 'float' ? 18 : 16
  const factBytes = kind === 'float' || extensible ? 12 : 0
  const headerBytes = 12 + 36 + 8 + formatBytes + factBytes + 8
  const frameBytes = (channels * bits) / 8
  const dataBytes = frames * frameBytes
  const riffBytes = headerBytes - 8 + dataBytes + (dataBytes % 2)
  const long = dataBytes > largestRiff
  const bytes = new Uint8Array(headerBytes)
  const view = new DataView(bytes.buffer)
  let at = 0
  const text = (value: string): void => {
    for (const char of value) bytes[at++] = char.charCodeAt(0)
  }
  const u16 = (value: number): void => {
    view.setUint16(at, value, true)
    at += 2
  }
  const u32 = (value: number): void => {
    view.setUint32(at, value, true)
    at += 4
  }
  const u64 = (value: number): void => {
    view.setBigUint64(at, BigInt(value), true)
    at += 8
  }
  text(long ? 'RF64' : 'RIFF')
  u32(long ? 0xffffffff : riffBytes)
  text('WAVE')
  text(long ? 'ds64' : 'JUNK')
  u32(28)
  u64(long ? riffBytes : 0)
  u64(long ? dataBytes : 0)
  u64(long ? frames : 0)
  u32(0)
  text('fmt ')
  u32(formatBytes)
  const tag = kind === 'int' ? 1 : 3
  u16(extensible ? 0xfffe : tag)
  u16(channels)
  u32(sampleRate)
  u32(sampleRate * frameBytes)
  u16(frameBytes)
  u16(bits)
  if (formatBytes > 16) u16(formatBytes - 18)
  if (extensible) {
    u16(bits)
    u32(CHANNEL_MASKS[channels] ?? 0)
    u16(tag)
    bytes.set(SUBTYPE_TAIL, at)
    at += SUBTYPE_TAIL.length
  }
  if (factBytes > 0) {
    text('fact')
    u32(4)
    u32(Math.min(frames, 0xffffffff))
  }
  text('data')
  u32(long ? 0xffffffff : dataBytes)
  return bytes
}

/**
 * The header of a stream whose end nobody knows yet: its lengths are the largest there are, which readers take for "to the end", as ffmpeg and SoX
 * write and read it.
 *
 * @throws RangeError for a format that WAV does not have
 */
export function endlessWavHeader(format: { sampleRate: number; channels: number; sampleFormat: SampleFormat }): Uint8Array<ArrayBuffer> {
  const bytes = wavHeader(format, 0)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, 0xffffffff, true)
  view.setUint32(bytes.length - 4, 0xffffffff, true)
  return bytes
}

/** Interleaved little-endian samples of a block; integers are rounded to the nearest and clamped. */
export function encodeWavSamples(block: AudioBlock, format: SampleFormat): Uint8Array<ArrayBuffer> {
  checkSampleFormat(format)
  const frames = block[0]?.length ?? 0
  const channels = block.length
  const bytesPerSample = format.bits / 8
  const bytes = new Uint8Array(frames * channels * bytesPerSample)
  const view = new DataView(bytes.buffer)
  const scale = 2 ** (format.bits - 1)
  const stride = channels * bytesPerSample
  block.forEach((samples, channel) => {
    if (samples.length !== frames) throw new RangeError(`write: channel 0 has ${frames} samples, channel ${channel} has ${samples.length}`)
    let at = channel * bytesPerSample
    for (let i = 0; i < frames; i++, at += stride) {
      const sample = samples[i]!
      if (format.kind === 'float') {
        if (format.bits === 32) view.setFloat32(at, sample, true)
        else view.setFloat64(at, sample, true)
        continue
      }
      const value = Math.max(-scale, Math.min(scale - 1, Math.round(sample * scale)))
      if (format.bits === 16) view.setInt16(at, value, true)
      else if (format.bits === 24) {
        view.setInt16(at, value & 0xffff, true)
        view.setInt8(at + 2, value >> 16)
      } else if (format.bits === 32) view.setInt32(at, value, true)
      else view.setUint8(at, value + 128)
    }
  })
  return bytes
}
