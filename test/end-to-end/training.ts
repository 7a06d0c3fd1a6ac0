/** `npx divisi train` as people run it: the built command, and what it leaves in a run's folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readSafetensors } from '../../src/formats/index.ts'
import { mpirunCommand, mpirunEnvironment } from '../distributed/mpirun.ts'
import { endOf } from './ended.ts'

/** Steps and losses of a run, as its log has them; a resumed run repeats the steps after its last checkpoint. */
export async function lossesOf(runFolder: string): Promise<Map<number, number>> {
  const text = await readFile(join(runFolder, 'log.jsonl'), 'utf8').catch(() => '')
  const entries = text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as { step?: number; loss?: number }] : []))
  return new Map(entries.flatMap(({ step, loss }) => (step === undefined || loss === undefined ? [] : [[step, loss] as const])))
}

/** The arrays of a run's checkpoint. */
export const checkpointOf = async (runFolder: string) => readSafetensors(await readFile(join(runFolder, 'last.safetensors'))).tensors

/** Calls `by` when the log has reached the step. */
export interface Stop {
  readonly at: number
  readonly by: (child: ChildProcess) => void
}

export interface TrainCall {
  readonly recipe: string
  readonly runFolder: string
  readonly cache: string
  readonly stop?: Stop | undefined
  /** Or ends it otherwise, from its start on. */
  readonly until?: (child: ChildProcess) => Promise<void>
  /** Further arguments. */
  readonly more?: readonly string[]
  /** Started by mpirun, as so many processes. */
  readonly ranks?: number
}

/** Runs `divisi train` to its end. */
export async function runTrain({
  recipe,
  runFolder,
  cache,
  stop,
  until,
  more = [],
  ranks,
}: TrainCall): Promise<{ code: number; text: string }> {
  const command = [process.execPath, resolve('dist/cli/main.js'), 'train', recipe, '--cache', cache, '--run', runFolder, ...more]
  const [program, ...parameters] = ranks === undefined ? command : mpirunCommand(ranks, command)
  const child = spawn(program!, parameters, { env: mpirunEnvironment })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()))
  const ended = endOf(child)
  if (stop) {
    while (child.exitCode === null && child.signalCode === null && !(await lossesOf(runFolder)).has(stop.at)) await setTimeout(5)
    stop.by(child)
  }
  await until?.(child)
  return { code: await ended, text }
}
