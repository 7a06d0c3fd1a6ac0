/** The command line of `divisi separate`: its options, what they may be, and its help. */

import { Command, InvalidArgumentError, Option } from 'commander'
import type { SampleFormat } from '../../audio/index.ts'
import { devices } from '../../models/index.ts'
import { parseThreads } from '../parse.ts'

export interface SeparateFlags {
  readonly out: string
  readonly model?: string
  readonly stems?: readonly string[]
  readonly device: string
  readonly threads?: number
  readonly overlap?: number
  readonly depth?: SampleFormat
  readonly force?: boolean
  readonly allowTruncated?: boolean
  readonly json?: boolean
}

function parseStems(text: string): readonly string[] {
  const stems = [...new Set(text.split(',').map((stem) => stem.trim()))].filter((stem) => stem !== '')
  if (stems.length === 0) throw new InvalidArgumentError('Name at least one stem, separated by commas.')
  return stems
}

function parseOverlap(text: string): number {
  const overlap = Number(text)
  if (text.trim() === '' || !(overlap >= 0 && overlap < 1)) throw new InvalidArgumentError('It is a share of a window, such as 0.5.')
  return overlap
}

function parseDepth(text: string): SampleFormat {
  if (text === 'float') return { kind: 'float', bits: 32 }
  if (!['16', '24', '32'].includes(text)) throw new InvalidArgumentError('Allowed are 16, 24, 32 and float.')
  return { kind: 'int', bits: Number(text) }
}

const details = `
For song.mp3 this writes song.vocals.wav and song.instrumental.wav, with the rate, channels,
length and depth of the song (lossy and 8-bit songs: 16 bits; 64-bit float stays). In 16, 24
and 32 bits the instrumental is the song minus the vocals to the last bit: played together they
are the song. Should a stem exceed full scale, one gain lowers all of them, and is printed.

Some networks want to know the whole song before they hear a part of it: a file is then read
twice; a pipe is read once, and the network knows the song up to the end of what it hears.

The paths of the written files go to standard output, everything else to standard error.
Files appear when they are complete; after an error or Ctrl-C nothing is left behind.

Input: WAV, FLAC, MP3, Ogg Vorbis and Opus, told by content; other kinds where ffmpeg is installed.

Examples:
  $ divisi separate song.mp3
  $ divisi separate --out stems album/*.flac
  $ divisi separate --stems instrumental --depth 24 song.wav
  $ divisi separate --json song.ogg | jq -r .stems.vocals`

/** The command for commander; `run` gets the parsed command line. */
export function separateCommand(run: (inputs: readonly string[], flags: SeparateFlags) => Promise<void>): Command {
  return new Command('separate')
    .description('Separate songs into vocals and instrumental.')
    .argument('<files...>', 'songs to separate')
    .option('-o, --out <folder>', 'folder for the stems, made where missing', '.')
    .option('-m, --model <name>', 'network to use (default: the one that ships)')
    .addOption(new Option('-s, --stems <list>', 'stems to write, separated by commas (default: vocals,instrumental)').argParser(parseStems))
    .option('-d, --device <name>', `where the network runs, or fails with the reason: ${devices.join(', ')}`, 'cpu')
    .addOption(new Option('-t, --threads <n>', 'threads for the network (default: one per core)').argParser(parseThreads))
    .addOption(
      new Option('--overlap <share>', 'share of each window estimated twice; more is slower, a little smoother').argParser(parseOverlap),
    )
    .addOption(new Option('--depth <bits>', 'samples of the stems: 16, 24, 32 or float (default: as in the song)').argParser(parseDepth))
    .option('-f, --force', 'replace existing files')
    .option('--allow-truncated', 'separate what lies before the place where a song breaks off or is damaged')
    .option('--json', 'print facts about each file as a line of JSON')
    .addHelpText('after', details)
    .action(run)
}
