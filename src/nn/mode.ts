/** Whether a trace is for training, and the state that layers change while they train. */
import type { Tensor } from '../tensor/index.ts'
import type { Parameter } from './module.ts'

interface TrainingTrace {
  /** New values of buffers, in the graph that is being traced. */
  readonly updates: Map<Parameter, Tensor>
}

let current: TrainingTrace | undefined

/** Traces in training mode: batch statistics are used, and the buffers they change are returned beside the result. */
export function traceTraining<T>(trace: () => T): { result: T; updates: ReadonlyMap<Parameter, Tensor> } {
  const outer = current
  const updates = new Map<Parameter, Tensor>()
  current = { updates }
  try {
    return { result: trace(), updates }
  } finally {
    current = outer
  }
}

export function isTraining(): boolean {
  return current !== undefined
}

/** Registers the next value of a buffer; a layer used twice chains its updates. */
export function updateBuffer(buffer: Parameter, next: (before: Tensor) => Tensor): void {
  current?.updates.set(buffer, next(current.updates.get(buffer) ?? buffer))
}
