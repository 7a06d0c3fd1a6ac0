/** Analysis: `frames`, what varies in time (chords, onsets, vocal activity), and `clips`, what does not (key, instrument, tags). One network, other heads. */

import type { ClipSet } from '../../data/index.ts'
import { Crnn, type CrnnConfig, crnnConfig } from '../../models/index.ts'
import type { Drawing } from '../parts.ts'
import { defineTask, type Judgement, type JudgeOptions, type Parts, type ScoreKind, type Surroundings, type Task } from '../task.ts'
import { clipScoreKinds, judgeClips } from './judge-clips.ts'
import { frameScoreKinds, judgeFrames } from './judge-frames.ts'
import { type ClipsData, clipsSchema, openClips } from './source.node.ts'

interface Judging {
  readonly scores: (network: Crnn) => readonly [ScoreKind, ...ScoreKind[]]
  readonly judge: (network: Crnn, set: ClipSet, options: JudgeOptions) => Promise<Judgement>
}

async function open(
  { model, data }: Parts<CrnnConfig, ClipsData>,
  drawing: Drawing,
  surroundings: Surroundings,
  judging: Judging,
): Promise<Task> {
  const network = new Crnn(model)
  const { batch, loss, batchAt, heldOut, identity } = await openClips(network, data, drawing, surroundings)
  return {
    network,
    batch,
    loss,
    batchAt: async (step) => batchAt(step),
    scores: judging.scores(network),
    judge: (options) => judging.judge(network, heldOut, options),
    identity,
    close: async () => {},
  }
}

/** Clips are made here in any case. */
const synthetic = (data: ClipsData): ClipsData => data

export const framesTask = defineTask<CrnnConfig, ClipsData>({
  name: 'frames',
  model: crnnConfig.refine(({ head }) => head === 'frames', {
    path: ['head'],
    message: 'the task `frames` needs the head `frames`; for one answer per clip there is the task `clips`',
  }),
  data: clipsSchema(['chords', 'onsets', 'vocals']),
  synthetic,
  open: (parts, drawing, surroundings) =>
    open(parts, drawing, surroundings, { scores: (network) => frameScoreKinds[network.config.answers], judge: judgeFrames }),
})

export const clipsTask = defineTask<CrnnConfig, ClipsData>({
  name: 'clips',
  model: crnnConfig.refine(({ head }) => head !== 'frames', {
    path: ['head'],
    message: 'the task `clips` wants one answer per clip: any head but `frames`',
  }),
  data: clipsSchema(['keys', 'instruments', 'tags']),
  synthetic,
  open: (parts, drawing, surroundings) => open(parts, drawing, surroundings, { scores: clipScoreKinds, judge: judgeClips }),
})
