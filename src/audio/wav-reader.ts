/** Samples of WAV files of every integer and float width, streamed. */

import type { ByteReader } from './byte-reader.ts'
import { brokenOff } from './errors.ts'
import type { AudioBlock, AudioInfo, SampleFormat, Samples } from './types.ts'
import type { WavHeader } from './wav-header.ts'

const FRAMES_PER_BLOCK = 16384
/** Of pipes, whose sound may be played at this moment: what is there is not to wait for much more. */
const FRAMES_PER_BLOCK_OF_PIPES = 1024

type ReadSample = (view: DataView, offset: number, littleEndian: boolean) => number

/** How a sample of the given encoding and width becomes a number of full scale ±1; undefined for widths that do not exist. */
function sampleReader(encoding: 'int' | 'float', bytes: number): ReadSample | undefined {
  if (encoding === 'float') {
    if (bytes === 4) return (view, offset, little) => view.getFloat32(offset, little)
    if (bytes === 8) return (view, offset, little) => view.getFloat64(offset, little)
    return undefined
  }
  switch (bytes) {
    case 1:
      return (view, offset) => (view.getUint8(offset) - 128) / 2 ** 7
    case 2:
      return (view, offset, little) => view.getInt16(offset, little) / 2 ** 15
    case 3:
      return (view, offset, little) =>
        little
          ? (view.getInt8(offset + 2) * 0x10000 + view.getUint16(offset, true)) / 2 ** 23
          : (view.getInt16(offset, false) * 0x100 + view.getUint8(offset + 2)) / 2 ** 23
    case 4:
      return (view, offset, little) => view.getInt32(offset, little) / 2 ** 31
    default:
      return bytes <= 8 ? (view, offset, little) => readWideInteger(view, offset, bytes, little) / 2 ** (8 * bytes - 1) : undefined
  }
}

/** Integers of 5 to 8 bytes; exact up to 53 significant bits, rounded to the nearest double beyond. */
function readWideInteger(view: DataView, offset: number, bytes: number, little: boolean): number {
  const low = bytes - 4
  const high = little ? view.getInt32(offset + low, true) : view.getInt32(offset, false)
  let rest = 0
  for (let i = 0; i < low; i++) rest = rest * 256 + view.getUint8(little ? offset + low - 1 - i : offset + 4 + i)
  return high * 256 ** low + rest
}

/** The narrowest format that `createWavWriter` knows and that holds every value of the file; undefined where the encoding is none that we read. */
export function wavSampleFormat(header: WavHeader): SampleFormat | undefined {
  const { encoding, bytesPerSample } = header
  if (encoding === 'other' || !sampleReader(encoding, bytesPerSample)) return undefined
  if (encoding === 'float') return { kind: 'float', bits: 8 * bytesPerSample }
  return bytesPerSample <= 4 ? { kind: 'int', bits: 8 * bytesPerSample } : { kind: 'float', bits: 64 }
}

/** Facts of a file whose header was read and whose encoding `wavSampleFormat` knows. */
export function wavInfo(reader: ByteReader, header: WavHeader): AudioInfo {
  const { sampleRate, channels, bytesPerSample, dataBytes } = header
  const bytes = dataBytes ?? (reader.size === undefined ? undefined : Math.max(0, reader.size - reader.position))
  return {
    sampleRate,
    channels,
    frames: bytes === undefined ? undefined : Math.floor(bytes / (bytesPerSample * channels)),
    format: 'wav',
    sampleFormat: wavSampleFormat(header),
  }
}

/**
 * The samples behind a header; `reader` stands at the first of them. Odd bit depths (12, 20, 36, …) lie in the high bits of their container.
 *
 * @throws AudioError when the source holds fewer frames than the data chunk promises. Less than a frame at the end is no sound and is left.
 */
export async function* readWavBlocks(reader: ByteReader, header: WavHeader): AsyncGenerator<AudioBlock> {
  const { channels, bytesPerSample, sampleRate, littleEndian, encoding } = header
  const readSample = encoding === 'other' ? undefined : sampleReader(encoding, bytesPerSample)
  if (!readSample) throw new RangeError(`readWavBlocks: no reader for ${encoding} samples of ${bytesPerSample} bytes; see wavSampleFormat`)
  const wide = encoding === 'float' ? bytesPerSample === 8 : bytesPerSample > 3
  const frameBytes = channels * bytesPerSample
  const mostFrames = reader.size === undefined ? FRAMES_PER_BLOCK_OF_PIPES : FRAMES_PER_BLOCK
  const framesPerBlock = Math.max(1, Math.min(mostFrames, Math.floor((1 << 20) / frameBytes)))
  const promised = header.dataBytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(header.dataBytes / frameBytes)
  let done = 0
  while (done < promised) {
    const wanted = Math.min(framesPerBlock, promised - done)
    const bytes = await reader.read(wanted * frameBytes)
    const frames = Math.floor(bytes.length / frameBytes)
    if (frames > 0) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      yield deinterleave(view, channels, frames, bytesPerSample, littleEndian, readSample, wide)
      done += frames
    }
    if (frames < wanted) {
      if (header.dataBytes === undefined) return
      throw brokenOff(
        reader.name,
        done,
        sampleRate,
        `its header promises ${(promised / sampleRate).toFixed(3)} s of sound, the file ends before`,
      )
    }
  }
}

function deinterleave(
  view: DataView,
  channels: number,
  frames: number,
  bytesPerSample: number,
  littleEndian: boolean,
  readSample: ReadSample,
  wide: boolean,
): AudioBlock {
  const block: Samples[] = []
  const stride = channels * bytesPerSample
  for (let channel = 0; channel < channels; channel++) {
    const samples = wide ? new Float64Array(frames) : new Float32Array(frames)
    let offset = channel * bytesPerSample
    for (let i = 0; i < frames; i++, offset += stride) samples[i] = readSample(view, offset, littleEndian)
    block.push(samples)
  }
  return block
}
