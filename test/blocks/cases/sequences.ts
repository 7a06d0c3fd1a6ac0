/** Encoder and decoder, and the classifier of sequences, of tiny sizes. */

import { StateAttention } from '../../../src/models/seq2seq/attention.ts'
import { seq2seqConfig } from '../../../src/models/seq2seq/config.ts'
import { Seq2Seq } from '../../../src/models/seq2seq/network.ts'
import { sequenceClassifierConfig } from '../../../src/models/sequence-classifier/config.ts'
import { SequenceClassifier } from '../../../src/models/sequence-classifier/network.ts'
import { paddingMask } from '../../../src/nn/index.ts'
import { add, type Tensor } from '../../../src/tensor/index.ts'
import type { Block, BlockCase } from '../support.ts'

/** Three symbols beside the special ones. */
const vocabulary = { kind: 'characters', symbols: ['a', 'b', 'c'] } as const
const ids = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const

/** Source, lengths (those above t count as t), target. */
const pairCase = (b: number, t: number, u: number): BlockCase => ({ inputs: [ids(b, t), ids(b), ids(b, u)], outputs: [[b, u, 7]] })

/** Drawn numbers from 1: the row of the pad symbol, 0, has no gradient, and of nothing there is nothing to say. */
const fromOne = (drawn: Tensor | undefined) => add(drawn!, 1)

const say = (module: unknown, [source, lengths, target]: readonly Tensor[]) => [
  (module as Seq2Seq).forward(fromOne(source), { lengths: fromOne(lengths), target: fromOne(target) }),
]

const seq2seq = (sizes: object) => () =>
  new Seq2Seq(seq2seqConfig.parse({ architecture: 'seq2seq', source: vocabulary, embedding: 2, hidden: 4, ...sizes }))

/** States of two directions, which `general` and `dot` compare as they are. */
const attentionCase = (b: number, k: number, t: number): BlockCase => ({
  inputs: [[b, k, 4], [b, t, 4], ids(b)],
  outputs: [
    [b, k, 4],
    [b, k, t],
  ],
})

export const sequences: readonly Block[] = [
  {
    ids: ['1.5'],
    name: 'Seq2Seq',
    create: seq2seq({ cell: 'gru' }),
    call: say,
    cases: [pairCase(2, 3, 2), pairCase(1, 1, 1)],
    below: 6,
  },
  {
    ids: ['1.4'],
    name: 'Seq2Seq (without attention)',
    create: seq2seq({ cell: 'rnn', attention: 'none', layers: 2 }),
    call: say,
    cases: [pairCase(2, 2, 3), pairCase(1, 1, 1)],
    below: 6,
  },
  {
    ids: ['1.5'],
    name: 'Seq2Seq (scheduled sampling)',
    create: seq2seq({ cell: 'lstm', attention: 'general', bidirectional: true, dropout: 0.5, teacherForcing: 0.5 }),
    call: say,
    cases: [pairCase(2, 2, 3), pairCase(1, 1, 1)],
    below: 6,
    training: 'random',
  },
  ...(['dot', 'general', 'additive'] as const).map((score) => ({
    ids: ['1.5'],
    name: `StateAttention (${score})`,
    create: () => new StateAttention(score, 4),
    call: (module: unknown, [queries, states, lengths]: readonly Tensor[]) => {
      const layer = module as StateAttention
      const padding = paddingMask(lengths!, states!.shape[1]!)
      const { output, weights } = layer.forward(queries!, { states: states!, keys: layer.keysOf(states!), padding })
      return [output, weights]
    },
    cases: [attentionCase(2, 2, 3), attentionCase(1, 1, 1)] as const,
    below: 4,
  })),
  {
    ids: ['1.7'],
    name: 'SequenceClassifier',
    create: () =>
      new SequenceClassifier(
        sequenceClassifierConfig.parse({
          architecture: 'sequence-classifier',
          vocabulary,
          labels: ['one', 'two', 'three'],
          cell: 'lstm',
          memorySteps: 5,
          embedding: 2,
          hidden: 3,
          dropout: 0.5,
        }),
      ),
    call: (module, [symbols, lengths]) => [(module as SequenceClassifier).forward(fromOne(symbols), fromOne(lengths))],
    cases: [
      { inputs: [ids(2, 4), ids(2)], outputs: [[2, 3]] },
      { inputs: [ids(1, 1), ids(1)], outputs: [[1, 3]] },
    ],
    below: 5,
    training: 'random',
  },
]
