/** How good answers to what varies in time are: chords, onsets, vocal activity. */
import type { ClipSet } from '../../data/index.ts'
import { countConfusions, detectionScores, largestOf, matchEvents } from '../../evaluation/index.ts'
import type { Crnn } from '../../models/index.ts'
import { confusionMatrix, heatMap, linePlot } from '../../report/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'
import { type Answer, answersOf } from './answers.ts'
import { eventTimes } from './event-times.ts'
import { type FrameScores, scoreClasses, scorePresence } from './frame-scores.ts'

const accuracy = { name: 'accuracy', label: 'frame accuracy', unit: '%' } as const
const frameF1 = { name: 'frameF1', label: 'frame F1', unit: '%' } as const
const aboveConstant = { name: 'aboveConstant', label: 'frame F1 above the best constant answer', unit: '%' } as const
const f1 = { name: 'f1', label: 'F1 within ±50 ms', unit: '%' } as const
const precision = { name: 'precision', label: 'precision', unit: '%' } as const
const recall = { name: 'recall', label: 'recall', unit: '%' } as const

/** Scores by what a network answers, the first one first. */
export const frameScoreKinds = {
  one: [accuracy, frameF1, aboveConstant],
  any: [frameF1, accuracy, aboveConstant],
  events: [f1, precision, recall, frameF1, aboveConstant],
} as const satisfies Record<Crnn['config']['answers'], readonly ScoreKind[]>

const shown = ({ accuracy: right, frameF1: found, constantF1 }: FrameScores) => ({
  accuracy: right,
  frameF1: found,
  aboveConstant: found - constantF1,
})

/** Probabilities or truth over time, a row per label that occurs in either. */
function roll(title: string, rows: readonly (readonly number[])[], names: readonly string[], seconds: number): string {
  return heatMap({
    title,
    rows,
    x: { label: 'time', unit: 's', from: 0, to: seconds },
    y: { label: '', names },
    value: { label: 'probability', from: 0, to: 1 },
    height: 140 + 22 * rows.length,
  })
}

function drawClasses({ probabilities, target, stretch }: Answer, labels: readonly string[]): Record<string, string> {
  const width = labels.length
  const classes = largestOf(probabilities, width)
  const rows = labels.map((_, c) => c).filter((c) => target.includes(c) || classes.includes(c))
  const names = rows.map((c) => labels[c]!)
  const values = (of: (frame: number, c: number) => number) => rows.map((c) => Array.from(target, (_, frame) => of(frame, c)))
  return {
    truth: roll(
      'What is true of the first held-out clip',
      values((frame, c) => (target[frame] === c ? 1 : 0)),
      names,
      stretch.seconds,
    ),
    estimate: roll(
      'What the network says of it',
      values((frame, c) => probabilities[frame * width + c]!),
      names,
      stretch.seconds,
    ),
  }
}

function drawPresence({ probabilities, target, stretch }: Answer, labels: readonly string[], threshold: number): Record<string, string> {
  const times = Array.from({ length: stretch.frames }, (_, frame) => frame * stretch.frameSeconds)
  const curve = (values: ArrayLike<number>) => Array.from(times, (_, frame) => values[frame * labels.length]!)
  return {
    activation: linePlot({
      title: `What the network says of "${labels[0]}" in the first held-out clip`,
      x: { label: 'time', unit: 's' },
      y: { label: 'probability', from: 0, to: 1 },
      lines: [
        { label: 'network', x: times, y: curve(probabilities) },
        { label: 'truth', x: times, y: curve(target) },
        { label: 'threshold', x: [0, stretch.seconds], y: [threshold, threshold] },
      ],
    }),
  }
}

async function judgeClasses(network: Crnn, set: ClipSet, options: JudgeOptions): Promise<Judgement> {
  const { labels } = network.config
  const [truth, predicted]: [number[], number[]] = [[], []]
  let pictures: Record<string, string> = {}
  for await (const answer of answersOf(network, set, options)) {
    if (answer.index === 0) pictures = drawClasses(answer, labels)
    for (const [frame, c] of largestOf(answer.probabilities, labels.length).entries()) {
      if (answer.target[frame]! < 0) continue
      truth.push(answer.target[frame]!)
      predicted.push(c)
    }
  }
  const confusion = confusionMatrix({
    title: `What ${truth.length} frames were taken for`,
    counts: countConfusions(truth, predicted, labels.length),
    classes: labels,
  })
  return { scores: shown(scoreClasses(truth, predicted, labels.length)), pictures: { ...pictures, confusion } }
}

async function judgePresence(network: Crnn, set: ClipSet, options: JudgeOptions): Promise<Judgement> {
  const { labels, answers, threshold } = network.config
  const [truth, predicted]: [boolean[], boolean[]] = [[], []]
  const counts = { matched: 0, truth: 0, estimated: 0 }
  let pictures: Record<string, string> = {}
  for await (const answer of answersOf(network, set, options)) {
    const { probabilities, target, stretch, index } = answer
    if (index === 0) pictures = drawPresence(answer, labels, threshold)
    for (const [i, value] of target.entries()) {
      truth.push(value >= 0.5)
      predicted.push(probabilities[i]! >= threshold)
    }
    if (answers !== 'events') continue
    for (const [l, label] of labels.entries()) {
      const times = set.annotations(index).filter((one) => one.label === label)
      const found = eventTimes(probabilities, { label: l, labels: labels.length, frameSeconds: stretch.frameSeconds, threshold })
      const one = matchEvents(
        times.map(({ start }) => start),
        found,
      )
      counts.matched += one.matched
      counts.truth += one.truth
      counts.estimated += one.estimated
    }
  }
  const frames = shown(scorePresence(truth, predicted))
  const { accuracy: _, ...presence } = frames
  return { scores: answers === 'events' ? { ...detectionScores(counts), ...presence } : frames, pictures }
}

/** Scores whole held-out clips. */
export function judgeFrames(network: Crnn, set: ClipSet, options: JudgeOptions): Promise<Judgement> {
  return (network.config.answers === 'one' ? judgeClasses : judgePresence)(network, set, options)
}
