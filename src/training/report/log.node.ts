/**
 * The log of a run, `log.jsonl`: a line of JSON for each step, each validation and each thing worth knowing. A kill may cut its last line and leave steps
 * that no checkpoint has: a run that goes on drops both first, so that no step stands in the log twice.
 */
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'

/** A training step: its numbers by name, among them `loss`, `norm` and `learningRate`. */
export interface StepEntry {
  readonly step: number
  /** False where the step was refused. */
  readonly accepted?: boolean
  readonly [name: string]: number | boolean | undefined
}

/** The numbers of a step by name. */
export function numbersOf({ step: _, ...entry }: StepEntry): [name: string, value: number][] {
  return Object.entries(entry).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as [string, number]] : []))
}

export interface ValidationEntry {
  /** Scores by name; what is no number is null, as JSON has it. */
  readonly validation: Readonly<Record<string, number | null>> & { readonly step: number }
  readonly best: boolean
  /** That it took. */
  readonly seconds?: number
}

/** Something else that happened, in words. */
export interface NoteEntry {
  readonly note: string
  readonly at: number
}

export type LogEntry = StepEntry | ValidationEntry | NoteEntry

/** The step that an entry tells of. */
function stepOf(entry: LogEntry): number {
  if ('validation' in entry) return (entry as ValidationEntry).validation.step
  return 'note' in entry ? (entry as NoteEntry).at : (entry as StepEntry).step
}

export const isValidation = (entry: LogEntry): entry is ValidationEntry => 'validation' in entry
export const isNote = (entry: LogEntry): entry is NoteEntry => 'note' in entry

function parsed(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as LogEntry | null
    return typeof entry === 'object' && entry !== null && Number.isInteger(stepOf(entry)) ? entry : undefined
  } catch {
    return undefined
  }
}

/** Lines with what they say; undefined is a line that was cut, or is none of ours. */
async function* lines(file: string): AsyncGenerator<{ readonly line: string; readonly entry: LogEntry | undefined }> {
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }))
      if (line !== '') yield { line, entry: parsed(line) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Tells which entries a log has for the first time: of a step, of a validation. */
function createOrder(): (entry: LogEntry) => boolean {
  let [step, validation] = [0, 0]
  return (entry) => {
    if (isNote(entry)) return true
    const at = stepOf(entry)
    if (isValidation(entry)) {
      if (at <= validation) return false
      validation = at
    } else {
      if (at <= step) return false
      step = at
    }
    return true
  }
}

/** The entries of a log in order, each step once; none where there is no log. Lines that cannot be read are passed over. */
export async function* readLog(file: string): AsyncGenerator<LogEntry> {
  const isNew = createOrder()
  for await (const { entry } of lines(file)) if (entry && isNew(entry)) yield entry
}

/**
 * Takes out of a log what comes after a step, what stands in it twice, and lines that were cut.
 *
 * @returns how many lines were taken out
 */
export async function trimLog(file: string, step: number): Promise<number> {
  const temporary = `${file}.${process.pid}.tmp`
  const isNew = createOrder()
  let dropped = 0
  let written = 0
  const out = await open(temporary, 'w')
  try {
    let text = ''
    for await (const { line, entry } of lines(file)) {
      if (!entry || stepOf(entry) > step || !isNew(entry)) {
        dropped++
        continue
      }
      text += `${line}\n`
      if (text.length < 1 << 20) continue
      written += (await out.write(text)).bytesWritten
      text = ''
    }
    written += (await out.write(text)).bytesWritten
    await out.sync()
  } finally {
    await out.close()
  }
  // The end of a last line may be all that is missing.
  const before = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  if (written !== before) await rename(temporary, file)
  else await rm(temporary)
  return dropped
}
