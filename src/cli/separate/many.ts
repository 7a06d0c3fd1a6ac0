/** Many songs: so many at once, what became of each, and a table of that at the end. */

import type { ProgressStream } from '../progress.ts'
import { formatDuration, formatRate } from '../progress.ts'
import type { Job } from './plan.ts'

/** What became of a song. */
export interface Outcome {
  readonly job: Job
  readonly result: 'separated' | 'skipped' | 'failed' | 'interrupted'
  /** Why, where it is not separated. */
  readonly reason?: string
  /** Sound in the song. */
  readonly seconds?: number
  /** Time it took. */
  readonly elapsedSeconds?: number
}

/** Runs `work` on all items in order, `count` of them at a time, until the signal is aborted; what had begun by then is waited for. */
export async function atOnce<T>(items: readonly T[], count: number, work: (item: T) => Promise<void>, signal: AbortSignal): Promise<void> {
  const queue = items.values()
  const runner = async (): Promise<void> => {
    for (const item of queue) {
      if (signal.aborted) return
      await work(item)
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, runner))
  for (const result of settled) if (result.status === 'rejected') throw result.reason
}

/** A stream for what is told of one song among others: lines that would stand indented below its name begin with it. */
export function namedLines(stream: ProgressStream, name: string): ProgressStream {
  return { isTTY: stream.isTTY, columns: stream.columns, write: (text) => stream.write(text.replace(/^ {2}/gm, `${name}: `)) }
}

function cell(seconds: number | undefined): string {
  return (seconds === undefined ? '–' : formatDuration(seconds)).padStart(8)
}

/** File, length, time and result of each song, a line each. */
export function summaryTable(outcomes: readonly Outcome[]): string {
  const width = Math.max(4, ...outcomes.map(({ job }) => job.input.length))
  const rows = outcomes.map(({ job, result, reason, seconds, elapsedSeconds }) => {
    const why = reason === undefined ? '' : `: ${reason.startsWith(`${job.input}: `) ? reason.slice(job.input.length + 2) : reason}`
    return `${job.input.padEnd(width)}${cell(seconds)}${cell(elapsedSeconds)}  ${result}${why}`
  })
  return `${[`${'file'.padEnd(width)}  length    time  result`, ...rows].join('\n')}\n`
}

/** What all songs together come to. */
export function summaryLine(outcomes: readonly Outcome[], jobs: number, elapsedSeconds: number, peakMegabytes: number): string {
  const count = (wanted: Outcome['result']): number => outcomes.filter(({ result }) => result === wanted).length
  const seconds = outcomes.reduce((sum, outcome) => sum + (outcome.seconds ?? 0), 0)
  const others = (['skipped', 'failed', 'interrupted'] as const).filter((result) => count(result) > 0)
  const speed = `${formatDuration(seconds)} of sound in ${formatDuration(elapsedSeconds)} (${formatRate(seconds / elapsedSeconds)}× real time)`
  return [
    `${count('separated')} of ${jobs} files separated${others.map((result) => `, ${count(result)} ${result}`).join('')}`,
    ...(seconds > 0 ? [`: ${speed}, peak memory ${peakMegabytes} MB`] : []),
    '\n',
  ].join('')
}
