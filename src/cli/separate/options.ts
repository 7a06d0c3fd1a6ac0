/** The command line of `divisi separate`: its options, what they may be, and its help. */

import { Command, InvalidArgumentError, Option } from 'commander'
import type { SampleFormat } from '../../audio/index.ts'
import { devices } from '../../models/index.ts'
import { number, parseThreads, wholeNumber } from '../parse.ts'
import { type QualityFlags, qualityOptions } from '../quality.ts'
import { type OutputFlags, outputOptions } from './output-options.ts'
import { type PipeFlags, pipeOptions } from './pipe-options.ts'
import { type ProgressStyle, progressStyles } from './progress.ts'

export interface SeparateFlags extends OutputFlags, PipeFlags, QualityFlags {
  readonly out: string
  readonly stems?: readonly string[]
  readonly device: string
  /** MB that the process may hold. */
  readonly memory?: number
  readonly force?: boolean
  readonly allowTruncated?: boolean
  readonly recursive?: boolean
  readonly skipExisting?: boolean
  readonly jobs?: number
  /** False with --no-resume. */
  readonly resume?: boolean
  readonly json?: boolean
  readonly progress?: ProgressStyle
}

function parseStems(text: string): readonly string[] {
  const stems = [...new Set(text.split(',').map((stem) => stem.trim()))].filter((stem) => stem !== '')
  if (stems.length === 0) throw new InvalidArgumentError('Name at least one stem, separated by commas.')
  return stems
}

function parseDepth(text: string): SampleFormat {
  if (text === 'float') return { kind: 'float', bits: 32 }
  if (!['16', '24', '32'].includes(text)) throw new InvalidArgumentError('Allowed are 16, 24, 32 and float.')
  return { kind: 'int', bits: Number(text) }
}

const details = `
For song.mp3 this writes song.vocals.wav and song.instrumental.wav, with the rate, channels,
length, depth and tags of the song (lossy and 8-bit songs: 16 bits; 64-bit float stays). In 16,
24 and 32 bits, as WAV or FLAC, the instrumental is the song minus the vocals to the last bit:
played together they are the song. Should a stem exceed full scale, one gain lowers all of them,
and is printed. Where --depth takes bits away, dither takes their place.

Some networks want to know the whole song before they hear a part of it: a file is then read
twice; a pipe is read once, and the network knows the song up to the end of what it hears.

The paths of the written files go to standard output, everything else to standard error.
Files appear when they are complete. What Ctrl-C or a crash interrupts is kept in a hidden folder
beside the stems, and the same command goes on where it stopped; after an error nothing is left.

Of a folder, or a pattern in quotes, songs are the files with endings of sound; what is a stem by
its name is none. One song that fails does not stop the others: a table at the end tells of each,
and the exit code is 1.

Input: WAV, FLAC, MP3, Ogg Vorbis and Opus, told by content; other kinds where ffmpeg is installed.

In place of files, - is standard input; a stem of it goes to standard output, as WAV or samples alone
(--output-format), while it plays: with --model causal a fraction of a second late, with others by
windows. Several stems are the channels of one output, one stem after the other.

Examples:
  $ divisi separate song.mp3
  $ divisi separate --out stems album/*.flac
  $ divisi separate --quality best song.flac
  $ divisi separate --recursive --skip-existing --out stems music
  $ divisi separate --preview 15 --plot song.mp3
  $ divisi separate --stems instrumental --depth 24 song.wav
  $ divisi separate --format mp3 --bitrate 320 --name '{base} ({stem})' song.flac
  $ ffmpeg -i song.mp3 -f wav - | divisi separate - --model causal --stems instrumental | ffplay -
  $ divisi separate --json song.ogg | jq -r .stems.vocals`

/** The command for commander; `run` gets the parsed command line. */
export function separateCommand(run: (inputs: readonly string[], flags: SeparateFlags) => Promise<void>): Command {
  const command = new Command('separate')
    .description('Separate songs into vocals and instrumental.')
    .argument('<files...>', 'songs to separate: files, folders, patterns such as "music/*.mp3"')
    .option('-o, --out <folder>', 'folder for the stems, made where missing', '.')
    .addOption(new Option('-s, --stems <list>', 'stems to write, separated by commas (default: vocals,instrumental)').argParser(parseStems))
    .option('-d, --device <name>', `where the network runs, or fails with the reason: ${devices.join(', ')}`, 'cpu')
    .addOption(new Option('-t, --threads <n>', 'threads for the network (default: one per core)').argParser(parseThreads))
    .addOption(
      new Option('--memory <MB>', 'most memory that it may take; less means shorter windows (default: no limit)').argParser(
        number(0, 'above', 'number of MB'),
      ),
    )
    .addOption(new Option('--depth <bits>', 'samples of the stems: 16, 24, 32 or float (default: as in the song)').argParser(parseDepth))
  for (const option of [...qualityOptions, ...outputOptions, ...pipeOptions]) command.addOption(option)
  return command
    .option('-f, --force', 'replace existing files')
    .option('-r, --recursive', 'look into folders below the given ones, and keep their tree under --out')
    .option('--skip-existing', 'pass over songs whose stems are all there')
    .addOption(new Option('-j, --jobs <n>', 'songs at once, which take turns with the network (default: 1)').argParser(wholeNumber(1)))
    .option('--no-resume', 'begin interrupted songs anew, and keep nothing when interrupted')
    .option('--allow-truncated', 'separate what lies before the place where a song breaks off or is damaged')
    .addOption(
      new Option(
        '--preview <seconds>',
        'separate only so much of each song, where its voice is loudest: song.preview.vocals.wav',
      ).argParser(number(0, 'above', 'number of seconds')),
    )
    .option('--plot', 'draw the song and its stems, waves over spectrograms: song.plot.svg')
    .addOption(new Option('--progress <style>', 'how progress is shown on standard error (default: auto)').choices(progressStyles))
    .option('--json', 'print facts about each file as a line of JSON')
    .addHelpText('after', details)
    .action(run)
}
