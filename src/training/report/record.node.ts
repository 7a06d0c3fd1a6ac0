/** All that a run's folder tells of the run: facts, curves, validations, notes, held-out examples. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunFile, readRunFile } from './facts.node.ts'
import { isNote, isValidation, type LogEntry, type NoteEntry, numbersOf, readLog, type ValidationEntry } from './log.node.ts'
import type { Shown } from './shown.ts'
import { createThinned, type Thinned } from './thinned.ts'

/** Groups of steps in a curve: more would not be seen. */
const most = 1000
/** Steps that were refused, and notes, that are told one by one. */
const mostTold = 200

export interface RunRecord {
  readonly facts: RunFile | undefined
  /** By name: `loss`, `norm`, `learningRate`, `ms` of a step, `waited` (ms) for its batch, and whatever else its steps tell. */
  readonly curves: ReadonlyMap<string, Thinned>
  readonly validations: readonly ValidationEntry[]
  readonly notes: readonly NoteEntry[]
  /** Steps whose numbers were not finite; the first of them. */
  readonly refused: { readonly count: number; readonly steps: readonly number[] }
  readonly lastStep: number
  /** Held-out examples at the first validation and at the latest. */
  readonly shown: { readonly first?: Shown | undefined; readonly latest?: Shown | undefined }
}

/** A record that grows with the log. */
export interface GrowingRecord extends RunRecord {
  facts: RunFile | undefined
  add(entry: LogEntry): void
  shown: { first?: Shown | undefined; latest?: Shown | undefined }
}

/** Logs of before 2026-11-21 count seconds of training. */
const noCurves: ReadonlySet<string> = new Set(['seconds'])

function emptyRecord(): GrowingRecord {
  const curves = new Map<string, Thinned>()
  const validations: ValidationEntry[] = []
  const notes: NoteEntry[] = []
  const steps: number[] = []
  let [refused, lastStep] = [0, 0]
  return {
    facts: undefined,
    shown: {},
    curves,
    validations,
    notes,
    get refused() {
      return { count: refused, steps }
    },
    get lastStep() {
      return lastStep
    },
    add: (entry) => {
      if (isNote(entry)) {
        if (notes.length < mostTold) notes.push(entry)
        return
      }
      if (isValidation(entry)) {
        validations.push(entry)
        return
      }
      lastStep = entry.step
      if (entry.accepted === false) {
        refused++
        if (steps.length < mostTold) steps.push(entry.step)
      }
      for (const [name, value] of numbersOf(entry)) {
        if (noCurves.has(name)) continue
        if (!curves.has(name)) curves.set(name, createThinned(most))
        curves.get(name)!.add(entry.step, value)
      }
    },
  }
}

export const logOf = (runFolder: string) => join(runFolder, 'log.jsonl')
export const shownOf = (runFolder: string) => join(runFolder, 'examples.json')

/** Reads what a run's folder has; a folder of no run gives an empty record. */
export async function readRecord(runFolder: string): Promise<GrowingRecord> {
  const record = emptyRecord()
  record.facts = await readRunFile(runFolder)
  for await (const entry of readLog(logOf(runFolder))) record.add(entry)
  try {
    record.shown = JSON.parse(await readFile(shownOf(runFolder), 'utf8')) as RunRecord['shown']
  } catch (error) {
    if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return record
}
