import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createNetwork, createTranslator, readModel, Seq2Seq, type Translation, translate, writeModel } from '../../src/models/index.ts'
import { initialValues, layoutOf, traceTraining } from '../../src/nn/index.ts'
import { createReferenceBackend } from '../../src/runtime/index.ts'
import { argmax, constant, grad, logSoftmax, randomKey, reshape, stack, type Tensor } from '../../src/tensor/index.ts'
import { worst } from '../nn/run.ts'
import { runOnce } from '../tensor/generic.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { batchTensors, create, heldOut, train } from './seq2seq-support.ts'

const backend = onnxRuntime()
const end = 3

type Values = ReadonlyMap<string, Float32Array>

/** Weights in ±1.5 by formula, as test/goldens/seq2seq.py has them: states differ much, choices are clear. */
function waves(network: Seq2Seq): Map<string, Float32Array> {
  return new Map(
    layoutOf(network).parameters.map(({ name, size }, j) => [
      name,
      Float32Array.from({ length: size }, (_, i) => 1.5 * Math.sin(j + 1 + 0.7 * i ** 2)),
    ]),
  )
}

/** Numbers of tensors of a network, in float64 on the reference. */
async function numbers<K extends string>(network: Seq2Seq, values: Values, trace: () => Record<K, Tensor>): Promise<Record<K, number[]>> {
  layoutOf(network)
  const results = await runOnce(createReferenceBackend(), trace(), Object.fromEntries(values))
  return Object.fromEntries(Object.entries(results).map(([name, array]) => [name, Array.from(array, Number)])) as Record<K, number[]>
}

const ids = (rows: readonly (readonly number[])[]) => constant(rows.flat(), [rows.length, rows[0]!.length], 'int32')

/** Log-probability of every symbol of targets, which are of one length, each on its own way through the decoder: (b, u). */
async function logProbabilities(network: Seq2Seq, values: Values, source: readonly number[], targets: readonly (readonly number[])[]) {
  const [b, u] = [targets.length, targets[0]!.length]
  const { y } = await numbers(network, values, () => {
    const lengths = constant(new Array<number>(b).fill(source.length), [b], 'int32')
    return { y: logSoftmax(network.forward(ids(targets.map(() => source)), { lengths, target: ids(targets) })) }
  })
  const size = network.targetTokeniser.size
  return targets.map((target, n) => target.map((token, t) => y[(n * u + t) * size + token]!))
}

/** The most probable symbol, one after the other: nothing of the beam search is in here. */
async function greedyByHand(network: Seq2Seq, values: Values, source: readonly number[], longest: number): Promise<number[]> {
  const said: number[] = []
  while (said.length < longest && said.at(-1) !== end) {
    const sayable = Array.from({ length: network.targetTokeniser.size }, (_, id) => id).filter((id) => id !== 0 && id !== 2)
    const rows = await logProbabilities(
      network,
      values,
      source,
      sayable.map((id) => [...said, id]),
    )
    const last = rows.map((row) => row.at(-1)!)
    said.push(sayable[last.indexOf(Math.max(...last))]!)
  }
  return said
}

const exact = (said: readonly Translation[], pairs: readonly { target: Int32Array }[]) =>
  said.filter(({ tokens }, i) => tokens.join() === [...pairs[i]!.target, end].join()).length / pairs.length

