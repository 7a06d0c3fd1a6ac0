/** One song of `divisi separate`: opened, separated under progress bars, its stems written. */

import { join } from 'node:path'
import type { AudioError, AudioInfo } from '../../audio/index.ts'
import { openAudio } from '../../audio/index.ts'
import { fileExists, SeparationError, type Separator, stemFileName, type WrittenStems, writeStems } from '../../separation/index.ts'
import { createProgress, type Progress } from '../progress.ts'
import { bandwidthNote } from './bandwidth.ts'
import type { SeparateContext } from './context.ts'
import { describeSong } from './describe.ts'
import type { SeparateFlags } from './options.ts'
import type { Job } from './plan.ts'

export interface Finished extends WrittenStems {
  readonly job: Job
  readonly info: AudioInfo
  readonly elapsedSeconds: number
  /** Where and why the song broke off, where that was allowed. */
  readonly brokenOff: AudioError | undefined
}

export async function separateJob(
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
  const source = await openAudio(job.input, { signal, allowTruncated: flags.allowTruncated ?? false })
  const { info } = source
  stderr.write(`${job.input}: ${describeSong(info)}\n`)
  const note = bandwidthNote(separator, info, stems)
  if (note) stderr.write(`  ${note}\n`)
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
    return { ...written, job, info, elapsedSeconds: (performance.now() - started) / 1000, brokenOff: source.brokenOff }
  } finally {
    listening.done()
    progress.done()
    lowering?.done()
  }
}
