/** A network that says of every hundredth of a second whether something begins there. */
import { type Annotation, makeClip } from '../data/index.ts'
import { detectionScores, matchEvents, pickPeaks } from '../evaluation/index.ts'
import { binaryCrossEntropyWithLogits } from '../losses/index.ts'
import { Crnn, crnnConfig } from '../models/index.ts'
import { heatMap, linePlot } from '../report/index.ts'
import { constant, createRandom, sigmoid } from '../tensor/index.ts'
import { createTrainer } from '../training/index.ts'
import { numbersOf, rowsOf } from './compute.ts'
import { claim, close, type Lesson, meanOf } from './lesson.ts'

const RATE = 8000
const HOP = 80
const SECONDS = 3
const CLIPS = 24
const UNSEEN = 8
const BATCH = 8
const STEPS = 120
const EXAMPLE = RATE
const FRAMES = EXAMPLE / HOP + 1
const WHOLE = (SECONDS * RATE) / HOP + 1

const clipOf = (split: 'train' | 'held-out', index: number) =>
  makeClip({ kind: 'onsets', split, index, seconds: SECONDS, sampleRate: RATE })

/** 1 at the frame nearest to an onset, half of it beside. */
function targetOf(annotations: readonly Annotation[], first: number, frames: number): Float32Array {
  const target = new Float32Array(frames)
  for (const { start } of annotations) {
    const frame = Math.round((start * RATE) / HOP) - first
    for (const [at, value] of [
      [frame, 1],
      [frame - 1, 0.5],
      [frame + 1, 0.5],
    ] as const)
      if (at >= 0 && at < frames) target[at] = Math.max(target[at]!, value)
  }
  return target
}

interface Found {
  readonly losses: readonly number[]
  /** Of unseen clips, within 50 ms. */
  readonly scores: { readonly precision: number; readonly recall: number; readonly f1: number }
  /** F1 of as many moments at equal distances. */
  readonly regular: number
  /** Probabilities of unseen frames: mean at onsets, and mean of all others. */
  readonly atOnsets: number
  readonly elsewhere: number
}

