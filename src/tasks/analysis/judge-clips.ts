/** How good answers to what does not vary in time are: keys, instruments, tags. */
import type { ClipSet } from '../../data/index.ts'
import { countConfusions, keyScore, largestOf } from '../../evaluation/index.ts'
import { type Crnn, vocabularies } from '../../models/index.ts'
import { confusionMatrix } from '../../report/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'
import { answersOf } from './answers.ts'
import { scoreClasses, scorePresence } from './frame-scores.ts'

const accuracy = { name: 'accuracy', label: 'accuracy', unit: '%' } as const
const aboveConstant = { name: 'aboveConstant', label: 'above the most frequent answer', unit: '%' } as const
const mirex = { name: 'mirex', label: 'MIREX key score', unit: '%' } as const
const tagF1 = { name: 'f1', label: 'F1 of tags', unit: '%' } as const
const tagAccuracy = { name: 'accuracy', label: 'tags right', unit: '%' } as const
const aboveAll = { name: 'aboveConstant', label: 'above saying all tags', unit: '%' } as const

const isKeys = ({ config }: Crnn) => config.labels.join() === vocabularies.keys.join()

/** Scores of a network, the first one first. */
export function clipScoreKinds(network: Crnn): readonly [ScoreKind, ...ScoreKind[]] {
  if (network.config.answers !== 'one') return [tagF1, aboveAll, tagAccuracy]
  return [accuracy, aboveConstant, ...(isKeys(network) ? [mirex] : [])]
}

/** Scores whole held-out clips. */
export async function judgeClips(network: Crnn, set: ClipSet, options: JudgeOptions): Promise<Judgement> {
  const { labels, answers, threshold } = network.config
  const [truth, predicted]: [number[], number[]] = [[], []]
  for await (const { probabilities, target } of answersOf(network, set, options)) {
    truth.push(...target)
    predicted.push(
      ...(answers === 'one' ? largestOf(probabilities, labels.length) : Array.from(probabilities, (p) => Number(p >= threshold))),
    )
  }
  if (answers !== 'one') {
    const {
      frameF1,
      constantF1,
      accuracy: right,
    } = scorePresence(
      truth.map((value) => value === 1),
      predicted.map((value) => value === 1),
    )
    return { scores: { f1: frameF1, aboveConstant: frameF1 - constantF1, accuracy: right } }
  }
  const scores = scoreClasses(truth, predicted, labels.length)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    scores: {
      accuracy: scores.accuracy,
      aboveConstant: scores.accuracy - scores.constantAccuracy,
      ...(isKeys(network) ? { mirex: mean(truth.map((key, i) => keyScore(key, predicted[i]!))) } : {}),
    },
    pictures: {
      confusion: confusionMatrix({
        title: `What ${truth.length} clips were taken for`,
        counts: countConfusions(truth, predicted, labels.length),
        classes: labels,
      }),
    },
  }
}
