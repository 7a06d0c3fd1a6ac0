/** How a command ended. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

/** The status that shells show: 128 and its number for a signal, which ends an interrupted command whose network still computes after a fifth of a second. */
export function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + constants.signals[signal!]
}

/** Waits until it has ended and its outputs are closed. */
export function endOf(child: ChildProcess): Promise<number> {
  return new Promise((done) => child.once('close', (code, signal) => done(statusOf(code, signal))))
}
