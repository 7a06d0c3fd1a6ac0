/** Options of `divisi separate -`: what comes in where it has no header, and what goes out. */

import { InvalidArgumentError, Option } from 'commander'
import type { RawFormat, SampleFormat } from '../../audio/index.ts'
import { UsageError } from '../errors.ts'
import { wholeNumber } from '../parse.ts'

/** Samples without a header by the names that ffmpeg has for them, little-endian. */
const rawFormats: Readonly<Record<string, SampleFormat>> = {
  s16le: { kind: 'int', bits: 16 },
  s24le: { kind: 'int', bits: 24 },
  s32le: { kind: 'int', bits: 32 },
  f32le: { kind: 'float', bits: 32 },
  f64le: { kind: 'float', bits: 64 },
}

/** Samples with or without the header of a WAV file. */
export interface PipeFormat {
  readonly name: string
  /** Undefined for WAV: as `--depth` says, or as what comes in. */
  readonly sampleFormat: SampleFormat | undefined
}

export interface PipeFlags {
  readonly inputFormat?: PipeFormat
  readonly rate?: number
  readonly channels?: number
  readonly outputFormat?: PipeFormat
}

function parsePipeFormat(text: string): PipeFormat {
  const names = ['wav', ...Object.keys(rawFormats)]
  if (!names.includes(text)) throw new InvalidArgumentError(`Allowed are ${names.join(', ')}.`)
  return { name: text, sampleFormat: rawFormats[text] }
}

/** To be added to the command. */
export const pipeOptions: readonly Option[] = [
  new Option(
    '--input-format <kind>',
    'of -: samples without a header, s16le, s24le, s32le, f32le, f64le (default: told by content)',
  ).argParser(parsePipeFormat),
  new Option('--rate <hertz>', 'of samples without a header').argParser(wholeNumber(1)),
  new Option('--channels <n>', 'of samples without a header, 1 or 2 (default: 2)').argParser(wholeNumber(1, 2, 'Allowed are 1 and 2.')),
  new Option('--output-format <kind>', 'of -: wav, or samples without a header as above (default: wav)').argParser(parsePipeFormat),
]

/**
 * What standard input holds, where it has no header.
 *
 * @throws UsageError for options that do not go together
 */
export function rawInput({ inputFormat, rate, channels }: PipeFlags): RawFormat | undefined {
  const sampleFormat = inputFormat?.sampleFormat
  if (!sampleFormat) {
    const needless = rate !== undefined ? '--rate' : channels !== undefined ? '--channels' : undefined
    if (needless)
      throw new UsageError(`${needless} is of samples without a header; say which they are with --input-format, or leave it out`)
    return undefined
  }
  if (rate === undefined)
    throw new UsageError(`--input-format ${inputFormat!.name} does not say how many samples a second has: add --rate, such as --rate 44100`)
  return { sampleRate: rate, channels: channels ?? 2, sampleFormat }
}