export const onsets: Lesson<Found> = {
  name: 'onsets',
  title: 'One answer per frame: where notes begin',
  numbers: ['1.14', '1.17'],
  idea: `Chords, onsets and singing vary in time, so a network has to answer for each frame. Its convolutions, several of them, look at bands and frames and may pool bands, but
never frames; a recurrent layer comes after them, the last before the answer, and weighs what each frame is worth in what surrounds it. Onsets are the hard case: of a hundred
frames a second four are one, and an answer a few frames late is wrong. The network gives a probability for each frame; onsets are its peaks. They are compared with the truth
one to one, within 50 ms.`,
  formula: `pₜ = σ(w · [GRU→(x)ₜ, GRU←(x)ₜ] + b);  F1 = 2 · matched / (true + estimated)`,
  claim:
    'After a minute of learning, F1 within 50 ms on clips never heard is above 0.8, far above that of as many moments at equal distances.',

  async run({ backend, save, log }) {
    const model = new Crnn(
      crnnConfig.parse({
        architecture: 'crnn',
        labels: 'onsets',
        answers: 'events',
        sampleRate: RATE,
        nFft: 256,
        hopLength: HOP,
        bands: 24,
        lowest: 60,
        channels: [8, 12],
        poolBands: [2, 2],
        poolFrames: [1, 1],
        features: 16,
        hidden: 12,
        dropout: 0,
      }),
    )
    const clips = Array.from({ length: CLIPS }, (_, index) => clipOf('train', index))
    const batchOf = (step: number) => {
      const [audio, target] = [new Float32Array(BATCH * EXAMPLE), new Float32Array(BATCH * FRAMES)]
      for (let b = 0; b < BATCH; b++) {
        const random = createRandom(step, b)
        const clip = random.pick(clips)
        const first = random.integer(0, WHOLE - FRAMES)
        audio.set(clip.audio.subarray(first * HOP, first * HOP + EXAMPLE), b * EXAMPLE)
        target.set(targetOf(clip.annotations, first, FRAMES), b * FRAMES)
      }
      return { audio, target }
    }
    const trainer = await createTrainer({
      model,
      task: {
        batch: { audio: [BATCH, EXAMPLE], target: [BATCH, FRAMES, 1] },
        loss: ({ audio, target }) => binaryCrossEntropyWithLogits(model.forward(audio), target, { posWeight: 2 }),
      },
      backend,
      schedule: { peak: 0.01, warmup: 5, decay: STEPS / 2, steps: STEPS },
      averageDecay: 0.9,
      seed: 1,
    })
    const losses: number[] = []
    for (let step = 0; step < STEPS; step++) losses.push((await trainer.train(batchOf(step))).loss)
    // Running statistics of batch norm belong to weights: they are taken anew for those that are kept.
    const weights = await trainer.averaged(
      (async function* () {
        for (let step = 0; step < 8; step++) yield batchOf(step)
      })(),
    )
    await trainer.dispose()

    const unseen = Array.from({ length: UNSEEN }, (_, index) => clipOf('held-out', index))
    const heard = constant(Float32Array.from(unseen.flatMap(({ audio }) => Array.from(audio))), [UNSEEN, SECONDS * RATE])
    const { probabilities } = await numbersOf(() => ({ probabilities: sigmoid(model.forward(heard)) }), {
      model: [model, weights],
      backend,
    })
    const rows = rowsOf(probabilities, WHOLE)
    const sums = { matched: 0, truth: 0, estimated: 0 }
    const even = { ...sums }
    const [at, off]: [number[], number[]] = [[], []]
    for (const [i, { annotations }] of unseen.entries()) {
      const truth = annotations.map(({ start }) => start)
      const add = (total: typeof sums, times: readonly number[]) => {
        const counts = matchEvents(truth, times)
        for (const name of ['matched', 'truth', 'estimated'] as const) total[name] += counts[name]
      }
      add(
        sums,
        pickPeaks(rows[i]!).map((frame) => (frame * HOP) / RATE),
      )
      add(
        even,
        truth.map((_, k) => ((k + 0.5) * SECONDS) / truth.length),
      )
      const target = targetOf(annotations, 0, WHOLE)
      rows[i]!.forEach((p, frame) => {
        if (target[frame] === 1) at.push(p)
        else if (target[frame] === 0) off.push(p)
      })
    }
    const scores = detectionScores(sums)
    const found = { losses, scores, regular: detectionScores(even).f1, atOnsets: meanOf(at), elsewhere: meanOf(off) }

    // Of the unseen clips the one in which most happens.
    const most = unseen.reduce((best, { annotations }, i) => (annotations.length > unseen[best]!.annotations.length ? i : best), 0)
    const [pictured, curve] = [unseen[most]!, rows[most]!]
    const times = Array.from({ length: WHOLE }, (_, frame) => (frame * HOP) / RATE)
    const peaks = pickPeaks(curve)
    await save(
      'activation',
      linePlot({
        title: 'Does something begin here? A clip never heard',
        x: { label: 'time', unit: 's' },
        y: { label: 'probability', from: 0, to: 1.1 },
        lines: [
          { label: 'network', x: times, y: curve },
          { label: 'peaks', x: peaks.map((frame) => times[frame]!), y: peaks.map((frame) => curve[frame]!), line: false, points: true },
          {
            label: 'true onsets',
            x: pictured.annotations.map(({ start }) => start),
            y: pictured.annotations.map(() => 1.05),
            line: false,
            points: true,
          },
        ],
      }),
    )
    const { levels } = await numbersOf(() => ({ levels: model.levels(constant(pictured.audio, [1, SECONDS * RATE])) }), { backend })
    const bands = rowsOf(levels, 24)
    await save(
      'bands',
      heatMap({
        title: 'What the network hears of it',
        rows: Array.from({ length: 24 }, (_, band) => bands.map((frame) => frame[band]!)),
        firstRow: 'bottom',
        x: { label: 'time', unit: 's', from: 0, to: SECONDS },
        y: { label: 'mel band' },
        value: { label: 'log(1 + 1000 · level)' },
      }),
    )
    log(
      `F1 ${scores.f1.toFixed(3)} (precision ${scores.precision.toFixed(3)}, recall ${scores.recall.toFixed(3)}); moments at equal distances ${found.regular.toFixed(3)}`,
    )
    return found
  },

  check({ losses, scores: { precision, recall, f1 }, regular, atOnsets, elsewhere }) {
    claim(meanOf(losses.slice(-10)) < 0.5 * losses[0]! && losses[0]! < 1.5, 'the loss halves, from that of a guess')
    claim(f1 > 0.8 && f1 <= 1, 'onsets of clips never heard are found')
    claim(close(f1, (2 * precision * recall) / (precision + recall), 1e-9), 'F1 is the harmonic mean of precision and recall')
    claim(regular < f1 - 0.3 && regular >= 0, 'moments at equal distances are worth far less')
    claim(atOnsets > 0.6 && atOnsets <= 1 && elsewhere >= 0 && elsewhere < 0.2, 'probabilities are high at onsets, low elsewhere')
  },
}
