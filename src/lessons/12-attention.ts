/** Attention learns where to look: a key that is planted among others. */
import { mseLoss } from '../losses/index.ts'
import { BahdanauAttention } from '../nn/index.ts'
import { attentionMap, linePlot } from '../report/index.ts'
import { constant, createRandom } from '../tensor/index.ts'
import { learn, numbersOf, rowsOf } from './compute.ts'
import { claim, close, type Lesson, meanOf } from './lesson.ts'

const KEYS = 8
const STEPS = 8
const BATCH = 32
const WIDTH = KEYS + 1

/** Sequences of shuffled keys, each with a number; asked is one key, wanted is its number. */
function examples(count: number, seed: number) {
  const random = createRandom(seed)
  const [asked, sequence, wanted] = [
    new Float32Array(count * KEYS),
    new Float32Array(count * STEPS * WIDTH),
    new Float32Array(count * WIDTH),
  ]
  const places: number[] = []
  for (let n = 0; n < count; n++) {
    const order = Array.from({ length: KEYS }, (_, i) => i)
    for (let i = KEYS - 1; i > 0; i--) {
      const j = random.integer(0, i)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    const place = random.integer(0, STEPS - 1)
    for (const [t, key] of order.entries()) {
      const at = (n * STEPS + t) * WIDTH
      sequence[at + key] = 1
      sequence[at + KEYS] = random.uniform(-1, 1)
      if (t === place) wanted.set(sequence.subarray(at, at + WIDTH), n * WIDTH)
    }
    asked[n * KEYS + order[place]!] = 1
    places.push(place)
  }
  return { asked, sequence, wanted, places }
}

interface Found {
  readonly losses: readonly number[]
  /** Weights of unseen examples, each over the steps of its sequence, and where their keys are. */
  readonly weights: readonly (readonly number[])[]
  readonly places: readonly number[]
}

export const attention: Lesson<Found> = {
  name: 'attention',
  title: 'Attention finds a planted key',
  numbers: ['0.13'],
  idea: `A decoder that must say one thing about a long sequence does better to look at the right place than to remember all of it. Attention scores every step against what
is asked, makes weights of the scores by a softmax, and reads the weighted mean (Bahdanau, Cho & Bengio 2015). Nobody tells it where to look: here it is told only what it
should have read, the step with the key that is asked for, and where to look follows.`,
  formula: `eₜ = vᵀ tanh(W s + U aₜ)        wₜ = softmax(e)ₜ        context = Σ wₜ aₜ`,
  claim: 'After training, more than 0.9 of the weight lies on the planted key of sequences never seen; weights sum to 1.',

  async run({ backend, save, log }) {
    const model = new BahdanauAttention(KEYS, WIDTH, { hidden: 32 })
    const { weights, losses } = await learn({
      model,
      inputs: { asked: [BATCH, KEYS], sequence: [BATCH, STEPS, WIDTH], wanted: [BATCH, WIDTH] },
      loss: ({ asked, sequence, wanted }) => mseLoss(model.forward(asked, sequence), wanted),
      batch: (step) => {
        const { asked, sequence, wanted } = examples(BATCH, 1000 + step)
        return { asked, sequence, wanted }
      },
      steps: 400,
      learningRate: 0.02,
      backend,
    })
    const seen = examples(16, 7)
    const found = await numbersOf(
      () => ({ weights: model.attend(constant(seen.asked, [16, KEYS]), constant(seen.sequence, [16, STEPS, WIDTH])).weights }),
      { model: [model, weights] },
    )
    const rows = rowsOf(found.weights, STEPS)
    // One sequence, asked for each of its keys in order of their places.
    const order = Array.from(seen.sequence.subarray(0, STEPS * WIDTH))
    const keys = rowsOf(order, WIDTH).map((row) => row.indexOf(1))
    const asked = new Float32Array(KEYS * KEYS)
    keys.forEach((key, n) => {
      asked[n * KEYS + key] = 1
    })
    const map = await numbersOf(
      () => ({ weights: model.attend(constant(asked, [1, KEYS, KEYS]), constant(order, [1, STEPS, WIDTH])).weights }),
      { model: [model, weights] },
    )
    const letters = keys.map((key) => 'ABCDEFGH'[key]!)
    await save(
      'map',
      attentionMap({
        title: 'Where attention looks in one sequence',
        weights: rowsOf(map.weights, STEPS),
        keys: letters,
        queries: letters,
        keyLabel: 'keys of the sequence',
        queryLabel: 'asked for',
      }),
    )
    await save(
      'loss',
      linePlot({
        title: 'Learning where to look',
        x: { label: 'step' },
        y: { label: 'mean squared error', log: true },
        lines: [{ label: 'loss', y: losses }],
      }),
    )
    const onKey = rows.map((row, n) => row[seen.places[n]!]!)
    log(
      `loss from ${losses[0]!.toFixed(4)} to ${losses.at(-1)!.toFixed(5)}; weight on the planted key of unseen sequences: mean ${meanOf(onKey).toFixed(3)}`,
    )
    return { losses, weights: rows, places: seen.places }
  },

  check({ losses, weights, places }) {
    claim(losses.at(-1)! < 0.05 * losses[0]!, 'the loss falls')
    claim(
      weights.every((row) =>
        close(
          row.reduce((sum, w) => sum + w, 0),
          1,
          1e-6,
        ),
      ),
      'weights sum to 1',
    )
    claim(meanOf(weights.map((row, n) => row[places[n]!] ?? 0)) > 0.9, 'the weight lies on the planted key')
  },
}
