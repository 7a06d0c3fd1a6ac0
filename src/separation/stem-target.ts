/** In which files stems are to end, and in which samples they are kept on the way there. */

import {
  type AudioFormat,
  type AudioInfo,
  audioFormats,
  isLossless,
  type SampleFormat,
  storedRate,
  storedSampleFormat,
} from '../audio/index.ts'
import { createDither } from './dither.ts'
import { gainFor, type Rounding } from './round-stems.ts'
import { stemFormatFor } from './stem-format.ts'

export interface TargetOptions {
  /** Kind of the files: one of `audioFormats`, or `same`, that of the song where it can be written, else WAV. Default wav. */
  readonly format?: AudioFormat | 'same' | undefined
  /** How WAV and FLAC files store samples; default: as in the song (stemFormatFor). */
  readonly sampleFormat?: SampleFormat | undefined
  /** Whether noise is added where samples lose depth; default: if the song's samples are known to have more than the files'. */
  readonly dither?: boolean | undefined
}

export interface StemTarget {
  readonly format: AudioFormat
  /** Of the files, in Hz. */
  readonly sampleRate: number
  /** Of the files; undefined for lossy ones. */
  readonly sampleFormat: SampleFormat | undefined
  /** How samples are kept until the song is known to its end: those of the file, or floats where it is lossy. */
  readonly rounding: Rounding
  /** The gain on all stems if the largest sample of them is `peak`; 1 where none clips. */
  gain(peak: number): number
}

/** Lossy codecs overshoot: what had to be lowered is lowered to −1 dB of full scale, as broadcasters ask for (EBU R 128). */
const LOSSY_HEADROOM = 10 ** (-1 / 20)

/** Names of decoders' formats that go by another one as files. */
const WRITTEN_AS: Readonly<Record<string, AudioFormat>> = { 'ogg-vorbis': 'ogg', aac: 'm4a' }

/** The kind of file that a song of this description is written as. */
export function formatFor({ format }: Pick<AudioInfo, 'format'>): AudioFormat {
  return WRITTEN_AS[format] ?? audioFormats.find((name) => name === format) ?? 'wav'
}

function isDeeper(song: SampleFormat | undefined, file: SampleFormat): boolean {
  return file.kind === 'int' && song !== undefined && (song.kind === 'float' || song.bits > file.bits)
}

/**
 * Decides what the files of a song's stems are.
 *
 * @example
 * const song = { sampleRate: 96000, channels: 2, frames: undefined, format: 'flac', sampleFormat: { kind: 'int', bits: 24 } } as const
 * stemTarget(song, { format: 'mp3' }).sampleRate // 48000
 */
export function stemTarget(song: AudioInfo, options: TargetOptions = {}): StemTarget {
  const format = options.format === 'same' ? formatFor(song) : (options.format ?? 'wav')
  const sampleRate = storedRate(format, song.sampleRate)
  if (!isLossless(format)) {
    const gain = (peak: number): number => (peak > 1 ? LOSSY_HEADROOM / peak : 1)
    return { format, sampleRate, sampleFormat: undefined, rounding: { format: { kind: 'float', bits: 32 } }, gain }
  }
  const sampleFormat = options.sampleFormat ?? storedSampleFormat(format, stemFormatFor(song))
  const dithered = sampleFormat.kind === 'int' && (options.dither ?? isDeeper(song.sampleFormat, sampleFormat))
  const rounding = { format: sampleFormat, dither: dithered ? createDither(sampleFormat) : undefined }
  return { format, sampleRate, sampleFormat, rounding, gain: (peak) => (peak === 0 ? 1 : gainFor(peak, rounding)) }
}
