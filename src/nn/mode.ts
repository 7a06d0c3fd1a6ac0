/** Whether a trace is for training, and the state that layers change while they train. */
import { add, foldIn, mul, sub, type Tensor } from '../tensor/index.ts'
import type { Parameter } from './module.ts'

interface TrainingTrace {
  readonly momentum: Tensor | undefined
  readonly key: Tensor | undefined
  keysTaken: number
  /** New values of buffers, in the graph that is being traced. */
  readonly updates: Map<Parameter, Tensor>
  /** What moved a buffer so far. */
  readonly moves: Map<Parameter, readonly Tensor[]>
}

let current: TrainingTrace | undefined

export interface TrainingTraceOptions {
  /**
   * Weight of the batch in running statistics, a scalar in place of each layer's own: 1/k for the k-th batch makes them plain means, over all uses
   * of a layer that a batch goes through several times.
   */
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
  current = { momentum, key, keysTaken: 0, updates, moves: new Map() }
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

function moved(before: Tensor, now: Tensor, momentum: Tensor | number): Tensor {
  return add(mul(before, sub(1, momentum)), mul(now, momentum))
}

/**
 * Moves a running statistic towards that of the batch: (1 − momentum) · before + momentum · now. A layer used twice moves it twice; with the trace's
 * momentum once, by the mean of both, for that is the weight of a whole batch.
 */
export function updateRunning(buffer: Parameter, now: Tensor, momentum: number): void {
  if (!current) return
  const { updates, moves } = current
  if (current.momentum === undefined) {
    updates.set(buffer, moved(updates.get(buffer) ?? buffer, now, momentum))
    return
  }
  const all = [...(moves.get(buffer) ?? []), now]
  moves.set(buffer, all)
  const mean = all.length === 1 ? now : mul(all.reduce(add), 1 / all.length)
  updates.set(buffer, moved(buffer, mean, current.momentum))
}