describe('encoder and decoder', () => {
  it.each(['reverse', 'copy'] as const)(
    '1.4 encoder and decoder: the last state alone is enough to %s up to 5 symbols, and not for 10; strings were never in training',
    async (kind) => {
      const network = create({ attention: 'none', embedding: 24, hidden: 64 })
      const { values } = await train(network, { kind, length: [1, 10], steps: 1000, backend: backend() })
      const right = async (length: number) => {
        const pairs = heldOut(network, kind, length, 100)
        const sources = pairs.map(({ source }) => source)
        return exact(await translate(network, sources, { values, backend: backend(), batchSize: 100, longest: 12 }), pairs)
      }
      const [short, middle, long] = [await right(4), await right(5), await right(10)]
      expect(short).toBeGreaterThan(0.95)
      expect(middle).toBeGreaterThan(0.9)
      expect(long).toBeLessThan(0.7)
    },
  )

  it.each(['additive', 'dot', 'general'] as const)(
    '1.5 attention decoder, %s: reverses 10 symbols that were never in training, and looks along the anti-diagonal',
    async (attention) => {
      const network = create({ symbols: 24, attention, embedding: 24, hidden: 64 })
      const { values } = await train(network, { kind: 'reverse', length: [1, 10], steps: 1000, backend: backend() })
      const pairs = heldOut(network, 'reverse', 10, 200)
      const translator = createTranslator(network, { values, backend: backend(), batchSize: 64 })
      const sources = pairs.map(({ source }) => source)
      const [greedy, beam] = [await translator.translate(sources), await translator.translate(sources, { beam: 4 })]
      await translator.dispose()
      expect(exact(greedy, pairs)).toBeGreaterThan(0.99)
      expect(exact(beam, pairs)).toBeGreaterThan(0.99)
      for (const [i, { logProbability }] of beam.entries()) expect(logProbability).toBeGreaterThanOrEqual(greedy[i]!.logProbability - 1e-5)
      // Symbol τ of the answer is symbol 9 − τ of the source; the end symbol looks anywhere.
      const rows = greedy.flatMap(({ attention }) => attention!.slice(0, 10).map((row, said) => ({ row, from: 9 - said })))
      expect(rows).toHaveLength(2000)
      expect(rows.filter(({ row, from }) => row.indexOf(Math.max(...row)) === from).length / rows.length).toBeGreaterThan(0.95)
      for (const { row } of rows) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5)
    },
  )

  it('1.4, 1.5 every cell and score gives what its restatement in PyTorch gives: logits, loss, greedy decoding, attention', async () => {
    const golden = JSON.parse(readFileSync('test/goldens/seq2seq.json', 'utf8'))
    for (const { cell, attention, layers, bidirectional, state, logits, loss, greedy } of golden.cases) {
      const what = `${cell} ${attention}`
      const sizes = { embedding: golden.embedding, hidden: golden.hidden }
      const network = create({ symbols: 3, cell, attention, layers, bidirectional, ...sizes })
      const { parameters } = layoutOf(network)
      expect(
        parameters.map(({ name, parameter }) => [name, parameter.shape]),
        what,
      ).toEqual(state)
      const values = waves(network)
      const pairs = golden.sources.map((source: number[], i: number) => ({
        source: Int32Array.from(source),
        target: Int32Array.from(golden.targets[i].slice(0, -1)),
      }))
      const batch = batchTensors(pairs, 4)
      const found = await numbers(network, values, () => ({ logits: network.forward(batch.source, batch), loss: network.loss(batch) }))
      const size = network.targetTokeniser.size
      // Weights in float32 here and in float64 there: 1e-7 each.
      for (const [i, expected] of logits.entries())
        expect(worst(found.logits.slice(i * 5 * size, i * 5 * size + expected.length), expected), what).toBeLessThan(1e-5)
      expect(Math.abs(found.loss[0]! - loss), what).toBeLessThan(1e-5)
      const said = await translate(network, golden.sources, { values, backend: backend(), longest: 5 })
      for (const [i, expected] of greedy.entries()) {
        expect(said[i]!.tokens, what).toEqual(expected.tokens)
        expect(said[i]!.finished, what).toBe(expected.tokens.at(-1) === end)
        expect(said[i]!.logProbability, what).toBeCloseTo(expected.logProbability, 4)
        if (attention === 'none') expect(said[i]!.attention, what).toBeUndefined()
        else
          expect(
            worst(
              said[i]!.attention!.flatMap((row) => Array.from(row)),
              expected.attention.flat(),
            ),
            what,
          ).toBeLessThan(1e-5)
      }
    }
  })

  it.each([
    ['gru', 'additive', 1, false],
    ['lstm', 'general', 2, true],
    ['rnn', 'dot', 1, true],
    ['lstm', 'none', 1, false],
  ] as const)(
    '1.5 teacher forcing, %s %s: all steps at once give what one after the other gives',
    async (cell, attention, layers, bidirectional) => {
      const network = create({ cell, attention, layers, bidirectional })
      const target = [
        [5, 9, 4, end],
        [7, end, 0, 0],
      ]
      const { atOnce, stepwise } = await numbers(network, waves(network), () => {
        const source = ids([
          [4, 5, 6],
          [8, 7, 0],
        ])
        const lengths = constant([3, 2], [2], 'int32')
        const atOnce = network.forward(source, { lengths, target: ids(target) })
        let { memory, state } = network.encode(source, lengths)
        const steps = [0, 1, 2, 3].map((t) => {
          const before = target.map((row) => [t === 0 ? end : row[t - 1]!])
          const step = network.step(ids(before), state, memory)
          state = step.state
          return reshape(step.logits, [2, -1])
        })
        return { atOnce, stepwise: stack(steps, 1) }
      })
      expect(worst(stepwise, atOnce)).toBeLessThan(1e-12)
    },
  )

  it('1.5 scheduled sampling: always the truth is teacher forcing, gradients too; never the truth is what it says itself', async () => {
    const pairs = [
      { source: Int32Array.of(4, 5, 6), target: Int32Array.of(6, 5, 4) },
      { source: Int32Array.of(9), target: Int32Array.of(9) },
    ]
    const lossOf = (cell: 'gru' | 'lstm', teacherForcing: number) => {
      const network = create({ cell, teacherForcing, layers: 2 })
      const { parameters } = layoutOf(network)
      return numbers(network, waves(network), () => {
        const batch = batchTensors(pairs, 3)
        const { result: loss } = traceTraining(() => network.loss(batch), { key: randomKey(1) })
        const gradients = grad(
          loss,
          parameters.map(({ parameter }) => parameter),
        )
        return { loss, ...Object.fromEntries(gradients.map((gradient, i) => [`g${i}`, gradient])) } as Record<string, Tensor>
      })
    }
    for (const cell of ['gru', 'lstm'] as const) {
      // 2⁻³¹ of the draws are wrong; none of these.
      const [forced, given] = [await lossOf(cell, 1), await lossOf(cell, 1 - 1e-9)]
      for (const name of Object.keys(forced)) expect(worst(given[name]!, forced[name]!), name).toBeLessThan(1e-9)
    }
    const network = create({ cell: 'gru', layers: 2 })
    const { own } = await numbers(network, waves(network), () => {
      const batch = batchTensors(pairs, 3)
      let { memory, state } = network.encode(batch.source, batch.lengths)
      let tokens = ids([[end], [end]])
      const steps = [0, 1, 2, 3].map(() => {
        const step = network.step(tokens, state, memory)
        state = step.state
        tokens = argmax(step.logits, { axis: 2 })
        return reshape(step.logits, [2, -1])
      })
      return { own: logSoftmax(stack(steps, 1)) }
    })
    // The four symbols of the first answer and the two of the second.
    const size = network.targetTokeniser.size
    const picked = [6, 5, 4, end].map((id, t) => own[t * size + id]!).concat([9, end].map((id, t) => own[(4 + t) * size + id]!))
    const { loss } = await lossOf('gru', 0)
    expect(loss![0]).toBeCloseTo(-picked.reduce((sum, value) => sum + value, 0) / 6, 10)
    const [half, forced] = [await lossOf('gru', 0.5), await lossOf('gru', 1)]
    expect(half.loss![0]).not.toBeCloseTo(forced.loss![0]!, 3)
  })

  it('1.5 padding: a sequence gives beside longer ones what it gives alone, in reading, looking, saying and loss', async () => {
    for (const bidirectional of [false, true]) {
      const network = create({ cell: 'lstm', layers: 2, bidirectional })
      const values = waves(network)
      const [short, long] = [
        { source: Int32Array.of(4, 8), target: Int32Array.of(8, 4) },
        { source: Int32Array.of(5, 6, 7, 9, 4), target: Int32Array.of(4, 9, 7, 6, 5) },
      ]
      const found = await numbers(network, values, () => {
        const [both, one, other] = [batchTensors([short, long], 7), batchTensors([short], 2), batchTensors([long], 5)]
        return {
          beside: network.forward(both.source, both),
          alone: network.forward(one.source, one),
          both: network.loss(both),
          one: network.loss(one),
          other: network.loss(other),
        }
      })
      expect(worst(found.beside.slice(0, found.alone.length), found.alone)).toBeLessThan(1e-12)
      // Means over 3 and 6 symbols.
      expect(found.both[0]).toBeCloseTo((3 * found.one[0]! + 6 * found.other[0]!) / 9, 12)
      const options = { values, backend: backend(), beam: 3, longest: 6 }
      const [together] = await translate(network, [short.source, long.source, [4]], options)
      const [single] = await translate(network, [short.source], options)
      expect(together!.tokens).toEqual(single!.tokens)
      expect(together!.logProbability).toBeCloseTo(single!.logProbability, 5)
      for (const [step, row] of together!.attention!.entries()) {
        expect(row).toHaveLength(2)
        expect(worst(Array.from(row), Array.from(single!.attention![step]!))).toBeLessThan(1e-5)
      }
    }
  })

  it('1.4, 1.5 learns one example by heart', async () => {
    for (const attention of ['none', 'dot'] as const) {
      const network = create({ attention, hidden: 16 })
      const always = heldOut(network, 'reverse', 4, 1)
      const { losses } = await train(network, { kind: 'reverse', length: [4, 4], steps: 300, always, backend: backend() })
      expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.01)
    }
  })
})

