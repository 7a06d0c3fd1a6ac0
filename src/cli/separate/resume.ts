/** What `divisi separate` goes on with: how a song is known again, and what is told about songs that were interrupted. */

import { basename, resolve } from 'node:path'
import { forgetInterrupted, interruptedSongs, type ResumeOptions, songIdentity } from '../../separation/index.ts'
import { formatDuration, type ProgressStream } from '../progress.ts'
import { modelsOf } from '../quality.ts'
import type { SeparateFlags } from './options.ts'
import type { Job } from './plan.ts'

/** Options on which no sample of a stem depends; all others, those to come too, make another song of it. */
const indifferent = ['out', 'force', 'json', 'recursive', 'skipExisting', 'jobs', 'resume', 'progress', 'plot', 'allowTruncated'] as const

/**
 * All that the stems of a song depend on beside what `writeStems` sees itself: its content, the settings, the models' files,
 * the version of Divisi, whose code and whose shipped models may change. A plain object, to which
 * whoever adds what changes stems adds it.
 */
async function identityOf(job: Job, flags: SeparateFlags, version: string): Promise<Record<string, unknown>> {
  const settings = Object.fromEntries(Object.entries(flags).filter(([name]) => !(indifferent as readonly string[]).includes(name)))
  // Those that ship have no file of that name.
  const models = await Promise.all(modelsOf(flags.model).map((name) => (name === undefined ? null : songIdentity(name).catch(() => null))))
  return { version, content: await songIdentity(job.input), settings, models }
}

/** How the song is gone on with; nothing is where it cannot be heard twice, or `--no-resume` asks for that. */
export async function resumeOptions(
  job: Job,
  flags: SeparateFlags,
  { version, stderr }: { readonly version: string; readonly stderr: ProgressStream },
): Promise<ResumeOptions | undefined> {
  const song = resolve(job.input)
  const left = (await interruptedSongs(job.folder)).filter((other) => other.song === song)
  if (flags.resume === false) {
    for (const other of left) await forgetInterrupted(other)
    return undefined
  }
  const identity = await identityOf(job, flags, version)
  const key = JSON.stringify(identity)
  for (const other of left) {
    if (JSON.stringify(other.identity) === key) continue
    stderr.write(
      `  ${other.folder} is left of this song with other settings, content or version of Divisi; remove it, or go on with those\n`,
    )
  }
  return {
    song,
    identity,
    onResume: (doneSeconds) => stderr.write(`  goes on at ${formatDuration(doneSeconds)}, where it was interrupted\n`),
  }
}

/** Tells what interrupted songs left in the folders of these jobs. */
export async function tellInterrupted(jobs: readonly Job[], stderr: ProgressStream): Promise<void> {
  const songs = new Map(jobs.map((job) => [resolve(job.input), job]))
  for (const folder of new Set(jobs.map((job) => job.folder))) {
    for (const { song, folder: hidden } of await interruptedSongs(folder)) {
      if (songs.has(song))
        stderr.write(`${basename(song)} is kept as far as it is done in ${hidden}: the same command goes on where it stopped\n`)
    }
  }
}
