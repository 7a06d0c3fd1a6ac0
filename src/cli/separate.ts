/** What `divisi separate` does: songs in, stems out, a line about each. */

import { stat } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
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
import { createProgress, formatDuration, formatRate, type Progress, type ProgressStream } from './progress.ts'
import type { SeparateFlags } from './separate-options.ts'

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
  if (separator.prepass && !source.reopen)
    stderr.write('  it can be heard only once: what the network wants to know of the whole song is that of the song so far\n')
  const phase = (label: string): Progress => createProgress({ label, unit: 'audio', stream: stderr })
  const listening = phase(`${job.base}, listening`)
  let progress = phase(job.base)
  let lowering: Progress | undefined
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
      onListening: ({ doneSeconds, totalSeconds }) => {
        listening.update(doneSeconds, { total: totalSeconds })
        if (doneSeconds !== totalSeconds) return
        listening.done()
        progress = phase(job.base) // whose clock begins now
      },
      onProgress: ({ doneSeconds, totalSeconds }) => progress.update(doneSeconds, { total: totalSeconds }),
      onLowering: ({ doneSeconds, totalSeconds }) => {
        progress.done()
        lowering ??= phase(`${job.base}, lowering`)
        lowering.update(doneSeconds, { total: totalSeconds })
      },
    })
    return { ...written, job, info, elapsedSeconds: (performance.now() - started) / 1000 }
  } finally {
    listening.done()
    progress.done()
    lowering?.done()
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
