/** Reversing strings of notes, for the lessons on encoder and decoder: networks that learn it, and how often they are right. */
import { drawSequence, transduce } from '../data/index.ts'
import { Seq2Seq, type Seq2SeqInput, seq2seqConfig, type TranslateOptions, type Translation, translate } from '../models/index.ts'
import { specialTokens } from '../nn/index.ts'
import type { Backend } from '../runtime/index.ts'
import type { Weights } from './compute.ts'
import { type Trained, train } from './train.ts'

const NAMES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B']
/** Two octaves. */
const NOTES = [3, 4].flatMap((octave) => NAMES.map((name) => `${name}${octave}`))
/** Ids of symbols follow those of the special ones. */
const FIRST = Math.max(...Object.values(specialTokens)) + 1
const BATCH = 64

export function reverser(sizes: Partial<Seq2SeqInput>): Seq2Seq {
  return new Seq2Seq(seq2seqConfig.parse({ architecture: 'seq2seq', source: { kind: 'symbols', symbols: NOTES }, embedding: 24, ...sizes }))
}

/** Strings of 1 to `longest` notes that are in training, side by side, with their reverse. */
function batchOf(step: number, longest: number): Record<'source' | 'lengths' | 'target', Int32Array> {
  const [source, target, lengths] = [new Int32Array(BATCH * longest), new Int32Array(BATCH * (longest + 1)), new Int32Array(BATCH)]
  for (let b = 0; b < BATCH; b++) {
    const ids = drawSequence({ symbols: NOTES.length, length: [1, longest], part: 'training', seed: 1 }, step * BATCH + b)
    const read = ids.map((symbol) => FIRST + symbol)
    source.set(read, b * longest)
    target.set([...transduce('reverse', read), specialTokens.end], b * (longest + 1))
    lengths[b] = ids.length
  }
  return { source, lengths, target }
}

export interface ReversalOptions {
  readonly longest: number
  readonly steps: number
  readonly backend: Backend
  /** A step after which the weights are asked for, too. */
  readonly early?: number
}

/** Weights at the end and at an early step; losses of all steps. */
export function learnReversal(network: Seq2Seq, { longest, ...options }: ReversalOptions): Promise<Trained> {
  const whole = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const
  return train({
    model: network,
    inputs: { source: whole(BATCH, longest), lengths: whole(BATCH), target: whole(BATCH, longest + 1) },
    loss: (batch) => network.loss(batch),
    batch: (step) => batchOf(step, longest),
    learningRate: 0.004,
    ...options,
  })
}

export interface Said {
  readonly source: Int32Array
  readonly translation: Translation
  /** All of the reverse, and nothing behind it. */
  readonly right: boolean
}

/** What a network says of strings of one length that were not in training. */
export async function sayHeldOut(
  network: Seq2Seq,
  {
    values,
    backend,
    length,
    count,
    ...options
  }: TranslateOptions & {
    readonly values: Weights
    readonly backend: Backend
    readonly length: number
    readonly count: number
  },
): Promise<Said[]> {
  const sources = Array.from({ length: count }, (_, i) =>
    drawSequence({ symbols: NOTES.length, length: [length, length], part: 'heldOut', seed: 2 }, i).map((symbol) => FIRST + symbol),
  )
  const said = await translate(network, sources, { values, backend, batchSize: Math.min(count, 50), longest: length + 2, ...options })
  return said.map((translation, i) => {
    const source = sources[i]!
    const wanted = [...transduce('reverse', source), specialTokens.end]
    return { source, translation, right: translation.tokens.join() === wanted.join() }
  })
}

export function shareRight(said: readonly Said[]): number {
  return said.filter(({ right }) => right).length / said.length
}
