/** FrameTransformer's three stages (carperbr 2023): spans of frames restored, accompaniments out of mixtures, and that against a discriminator. */
import { availableParallelism } from 'node:os'
import { batchShapes, createSpectralLoader, type SpectralExampleOptions, type SpectralFormat, type SpectralPlan } from '../../data/index.ts'
import {
  createNetwork,
  type FrameTransformerConfig,
  FrameTransformerDiscriminator,
  type FrameTransformerSeparation,
  frameTransformerConfig,
  valuesFromGenerator,
} from '../../models/index.ts'
import type { Specs } from '../../runtime/index.ts'
import { createRandom } from '../../tensor/index.ts'
import { commonValues, type HandOver, type Learned } from '../hand-over.ts'
import { type Drawing, firstPartOf, partAt } from '../parts.ts'
import { judgeSeparation, scoreKinds } from '../separation/judge.ts'
import { defineTask, type Judgement, type JudgeOptions, type Parts, type Surroundings, type Task } from '../task.ts'
import { type FrameTransformerData, frameTransformerData } from './data.ts'
import { createExcerpts } from './excerpts.node.ts'
import { judgeDistance, nearness } from './judge.ts'
import { discriminatorLoss, generatorLoss } from './losses.ts'
import { previewSpectra } from './preview.ts'
import { prepareSounds } from './sounds.node.ts'

/** Changes whenever examples do. */
const version = 1
/** How many songs `--data synthetic` makes. */
const syntheticSongs = 50
/** Keys of draws that are of batches, not of examples. */
const HALVE_KEY = 0x6861_6c66

/** Number of a batch's first example: how many all batches before it had. */
function examplesBefore(drawing: Drawing, index: number): number {
  let [examples, from] = [0, 0]
  for (const { until } of drawing.crops ?? []) {
    const end = until === undefined ? index : Math.min(index, firstPartOf(drawing, until).index)
    if (end > from) examples += (end - from) * partAt(drawing, end - 1).batchSize
    from = Math.max(from, end)
  }
  return drawing.crops ? examples : index * drawing.batchSize
}

/** What batch number `index` is: a function of the seed and the number. */
function planOf(drawing: Drawing, { frames: usual, halve }: FrameTransformerData): (index: number) => SpectralPlan {
  return (index) => {
    const { batchSize: examples, frames = usual } = partAt(drawing, index)
    const draws = createRandom(drawing.seed, HALVE_KEY, index)
    const once = draws.uniform(0, 1) < halve
    const halvings = once ? (draws.uniform(0, 1) < halve ? 2 : 1) : 0
    return { first: examplesBefore(drawing, index), examples, frames, halvings }
  }
}

function checkFrames({ crops }: Drawing, { frames: usual, halve }: FrameTransformerData): number[] {
  const lengths = crops?.map(({ frames }) => frames) ?? [usual]
  for (const frames of lengths) {
    if (halve > 0 && frames % 4 !== 0)
      throw new RangeError(`data: examples of ${frames} frames cannot be halved twice; take a multiple of 4, or set data.halve to 0`)
  }
  return lengths
}

function checkModel({ stems, channels, variant, estimate }: FrameTransformerConfig, { stage, loss }: FrameTransformerData): 1 | 2 {
  if (stems.length !== 1 || !['instrumental', 'accompaniment'].includes(stems[0]!))
    throw new RangeError(
      `model.stems: ${stems.join(', ')}; this task trains the accompaniment: [instrumental]. The task separation trains others`,
    )
  if (channels !== 1 && channels !== 2) throw new RangeError(`model.channels: ${channels}; allowed are 1 and 2`)
  if (stage === 'adversarial' && variant === 'et+v')
    throw new RangeError('model.variant: et+v, whose discriminator does not tell channels and frames apart; take et, snap or plain')
  if (estimate === 'complex' && loss.logSpectral > 0)
    throw new RangeError('data.loss.logSpectral: compares magnitudes, and the network estimates parts of complex spectra; set it to 0')
  return channels
}

