/** Separation: networks that estimate the stems of a mixture. */
import { z } from 'zod'
import { createNetwork, type SeparationConfig, type SeparationNetwork, separationConfig } from '../../models/index.ts'
import type { Drawing } from '../parts.ts'
import { defineTask, type Parts, type Surroundings, type Task } from '../task.ts'
import { instrumentalScore, judgeSeparation, scoreKinds } from './judge.ts'
import { mixesSchema, openMixes, syntheticMixes } from './mixes.node.ts'
import { musdbSchema, openMusdb, syntheticMusdb } from './musdb.node.ts'
import { type Format, openSongs, songsSchema } from './songs.node.ts'
import { folded, type MixtureSource, type Waveforms } from './source.ts'

/** Recipes of one source leave its name out. */
const mixesByDefault = (value: unknown) => {
  // `synthetic` stands for songs that the project makes itself, and nothing else: the recipe then runs for anyone.
  if (value === 'synthetic') return { source: 'mixes', syntheticSongs: 50 }
  return typeof value === 'object' && value !== null && !('source' in value) ? { source: 'mixes', ...value } : value
}

/** Where mixtures come from. */
export const separationData = z.preprocess(mixesByDefault, z.discriminatedUnion('source', [mixesSchema, musdbSchema, songsSchema]))
export type SeparationData = z.output<typeof separationData>

function openSource(data: SeparationData, format: Format, drawing: Drawing, surroundings: Surroundings): Promise<MixtureSource> {
  switch (data.source) {
    case 'mixes':
      return openMixes(data, format.rate, drawing, surroundings)
    case 'musdb':
      return openMusdb(data, format, drawing, surroundings)
    case 'songs':
      return openSongs(data, format, drawing, surroundings)
  }
}

/** Another name of the same stem. */
const synonyms: Readonly<Record<string, string>> = { accompaniment: 'instrumental', instrumental: 'accompaniment' }

/** Which stem of the source each stem of the network is: that of its name, or, where outputs have no order, any. */
function matchStems({ stems, interchangeable, type }: SeparationNetwork, source: MixtureSource): (waveforms: Waveforms) => Waveforms {
  const known = (name: string) => [name, synonyms[name] ?? name].find((stem) => source.stems.includes(stem))
  const names = interchangeable && stems.length === source.stems.length ? source.stems : stems.map(known)
  const missing = stems.filter((_, i) => names[i] === undefined)
  if (missing.length > 0)
    throw new RangeError(
      `model: ${type} estimates ${missing.join(', ')}; the data have ${source.stems.join(', ')}: choose among them with model.stems`,
    )
  return (waveforms) => Object.fromEntries(stems.map((stem, i) => [stem, waveforms[names[i]!]!]))
}

async function open({ model, data }: Parts<SeparationConfig, SeparationData>, drawing: Drawing, surroundings: Surroundings): Promise<Task> {
  const network = createNetwork(model) as SeparationNetwork
  const { channels } = network
  if (channels !== 1 && channels !== 2)
    throw new RangeError(`model: ${network.type} takes ${channels} channels; data have 1 or 2: set model.channels`)
  const source = folded(await openSource(data, { rate: model.sampleRate, channels }, drawing, surroundings), channels)
  const stemsOf = matchStems(network, source)
  const shape = [drawing.batchSize, channels, source.samples]
  return {
    network,
    batch: Object.fromEntries(['mixture', ...network.stems].map((name) => [name, shape])),
    loss: ({ mixture, ...sources }) => network.loss(mixture!, sources),
    batchAt: async (step) => {
      const waveforms = await source.batch(step)
      return { mixture: waveforms.mixture!, ...stemsOf(waveforms) }
    },
    preview: async (step) => {
      const { mixture, ...stems } = await source.batch(step)
      const drawn = source.drawn?.(step)
      const used = Object.entries({ mixture: mixture!, ...stemsOf({ mixture: mixture!, ...stems }) })
      const { samples } = source
      return Array.from({ length: drawing.batchSize }, (_, item) => ({
        sampleRate: model.sampleRate,
        facts: drawn?.[item] ?? {},
        sounds: Object.fromEntries(
          used.map(([name, sound]) => {
            const start = (c: number): number => (item * channels + c) * samples
            return [name, Array.from({ length: channels }, (_, c) => sound.subarray(start(c), start(c) + samples))]
          }),
        ),
      }))
    },
    scores: network.stems.join() === 'vocals' ? [...scoreKinds, instrumentalScore] : scoreKinds,
    judge: (options) => judgeSeparation(network, source, stemsOf, options),
    identity: source.identity,
    close: () => source.close(),
  }
}

/** The same task on songs that the project makes itself. */
function synthetic(data: SeparationData): SeparationData {
  switch (data.source) {
    case 'mixes':
      return syntheticMixes(data)
    case 'musdb':
      return syntheticMusdb(data)
    case 'songs':
      return data
  }
}

export const separationTask = defineTask<SeparationConfig, SeparationData>({
  name: 'separation',
  model: separationConfig,
  data: separationData,
  synthetic,
  open,
})
