/** Copying and reversing strings of symbols: what encoder and decoder learn first. */
import { z } from 'zod'
import { sequencesVersion } from '../../data/index.ts'
import { Seq2Seq, type Seq2SeqBatch, type Seq2SeqConfig, seq2seqConfig } from '../../models/index.ts'
import type { Drawing } from '../parts.ts'
import { defineTask, type Parts, type Task } from '../task.ts'
import { batchOf, drawPair, type StringsOptions } from './draw.ts'
import { judgeSequences, scoreKinds } from './judge.ts'

const count = z.number().int().min(1)

/** Strings are of the symbols of the network's vocabulary. */
const sequencesData = z.strictObject({
  kind: z.enum(['copy', 'reverse']),
  /** Shortest and longest. */
  length: z.tuple([count, count]).refine(([low, high]) => low <= high, 'the smaller one first'),
})
type SequencesData = z.output<typeof sequencesData>

/** Held-out strings are those of one seed, whatever that of the training is. */
const judgedSeed = 1

async function open({ model, data }: Parts<Seq2SeqConfig, SequencesData>, { seed, batchSize }: Drawing): Promise<Task> {
  const network = new Seq2Seq(model)
  const { symbols } = model.source
  if (model.target && model.target.symbols.join(' ') !== symbols.join(' '))
    throw new RangeError('model.target: the task says the symbols that it reads; leave it out')
  const strings = { ...data, symbols: symbols.length }
  const training: StringsOptions = { ...strings, seed }
  const longest = data.length[1]
  // Refused now where none of the longest is held out, not at the first validation.
  drawPair({ ...training, length: [longest, longest] }, 'heldOut', 0)
  const whole = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const
  return {
    network,
    batch: { source: whole(batchSize, longest), lengths: whole(batchSize), target: whole(batchSize, longest + 1) },
    loss: (batch) => network.loss(batch as unknown as Seq2SeqBatch),
    batchAt: async (step) => {
      const pairs = Array.from({ length: batchSize }, (_, i) => drawPair(training, 'training', step * batchSize + i))
      return batchOf(pairs, longest)
    },
    scores: scoreKinds,
    judge: (options) => judgeSequences(network, { ...strings, seed: judgedSeed }, options),
    identity: { sequencesVersion },
    close: async () => {},
  }
}

export const sequencesTask = defineTask<Seq2SeqConfig, SequencesData>({
  name: 'sequences',
  model: seq2seqConfig,
  data: sequencesData,
  synthetic: (data) => data,
  open,
})
