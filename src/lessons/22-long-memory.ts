/** To remember over a hundred steps: a plain recurrent network, an LSTM and a GRU on the same task. */
import { drawRecall } from '../data/index.ts'
import { crossEntropy } from '../losses/index.ts'
import { SequenceClassifier, type SequenceClassifierInput, sequenceClassifierConfig } from '../models/index.ts'
import { initialValues, type RecurrentLayer, topState } from '../nn/index.ts'
import { linePlot } from '../report/index.ts'
import { constant, createRandom, grad, mul, sum } from '../tensor/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, type Lesson, meanOf } from './lesson.ts'
import { train } from './train.ts'

const NOTES = ['do', 're', 'mi', 'fa']
const NOISE = ['.', ',', '-', '~']
const QUESTION = '?'
const SYMBOLS = [...NOTES, ...NOISE, QUESTION]
/** Special symbols come before them. */
const FIRST = 4
const WAIT = [100, 120] as const
const STEPS_READ = 1 + WAIT[1] + 1
const BATCH = 32
const STEPS = 600
const EMBEDDING = 8

interface Found {
  /** Means of the last 50 losses; ln 4 = 1.386 is that of a guess. */
  readonly losses: { readonly rnn: number; readonly lstm: number; readonly gru: number; readonly shut: number }
  /** How much the state after 120 steps depends on the first input, as part of its dependence on the last one, before training. */
  readonly reach: { readonly rnn: number; readonly lstm: number; readonly gru: number; readonly shut: number }
}

const networkOf = (sizes: Partial<SequenceClassifierInput>) =>
  new SequenceClassifier(
    sequenceClassifierConfig.parse({
      architecture: 'sequence-classifier',
      vocabulary: { kind: 'symbols', symbols: SYMBOLS },
      labels: NOTES,
      embedding: EMBEDDING,
      ...sizes,
    }),
  )

/** Of about as many parameters. */
const networks = {
  rnn: { label: 'RNN', sizes: { cell: 'rnn', hidden: 68 } },
  lstm: { label: 'LSTM, gates open', sizes: { cell: 'lstm', hidden: 32, memorySteps: 200 } },
  gru: { label: 'GRU, gates open', sizes: { cell: 'gru', hidden: 32, memorySteps: 200 } },
  shut: { label: 'LSTM, gates as drawn', sizes: { cell: 'lstm', hidden: 32 } },
} as const

function batchAt(step: number) {
  const [ids, lengths, label] = [new Int32Array(BATCH * STEPS_READ), new Int32Array(BATCH), new Int32Array(BATCH)]
  const options = { values: NOTES.length, shown: 1, distractors: NOISE.length, wait: WAIT, part: 'training', seed: 1 } as const
  for (let b = 0; b < BATCH; b++) {
    const shown = drawRecall(options, step * BATCH + b)
    ids.set(
      shown.ids.map((symbol) => FIRST + symbol),
      b * STEPS_READ,
    )
    lengths[b] = shown.ids.length
    label[b] = shown.answer
  }
  return { ids, lengths, label }
}

/** Norms of the gradient of the last state by the input of every step, of the weights as they were drawn. */
async function slopesOf(layer: RecurrentLayer): Promise<number[]> {
  const random = createRandom(3)
  const x = constant(
    Float32Array.from({ length: WAIT[1] * EMBEDDING }, () => random.normal()),
    [1, WAIT[1], EMBEDDING],
  )
  const weights = Array.from({ length: layer.outputSize }, () => random.normal())
  const { slope } = await numbersOf(() => ({ slope: grad(sum(mul(topState(layer.forward(x).h, layer), constant(weights))), [x])[0]! }), {
    model: [layer, initialValues(layer, 1)],
  })
  return rowsOf(slope, EMBEDDING).map((row) => Math.hypot(...row))
}

export const longMemory: Lesson<Found> = {
  name: 'long-memory',
  title: 'To remember over a hundred steps',
  numbers: ['1.7'],
  idea: `A note is shown, then come 100 to 120 symbols that mean nothing, then the question which note it was. A plain recurrent network multiplies its state by the same matrix in
every step, and a gradient on its way back too: over a hundred steps what was shown is gone, or everything is (Bengio, Simard & Frasconi 1994). LSTM and GRU can leave their memory
as it is. They can, if their gates let them: as gates are usually drawn, about half open, a memory halves with every step, and over a hundred steps the LSTM is no better than the
plain network. Gates that begin open, so that units remember for times up to T (Tallec & Ollivier 2018; memorySteps), are what makes the difference here.`,
  formula: `RNN: ∂h_T/∂h_t = Π diag(1 − h²) U        LSTM, along its cell: ∂c_T/∂c_t = Π f        GRU: Π z, along what it keeps
gates open: bias of f = ln u, u uniform in 1…T − 1: memories of 1 to T steps        a guess: loss ln 4 = ${Math.log(4).toFixed(3)}`,
  claim: `After ${STEPS} steps LSTM and GRU whose gates began open recall the note; the RNN of as many parameters does not, nor does the LSTM whose gates began half open. Before
training already, what the first step does to the state after 120 is next to nothing in the latter two.`,

  async run({ backend, save, log }) {
    const whole = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const
    const inputs = { ids: whole(BATCH, STEPS_READ), lengths: whole(BATCH), label: whole(BATCH) }
    const curves: { label: string; y: number[] }[] = []
    const slopes: { label: string; y: number[] }[] = []
    const found = { losses: {}, reach: {} } as { losses: Record<string, number>; reach: Record<string, number> }
    for (const [name, { label, sizes }] of Object.entries(networks)) {
      const model = networkOf(sizes)
      const slope = await slopesOf(model.recurrent)
      const { losses } = await train({
        model,
        inputs,
        loss: ({ ids, lengths, label }) => crossEntropy(model.forward(ids, lengths), label),
        batch: batchAt,
        steps: STEPS,
        learningRate: 0.006,
        backend,
      })
      // Means of ten, for the eye.
      curves.push({ label, y: rowsOf(losses, 10).map(meanOf) })
      slopes.push({ label, y: slope.map((value) => value / slope.at(-1)!) })
      found.losses[name] = meanOf(losses.slice(-50))
      found.reach[name] = slope[0]! / slope.at(-1)!
      log(`${label}: loss ${found.losses[name]!.toFixed(4)}; first step to last ${found.reach[name]!.toExponential(1)}`)
    }
    await save(
      'losses',
      linePlot({
        title: 'Recalling a note after 100 to 120 steps',
        x: { label: 'training step' },
        y: { label: 'loss', log: true },
        lines: curves.map(({ label, y }) => ({ label, x: y.map((_, i) => 10 * i + 5), y })),
      }),
    )
    await save(
      'gradients',
      linePlot({
        title: 'What each step does to the last state, before training',
        x: { label: 'step' },
        y: { label: 'gradient, relative to the last step', log: true, from: 1e-16 },
        lines: slopes,
      }),
    )
    return found as unknown as Found
  },

  check({ losses, reach }) {
    claim(losses.lstm < 0.1 && losses.gru < 0.1, 'LSTM and GRU recall the note')
    claim(losses.rnn > 0.5, 'the RNN does not')
    claim(losses.shut > 0.5, 'nor does the LSTM whose gates begin half open')
    claim(losses.rnn < 2 && losses.shut < 2, 'though they are no worse than a guess')
    claim(Math.min(reach.lstm, reach.gru) > 1e-4 && Math.max(reach.lstm, reach.gru) < 1, 'their gradient reaches back')
    claim(Math.max(reach.rnn, reach.shut) < 1e-10, 'that of the others does not')
  },
}
