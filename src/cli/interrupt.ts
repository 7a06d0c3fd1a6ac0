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
  const dispose = (): void => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (!controller.signal.aborted) {
      controller.abort(new InterruptedError(signal))
      return
    }
    // By the signal itself: process.exit() ends workers in the middle of ONNX Runtime's code, which then aborts with a message of its own.
    dispose()
    process.kill(process.pid, signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return { signal: controller.signal, dispose }
}
