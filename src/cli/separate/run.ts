/** What `divisi separate` does: songs in, stems out, a line about each. */

import { stat } from 'node:fs/promises'
import { devices } from '../../models/index.ts'
import { checkStems, planWindows, type Separator } from '../../separation/index.ts'
import { exitCodes, fileError, oneLine, printError, UsageError } from '../errors.ts'
import { type ChosenSeparator, openSeparator } from '../quality.ts'
import { withWayOut } from './broken-off.ts'
import type { SeparateContext } from './context.ts'
import { findSongs } from './inputs.ts'
import { atOnce, namedLines, type Outcome, summaryLine, summaryTable } from './many.ts'
import type { SeparateFlags } from './options.ts'
import { checkOutput } from './output-options.ts'
import { runPipe } from './pipe.ts'
import { type Job, planJobs } from './plan.ts'
import { loadScout } from './preview.ts'
import { createSeparationReporter, type SongProgress } from './progress.ts'
import { reportJob, reportSkipped } from './report.ts'
import { tellInterrupted } from './resume.ts'
import { separateJob } from './song.ts'

function checkDevice(device: string): void {
  if (!(devices as readonly string[]).includes(device))
    throw new UsageError(`device "${device}" is unknown; allowed are ${devices.join(', ')}`)
}

/** A model, a device or a limit that was asked for and does not work is a mistake on the command line; what ships, on the processor, would be a broken installation. */
async function load(flags: SeparateFlags, context: SeparateContext): Promise<ChosenSeparator> {
  const { device, threads, memory } = flags
  try {
    return await openSeparator(flags, (model) => context.loadSeparator(model, { device, threads, memory }))
  } catch (error) {
    const asked = flags.model !== undefined || device !== 'cpu' || memory !== undefined
    throw !asked ? error : new UsageError(oneLine(error), { cause: error })
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

/** What a song cannot do for itself: see to it that its failure is told, and does not stop the others. */
async function outcomeOf(
  job: Job,
  stems: readonly string[],
  separator: Separator,
  flags: SeparateFlags,
  context: SeparateContext,
  progress: SongProgress,
): Promise<Outcome> {
  const { stdout, stderr, signal } = context
  try {
    const finished = await separateJob(job, stems, separator, flags, context, progress)
    progress.done()
    if (!finished) {
      reportSkipped(job, flags, context)
      return { job, result: 'skipped', reason: 'its stems are there' }
    }
    reportJob(finished, separator, flags, context)
    const { frames, sampleRate, elapsedSeconds } = finished
    return { job, result: 'separated', seconds: frames / sampleRate, elapsedSeconds }
  } catch (error) {
    if (signal.aborted) {
      progress.clear()
      return { job, result: 'interrupted' }
    }
    const reason = withWayOut(fileError(job.input, error), error)
    progress.failed(reason)
    if (flags.progress !== 'json') printError(stderr, reason)
    if (flags.json) stdout.write(`${JSON.stringify({ input: job.input, error: reason })}\n`)
    return { job, result: 'failed', reason }
  }
}

/**
 * Separates songs, one after the other or several at once; one that fails costs a line on stderr, and the others still run.
 *
 * @returns the exit code
 * @throws UsageError before any work, the signal's reason when interrupted.
 */
export async function runSeparate(inputs: readonly string[], asked: SeparateFlags, context: SeparateContext): Promise<number> {
  const { signal } = context
  const { out, jobs: songsAtOnce = 1, recursive = false } = asked
  checkDevice(asked.device)
  if (inputs.includes('-')) return runPipe(inputs, asked, context, () => load(asked, context))
  await checkFolder(out)
  checkOutput(asked)
  const { songs, notes } = await findSongs(inputs, { recursive, out, stems: asked.stems ?? [] })
  const reporter = createSeparationReporter({
    style: asked.progress ?? 'auto',
    stream: context.stderr,
    inputs: songs.map(({ path }) => path),
  })
  const stderr = reporter.stream
  const { separator, overlap } = await load(asked, context)
  const flags = overlap === undefined ? asked : { ...asked, overlap }
  let scout: Separator | undefined
  try {
    const stems = asUsage(() => checkStems(separator, flags.stems))
    asUsage(() => planWindows(separator, flags.overlap))
    const jobs = planJobs(songs, out, stems, flags)
    for (const note of notes) stderr.write(`${note}\n`)
    stderr.write(`model ${separator.name} on ${separator.device}\n`)
    scout = await loadScout(flags, separator, context)
    const started = performance.now()
    const outcomes: Outcome[] = []
    const separateOne = async (job: Job): Promise<void> => {
      const own = { ...context, scout, stderr: songsAtOnce === 1 ? stderr : namedLines(stderr, job.input) }
      outcomes.push(await outcomeOf(job, stems, separator, flags, own, reporter.song(job.input, job.base)))
    }
    await atOnce(jobs, songsAtOnce, separateOne, signal)
    if (jobs.length > 1) {
      stderr.write(`\n${summaryTable(outcomes)}`)
      const memory = Math.round(process.resourceUsage().maxRSS / 1024)
      stderr.write(summaryLine(outcomes, jobs.length, (performance.now() - started) / 1000, memory))
    }
    if (signal.aborted || outcomes.some(({ result }) => result === 'failed')) await tellInterrupted(jobs, stderr)
    signal.throwIfAborted()
    reporter.end()
    return outcomes.some(({ result }) => result === 'failed') ? exitCodes.failed : exitCodes.ok
  } finally {
    const ending = Promise.all([...new Set([separator, scout])].map((each) => each?.dispose()))
    // After Ctrl-C nobody waits for the window that is being computed.
    if (!signal.aborted) await ending
    ending.catch(() => {})
  }
}
