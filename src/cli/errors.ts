/** How the commands fail: exit codes, and errors as one line. */

import picocolors from 'picocolors'
import type { ProgressStream } from './progress.ts'

/** What the process reports to its shell. */
export const exitCodes = {
  ok: 0,
  /** Some file, or the whole work, failed. */
  failed: 1,
  /** The command line asks for something that does not exist or contradicts itself; nothing was done. */
  usage: 2,
} as const

/** A command line that cannot be carried out. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The reason of an abort by Ctrl-C or `kill`. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  /** 128 + the number of the signal, as shells have it: 130 for Ctrl-C. */
  readonly exitCode: number
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`)
    this.signal = signal
    this.exitCode = signal === 'SIGINT' ? 130 : 143
  }
}

/** What the process reports of anything thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
}

/** The message of anything thrown, on one line. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message
    .trim()
    .replace(/([:;,.…])\s*\n\s*/g, '$1 ')
    .replace(/\s*\n\s*/g, '; ')
}

/** An error about a file on one line that starts with the file's name, once. */
export function fileError(file: string, error: unknown): string {
  const line = oneLine(error)
  return line.startsWith(`${file}: `) ? line : `${file}: ${line}`
}

/** Prints an error, marked red on a terminal that shows colours. */
export function printError(stream: ProgressStream, line: string): void {
  const { red } = picocolors.createColors(picocolors.isColorSupported && stream.isTTY === true)
  stream.write(`${red('error:')} ${line}\n`)
}
