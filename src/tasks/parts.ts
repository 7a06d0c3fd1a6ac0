/**
 * Batches and updates. An update takes one batch, or several, its parts, whose gradients are averaged: large batches in little memory, and what
 * several processes share out. Batches are numbered through the whole run, so that which examples one holds depends on nothing but its number.
 */

/** A length of examples and what goes with it, up to an update. */
export interface Crop {
  /** The first update that it is not for; the last crop has none. */
  readonly until?: number | undefined
  /** Length of an example (frames of the network's spectrogram). */
  readonly frames: number
  /** In place of those of the training section. */
  readonly batchSize?: number | undefined
  readonly accumulate?: number | undefined
}

/** What of a recipe's training section decides the examples. */
export interface Drawing {
  readonly seed: number
  readonly batchSize: number
  /** Parts of an update: 1 where left out. */
  readonly accumulate?: number | undefined
  /** Lengths of examples, one after the other; only tasks that say `crops` get them. */
  readonly crops?: readonly Crop[] | undefined
}

/** Where in the run a batch is. */
export interface PartOfUpdate {
  /** The update that it belongs to, counted from 0. */
  readonly step: number
  /** Which of that update's parts it is, counted from 0. */
  readonly part: number
  /** Parts of that update. */
  readonly accumulate: number
  readonly batchSize: number
  /** Length of its examples, where the recipe has crops. */
  readonly frames?: number
}

/** Updates that have as many parts and the same lengths. */
interface Span extends Omit<PartOfUpdate, 'step' | 'part'> {
  readonly step: number
  readonly until: number
  /** The number of its first batch. */
  readonly index: number
}

function* spansOf({ batchSize, accumulate = 1, crops = [] }: Drawing): Generator<Span> {
  let [step, index] = [0, 0]
  const lengths: readonly Partial<Crop>[] = crops.length > 0 ? crops : [{}]
  for (const { until = Number.POSITIVE_INFINITY, frames, ...own } of lengths) {
    const of = { batchSize: own.batchSize ?? batchSize, accumulate: own.accumulate ?? accumulate }
    yield { ...of, ...(frames === undefined ? {} : { frames }), step, until, index }
    index += (until - step) * of.accumulate
    step = until
  }
}

function spanAt(drawing: Drawing, among: (span: Span) => boolean): Span {
  let found: Span | undefined
  for (const span of spansOf(drawing)) if (!found || among(span)) found = span
  return found!
}

/**
 * Where in the run batch number `index` is.
 *
 * @example
 * const drawing = { seed: 1, batchSize: 2, accumulate: 4, crops: [{ until: 10, frames: 256 }, { frames: 512, batchSize: 1, accumulate: 8 }] }
 * partAt(drawing, 39) // { step: 9, part: 3, accumulate: 4, batchSize: 2, frames: 256 }
 * partAt(drawing, 48) // { step: 11, part: 0, accumulate: 8, batchSize: 1, frames: 512 }
 */
export function partAt(drawing: Drawing, index: number): PartOfUpdate {
  const { until: _, index: first, step, ...of } = spanAt(drawing, (span) => span.index <= index)
  return { ...of, step: step + Math.floor((index - first) / of.accumulate), part: (index - first) % of.accumulate }
}

/**
 * The number of an update's first batch, and how many parts it has.
 *
 * @example
 * firstPartOf({ seed: 1, batchSize: 2, accumulate: 4 }, 10) // { index: 40, accumulate: 4 }
 */
export function firstPartOf(drawing: Drawing, step: number): { index: number; accumulate: number } {
  const { accumulate, ...span } = spanAt(drawing, (candidate) => candidate.step <= step)
  return { index: span.index + (step - span.step) * accumulate, accumulate }
}
