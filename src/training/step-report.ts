/** What an update says of itself. */
import type { Applied } from './group.ts'

/** What an update did to one network; the loss is the mean over its parts. */
export interface NetworkReport extends Applied {
  readonly loss: number
}

export interface StepReport extends NetworkReport {
  /** Steps done, this one and refused ones included. */
  readonly step: number
  /** Means of the terms of the loss that were named (`reportTerm`). */
  readonly terms?: Readonly<Record<string, number>>
  /** Of a second network. Where it is updated at every part: norm and rate of the last one, accepted where all were. */
  readonly rival?: NetworkReport
}

function prefixed<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name[0]!.toUpperCase()}${name.slice(1)}`, value]))
}

type Flat = Readonly<Record<string, number | boolean>> & Omit<StepReport, 'rival' | 'terms'>

/** The same as one level of names, as logs have it: `lossDistance` of a term, `rivalLoss`, `rivalNorm`, … */
export function flatReport({ rival, terms = {}, ...report }: StepReport): Flat {
  return { ...report, ...prefixed('loss', terms), ...prefixed<number | boolean>('rival', { ...rival }) }
}
