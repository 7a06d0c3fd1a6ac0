/** What `divisi separate` does: songs in, stems out, a line about each. */

import { stat } from 'node:fs/promises'
import { devices } from '../../models/index.ts'
import { checkStems, planWindows, type Separator } from '../../separation/index.ts'
import { exitCodes, fileError, oneLine, printError, UsageError } from '../errors.ts'
import { formatDuration, formatRate } from '../progress.ts'
import { withWayOut } from './broken-off.ts'
import type { SeparateContext } from './context.ts'
import type { SeparateFlags } from './options.ts'
import { planJobs } from './plan.ts'
import { reportJob } from './report.ts'
import { separateJob } from './song.ts'

function checkDevice(device: string): void {
  if (!(devices as readonly string[]).includes(device))
    throw new UsageError(`device "${device}" is unknown; allowed are ${devices.join(', ')}`)
}

/** A model or a device that was asked for and does not work is a mistake on the command line; what ships, on the processor, would be a broken installation. */
async function load(flags: SeparateFlags, context: SeparateContext): Promise<Separator> {
  try {
    return await context.loadSeparator(flags.model, { device: flags.device, threads: flags.threads })
  } catch (error) {
    throw flags.model === undefined && flags.device === 'cpu' ? error : new UsageError(oneLine(error), { cause: error })
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
        const line = withWayOut(fileError(job.input, error), error)
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
