/** `divisi separate`: songs in, stems out. */

import { stat } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { AudioInfo, SampleFormat } from '../audio/index.ts'
import { openAudio } from '../audio/index.ts'
import { devices } from '../models/index.ts'
import {
  checkStems,
  fileExists,
  planWindows,
  SeparationError,
  type Separator,
  stemFileName,
  type WrittenStems,
  writeStems,
} from '../separation/index.ts'
import { exitCodes, fileError, oneLine, printError, UsageError } from './errors.ts'
import { createProgress, formatDuration, formatRate, type ProgressStream } from './progress.ts'

export interface SeparateFlags {
  readonly out: string
  readonly model?: string
  readonly stems?: readonly string[]
  readonly device: string
  readonly threads?: number
  readonly overlap?: number
  readonly depth?: SampleFormat
  readonly force?: boolean
  readonly json?: boolean
}

/** What the command needs from outside, so that tests can stand in for it. */
export interface SeparateContext {
  loadSeparator(model: string | undefined, options: { device: string; threads: number | undefined }): Promise<Separator>
  /** The paths of the written files, one a line; with --json an object a line. */
  readonly stdout: { write(text: string): unknown }
  /** All that is for eyes: what runs, progress, errors. */
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
}

interface Job {
  readonly input: string
  /** Name of the outputs without stem and ending. */
  readonly base: string
}

interface Finished extends WrittenStems {
  readonly job: Job
  readonly info: AudioInfo
  readonly elapsedSeconds: number
}

const devicesToCome = ['webgpu', 'cuda', 'coreml', 'directml', 'wasm']

function checkDevice(device: string): void {
  if ((devices as readonly string[]).includes(device)) return
  const reason = devicesToCome.includes(device) ? 'is not supported yet' : 'is unknown'
  throw new UsageError(`device "${device}" ${reason}; available: ${devices.join(', ')}`)
}

/** A model that was asked for and is not there, or holds no model, is a mistake on the command line; the shipped one would be a broken installation. */
async function load(flags: SeparateFlags, context: SeparateContext): Promise<Separator> {
  try {
    return await context.loadSeparator(flags.model, { device: flags.device, threads: flags.threads })
  } catch (error) {
    throw flags.model === undefined ? error : new UsageError(oneLine(error), { cause: error })
  }
}

/** Arguments that the library refuses are mistakes on the command line. */
function asUsage<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new UsageError(oneLine(error), { cause: error })
  }
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found && !found.isDirectory()) throw new UsageError(`--out ${folder} is a file, not a folder`)
}

/** The outputs' names; refused before any work if two inputs would write the same file, or an output would replace an input. */
function planJobs(inputs: readonly string[], folder: string, stems: readonly string[]): Job[] {
  const key = (path: string): string => (process.platform === 'linux' ? resolve(path) : resolve(path).toLowerCase())
  const inputsByPath = new Map<string, string>()
  for (const input of inputs) {
    if (inputsByPath.has(key(input))) throw new UsageError(`${input} is given twice`)
    inputsByPath.set(key(input), input)
  }
  const inputsByOutput = new Map<string, string>()
  return inputs.map((input) => {
    const { name: base } = parse(input)
    for (const stem of stems) {
      const output = join(folder, stemFileName(base, stem))
      const replaced = inputsByPath.get(key(output))
      if (replaced !== undefined) throw new UsageError(`the ${stem} of ${input} would replace the input ${replaced}; choose another --out`)
      const other = inputsByOutput.get(key(output))
      if (other !== undefined) throw new UsageError(`${other} and ${input} would both write ${output}; separate them with different --out`)
      inputsByOutput.set(key(output), input)
    }
    return { input, base }
  })
}

function describeFormat({ kind, bits }: SampleFormat): string {
  return kind === 'int' ? `${bits}-bit` : `${bits}-bit float`
}

