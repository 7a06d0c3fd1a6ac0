/**
 * `divisi separate -`: sound from standard input, a stem of it to standard output, while it plays. Networks that hear nothing ahead answer at once, the
 * others a window at a time.
 */

import type { Writable } from 'node:stream'
import { countOverflows, encodeWavSamples, endlessWavHeader, openReadable, type RawFormat } from '../../audio/index.ts'
import {
  checkStems,
  createStreamingSeparator,
  planWindows,
  type Separator,
  separate,
  stemFormatFor,
  stemsOf,
} from '../../separation/index.ts'
import { exitCodes, oneLine, UsageError } from '../errors.ts'
import { formatDuration } from '../progress.ts'
import type { ChosenSeparator } from '../quality.ts'
import { reportBreak } from './broken-off.ts'
import type { Pipes, SeparateContext } from './context.ts'
import { describeSong } from './describe.ts'
import type { SeparateFlags } from './options.ts'
import { rawInput } from './pipe-options.ts'

/** What is about files has no meaning here, and whoever says it has not meant this. */
const ofFiles = ['format', 'bitrate', 'name', 'preview', 'plot', 'json', 'progress', 'recursive', 'skipExisting', 'jobs', 'force'] as const

function checkFlags(inputs: readonly string[], flags: SeparateFlags, { output }: Pipes): void {
  if (inputs.length > 1) throw new UsageError('- is standard input, which is separated alone: leave the other songs out')
  const wrong = ofFiles.find((name) => flags[name] !== undefined)
  if (wrong) {
    const option = wrong.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new UsageError(`--${option} is about files; - writes to standard output: leave it out (--output-format says what is written)`)
  }
  if (flags.depth && flags.outputFormat?.sampleFormat)
    throw new UsageError(`--depth beside --output-format ${flags.outputFormat.name}, which says it already: leave it out`)
  if (output.isTTY) throw new UsageError('standard output is a terminal: pipe the samples into a program, or redirect them to a file')
}

/** How late stems come, in words. */
function latencyNote(separator: Separator, sampleRate: number, overlap: number | undefined): string {
  if (separator.stream) {
    const { latencySamples } = createStreamingSeparator(separator, { sampleRate })
    return `${Math.ceil((1000 * latencySamples) / sampleRate)} ms after the sound that goes in (${latencySamples} samples)`
  }
  const { length, hop } = planWindows(separator, overlap)
  const seconds = ((length + hop) / separator.sampleRate).toFixed(1)
  const window = (length / separator.sampleRate).toFixed(1)
  return `up to ${seconds} s after the sound that goes in: the model hears ${window} s at a time; --model causal answers at once`
}

/** Bytes to whoever reads them; false as soon as nobody does any more. */
function createSink(output: Writable, signal: AbortSignal): (bytes: Uint8Array) => Promise<boolean> {
  let failure: NodeJS.ErrnoException | undefined
  output.on('error', (error) => {
    failure ??= error
  })
  return (bytes) =>
    new Promise((resolve, reject) => {
      const settle = (error: NodeJS.ErrnoException | null | undefined): void => {
        signal.removeEventListener('abort', abort)
        const reason = error ?? failure
        if (!reason) resolve(true)
        else if (reason.code === 'EPIPE' || reason.code === 'ERR_STREAM_DESTROYED') resolve(false)
        else reject(reason)
      }
      const abort = (): void => {
        output.destroy()
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      output.write(bytes, settle)
    })
}

/** The stems asked for; the vocals, or the first, by default. */
function stemsFor(separator: Separator, flags: SeparateFlags): readonly string[] {
  try {
    return checkStems(separator, flags.stems ?? stemsOf(separator).slice(0, 1))
  } catch (error) {
    throw new UsageError(oneLine(error), { cause: error })
  }
}

/**
 * Separates standard input until it ends, or until nobody reads standard output any more. Several stems are the channels of one output, one after the
 * other.
 *
 * @returns the exit code
 * @throws UsageError before any work; the reason of an abort
 */
export async function runPipe(
  inputs: readonly string[],
  flags: SeparateFlags,
  context: SeparateContext,
  load: () => Promise<ChosenSeparator>,
): Promise<number> {
  const pipes = context.pipes?.()
  if (!pipes) throw new UsageError('- is standard input, and there is none here: name files')
  checkFlags(inputs, flags, pipes)
  const raw = rawInput(flags)
  const { separator, overlap } = await load()
  try {
    await pass(pipes, { separator, stems: stemsFor(separator, flags), raw }, overlap === undefined ? flags : { ...flags, overlap }, context)
    return exitCodes.ok
  } finally {
    await separator.dispose()
  }
}

interface Work {
  readonly separator: Separator
  readonly stems: readonly string[]
  readonly raw: RawFormat | undefined
}

async function pass(
  { input, output }: Pipes,
  { separator, stems, raw }: Work,
  flags: SeparateFlags,
  context: SeparateContext,
): Promise<void> {
  const { stderr, signal } = context
  const source = await openReadable(input, { raw, signal, allowTruncated: flags.allowTruncated ?? false })
  const { sampleRate, channels } = source.info
  const sampleFormat = flags.outputFormat?.sampleFormat ?? flags.depth ?? stemFormatFor(source.info)
  stderr.write(`standard input: ${describeSong(source.info)}\nmodel ${separator.name} on ${separator.device}\n`)
  stderr.write(`  ${stems.join(' and ')}, ${latencyNote(separator, sampleRate, flags.overlap)}\n`)
  const send = createSink(output, signal)
  let [frames, clipped] = [0, 0]
  let wanted = true
  if (!flags.outputFormat?.sampleFormat)
    wanted = await send(endlessWavHeader({ sampleRate, channels: channels * stems.length, sampleFormat }))
  for await (const block of separate(source, { separator, stems, overlap: flags.overlap, signal })) {
    if (!wanted) break
    const planes = stems.flatMap((stem) => block.stems[stem]!)
    clipped += countOverflows(planes, sampleFormat)
    wanted = await send(encodeWavSamples(planes, sampleFormat))
    frames += block.mixture[0]!.length
  }
  await source.close()
  stderr.write(`  ${formatDuration(frames / sampleRate)}${wanted ? '' : ', until nobody read on'}\n`)
  if (clipped > 0) stderr.write(`  warning: ${clipped} samples above full scale were cut off; --output-format f32le keeps them\n`)
  if (source.brokenOff) reportBreak(source.brokenOff, context)
}
