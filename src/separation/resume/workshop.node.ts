/**
 * The place where the stems of one song are made: a hidden folder, and, where a run that is interrupted shall be gone on with, a memory in it.
 *
 * The folder of a resumable song is named after a digest of all that its stems depend on; the same song with the same settings finds it again. In it are
 * the staged files, finished up to the last checkpoint, and a log of the estimates of those windows that are still needed for what follows. To go on, the
 * song is read from its start; windows that nothing depends on any more are passed over, those in the log are taken from there, and the network goes on
 * with the first that is in neither. What is written then is what would have been written anyway, bit by bit.
 */

import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { AudioStream } from '../../audio/index.ts'
import { filterTaps } from '../../audio/resample-filter.ts'
import { writeWhole } from '../../formats/write-whole.node.ts'
import type { Separator } from '../../models/index.ts'
import type { OversLog } from '../overs.node.ts'
import { createStaging, hiddenPrefix, type Staging } from '../staging.node.ts'
import type { WindowPlan } from '../window-plan.ts'
import { type Checkpoint, readCheckpoint, readFacts, writeCheckpoint, writeFacts } from './checkpoint.node.ts'
import { isLocked, lockFolder } from './lock.node.ts'
import { rememberWindows } from './remember.ts'
import { openWindowLog } from './window-log.node.ts'

/** What is written is brought to the disk that often, … */
const checkpointSeconds = 10
/** … and when the log of windows has grown by this much. */
const checkpointBytes = 2 ** 28

export interface ResumeOptions {
  /** How the song is called, for those who find the folder. */
  readonly song: string
  /** All that the stems depend on and `writeStems` does not see: the song's content, the weights, how the separator was made. It goes through JSON. */
  readonly identity: Readonly<Record<string, unknown>>
  /** Called before the first window where an earlier run is gone on with; the seconds of sound that it finished. */
  readonly onResume?: ((doneSeconds: number) => void) | undefined
  /** Seconds from one checkpoint to the next, 10 by default. */
  readonly checkpointSeconds?: number | undefined
}

/** A song that an earlier run did not finish. */
export interface InterruptedSong {
  readonly folder: string
  readonly song: string
  readonly identity: Readonly<Record<string, unknown>>
}

/** A file of a stem, as far as a checkpoint is concerned with it. */
interface Stage {
  readonly stem: string
  readonly writer: { sync(): Promise<void>; leave(): Promise<void> }
  readonly overs: OversLog
}

export interface Workshop {
  readonly staging: Staging
  /** To be used for this song alone. */
  readonly separator: Separator
  /** What the staged files hold from an earlier run. */
  readonly begun: Checkpoint | undefined
  /** Called when all files hold `frames` frames; makes a checkpoint when it is time for one. */
  written(frames: number, files: readonly Stage[]): Promise<void>
  /** Leaves all as it is for a later run, where there is to be one; otherwise as `discard`. */
  leave(): Promise<void>
  discard(): Promise<void>
}

const aboutOf = (folder: string): string => join(folder, 'about.json')

/** The first window that what follows `frames` frames of the song depends on, filters on both ways between the rates included. */
function firstNeeded(frames: number, songRate: number, separatorRate: number, { length, hop }: WindowPlan): number {
  const reach = songRate === separatorRate ? 0 : 2 * filterTaps(Math.min(1, songRate / separatorRate))
  const position = Math.floor((frames * separatorRate) / songRate) - reach
  return Math.max(0, Math.floor((position - length) / hop))
}

