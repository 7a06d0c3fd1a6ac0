/** Whether a trace is for training, and the state that layers change while they train. */
import { add, foldIn, formatShape, mul, ShapeError, sub, type Tensor } from '../tensor/index.ts'
import type { Parameter } from './module.ts'

interface Tracing {
  readonly momentum: Tensor | undefined
  readonly key: Tensor | undefined
  keysTaken: number
  /** New values of buffers, in the graph that is being traced. */
  readonly updates: Map<Parameter, Tensor>
  readonly terms: Map<string, Tensor>
  /** What moved a buffer so far. */
  readonly moves: Map<Parameter, readonly Tensor[]>
}

let current: Tracing | undefined

export interface TrainingTraceOptions {
  /**
   * Weight of the batch in running statistics, a scalar in place of each layer's own: 1/k for the k-th batch makes them plain means, over all uses
   * of a layer that a batch goes through several times.
   */
  readonly momentum?: Tensor
  /** What layers that draw random numbers draw from: int32 (2), fed with `randomWords(seed, step)` it is another one in each step. */
  readonly key?: Tensor
}

/** What a trace in training mode gives. */
export interface TrainingTrace<T> {
  readonly result: T
  /** New values of buffers. */
  readonly updates: ReadonlyMap<Parameter, Tensor>
  /** What `reportTerm` was told. */
  readonly terms: ReadonlyMap<string, Tensor>
}

/** Traces in training mode: batch statistics are used, and the buffers they change are returned beside the result. */
export function traceTraining<T>(trace: () => T, { momentum, key }: TrainingTraceOptions = {}): TrainingTrace<T> {
  const outer = current
  const updates = new Map<Parameter, Tensor>()
  const terms = new Map<string, Tensor>()
  current = { momentum, key, keysTaken: 0, updates, terms, moves: new Map() }
  try {
    return { result: trace(), updates, terms }
  } finally {
    current = outer
  }
}

export function isTraining(): boolean {
  return current !== undefined
}

/**
 * Names a part of a loss, so that logs of training show it beside the whole; the tensor is given back as it is. Outside training nothing is noted.
 *
 * @param term a scalar
 * @throws ShapeError for other tensors, Error for a name that this trace has already
 *
 * @example
 * const distance = reportTerm('distance', constant(0.25))
 * const { terms } = traceTraining(() => mul(reportTerm('distance', distance), 10))
 * terms.size // 1
 */
export function reportTerm(name: string, term: Tensor): Tensor {
  if (term.shape.length > 0) throw new ShapeError('reportTerm', `${name} ${formatShape(term.shape)}; needs a scalar`)
  if (current?.terms.has(name)) throw new Error(`reportTerm: two terms are called ${name}; each needs a name of its own`)
  current?.terms.set(name, term)
  return term
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
