/** What the tests of encoder and decoder share: small networks, batches of ids, and training until they can do something. */
import type { TransductionKind } from '../../src/data/index.ts'
import { Seq2Seq, type Seq2SeqBatch, type Seq2SeqInput, seq2seqConfig } from '../../src/models/index.ts'
import type { Backend } from '../../src/runtime/index.ts'
import { batchOf, drawPair, type Pair } from '../../src/tasks/sequences/draw.ts'
import { constant } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'

const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i))

/** A network over the first `symbols` letters, whose ids are 4, 5, … */
export function create({ symbols = 12, ...sizes }: { symbols?: number } & Partial<Seq2SeqInput> = {}): Seq2Seq {
  return new Seq2Seq(
    seq2seqConfig.parse({
      architecture: 'seq2seq',
      source: { kind: 'characters', symbols: letters.slice(0, symbols) },
      embedding: 3,
      hidden: 4,
      ...sizes,
    }),
  )
}

/** Pairs as tensors, filled up to `longest`. */
export function batchTensors(pairs: readonly Pair[], longest: number): Seq2SeqBatch {
  const { source, lengths, target } = batchOf(pairs, longest)
  const b = pairs.length
  return {
    source: constant(source, [b, longest], 'int32'),
    lengths: constant(lengths, [b], 'int32'),
    target: constant(target, [b, longest + 1], 'int32'),
  }
}

export interface TrainOptions {
  readonly kind: TransductionKind
  readonly length: readonly [number, number]
  readonly steps: number
  readonly backend: Backend
  /** What is learned from in all steps; by default 64 strings in each, others each time, and none that is held out. */
  readonly always?: readonly Pair[]
}

/** Weights after training, and the losses of all steps. */
export async function train(network: Seq2Seq, { kind, length, steps, backend, always }: TrainOptions) {
  const [b, longest] = [always?.length ?? 64, length[1]]
  const options = { kind, length, symbols: network.config.source.symbols.length, seed: 1 }
  const whole = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const
  const trainer = await createTrainer({
    model: network,
    task: {
      batch: { source: whole(b, longest), lengths: whole(b), target: whole(b, longest + 1) },
      loss: (batch) => network.loss(batch),
    },
    backend,
    optimizer: { name: 'adam' },
    schedule: { peak: 0.004, warmup: 50, decay: steps / 2, steps },
    averageDecay: 0.98,
    seed: 1,
  })
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const drawn = always ?? Array.from({ length: b }, (_, i) => drawPair(options, 'training', step * b + i))
    losses.push((await trainer.train(batchOf(drawn, longest))).loss)
  }
  // Without buffers there is nothing to take from batches.
  const values = await trainer.averaged((async function* () {})())
  await trainer.dispose()
  return { values, losses }
}

/** Held-out pairs of one length. */
export function heldOut(network: Seq2Seq, kind: TransductionKind, length: number, count: number): Pair[] {
  const options = { kind, length: [length, length] as const, symbols: network.config.source.symbols.length, seed: 1 }
  return Array.from({ length: count }, (_, i) => drawPair(options, 'heldOut', i))
}
