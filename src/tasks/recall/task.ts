/** Delayed recall: to remember a few symbols over a long wait (building block 1.7). */
import { z } from 'zod'
import { drawRecall, type Recall, type RecallOptions, recallVersion } from '../../data/index.ts'
import { accuracyOf, countConfusions, largestOf } from '../../evaluation/index.ts'
import { crossEntropy } from '../../losses/index.ts'
import { SequenceClassifier, type SequenceClassifierConfig, sequenceClassifierConfig } from '../../models/index.ts'
import { specialTokens } from '../../nn/index.ts'
import { barChart, confusionMatrix } from '../../report/index.ts'
import { compile } from '../../runtime/browser.ts'
import type { Drawing } from '../parts.ts'
import { defineTask, type Judgement, type JudgeOptions, type Parts, type ScoreKind, type Task } from '../task.ts'

const count = z.number().int().min(1)

/** The network's labels are what is shown; what its vocabulary has beside them and the questions are the symbols of the wait. */
const recallData = z.strictObject({
  /** Symbols that ask for the first one shown, for the second, …; as many are shown. */
  questions: z.array(z.string().min(1)).min(1),
  /** Shortest and longest wait (steps). */
  wait: z.tuple([count, count]).refine(([low, high]) => low <= high, 'the smaller one first'),
})
type RecallData = z.output<typeof recallData>

const scoreKinds = [{ name: 'accuracy', label: 'accuracy', unit: '%' }] as const satisfies readonly ScoreKind[]

/** Held-out examples are those of one seed, whatever that of the training is. */
const judgedSeed = 1

/** Examples per run of the network. */
const judgedAtOnce = 64

/** Id of each symbol of a draw: values, distractors, questions. */
function idsOf({ tokeniser, config: { labels, vocabulary } }: SequenceClassifier, questions: readonly string[]): Int32Array {
  const missing = [...labels, ...questions].filter((symbol) => !vocabulary.symbols.includes(symbol))
  if (missing.length > 0)
    throw new RangeError(`model.vocabulary: lacks ${missing.join(', ')}, which the task shows; add them to its symbols`)
  const both = questions.filter((question) => labels.includes(question))
  if (both.length > 0) throw new RangeError(`data.questions: ${both.join(', ')} are labels too; take others`)
  const distractors = vocabulary.symbols.filter((symbol) => !labels.includes(symbol) && !questions.includes(symbol))
  if (distractors.length === 0)
    throw new RangeError('model.vocabulary: has no symbol for the wait; needs at least one that is no label and no question')
  return Int32Array.from([...labels, ...distractors, ...questions], (symbol) => tokeniser.encode(symbol)[0]!)
}

/** Side by side: ids (b, t), lengths (b), labels (b). */
function batchOf(draws: readonly Recall[], ids: Int32Array, steps: number): Record<'ids' | 'lengths' | 'label', Int32Array> {
  const all = new Int32Array(draws.length * steps).fill(specialTokens.pad)
  for (const [b, draw] of draws.entries())
    all.set(
      draw.ids.map((symbol) => ids[symbol]!),
      b * steps,
    )
  return {
    ids: all,
    lengths: Int32Array.from(draws, (draw) => draw.ids.length),
    label: Int32Array.from(draws, ({ answer }) => answer),
  }
}

async function open({ model, data }: Parts<SequenceClassifierConfig, RecallData>, { seed, batchSize }: Drawing): Promise<Task> {
  const network = new SequenceClassifier(model)
  const ids = idsOf(network, data.questions)
  const [values, shown] = [model.labels.length, data.questions.length]
  const recall = { values, shown, distractors: ids.length - values - shown, wait: data.wait }
  const steps = shown + data.wait[1] + 1
  const specsOf = (b: number) => ({
    ids: { shape: [b, steps], dtype: 'int32' } as const,
    lengths: { shape: [b], dtype: 'int32' } as const,
    label: { shape: [b], dtype: 'int32' } as const,
  })
  const draw = (options: Pick<RecallOptions, 'part' | 'seed'>, first: number, many: number) =>
    Array.from({ length: many }, (_, i) => drawRecall({ ...recall, ...options }, first + i))

  async function judge({ values, backend, examples, pause }: JudgeOptions): Promise<Judgement> {
    const draws = draw({ part: 'heldOut', seed: judgedSeed }, 0, examples)
    const { label: _, ...specs } = specsOf(judgedAtOnce)
    const program = await compile(({ ids, lengths }) => ({ logits: network.forward(ids, lengths) }), specs, { backend, constants: values })
    const said: number[] = []
    for (let first = 0; first < examples; first += judgedAtOnce) {
      await pause()
      // The last run is filled up with the first example.
      const some = Array.from({ length: judgedAtOnce }, (_, i) => draws[first + i] ?? draws[0]!)
      const { logits } = await program.run(batchOf(some, ids, steps))
      said.push(...largestOf(Array.from(logits!, Number), model.labels.length).slice(0, examples - first))
    }
    await program.dispose()
    const truth = draws.map(({ answer }) => answer)
    const counts = countConfusions(truth, said, model.labels.length)
    const rightOf = (question: number) => {
      const asked = draws.flatMap((one, i) => (one.question === question ? [one.answer === said[i]] : []))
      return (100 * asked.filter(Boolean).length) / asked.length
    }
    return {
      scores: { accuracy: accuracyOf(counts) },
      pictures: {
        confusion: confusionMatrix({ title: `Recall after ${data.wait.join(' to ')} steps`, counts, classes: model.labels }),
        questions: barChart({
          title: 'Recall by question',
          categories: data.questions,
          x: { label: 'asked' },
          y: { label: 'accuracy', unit: '%', to: 105 },
          series: [{ label: 'held out', values: data.questions.map((_, i) => rightOf(i)) }],
        }),
      },
    }
  }

  return {
    network,
    batch: specsOf(batchSize),
    loss: ({ ids, lengths, label }) => crossEntropy(network.forward(ids!, lengths!), label!),
    batchAt: async (step) => batchOf(draw({ part: 'training', seed }, step * batchSize, batchSize), ids, steps),
    scores: scoreKinds,
    judge,
    identity: { recallVersion },
    close: async () => {},
  }
}

export const recallTask = defineTask<SequenceClassifierConfig, RecallData>({
  name: 'recall',
  model: sequenceClassifierConfig,
  data: recallData,
  synthetic: (data) => data,
  open,
})
