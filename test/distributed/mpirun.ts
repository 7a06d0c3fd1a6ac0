/** Starts commands as several ranks, as `mpirun` does on this machine. */
import { spawn } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly text: string
}

/** Tests run as root in containers. */
export const mpirunEnvironment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

/** A command as several ranks, more than the machine may have cores. */
export const mpirunCommand = (ranks: number, command: readonly string[]) => [
  'mpirun',
  ...['-n', String(ranks), '--oversubscribe', '--bind-to', 'none'],
  ...command,
]

/** Runs a command to its end, with more in its environment. */
export function run(command: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(command[0]!, command.slice(1), { env: { ...mpirunEnvironment, ...more } })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()))
  return new Promise((done, fail) => {
    child.on('error', (cause) => fail(new Error(`${command[0]} does not start; apt-get install openmpi-bin for mpirun`, { cause })))
    child.on('close', (code) => done({ code, text }))
  })
}

export const mpirun = (ranks: number, command: readonly string[]): Promise<Ended> => run(mpirunCommand(ranks, command))
