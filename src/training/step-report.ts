/** What an update says of itself. */
import type { Applied } from './group.ts'

/** What an update did to one network; the loss is the mean over its parts. */
export interface NetworkReport extends Applied {
  readonly loss: number
}

export interface StepReport extends NetworkReport {
  /** Steps done, this one and refused ones included. */
  readonly step: number
  /** Of a second network. Where it is updated at every part: norm and rate of the last one, accepted where all were. */
  readonly rival?: NetworkReport
}

/** The same as one level of names, as logs have it: `rivalLoss`, `rivalNorm`, … */
export function flatReport({ rival, ...report }: StepReport): Readonly<Record<string, number | boolean>> & Omit<StepReport, 'rival'> {
  if (!rival) return report
  const named = Object.entries(rival).map(([name, value]) => [`rival${name[0]!.toUpperCase()}${name.slice(1)}`, value as number | boolean])
  return { ...report, ...Object.fromEntries(named) }
}
