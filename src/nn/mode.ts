/** Whether a trace is for training, and the state that layers change while they train. */
import { add, mul, sub, type Tensor } from '../tensor/index.ts'
import type { Parameter } from './module.ts'

interface TrainingTrace {
  readonly momentum: Tensor | undefined
  /** New values of buffers, in the graph that is being traced. */
  readonly updates: Map<Parameter, Tensor>
}

let current: TrainingTrace | undefined

export interface TrainingTraceOptions {
  /** Weight of the batch in running statistics, a scalar in place of each layer's own: 1/k for the k-th batch makes them plain means. */
  readonly momentum?: Tensor
}

/** Traces in training mode: batch statistics are used, and the buffers they change are returned beside the result. */
export function traceTraining<T>(
  trace: () => T,
  { momentum }: TrainingTraceOptions = {},
): { result: T; updates: ReadonlyMap<Parameter, Tensor> } {
  const outer = current
  const updates = new Map<Parameter, Tensor>()
  current = { momentum, updates }
  try {
    return { result: trace(), updates }
  } finally {
    current = outer
  }
}

export function isTraining(): boolean {
  return current !== undefined
}

/** Moves a running statistic towards that of the batch: (1 − momentum) · before + momentum · now. A layer used twice moves it twice. */
export function updateRunning(buffer: Parameter, now: Tensor, momentum: number): void {
  if (!current) return
  const weight = current.momentum ?? momentum
  current.updates.set(buffer, add(mul(current.updates.get(buffer) ?? buffer, sub(1, weight)), mul(now, weight)))
}
