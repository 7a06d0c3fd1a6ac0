/**
 * Frames of MPEG audio (layers I to III of MPEG-1, -2 and "2.5"): headers, lengths, and the Xing/LAME frame that tells a stream's length.
 *
 * ISO/IEC 11172-3 and 13818-3; the tag after LAME 3.100's VbrTag.c and the "Mp3 Info Tag revision 1" text (G. Bouvigne).
 */

export interface MpegFrameHeader {
  readonly version: 1 | 2 | 2.5
  readonly layer: 1 | 2 | 3
  readonly sampleRate: number
  readonly channels: 1 | 2
  /** Length of the frame in bytes, header included; 0 for "free format", which does not tell it. */
  readonly bytes: number
  /** Samples per channel that the frame decodes to. */
  readonly samples: number
  readonly protectedByCrc: boolean
}

/** What the first frame of a stream says about the whole. */
export interface MpegStreamTag {
  /** Number of frames after this one; undefined where the tag leaves it out. */
  readonly frames: number | undefined
  /** Samples that the encoder put before and after the sound; undefined where the tag does not say (it is no LAME tag). */
  readonly gapless: { readonly delay: number; readonly padding: number } | undefined
}

/** kbit/s by bit-rate index 1–14. */
const BIT_RATES = {
  mpeg1: {
    1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  },
  mpeg2: {
    1: [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    3: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  },
} as const
const SAMPLE_RATES = [44100, 48000, 32000]

/** The header in the first four bytes; undefined where they are none. */
export function parseMpegHeader(bytes: Uint8Array): MpegFrameHeader | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || (bytes[1]! & 0xe0) !== 0xe0) return undefined
  const versionBits = (bytes[1]! >> 3) & 3
  const layerBits = (bytes[1]! >> 1) & 3
  const rateIndex = bytes[2]! >> 4
  const frequencyIndex = (bytes[2]! >> 2) & 3
  if (versionBits === 1 || layerBits === 0 || rateIndex === 15 || frequencyIndex === 3 || (bytes[3]! & 3) === 2) return undefined
  const version = versionBits === 3 ? 1 : versionBits === 2 ? 2 : 2.5
  const layer = (4 - layerBits) as 1 | 2 | 3
  const sampleRate = SAMPLE_RATES[frequencyIndex]! / (version === 1 ? 1 : version === 2 ? 2 : 4)
  const padding = (bytes[2]! >> 1) & 1
  const samples = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152
  const bitRate = rateIndex === 0 ? 0 : BIT_RATES[version === 1 ? 'mpeg1' : 'mpeg2'][layer][rateIndex - 1]! * 1000
  const slot = layer === 1 ? 4 : 1
  const length = bitRate === 0 ? 0 : (Math.floor((samples / 8 / slot) * (bitRate / sampleRate)) + padding) * slot
  return {
    version,
    layer,
    sampleRate,
    channels: bytes[3]! >> 6 === 3 ? 1 : 2,
    bytes: length,
    samples,
    protectedByCrc: (bytes[1]! & 1) === 0,
  }
}

/** Whether two headers can belong to one stream. */
export function sameMpegStream(a: MpegFrameHeader, b: MpegFrameHeader): boolean {
  return a.version === b.version && a.layer === b.layer && a.sampleRate === b.sampleRate
}

/** Reads the Xing, Info or VBRI tag of a stream's first frame; undefined where the frame is sound. */
export function parseMpegStreamTag(frame: Uint8Array, header: MpegFrameHeader): MpegStreamTag | undefined {
  if (header.layer !== 3) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const text = (at: number, length: number): string => String.fromCharCode(...frame.subarray(at, at + length))
  if (text(36, 4) === 'VBRI' && frame.length >= 54) return { frames: view.getUint32(50) || undefined, gapless: undefined }
  const sideInfo = header.version === 1 ? (header.channels === 1 ? 17 : 32) : header.channels === 1 ? 9 : 17
  // Encoders disagree on whether a checksum moves the tag.
  const start = [4 + sideInfo, 6 + sideInfo].find((at) => ['Xing', 'Info'].includes(text(at, 4)))
  if (start === undefined || frame.length < start + 8) return undefined
  const flags = view.getUint32(start + 4)
  let at = start + 8
  const hasFrames = (flags & 1) !== 0 && frame.length >= at + 4
  // Encoders that write into a pipe leave the count at 0.
  const frames = hasFrames ? view.getUint32(at) || undefined : undefined
  at += ((flags & 1) !== 0 ? 4 : 0) + ((flags & 2) !== 0 ? 4 : 0) + ((flags & 4) !== 0 ? 100 : 0) + ((flags & 8) !== 0 ? 4 : 0)
  const writer = text(at, 4)
  const hasGapless = (writer === 'LAME' || writer === 'Lavf' || writer === 'Lavc') && frame.length >= at + 24
  if (!hasGapless) return { frames, gapless: undefined }
  const packed = (frame[at + 21]! << 16) | (frame[at + 22]! << 8) | frame[at + 23]!
  return { frames, gapless: { delay: packed >> 12, padding: packed & 0xfff } }
}
