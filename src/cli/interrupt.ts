/** Ctrl-C as an AbortSignal: the first one ends the work in order, the second one ends the process. */

import { InterruptedError } from './errors.ts'

export interface Interrupt {
  /** Aborted with an InterruptedError by SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Gives the signals back to Node's own handling. */
  dispose(): void
}

/** Listens for SIGINT and SIGTERM until disposed. */
export function createInterrupt(): Interrupt {
  const controller = new AbortController()
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const reason = new InterruptedError(signal)
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