async function open(
  { model, data }: Parts<FrameTransformerConfig, FrameTransformerData>,
  drawing: Drawing,
  surroundings: Surroundings,
): Promise<Task> {
  const channels = checkModel(model, data)
  const lengths = checkFrames(drawing, data)
  const network = createNetwork(model) as FrameTransformerSeparation
  const body = network.network.config
  const format: SpectralFormat = { nFft: model.nFft, hopLength: model.hopLength, channels, rate: model.sampleRate }
  const sounds = await prepareSounds(data, format, surroundings)
  const { stage, scale, form, chunkFrames } = data
  const { labels, threshold, everyPart } = data.adversarial
  const { fillings, loss: _, ...chances } = data.masked
  const examples: SpectralExampleOptions = {
    kind: stage === 'masked' ? 'restoring' : 'mixtures',
    estimate: model.estimate,
    scale,
    form,
    presence: { bands: model.nFft / 2 ** model.multipliers.length, form: labels, threshold },
    restoring: { ...chances, ...(fillings ? { fillings } : {}) },
  }
  const plan = planOf(drawing, data)
  const workers = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)))
  const loader = createSpectralLoader({ sounds, format, examples, chunkFrames, seed: drawing.seed, plan, workers })
  const specsOf = (some: Omit<SpectralPlan, 'first'>): Specs => batchShapes(format, examples, some)
  const discriminator = stage === 'adversarial' ? new FrameTransformerDiscriminator(body) : undefined
  const frames = lengths.at(-1)!
  const held = { loader, frames, shapes: (count: number) => specsOf({ examples: count, frames, halvings: 0 }) }
  const excerpts = stage === 'masked' ? undefined : createExcerpts(sounds, format, Math.round(data.excerpts.seconds * model.sampleRate))

  async function judge(options: JudgeOptions): Promise<Judgement> {
    const near = await judgeDistance(network, data, held, options)
    if (!excerpts) return near
    const stemsOf = ({ instrumental }: Readonly<Record<string, Float32Array>>) => ({ [network.stems[0]!]: instrumental! })
    const heard = await judgeSeparation(network, excerpts, stemsOf, { ...options, examples: data.excerpts.count })
    return { ...heard, scores: { ...heard.scores, ...near.scores }, pictures: { ...heard.pictures, ...near.pictures } }
  }

  function handOver({ network: learned, rival }: Learned): HandOver {
    const { values } = commonValues(network, learned)
    if (data.freshHead) for (const name of [...values.keys()]) if (name.startsWith('network.out.')) values.delete(name)
    if (!discriminator) return { network: values }
    if (rival) return { network: values, rival: commonValues(discriminator, rival).values }
    const prefix = 'network.'
    const generator = new Map(
      [...learned].flatMap(([name, { data: x }]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), x] as const] : [])),
    )
    return { network: values, rival: valuesFromGenerator(discriminator, network.network, generator, drawing.seed) }
  }

  return {
    network,
    batch: specsOf(plan(0)),
    specsAt: (index) => specsOf(plan(index)),
    loss: (batch) => generatorLoss(discriminator, network, batch, data),
    batchAt: (index) => loader.batch(index),
    preview: async (index, backend) => {
      const shape = specsOf(plan(index)).input as readonly number[]
      const { nFft, hopLength, sampleRate, estimate } = model
      return previewSpectra(await loader.batch(index), shape, { nFft, hopLength, sampleRate, estimate }, backend)
    },
    ...(discriminator
      ? { rival: { network: discriminator, loss: (batch) => discriminatorLoss(discriminator, network, batch, data), everyPart } }
      : {}),
    handOver,
    scores: stage === 'masked' ? [nearness] : [...scoreKinds, nearness],
    judge,
    identity: { version, sounds: sounds.map(({ role, split, parts }) => [role, split, parts.map(({ id }) => id)]) },
    close: () => loader.close(),
  }
}

export const frameTransformerTask = defineTask<FrameTransformerConfig, FrameTransformerData>({
  name: 'frame-transformer',
  model: frameTransformerConfig,
  data: frameTransformerData,
  crops: true,
  synthetic: ({ folders: _, ...data }) => ({ ...data, syntheticSongs: Math.max(data.syntheticSongs, syntheticSongs) }),
  open,
})
