/** A command as one of several processes: how they find each other, how they end, and which of them speaks. */
import { availableParallelism, cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Collective, launchOf, openCollective, SharedFailure, threadsPerRank } from '../distributed/index.ts'
import { exitCodeOf, InterruptedError, oneLine, printError } from './errors.ts'
import type { ProgressStream } from './progress.ts'

/** Where all ranks fail alike, rank 0 says so for all, and ends them before the others' time to speak comes. */
const turnMs = 3000
/** Launchers tell the ranks that are left when one dies, and kill them a second later. */
const patienceMs = 500

/**
 * Does the work together with the processes that a launcher started beside this one; alone where there is none. What one rank cannot do ends all: it says
 * why, and they do not wait for it.
 */
export async function asRank(
  { stderr, signal }: { readonly stderr: ProgressStream; readonly signal: AbortSignal },
  work: (collective: Collective) => Promise<number>,
): Promise<number> {
  const collective = await openCollective()
  const { rank, size } = collective
  if (size === 1) return work(collective)
  signal.addEventListener('abort', () => {
    const words = `rank ${rank}: told to end, and waiting for the other ranks to agree; if one of them is gone, the launcher ends this one too, and the same command goes on from the last checkpoint\n`
    setTimeout(() => stderr.write(words), patienceMs).unref()
  })
  try {
    const code = await work(collective)
    await collective.dispose()
    return code
  } catch (error) {
    if (error instanceof SharedFailure || error instanceof InterruptedError) {
      await collective.dispose()
      if (rank === 0) printError(stderr, oneLine(error))
      // What it still holds, of work that another rank's failure ended, must not keep it.
      process.exit(exitCodeOf(error instanceof SharedFailure ? error.cause : error))
    }
    if (rank > 0) await sleep(turnMs)
    printError(stderr, rank === 0 ? oneLine(error) : `rank ${rank}: ${oneLine(error)}`)
    return collective.abort(exitCodeOf(error))
  }
}

/** Threads for each of several processes of a host; undefined of one alone, for which there are defaults. */
export function threadsOfRank(): number | undefined {
  const launch = launchOf(process.env)
  return launch && threadsPerRank({ available: availableParallelism(), present: cpus().length, localSize: launch.localSize })
}