describe('1.5 greedy and beam decoding', () => {
  /** Two symbols, the unknown one and the end: 121 things to say in up to 4 symbols. */
  const tiny = (seed: number) => {
    const network = create({ symbols: 2, attention: seed % 2 === 0 ? 'additive' : 'none', cell: seed % 3 === 0 ? 'lstm' : 'gru' })
    const values = new Map(Array.from(initialValues(network, seed), ([name, array]) => [name, array.map((value) => 3 * value)]))
    return { network, values }
  }
  const sources = [[4, 5, 4], [5], [5, 5, 4, 4, 5]]
  const everything = (longest: number): number[][] => {
    const all: number[][] = []
    const grow = (said: number[]) => {
      if (said.length === longest) {
        all.push(said)
        return
      }
      all.push([...said, end])
      for (const id of [1, 4, 5]) grow([...said, id])
    }
    grow([])
    return all
  }

  it('1.5 beam search of full width finds the best of all sequences there are, whatever they are compared by', async () => {
    const all = everything(4)
    expect(all).toHaveLength(121)
    let surprises = 0
    for (const seed of [1, 2, 3, 4, 6]) {
      const { network, values } = tiny(seed)
      const translator = createTranslator(network, { values, backend: backend(), batchSize: 3 })
      const filled = all.map((said) => [...said, ...new Array<number>(4 - said.length).fill(0)])
      const greedy = await translator.translate(sources, { longest: 4 })
      for (const [i, source] of sources.entries()) {
        const rows = await logProbabilities(network, values, source, filled)
        const totals = all.map((said, n) => rows[n]!.slice(0, said.length).reduce((sum, value) => sum + value, 0))
        for (const lengthPenalty of [0, 0.6, 1]) {
          const scores = totals.map((total, n) => total / all[n]!.length ** lengthPenalty)
          const best = scores.indexOf(Math.max(...scores))
          const said = (await translator.translate(sources, { beam: 200, lengthPenalty, longest: 4 }))[i]!
          expect(said.tokens).toEqual(all[best])
          expect(said.logProbability).toBeCloseTo(totals[best]!, 4)
          expect(said.score).toBeCloseTo(scores[best]!, 4)
          if (said.tokens.join() !== greedy[i]!.tokens.join()) surprises++
        }
      }
      await translator.dispose()
    }
    // Greedy decoding would not do.
    expect(surprises).toBeGreaterThan(5)
  })

  it('1.5 a beam of width 1 is greedy decoding, by a loop that knows nothing of beams', async () => {
    for (const seed of [1, 2, 6]) {
      const { network, values } = tiny(seed)
      const said = await translate(network, sources, { values, backend: backend(), beam: 1, longest: 5 })
      for (const [i, source] of sources.entries()) {
        const tokens = await greedyByHand(network, values, source, 5)
        expect(said[i]!.tokens).toEqual(tokens)
        const [row] = await logProbabilities(network, values, source, [tokens])
        expect(said[i]!.logProbability).toBeCloseTo(
          row!.reduce((sum, value) => sum + value, 0),
          4,
        )
        expect(said[i]!.alternatives).toHaveLength(1)
      }
    }
  })

  it('1.5 a wider beam is never worse than greedy decoding, and sometimes better', async () => {
    let better = 0
    for (let seed = 1; seed <= 8; seed++) {
      const network = create({ symbols: 6, cell: 'rnn', attention: 'dot' })
      const values = new Map(Array.from(initialValues(network, seed), ([name, array]) => [name, array.map((value) => 4 * value)]))
      const translator = createTranslator(network, { values, backend: backend(), batchSize: 4 })
      const asked = [[4, 5, 6], [9, 9], [7], [8, 4, 8, 4, 8], [6, 5]]
      for (const lengthPenalty of [0, 1]) {
        const greedy = await translator.translate(asked, { lengthPenalty, longest: 8 })
        for (const beam of [2, 3, 7]) {
          const found = await translator.translate(asked, { beam, lengthPenalty, longest: 8 })
          for (const [i, { score, alternatives }] of found.entries()) {
            expect(score).toBeGreaterThanOrEqual(greedy[i]!.score - 1e-5)
            if (score > greedy[i]!.score + 1e-3) better++
            expect(alternatives.map((one) => one.score)).toEqual(alternatives.map((one) => one.score).sort((a, b) => b - a))
            expect(new Set(alternatives.map(({ tokens }) => tokens.join())).size).toBe(alternatives.length)
          }
        }
      }
      await translator.dispose()
    }
    expect(better).toBeGreaterThan(10)
  })
})

