/** Whether a trace is for training, and the state that layers change while they train. */
import { add, foldIn, mul, sub, type Tensor } from '../tensor/index.ts'
import type { Parameter } from './module.ts'

interface TrainingTrace {
  readonly momentum: Tensor | undefined
  readonly key: Tensor | undefined
  keysTaken: number
  /** New values of buffers, in the graph that is being traced. */
  readonly updates: Map<Parameter, Tensor>
}

let current: TrainingTrace | undefined

export interface TrainingTraceOptions {
  /** Weight of the batch in running statistics, a scalar in place of each layer's own: 1/k for the k-th batch makes them plain means. */
  readonly momentum?: Tensor
  /** What layers that draw random numbers draw from: int32 (2), fed with `randomWords(seed, step)` it is another one in each step. */
  readonly key?: Tensor
}

/** Traces in training mode: batch statistics are used, and the buffers they change are returned beside the result. */
export function traceTraining<T>(
  trace: () => T,
  { momentum, key }: TrainingTraceOptions = {},
): { result: T; updates: ReadonlyMap<Parameter, Tensor> } {
  const outer = current
  const updates = new Map<Parameter, Tensor>()
  current = { momentum, key, keysTaken: 0, updates }
  try {
    return { result: trace(), updates }
  } finally {
    current = outer
  }
}

export function isTraining(): boolean {
  return current !== undefined
}

/**
 * A random key for one layer's call in this trace; each call gets its own, in the order of the calls.
 *
 * @throws Error outside training and where `traceTraining` has no key
 */
export function trainingKey(who: string): Tensor {
  if (!current) throw new Error(`${who}: draws no random numbers outside training; trace it with traceTraining`)
  if (!current.key) throw new Error(`${who}: draws random numbers, and the trace has no key; give one as traceTraining(trace, { key })`)
  return foldIn(current.key, current.keysTaken++)
}

/** Moves a running statistic towards that of the batch: (1 − momentum) · before + momentum · now. A layer used twice moves it twice. */
export function updateRunning(buffer: Parameter, now: Tensor, momentum: number): void {
  if (!current) return
  const weight = current.momentum ?? momentum
  current.updates.set(buffer, add(mul(current.updates.get(buffer) ?? buffer, sub(1, weight)), mul(now, weight)))
}
