/** What each format can hold: rates, depths, channels, bit rates. The limits of the codecs, apart from the code that runs them. */

import type { SampleFormat } from '../types.ts'
import type { AudioFormat } from './types.ts'

interface FormatFacts {
  /** For people. */
  readonly name: string
  readonly lossless: boolean
  /** Rates that it knows, in Hz; undefined for all. */
  readonly rates?: readonly number[]
  readonly most: { readonly channels: number; readonly rate: number }
  /** Bits per second over all channels that may be asked for, at a rate and channel count; undefined for lossless formats. */
  readonly bitrates?: (sampleRate: number, channels: number) => readonly number[] | { readonly low: number; readonly high: number }
}

const kilo = (values: readonly number[]): number[] => values.map((value) => 1000 * value)
const MPEG1 = kilo([32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320])
const MPEG2 = kilo([8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160])
/** What LAME makes of MPEG 2.5, the extension for the lowest rates. */
const MPEG25 = kilo([8, 16, 24, 32, 40, 48, 56, 64])

/** The formats by name. MP3: ISO/IEC 11172-3 and 13818-3; Opus: RFC 6716; AAC: ISO/IEC 14496-3, table 1.18; FLAC: RFC 9639. */
export const formatFacts: Readonly<Record<AudioFormat, FormatFacts>> = {
  wav: { name: 'WAV', lossless: true, most: { channels: 1024, rate: 2 ** 31 - 1 } },
  flac: { name: 'FLAC', lossless: true, most: { channels: 8, rate: 655_350 } },
  mp3: {
    name: 'MP3',
    lossless: false,
    rates: [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000],
    most: { channels: 2, rate: 48_000 },
    bitrates: (rate) => (rate >= 32_000 ? MPEG1 : rate >= 16_000 ? MPEG2 : MPEG25),
  },
  ogg: {
    name: 'Ogg Vorbis',
    lossless: false,
    most: { channels: 2, rate: 192_000 },
    bitrates: () => ({ low: 32_000, high: 500_000 }),
  },
  opus: {
    name: 'Opus',
    lossless: false,
    rates: [48_000],
    most: { channels: 2, rate: 48_000 },
    bitrates: (_, channels) => ({ low: 6000, high: 256_000 * channels }),
  },
  m4a: {
    name: 'AAC',
    lossless: false,
    rates: [7350, 8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000],
    most: { channels: 2, rate: 96_000 },
    // 6144 bits per channel and frame of 1024 samples (ISO/IEC 14496-3, 4.5.3.3).
    bitrates: (rate, channels) => ({ low: 8000 * channels, high: Math.floor((6144 * channels * rate) / 1024) }),
  },
}

/** Whether decoding gives back the very samples. */
export function isLossless(format: AudioFormat): boolean {
  return formatFacts[format].lossless
}

/**
 * The rate at which a format stores sound of `sampleRate`: the same where it has it, else the lowest above, else the highest of the same family
 * (44 100 of 176 400, 48 000 of 192 000).
 */
export function storedRate(format: AudioFormat, sampleRate: number): number {
  const { rates, most } = formatFacts[format]
  if (!rates) return Math.min(sampleRate, most.rate)
  if (rates.includes(sampleRate)) return sampleRate
  return rates.find((rate) => rate > sampleRate) ?? rates.findLast((rate) => sampleRate % rate === 0 && rate > most.rate / 2) ?? most.rate
}

/** How a lossless format stores samples: as asked where it can, else the nearest that loses no more than it must. FLAC has 16 and 24 bits. */
export function storedSampleFormat(format: AudioFormat, sampleFormat: SampleFormat): SampleFormat {
  if (format === 'wav') return sampleFormat
  if (!isLossless(format)) return { kind: 'float', bits: 32 }
  return { kind: 'int', bits: sampleFormat.kind === 'int' && sampleFormat.bits <= 16 ? 16 : 24 }
}

/**
 * Refuses what a format cannot hold.
 *
 * @throws RangeError that names the argument, what is allowed, and the way out
 */
export function checkEncoding(
  format: AudioFormat,
  {
    sampleRate,
    channels,
    sampleFormat,
    bitrate,
  }: { sampleRate: number; channels: number; sampleFormat: SampleFormat; bitrate?: number | undefined },
): void {
  const { name, most } = formatFacts[format]
  if (!Number.isInteger(channels) || channels < 1 || channels > most.channels)
    throw new RangeError(`channels ${channels}: ${name} files have 1 to ${most.channels} channels here; write more as WAV`)
  if (!Number.isInteger(sampleRate) || sampleRate < 1) throw new RangeError(`sampleRate ${sampleRate}: it is a whole number of Hz from 1`)
  if (format === 'flac' && !(sampleFormat.kind === 'int' && [16, 24].includes(sampleFormat.bits)))
    throw new RangeError(
      `sampleFormat ${sampleFormat.kind} of ${sampleFormat.bits} bits: FLAC files have integers of 16 or 24 bits here; WAV holds others`,
    )
  checkBitrate(format, storedRate(format, sampleRate), channels, bitrate)
}

/** Refuses a bit rate (bits per second) that a format does not have at a rate and channel count, and any for a lossless one. */
export function checkBitrate(format: AudioFormat, sampleRate: number, channels: number, bitrate: number | undefined): void {
  const { name, bitrates } = formatFacts[format]
  if (bitrate === undefined) return
  if (!bitrates) throw new RangeError(`bitrate ${bitrate}: ${name} keeps every bit and has no bit rate to choose; leave it out`)
  const allowed = bitrates(sampleRate, channels)
  const inThousands = (value: number): number => value / 1000
  if ('low' in allowed) {
    if (!(bitrate >= allowed.low && bitrate <= allowed.high))
      throw new RangeError(
        `bitrate ${bitrate}: ${name} of ${channels} channels at ${sampleRate} Hz has ${inThousands(allowed.low)} to ${inThousands(allowed.high)} kbit/s`,
      )
  } else if (!allowed.includes(bitrate))
    throw new RangeError(`bitrate ${bitrate}: ${name} at ${sampleRate} Hz has ${allowed.map(inThousands).join(', ')} kbit/s`)
}