describe('translating', () => {
  it('1.5 takes texts and ids, in any number, and says texts', async () => {
    const network = new Seq2Seq({ ...create().config, source: { kind: 'symbols', symbols: ['C', 'Am', 'F', 'G'] } })
    const values = initialValues(network, 1)
    const options = { values, backend: backend(), batchSize: 2, longest: 3 }
    const said = await translate(network, ['C Am F', Int32Array.of(4, 5, 6), [7], 'F Bb', 'G'], options)
    expect(said).toHaveLength(5)
    expect(said[1]!.tokens).toEqual(said[0]!.tokens)
    expect(said[4]!.tokens).toEqual(said[2]!.tokens)
    expect(said[0]!.text).toBe(network.targetTokeniser.decode(said[0]!.tokens))
    expect(await translate(network, [], options)).toEqual([])
  })

  it('refuses sources without symbols, ids that are none, and options out of range', async () => {
    const network = create()
    const options = { values: initialValues(network, 1), backend: backend() }
    const refused = (sources: (string | number[])[], more: object) => translate(network, sources, { ...options, ...more })
    await expect(refused(['ab', ''], {})).rejects.toThrow('translate: source 1 has no symbols; needs at least one')
    await expect(refused([[4, 16]], {})).rejects.toThrow('source 0 has the id 16; allowed are whole numbers in 0…15')
    await expect(refused(['a'], { beam: 0 })).rejects.toThrow('translate: beam 0; allowed are whole numbers ≥ 1')
    await expect(refused(['a'], { longest: 1.5 })).rejects.toThrow('translate: longest 1.5; allowed are whole numbers ≥ 1')
    await expect(refused(['a'], { lengthPenalty: -1 })).rejects.toThrow('translate: lengthPenalty -1; allowed are numbers ≥ 0')
    await expect(refused(['a'], { batchSize: 0 })).rejects.toThrow('createTranslator: batchSize 0; allowed are whole numbers ≥ 1')
  })

  it('gives from a model file what it gave before, with tables that were given and are left alone', async () => {
    const table = Float32Array.from({ length: 16 * 3 }, (_, i) => Math.sin(i))
    const { config } = create({ freezeEmbeddings: true, bidirectional: true })
    const network = new Seq2Seq(config, { source: table, target: table.toReversed() })
    const { parameters, buffers } = layoutOf(network)
    expect(buffers.map(({ name }) => name)).toEqual(['sourceEmbedding.weight', 'targetEmbedding.weight'])
    expect(parameters.some(({ name }) => name.includes('mbedding'))).toBe(false)
    const values = initialValues(network, 1)
    expect(values.get('sourceEmbedding.weight')).toEqual(table)
    expect(values.get('targetEmbedding.weight')).toEqual(table.toReversed())
    const read = readModel(writeModel('chords', network, values))
    const options = { backend: backend(), beam: 2, longest: 4 }
    const before = await translate(network, ['abc'], { values, ...options })
    expect(await translate(read.network as Seq2Seq, ['abc'], { values: read.values, ...options })).toEqual(before)
    expect(() => new Seq2Seq(config, { source: [1, 2] })).toThrow('a table of 2 numbers for 16 symbols; needs 16 · 3')
  })

  it('of sizes that do not fit is refused, by name', () => {
    expect(() => create({ bidirectional: true, hidden: 5 })).toThrow('5 units in two directions: needs an even number')
    expect(() => create({ cell: 'rnn', memorySteps: 10 })).toThrow('an RNN has no gates to hold open')
    expect(() => create({ source: { symbols: ['a', 'a'] } })).toThrow('is there twice')
    expect(() => create({ source: { symbols: ['a b'] } })).toThrow('needs text that is not cut')
    const network = create()
    expect(() => network.encode(constant([4, 5], [2], 'int32'), constant([1, 1], [2], 'int32'))).toThrow('source (2); needs ids (b, t)')
    expect(createNetwork(network.config)).toBeInstanceOf(Seq2Seq)
    expect(network.isCausal).toBe(false)
  })
})
