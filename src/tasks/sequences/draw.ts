/** Strings as batches for an encoder–decoder: ids of its vocabulary, filled up, and answers with the end symbol behind them. */
import { drawSequence, type Part, type TransductionKind, transduce } from '../../data/index.ts'
import { specialTokens } from '../../nn/index.ts'

export interface StringsOptions {
  readonly kind: TransductionKind
  /** Symbols of the vocabulary. */
  readonly symbols: number
  /** Shortest and longest. */
  readonly length: readonly [number, number]
  readonly seed: number
}

export interface Pair {
  /** Ids, without start, end and padding. */
  readonly source: Int32Array
  readonly target: Int32Array
}

/** Ids of symbols follow those of the special ones. */
const firstId = Math.max(...Object.values(specialTokens)) + 1

/** What is to be read and what is to be said, a pure function of the options, the part and the index. */
export function drawPair({ kind, ...options }: StringsOptions, part: Part, index: number): Pair {
  const source = drawSequence({ ...options, part }, index).map((symbol) => firstId + symbol)
  return { source, target: transduce(kind, source) }
}

/** Pairs side by side: source (b, t), lengths (b), target (b, t + 1). */
export function batchOf(pairs: readonly Pair[], longest: number): Record<'source' | 'lengths' | 'target', Int32Array> {
  const source = new Int32Array(pairs.length * longest).fill(specialTokens.pad)
  const target = new Int32Array(pairs.length * (longest + 1)).fill(specialTokens.pad)
  for (const [b, pair] of pairs.entries()) {
    source.set(pair.source, b * longest)
    target.set([...pair.target, specialTokens.end], b * (longest + 1))
  }
  return { source, target, lengths: Int32Array.from(pairs, (pair) => pair.source.length) }
}
