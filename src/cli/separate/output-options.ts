/** Options of `divisi separate` about the files that it writes: their kind, bit rate, dither, names, tags. */

import { extname, parse } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import {
  type AudioFormat,
  audioFormats,
  checkBitrate,
  formatFacts,
  isLossless,
  readTags,
  type SampleFormat,
  type SongTags,
} from '../../audio/index.ts'
import { checkTemplate, defaultTemplate, stemFileName, type WriteStemsOptions } from '../../separation/index.ts'
import { oneLine, UsageError } from '../errors.ts'

export interface OutputFlags {
  readonly format?: AudioFormat | 'same'
  /** Bits per second. */
  readonly bitrate?: number
  readonly depth?: SampleFormat
  /** True with --dither, false with --no-dither. */
  readonly dither?: boolean
  readonly name?: string
  /** False with --no-tags. */
  readonly tags?: boolean
  /** Seconds of each song that are separated. */
  readonly preview?: number
  readonly plot?: boolean
}

function parseBitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)k?$/i.exec(text.trim())
  if (!match) throw new InvalidArgumentError('It is in kbit/s, such as 192 or 192k.')
  return Math.round(1000 * Number(match[1]))
}

/** To be added to the command. */
export const outputOptions: readonly Option[] = [
  new Option('--format <kind>', "kind of the files (default: wav; same: the song's, by the ending of its name)").choices([
    ...audioFormats,
    'same',
  ]),
  new Option('--bitrate <kbit/s>', 'of mp3, ogg, opus and m4a (default: one at which few hear a difference)').argParser(parseBitrate),
  new Option('--dither', 'add noise below the last bit where 16 or 24 bits hold less than was computed (default: if the song has more)'),
  new Option('--no-dither', 'round, and add no noise'),
  new Option('--name <template>', `names of the files; places are {base}, {stem} and {format} (default: "${defaultTemplate}")`),
  new Option('--no-tags', "leave out the song's title, artist, cover and other tags"),
]

/** The kind of file that the stems of a song are written as. */
export function formatOf({ format = 'wav' }: OutputFlags, input: string): AudioFormat {
  if (format !== 'same') return format
  const ending = extname(input).slice(1).toLowerCase()
  return audioFormats.find((name) => name === ending) ?? (ending === 'oga' ? 'ogg' : ending === 'mp4' ? 'm4a' : 'wav')
}

/** What a song's files are called, without stem and ending: of a preview they say so. */
export function outputBase({ preview }: OutputFlags, input: string): string {
  return `${parse(input).name}${preview === undefined ? '' : '.preview'}`
}

/** The name of the picture of a song and its stems, where one is asked for. */
export function plotName(flags: OutputFlags, input: string): string | undefined {
  return flags.plot ? stemFileName(outputBase(flags, input), 'plot', { format: 'svg', template: flags.name }) : undefined
}

/** The name of the file of a stem. */
export function outputName(flags: OutputFlags, input: string, stem: string): string {
  return stemFileName(outputBase(flags, input), stem, { format: formatOf(flags, input), template: flags.name })
}

/**
 * Refuses what cannot be, before any work.
 *
 * @throws UsageError that says what is allowed
 */
export function checkOutput(flags: OutputFlags): void {
  const { format = 'wav', bitrate, depth, name } = flags
  try {
    if (name !== undefined) checkTemplate(name)
    // Which rates of bits there are depends on the song; whether there are any does not.
    if (bitrate !== undefined && format !== 'same' && isLossless(format)) checkBitrate(format, 44_100, 2, bitrate)
  } catch (error) {
    throw new UsageError(oneLine(error), { cause: error })
  }
  if (format === 'same' || depth === undefined) return
  const { name: kind } = formatFacts[format]
  if (!isLossless(format)) throw new UsageError(`--depth is for wav and flac: ${kind} has no bit depth; leave it out`)
  if (format === 'flac' && !(depth.kind === 'int' && depth.bits <= 24))
    throw new UsageError('--depth of flac is 16 or 24; --format wav holds 32 bits and floats')
}

/** What `writeStems` is told about the files. */
export function writingOf(
  flags: OutputFlags,
  input: string,
): Pick<WriteStemsOptions, 'format' | 'bitrate' | 'sampleFormat' | 'dither' | 'template'> {
  const format = formatOf(flags, input)
  const bitrate = isLossless(format) ? undefined : flags.bitrate
  return { format, bitrate, sampleFormat: isLossless(format) ? flags.depth : undefined, dither: flags.dither, template: flags.name }
}

/** The tags of a song; one whose tags are broken is separated without them, with a note. */
export async function tagsOf(
  flags: OutputFlags,
  input: string,
  isFile: boolean,
  note: (line: string) => void,
): Promise<SongTags | undefined> {
  if (flags.tags === false || !isFile) return undefined
  return readTags(input).catch((error: unknown) => {
    note(`the stems get no tags: ${oneLine(error)}`)
    return undefined
  })
}
