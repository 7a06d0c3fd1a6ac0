import { describe, expect, it } from 'vitest'
import {
  createNetwork,
  readModel,
  SequenceClassifier,
  type SequenceClassifierInput,
  sequenceClassifierConfig,
  writeModel,
} from '../../src/models/index.ts'
import { initialValues, layoutOf } from '../../src/nn/index.ts'
import { constant } from '../../src/tensor/index.ts'
import { filledValues, run, worst } from '../nn/run.ts'

const create = (config: Partial<SequenceClassifierInput> = {}) =>
  new SequenceClassifier(
    sequenceClassifierConfig.parse({
      architecture: 'sequence-classifier',
      vocabulary: { kind: 'characters', symbols: ['a', 'b', 'c'] },
      labels: ['left', 'right'],
      embedding: 3,
      hidden: 4,
      ...config,
    }),
  )

describe('classifier of sequences', () => {
  it.each([
    ['rnn', 1],
    ['lstm', 4],
    ['gru', 3],
  ] as const)(
    '1.15 a recurrent layer summarises a sequence, %s: embeddings, many to one, dense; as many parameters as these have',
    (cell, gates) => {
      for (const bidirectional of [false, true]) {
        const network = create({ cell, bidirectional })
        const directions = bidirectional ? 2 : 1
        // Seven symbols with the special ones; PyTorch's two biases per gate.
        const recurrent = directions * gates * (4 * 3 + 4 * 4 + 2 * 4)
        expect(layoutOf(network).parameterCount).toBe(7 * 3 + recurrent + 2 * (4 * directions) + 2)
      }
    },
  )

  it('1.15 padding: a sequence gives beside longer ones what it gives alone', async () => {
    const network = create({ cell: 'lstm', layers: 2, bidirectional: true })
    const values = filledValues(network)
    const logits = (texts: string[]) => {
      const { ids, shape, lengths } = network.tokeniser.encodeBatch(texts)
      return network.forward(constant(ids, shape, 'int32'), constant(lengths, [texts.length], 'int32'))
    }
    const found = await run({ beside: logits(['ab', 'cabba']), short: logits(['ab']), long: logits(['cabba']) }, values)
    expect(worst(found.beside, [...found.short, ...found.long])).toBeLessThan(1e-12)
    expect(worst(found.short, found.long)).toBeGreaterThan(1e-3)
  })

  it('1.7 long-term dependency: gates begin open where memory is asked for', () => {
    const forget = (memorySteps?: number) =>
      initialValues(create({ cell: 'lstm', memorySteps }), 1)
        .get('recurrent.bias_ih_l0')!
        .slice(4, 8)
    expect(Math.min(...forget(100))).toBeGreaterThan(0)
    expect(Math.max(...forget())).toBeLessThan(0.51)
  })

  it('comes back from a model file, and refuses what does not fit, by name', () => {
    const network = create({ cell: 'gru', memorySteps: 9 })
    const read = readModel(writeModel('sides', network, initialValues(network, 1)))
    expect(read.network).toBeInstanceOf(SequenceClassifier)
    expect(read.values).toEqual(initialValues(network, 1))
    expect(createNetwork(network.config).config).toEqual(network.config)
    expect(() => create({ labels: ['one'] })).toThrow()
    expect(() => create({ labels: ['one', 'one'] })).toThrow('needs names that differ')
    expect(() => create({ cell: 'rnn', memorySteps: 9 })).toThrow('an RNN has no gates to hold open: leave it out, or take lstm or gru')
    expect(() => network.forward(constant([4, 5], [2], 'int32'))).toThrow('ids (2); needs (b, t)')
    expect(network.isCausal).toBe(false)
  })
})