function describeSong({ format, sampleFormat, sampleRate, channels, frames }: AudioInfo): string {
  const layout = channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`
  const length = frames === undefined ? '' : formatDuration(frames / sampleRate)
  return [format, sampleFormat ? describeFormat(sampleFormat) : '', `${sampleRate} Hz`, layout, length].filter(Boolean).join(', ')
}

async function separateJob(
  job: Job,
  stems: readonly string[],
  separator: Separator,
  flags: SeparateFlags,
  context: SeparateContext,
): Promise<Finished> {
  const { stderr, signal } = context
  if (!flags.force) {
    for (const stem of stems) {
      const output = join(flags.out, stemFileName(job.base, stem))
      if (await fileExists(output)) throw new SeparationError(`${output} exists already; --force replaces it`)
    }
  }
  const started = performance.now()
  const source = await openAudio(job.input, { signal })
  const { info } = source
  stderr.write(`${job.input}: ${describeSong(info)}\n`)
  const progress = createProgress({ label: job.base, unit: 'audio', stream: stderr })
  try {
    const written = await writeStems(source, {
      separator,
      stems,
      folder: flags.out,
      base: job.base,
      overlap: flags.overlap,
      sampleFormat: flags.depth,
      overwrite: flags.force,
      signal,
      onProgress: ({ doneSeconds, totalSeconds }) => progress.update(doneSeconds, { total: totalSeconds }),
    })
    return { ...written, job, info, elapsedSeconds: (performance.now() - started) / 1000 }
  } finally {
    progress.done()
  }
}

function reportJob(finished: Finished, separator: Separator, flags: SeparateFlags, { stdout, stderr }: SeparateContext): void {
  const { job, info, frames, sampleFormat, gain, elapsedSeconds } = finished
  const seconds = frames / info.sampleRate
  const paths = Object.fromEntries(Object.entries(finished.files).map(([stem, name]) => [stem, join(flags.out, name)]))
  if (gain !== 1) {
    const decibels = (20 * Math.log10(gain)).toFixed(2)
    stderr.write(
      `  a stem would have clipped: all are written at ${decibels} dB (× ${gain.toFixed(6)}) and sum to the song at that level\n`,
    )
  }
  const speed = `${formatDuration(seconds)} in ${formatDuration(elapsedSeconds)} (${formatRate(seconds / elapsedSeconds)}× real time)`
  stderr.write(`  ${speed}, written as ${describeFormat(sampleFormat)} WAV\n`)
  if (flags.json) {
    const { sampleRate, channels } = info
    const facts = { input: job.input, stems: paths, frames, sampleRate, channels, sampleFormat, gain, elapsedSeconds }
    stdout.write(`${JSON.stringify({ ...facts, model: separator.name, device: separator.device })}\n`)
  } else {
    for (const path of Object.values(paths)) stdout.write(`${path}\n`)
  }
}

/**
 * Separates files one after the other; one that fails costs a line on stderr, and the others still run.
 *
 * @returns the exit code
 * @throws UsageError before any work, the signal's reason when interrupted.
 */
export async function runSeparate(inputs: readonly string[], flags: SeparateFlags, context: SeparateContext): Promise<number> {
  const { stdout, stderr, signal } = context
  checkDevice(flags.device)
  await checkFolder(flags.out)
  const separator = await load(flags, context)
  try {
    const stems = asUsage(() => checkStems(separator, flags.stems))
    const jobs = planJobs(inputs, flags.out, stems)
    asUsage(() => planWindows(separator, flags.overlap))
    stderr.write(`model ${separator.name} on ${separator.device}\n`)
    const started = performance.now()
    let failures = 0
    let seconds = 0
    for (const job of jobs) {
      try {
        const finished = await separateJob(job, stems, separator, flags, context)
        seconds += finished.frames / finished.info.sampleRate
        reportJob(finished, separator, flags, context)
      } catch (error) {
        signal.throwIfAborted()
        failures++
        const line = fileError(job.input, error)
        printError(stderr, line)
        if (flags.json) stdout.write(`${JSON.stringify({ input: job.input, error: line })}\n`)
      }
    }
    if (jobs.length > 1) {
      const elapsed = (performance.now() - started) / 1000
      const memory = Math.round(process.resourceUsage().maxRSS / 1024)
      const speed = `: ${formatDuration(seconds)} of sound in ${formatDuration(elapsed)} (${formatRate(seconds / elapsed)}× real time)`
      const facts = seconds > 0 ? `${speed}, peak memory ${memory} MB` : ''
      stderr.write(`${jobs.length - failures} of ${jobs.length} files separated${facts}\n`)
    }
    return failures > 0 ? exitCodes.failed : exitCodes.ok
  } finally {
    await separator.dispose()
  }
}

function parseStems(text: string): readonly string[] {
  const stems = [...new Set(text.split(',').map((stem) => stem.trim()))].filter((stem) => stem !== '')
  if (stems.length === 0) throw new InvalidArgumentError('Name at least one stem, separated by commas.')
  return stems
}

function parseThreads(text: string): number {
  const threads = Number(text)
  if (!Number.isInteger(threads) || threads < 1) throw new InvalidArgumentError('It is a whole number from 1 up.')
  return threads
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
    .option('-d, --device <name>', `where the network runs: ${devices.join(', ')}`, 'cpu')
    .addOption(new Option('-t, --threads <n>', 'threads for the network (default: one per core)').argParser(parseThreads))
    .addOption(
      new Option('--overlap <share>', 'share of each window estimated twice; more is slower, a little smoother').argParser(parseOverlap),
    )
    .addOption(new Option('--depth <bits>', 'samples of the stems: 16, 24, 32 or float (default: as in the song)').argParser(parseDepth))
    .option('-f, --force', 'replace existing files')
    .option('--json', 'print facts about each file as a line of JSON')
    .addHelpText('after', details)
    .action(run)
}