async function openResumable(
  folder: string,
  { info }: AudioStream,
  separator: Separator,
  plan: WindowPlan,
  made: object,
  resume: ResumeOptions,
): Promise<Workshop> {
  const { name, device, stems, sampleRate, windowLength, margin } = separator
  const identity = { ...resume.identity, info, separator: { name, device, stems, sampleRate, windowLength, margin }, plan, made }
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16)
  const hiddenName = `${hiddenPrefix}${digest}`
  const { staging, unlock } = await enter(folder, hiddenName)
  const { hidden } = staging
  try {
    await writeWhole(aboutOf(hidden), JSON.stringify({ song: resume.song, identity: resume.identity }))
    const log = await openWindowLog(hidden, stems)
    const begun = await readCheckpoint(hidden)
    const facts = await readFacts(hidden)
    let closing: Promise<void> | undefined
    let keeping: Promise<void> = Promise.resolve()
    const remembering = rememberWindows(separator, {
      first: begun?.firstWindow ?? 0,
      facts,
      recall: (index) => log.recall(index),
      // After the network has its next window: it does not wait for the disk, `written` does.
      keep: async (index, estimates) => {
        if (closing) return // nobody waits for this window any more
        keeping = keeping.then(() => setImmediate()).then(() => log.keep(index, estimates))
        keeping.catch(() => {})
      },
      keepFacts: (found) => writeFacts(hidden, found),
    })
    // Where stems have no order, the order of all windows before counts: all of them are kept.
    const forgetful = !separator.interchangeable
    const everyMs = 1000 * (resume.checkpointSeconds ?? checkpointSeconds)
    let last = performance.now()
    const close = (): Promise<void> => {
      closing ??= keeping.catch(() => {}).then(() => log.close())
      return closing
    }
    const finished = begun?.frames ?? 0
    if (log.size > 0) {
      const windows = (begun?.firstWindow ?? 0) + log.size
      resume.onResume?.(Math.max(finished / info.sampleRate, ((windows - 1) * plan.hop + plan.length - plan.margin) / sampleRate))
    }
    return {
      staging,
      separator: remembering,
      begun,
      async written(frames, files) {
        await keeping
        const due = performance.now() - last >= everyMs || log.growth >= checkpointBytes
        if (!due || !forgetful || frames <= finished) return
        const firstWindow = firstNeeded(frames, info.sampleRate, sampleRate, plan)
        const [states] = await Promise.all([
          Promise.all(
            files.map(async ({ stem, writer, overs }) => {
              await writer.sync()
              return [stem, await overs.sync()] as const
            }),
          ),
          log.sync(),
        ])
        await writeCheckpoint(hidden, { frames, firstWindow, overs: Object.fromEntries(states) })
        await log.forget(firstWindow)
        last = performance.now()
      },
      async leave() {
        await close()
        await unlock()
      },
      async discard() {
        await close()
        await staging.discard()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** The hidden folder, for this process alone; another one may remove it between being made and being locked. */
async function enter(folder: string, name: string): Promise<{ staging: Staging; unlock: () => Promise<void> }> {
  for (;;) {
    const staging = await createStaging(folder, name)
    try {
      return { staging, unlock: await lockFolder(staging.hidden) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

async function openPassing(folder: string, separator: Separator): Promise<Workshop> {
  const staging = await createStaging(folder)
  const discard = () => staging.discard()
  return { staging, separator, begun: undefined, written: async () => {}, leave: discard, discard }
}

/**
 * Opens the workshop for a song. Without `resume`, or where the song can be heard only once, it is a folder that goes with the work.
 *
 * @param made what is made of the estimates: names, formats; it goes through JSON
 * @throws SeparationError while another process works on the same song with the same settings
 */
export function openWorkshop(
  folder: string,
  source: AudioStream,
  separator: Separator,
  plan: WindowPlan,
  made: object,
  resume: ResumeOptions | undefined,
): Promise<Workshop> {
  return resume && source.reopen ? openResumable(folder, source, separator, plan, made, resume) : openPassing(folder, separator)
}

/** Songs that interrupted runs left in a folder, without those that are being worked on. */
export async function interruptedSongs(folder: string): Promise<InterruptedSong[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(hiddenPrefix)).sort()
  const found: InterruptedSong[] = []
  for (const name of names) {
    const hidden = join(folder, name)
    const text = await readFile(aboutOf(hidden), 'utf8').catch(() => undefined)
    if (text === undefined || (await isLocked(hidden))) continue
    found.push({ folder: hidden, ...(JSON.parse(text) as Pick<InterruptedSong, 'song' | 'identity'>) })
  }
  return found
}

/** Removes what an interrupted run left. */
export async function forgetInterrupted({ folder }: InterruptedSong): Promise<void> {
  const unlock = await lockFolder(folder)
  await rm(folder, { recursive: true, force: true })
  await unlock()
}
