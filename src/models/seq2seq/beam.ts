/**
 * Beam search (Graves 2012, arXiv 1211.3711; Sutskever, Vinyals & Le 2014): of all sequences that were begun the best few are gone on with. A sequence
 * that has ended keeps its place in the beam as long as it is among the best. With a width of 1 it is greedy decoding.
 *
 * One thing is not as usual: the sequence that takes the most probable symbol at every step never leaves the beam. So a wider beam is never
 * worse than greedy decoding; without that it may be, since what begins well may end badly.
 */
import { specialTokens } from '../../nn/index.ts'

/** A sequence, linked to what it was before its last symbol. */
export interface Begun {
  readonly token: number
  readonly before: Begun | undefined
  /** Symbols so far, the end symbol among them. */
  readonly length: number
  readonly logProbability: number
  readonly finished: boolean
  /** Whether it took the most probable symbol at every step. */
  readonly greedy: boolean
  /** Where its row was in the step that gave its symbol. */
  readonly slot: number
  /** What that step gave beside the symbol. */
  readonly weights: Float32Array | undefined
}

/** The most probable symbols after a sequence, best first. */
export interface Continuations {
  readonly tokens: readonly number[]
  readonly logProbabilities: readonly number[]
  readonly weights: Float32Array | undefined
}

export interface BeamOptions {
  /** Sequences kept. */
  readonly width: number
  /** α in log p / lengthᵅ: 0 compares probabilities, 1 means per symbol, so that long sequences are not at a disadvantage. */
  readonly lengthPenalty: number
  /** Most symbols of a sequence. */
  readonly longest: number
}

/** What sequences are compared by. */
export function scoreOf({ logProbability, length }: Pick<Begun, 'logProbability' | 'length'>, lengthPenalty: number): number {
  return logProbability / length ** lengthPenalty
}

/** Live ones, in the order of their slots. */
export function liveOf(beam: readonly Begun[]): Begun[] {
  return beam.filter(({ finished }) => !finished)
}

/** The beam before the first symbol: nothing, of probability 1. */
export const emptyBeam: readonly Begun[] = [
  {
    token: specialTokens.end,
    before: undefined,
    length: 0,
    logProbability: 0,
    finished: false,
    greedy: true,
    slot: 0,
    weights: undefined,
  },
]

/**
 * The beam one symbol later, best first.
 *
 * @param next of each live sequence, in the order of `liveOf`
 */
export function extendBeam(beam: readonly Begun[], next: readonly Continuations[], { width, lengthPenalty }: BeamOptions): Begun[] {
  const extended = liveOf(beam).flatMap((before, slot) => {
    const { tokens, logProbabilities, weights } = next[slot]!
    return tokens.map((token, rank) => ({
      token,
      before: before.length > 0 ? before : undefined,
      length: before.length + 1,
      logProbability: before.logProbability + logProbabilities[rank]!,
      finished: token === specialTokens.end,
      greedy: before.greedy && rank === 0,
      slot,
      weights,
    }))
  })
  const ordered = [...beam.filter(({ finished }) => finished), ...extended].sort(
    (a, b) => scoreOf(b, lengthPenalty) - scoreOf(a, lengthPenalty),
  )
  const kept = ordered.slice(0, width)
  if (!kept.some(({ greedy }) => greedy)) kept[kept.length - 1] = ordered.find(({ greedy }) => greedy)!
  return kept
}

/** Whether nothing that may still come is better than what has ended: a sequence's probability only falls. */
export function isDecided(beam: readonly Begun[], { lengthPenalty, longest }: BeamOptions): boolean {
  const best = Math.max(...beam.filter(({ finished }) => finished).map((one) => scoreOf(one, lengthPenalty)))
  return liveOf(beam).every(({ logProbability }) => scoreOf({ logProbability, length: longest }, lengthPenalty) <= best)
}

/** All symbols of a sequence and what came with them, from the first to the last. */
export function unlink(last: Begun): Begun[] {
  const all: Begun[] = []
  for (let one: Begun | undefined = last; one; one = one.before) all.push(one)
  return all.reverse()
}
