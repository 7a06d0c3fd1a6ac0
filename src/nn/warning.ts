/**
 * Warnings: what is allowed and rarely meant. An error ends a trace; a warning is told once and the trace goes on. A network is traced many
 * times (for training, for evaluation, for every shape), so the same words about the same place are told once in the life of a process.
 */
import { currentPlace } from '../tensor/index.ts'

export interface Warning {
  /** What it is about, for those who sort or ignore warnings by kind. */
  readonly code: WarningCode
  /** Path of the module in its model, `encoder.2.conv`; '' outside of all. */
  readonly place: string
  readonly message: string
}

/**
 * `unread-input`: windows whose stride skips elements. `double-softmax`: a loss of logits is given probabilities. `unturned-positions`: rotary
 * positions of single features, which have no pair to turn.
 */
export type WarningCode = 'unread-input' | 'double-softmax' | 'unturned-positions'

type Listener = (warning: Warning) => void

const told = new Set<string>()

function tellOnce({ place, message }: Warning): void {
  const text = `divisi: ${place ? `${place}: ` : ''}${message}`
  if (told.has(text)) return
  told.add(text)
  console.warn(text)
}

let listener: Listener = tellOnce

/** Says that the trace does something that is rarely meant: what, and the way out. */
export function warn(code: WarningCode, message: string): void {
  listener({ code, place: currentPlace(), message })
}

/**
 * Traces, and hands warnings to `listen` instead of to the console: each time they arise, not once.
 *
 * @example
 * const heard: Warning[] = []
 * withWarnings((warning) => heard.push(warning), () => new Conv1d(1, 1, 2, { stride: 3 }).forward(constant([1, 2, 3], [1, 1, 3])))
 * heard.map(({ code }) => code) // ['unread-input']
 */
export function withWarnings<T>(listen: Listener, trace: () => T): T {
  const before = listener
  listener = listen
  try {
    return trace()
  } finally {
    listener = before
  }
}
