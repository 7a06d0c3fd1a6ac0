/** Separation: networks that estimate the stems of a mixture. */
import { z } from 'zod'
import { createNetwork, type SeparationConfig, type SeparationNetwork, separationConfig } from '../../models/index.ts'
import { type Drawing, defineTask, type Parts, type Surroundings, type Task } from '../task.ts'
import { instrumentalScore, judgeSeparation, scoreKinds } from './judge.ts'
import { type MixesData, mixesSchema, openMixes, syntheticMixes } from './mixes.node.ts'
import type { MixtureSource, Waveforms } from './source.ts'

/** Which stem of the source each stem of the network is: that of its name, or, where outputs have no order, any. */
function matchStems({ stems, interchangeable, type }: SeparationNetwork, source: MixtureSource): (waveforms: Waveforms) => Waveforms {
  const names = interchangeable && stems.length === source.stems.length ? source.stems : stems
  const missing = names.filter((name) => !source.stems.includes(name))
  if (missing.length > 0)
    throw new RangeError(
      `model: ${type} estimates ${missing.join(', ')}; the data have ${source.stems.join(', ')}: choose among them with model.stems`,
    )
  return (waveforms) => Object.fromEntries(stems.map((stem, i) => [stem, waveforms[names[i]!]!]))
}

async function open({ model, data }: Parts<SeparationConfig, MixesData>, drawing: Drawing, surroundings: Surroundings): Promise<Task> {
  const network = createNetwork(model) as SeparationNetwork
  const source = await openMixes(data, model.sampleRate, drawing, surroundings)
  if (network.channels !== source.channels)
    throw new RangeError(`model: ${network.type} takes ${network.channels} channels, the data have ${source.channels}; set model.channels`)
  const stemsOf = matchStems(network, source)
  const shape = [drawing.batchSize, source.channels, source.samples]
  return {
    network,
    batch: Object.fromEntries(['mixture', ...network.stems].map((name) => [name, shape])),
    loss: ({ mixture, ...sources }) => network.loss(mixture!, sources),
    batchAt: async (step) => {
      const waveforms = await source.batch(step)
      return { mixture: waveforms.mixture!, ...stemsOf(waveforms) }
    },
    scores: network.stems.join() === 'vocals' ? [...scoreKinds, instrumentalScore] : scoreKinds,
    judge: (options) => judgeSeparation(network, source, stemsOf, options),
    identity: source.identity,
    close: () => source.close(),
  }
}

export const separationTask = defineTask<SeparationConfig, MixesData>({
  name: 'separation',
  model: separationConfig,
  /** `synthetic` stands for songs that the project makes itself, and nothing else: the recipe then runs for anyone. */
  data: z.preprocess((value) => (value === 'synthetic' ? { syntheticSongs: 50 } : value), mixesSchema),
  synthetic: syntheticMixes,
  open,
})
