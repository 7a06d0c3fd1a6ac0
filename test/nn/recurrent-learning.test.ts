/** What recurrent networks learn: a text by heart, and to remember over a hundred steps. float32 on onnxruntime-node. */
import { describe, expect, it } from 'vitest'
import { crossEntropy } from '../../src/losses/index.ts'
import {
  buildVocabulary,
  createLive,
  createTokeniser,
  Embedding,
  Linear,
  LSTM,
  layoutOf,
  ManyToOne,
  Module,
  type RecurrentLayer,
  RNN,
  Sequential,
} from '../../src/nn/index.ts'
import { compile } from '../../src/runtime/index.ts'
import { createRandom, mean, reshape, square, sub, type Tensor, transpose } from '../../src/tensor/index.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { learn } from './learn.ts'

const backend = onnxRuntime()

/** The next symbol from all before it. */
class LanguageModel extends Module {
  readonly embedding: Embedding
  readonly rnn: RNN
  readonly head: Linear

  constructor(symbols: number, hidden: number) {
    super()
    this.embedding = new Embedding(symbols, 8)
    this.rnn = new RNN(8, hidden)
    this.head = new Linear(hidden, symbols)
  }

  /** ids (b, t) and state before to logits (b, t, symbols) and state after. */
  forward(ids: Tensor, h0?: Tensor): { readonly logits: Tensor; readonly h: Tensor } {
    const { outputs, h } = this.rnn.forward(this.embedding.forward(ids), { h0 })
    return { logits: this.head.forward(outputs), h }
  }
}

describe('0.22 language model', () => {
  it('0.22 language-model use: memorises a line by many-to-many prediction of the next symbol, and says it from the start symbol alone', async () => {
    // Repeated letters: what comes next is told by the state only.
    const line = 'do re mi fa sol la si do, la la sol la si'
    const tokeniser = createTokeniser(buildVocabulary([line], { kind: 'characters' }))
    const ids = tokeniser.encode(line, { start: true, end: true })
    const steps = ids.length - 1
    const model = new LanguageModel(tokeniser.size, 32)
    const weights = await learn({
      model,
      inputs: { ids: { shape: [1, steps], dtype: 'int32' }, next: { shape: [1, steps], dtype: 'int32' } },
      loss: ({ ids, next }) => crossEntropy(transpose(model.forward(ids).logits, [0, 2, 1]), next),
      batch: () => ({ ids: ids.slice(0, -1), next: ids.slice(1) }),
      steps: 300,
      learningRate: 0.01,
      seed: 1,
      backend: backend(),
    })
    const live = await createLive(
      model,
      ({ id }, { h }) => {
        const { logits, h: after } = model.forward(id, h)
        return { outputs: { logits }, state: { h: after } }
      },
      {
        inputs: { id: { shape: [1, 1], dtype: 'int32' } },
        state: { h: [1, 1, 32] },
        backend: backend(),
        constants: new Map(Object.entries(weights)),
      },
    )
    const said: number[] = [ids[0]!]
    while (said.length < ids.length) {
      const { logits } = await live.run({ id: Int32Array.of(said.at(-1)!) })
      const values = Array.from(logits, Number)
      said.push(values.indexOf(Math.max(...values)))
    }
    await live.dispose()
    expect(tokeniser.decode(said)).toBe(line)
  })
})

describe('1.7 long-term dependency', () => {
  const [batch, delay, steps, learningRate] = [32, 120, 400, 0.02]

  /** A number at the first step, noise beside it at all steps: after the last one it is asked for. */
  function recall(seed: number): { x: Float32Array; target: Float32Array } {
    const random = createRandom(seed)
    const [x, target] = [new Float32Array(batch * delay * 2), new Float32Array(batch)]
    for (let b = 0; b < batch; b++) {
      target[b] = random.uniform(-1, 1)
      x[b * delay * 2] = target[b]!
      for (let t = 0; t < delay; t++) x[(b * delay + t) * 2 + 1] = random.uniform(-1, 1)
    }
    return { x, target }
  }

  async function trainedError(layer: RecurrentLayer, seed: number): Promise<number> {
    const model = new Sequential(new ManyToOne(layer), new Linear(layer.hiddenSize, 1))
    const errorOf = ({ x, target }: Record<'x' | 'target', Tensor>) =>
      mean(square(sub(reshape(model.forward(x) as Tensor, [batch]), target)))
    const inputs = { x: [batch, delay, 2], target: [batch] }
    const batchOf = (step: number) => recall(10000 * seed + step)
    const weights = await learn({ model, inputs, loss: errorOf, batch: batchOf, steps, learningRate, seed, backend: backend() })
    const program = await compile((given) => ({ error: errorOf(given) }), inputs, { backend: backend() })
    let total = 0
    for (let k = 0; k < 8; k++) total += Number((await program.run({ ...recall(-1 - k), ...weights })).error![0])
    await program.dispose()
    return total / 8
  }

  // Saying 0 every time has the error 1/3, remembering the sign alone 1/12. Nine seeds of LSTM gave 0.0001 to 0.0011, those of RNN 0.06 to
  // 0.4 (as much or more at rates of 0.002, 0.01 and 0.04); without memorySteps LSTM does not learn it in these steps either (0.34).
  it.each([1, 2, 3])(
    '1.7 long-term dependency: LSTM recalls a number after 120 steps, RNN of as many parameters does not; seed %d',
    async (seed) => {
      const [lstm, rnn] = [new LSTM(2, 12, { memorySteps: delay }), new RNN(2, 26)]
      expect(layoutOf(rnn).parameterCount).toBeGreaterThan(layoutOf(lstm).parameterCount)
      expect(await trainedError(lstm, seed)).toBeLessThan(0.01)
      expect(await trainedError(rnn, seed)).toBeGreaterThan(0.03)
    },
    60000,
  )
})
