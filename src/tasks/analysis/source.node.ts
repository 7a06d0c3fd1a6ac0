/** Clips with labels as batches for an analysis network. */
import { join } from 'node:path'
import { z } from 'zod'
import { type ClipKind, type ClipSet, clipVersion, prepareClips } from '../../data/index.ts'
import { binaryCrossEntropyWithLogits, crossEntropy } from '../../losses/index.ts'
import { type Crnn, vocabularies } from '../../models/index.ts'
import type { Specs } from '../../runtime/index.ts'
import { createRandom, type Tensor, transpose } from '../../tensor/index.ts'
import type { Drawing } from '../parts.ts'
import type { Arrays, Surroundings } from '../task.ts'
import { framesOf, stretchOf, targetsOf, unlabelled } from './targets.ts'

const count = z.number().int().min(1)

/** The data section of recipes, for kinds of clips. */
export function clipsSchema<const Kinds extends readonly [ClipKind, ...ClipKind[]]>(kinds: Kinds) {
  return z.strictObject({
    /** What the clips are labelled with. */
    kind: z.enum(kinds),
    /** Clips to train on. */
    clips: count.default(400),
    heldOut: count.default(64),
    /** Length of each; examples are stretches of the model's `seconds`. */
    clipSeconds: z.number().min(1).max(60).default(10),
    /** Factor of what is there in the loss of `any` and `events`: above 1 where it is rare. */
    posWeight: z.number().positive().default(1),
  })
}
export type ClipsData = z.output<ReturnType<typeof clipsSchema<readonly [ClipKind, ...ClipKind[]]>>>

export interface ClipSource {
  readonly batch: Specs
  loss(batch: Readonly<Record<string, Tensor>>): Tensor
  batchAt(step: number): Arrays
  readonly heldOut: ClipSet
  readonly identity: unknown
}

function checkLabels(network: Crnn, { kind, clipSeconds }: ClipsData): void {
  const { labels, seconds } = network.config
  const known = vocabularies[kind]
  if (labels.join('\n') !== known.join('\n'))
    throw new RangeError(`model: labels ${labels.join(', ')}; the clips have ${known.join(', ')}: use \`labels: ${kind}\``)
  if (seconds > clipSeconds)
    throw new RangeError(`model: seconds ${seconds}; the clips have ${clipSeconds}, allowed is as much: see data.clipSeconds`)
}

/** Makes or finds the clips. */
export async function openClips(
  network: Crnn,
  data: ClipsData,
  { seed, batchSize }: Drawing,
  { cacheFolder, dataFolder, signal, onProgress }: Surroundings,
): Promise<ClipSource> {
  if (dataFolder !== undefined)
    throw new Error(`--data ${dataFolder}: clips of this task are made here, with their labels; leave --data out`)
  checkLabels(network, data)
  const { sampleRate, seconds, labels, answers } = network.config
  const prepare = (split: 'train' | 'held-out', clips: number) =>
    prepareClips(join(cacheFolder, 'clips'), {
      kind: data.kind,
      split,
      clips,
      seconds: data.clipSeconds,
      sampleRate,
      signal,
      onProgress: (done, total) => onProgress(`making ${split} clips`, done, total),
    })
  const [train, heldOut] = [await prepare('train', data.clips), await prepare('held-out', data.heldOut)]
  const samples = Math.round(seconds * sampleRate)
  const frames = network.perFrame ? [framesOf(network, samples)] : []
  const shape = [batchSize, ...frames, ...(answers === 'one' ? [] : [labels.length])]
  return {
    batch: { audio: [batchSize, samples], target: { shape, dtype: answers === 'one' ? 'int32' : 'float32' } },
    loss: ({ audio, target }) => {
      const logits = network.forward(audio!)
      if (answers !== 'one') return binaryCrossEntropyWithLogits(logits, target!, { posWeight: data.posWeight })
      return crossEntropy(network.perFrame ? transpose(logits, [0, 2, 1]) : logits, target!, { ignoreIndex: unlabelled })
    },
    batchAt: (step) => {
      const audio = new Float32Array(batchSize * samples)
      const size = shape.slice(1).reduce((product, extent) => product * extent, 1)
      const target = answers === 'one' ? new Int32Array(batchSize * size) : new Float32Array(batchSize * size)
      for (let b = 0; b < batchSize; b++) {
        const random = createRandom(seed, step, b)
        const index = random.integer(0, train.clips - 1)
        const start = random.integer(0, train.samples - samples)
        // Recordings are of any level.
        const gain = 10 ** (random.uniform(-12, 3) / 20)
        const sound = train.read(index, start, samples)
        for (let i = 0; i < samples; i++) audio[b * samples + i] = gain * sound[i]!
        target.set(targetsOf(network, train.annotations(index), stretchOf(network, start, samples)), b * size)
      }
      return { audio, target }
    },
    heldOut,
    identity: { clipVersion },
  }
}
