/** The lines about each song that is done. */

import { join } from 'node:path'
import type { Separator } from '../../separation/index.ts'
import { formatDuration, formatRate } from '../progress.ts'
import { breakFacts, reportBreak } from './broken-off.ts'
import type { SeparateContext } from './context.ts'
import { describeFiles } from './describe.ts'
import type { SeparateFlags } from './options.ts'
import type { Job } from './plan.ts'
import type { Finished } from './song.ts'

export function reportJob(finished: Finished, separator: Separator, flags: SeparateFlags, { stdout, stderr }: SeparateContext): void {
  const { job, info, frames, format, sampleFormat, dithered, gain, elapsedSeconds, brokenOff, preview } = finished
  const seconds = frames / info.sampleRate
  const paths = Object.fromEntries(Object.entries(finished.files).map(([stem, name]) => [stem, join(job.folder, name)]))
  const plot = finished.plot && join(job.folder, finished.plot)
  if (brokenOff) reportBreak(brokenOff, { stderr })
  if (gain !== 1) {
    const decibels = (20 * Math.log10(gain)).toFixed(2)
    stderr.write(
      `  a stem would have clipped: all are written at ${decibels} dB (× ${gain.toFixed(6)}) and sum to the song at that level\n`,
    )
  }
  const speed = `${formatDuration(seconds)} in ${formatDuration(elapsedSeconds)} (${formatRate(seconds / elapsedSeconds)}× real time)`
  stderr.write(`  ${speed}, written as ${describeFiles(finished, info)}\n`)
  if (flags.json) {
    const { channels } = info
    const { sampleRate } = finished
    const facts = {
      input: job.input,
      stems: paths,
      ...(plot && { plot }),
      ...(preview && { preview }),
      frames,
      sampleRate,
      channels,
      format,
      sampleFormat,
      dithered,
      gain,
      elapsedSeconds,
      ...(brokenOff && { brokenOff: breakFacts(brokenOff) }),
    }
    const { name: model, device, bandwidth } = separator
    stdout.write(`${JSON.stringify({ ...facts, model, device, bandwidth })}\n`)
  } else {
    for (const path of [...Object.values(paths), ...(plot ? [plot] : [])]) stdout.write(`${path}\n`)
  }
}

/** A song whose stems were there. */
export function reportSkipped({ input, folder, names }: Job, { json }: SeparateFlags, { stdout, stderr }: SeparateContext): void {
  const paths = Object.fromEntries(Object.entries(names).map(([stem, name]) => [stem, join(folder, name)]))
  stderr.write(`${input}: its stems are there already\n`)
  if (json) stdout.write(`${JSON.stringify({ input, skipped: true, stems: paths })}\n`)
}
