/** One song of `divisi separate`: opened, separated under progress bars, its stems written. */

import { basename, join } from 'node:path'
import type { AudioError, AudioInfo } from '../../audio/index.ts'
import { openAudio } from '../../audio/index.ts'
import {
  fileExists,
  SeparationError,
  type Separator,
  type VocalPassage,
  type WriteStemsOptions,
  type WrittenStems,
  writeStems,
} from '../../separation/index.ts'
import { formatDuration } from '../progress.ts'
import { bandwidthNote } from './bandwidth.ts'
import type { SeparateContext } from './context.ts'
import { describeSong } from './describe.ts'
import type { SeparateFlags } from './options.ts'
import { formatOf, tagsOf, writingOf } from './output-options.ts'
import type { Job } from './plan.ts'
import { cutPreview } from './preview.ts'
import type { SongProgress } from './progress.ts'
import { resumeOptions } from './resume.ts'

export interface Finished extends WrittenStems {
  readonly job: Job
  readonly info: AudioInfo
  /** What was separated of the song, where that is not all of it. */
  readonly preview: VocalPassage | undefined
  readonly elapsedSeconds: number
  /** Where and why the song broke off, where that was allowed. */
  readonly brokenOff: AudioError | undefined
}

/** Which of the stems' files are there already. */
async function existingOutputs({ folder, names, plot }: Job): Promise<string[]> {
  const outputs = [...Object.values(names), ...(plot === undefined ? [] : [plot])].map((name) => join(folder, name))
  const found = await Promise.all(outputs.map(fileExists))
  return outputs.filter((_, i) => found[i])
}

/** Separates a song; undefined where it is passed over because its stems are there. */
export async function separateJob(
  job: Job,
  stems: readonly string[],
  separator: Separator,
  flags: SeparateFlags,
  context: SeparateContext,
  progress: SongProgress,
): Promise<Finished | undefined> {
  const { stderr, signal, scout } = context
  const existing = await existingOutputs(job)
  if (flags.skipExisting && existing.length === stems.length + (flags.plot ? 1 : 0)) return undefined
  if (existing[0] !== undefined && !flags.force) throw new SeparationError(`${existing[0]} exists already; --force replaces it`)
  const started = performance.now()
  const source = await openAudio(job.input, { signal, allowTruncated: flags.allowTruncated ?? false })
  const { info } = source
  stderr.write(`${job.input}: ${describeSong(info)}\n`)
  const note = bandwidthNote(separator, info, stems)
  if (note) stderr.write(`  ${note}\n`)
  if (separator.prepass && !source.reopen)
    stderr.write('  it can be heard only once: what the network wants to know of the whole song is that of the song so far\n')
  const seconds = info.frames === undefined ? undefined : info.frames / info.sampleRate
  const { preview: length = seconds } = flags
  progress.plan([
    ...(flags.preview === undefined ? [] : [{ phase: 'searching' as const, seconds }]),
    ...(separator.prepass && source.reopen ? [{ phase: 'listening' as const, seconds }] : []),
    { phase: 'separating', seconds: length },
    ...(formatOf(flags, job.input) === 'wav' ? [] : [{ phase: 'encoding' as const, seconds: length }]),
    ...(flags.plot ? [{ phase: 'drawing' as const, seconds: length && stems.length * length }] : []),
  ])
  const preview = scout && (await cutPreview(source, scout, flags.preview!, context, progress))
  const options: WriteStemsOptions = {
    ...(preview && { whole: source }),
    separator,
    stems,
    folder: job.folder,
    base: job.base,
    overlap: flags.overlap,
    ...writingOf(flags, job.input),
    tags: await tagsOf(flags, job.input, source.reopen !== undefined, (line) => stderr.write(`  ${line}\n`)),
    plot: flags.plot && { title: basename(job.input), start: preview?.passage.startSeconds },
    overwrite: flags.force,
    // A preview is no part of the song's own separation, and takes seconds.
    resume: preview ? undefined : source.reopen && (await resumeOptions(job, flags, context)),
    signal,
    onListening: (heard) => progress.update('listening', heard),
    onProgress: (separated) => progress.update('separating', separated),
    onLowering: (lowered) => progress.update('lowering', lowered),
    onEncoding: (encoded) => progress.update('encoding', encoded),
    onDrawing: (drawn) => progress.update('drawing', drawn),
  }
  const wanted = preview?.source ?? source
  // Songs that run beside others take as long as those let them; a preview takes little longer than to foretell it.
  const predicted = (flags.jobs ?? 1) === 1 && !preview ? await context.predictor?.predict(wanted, options) : undefined
  if (predicted !== undefined) {
    progress.predict(predicted)
    stderr.write(`  about ${formatDuration(predicted)}\n`)
  }
  const written = await writeStems(wanted, options)
  return {
    ...written,
    job,
    info,
    preview: preview?.passage,
    elapsedSeconds: (performance.now() - started) / 1000,
    brokenOff: source.brokenOff,
  }
}
