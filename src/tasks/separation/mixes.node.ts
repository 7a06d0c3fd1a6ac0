/** Random mixtures of a voice and an accompaniment that never met ("voxaug"), of recordings, of songs that the project makes, or of both. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import {
  type CachedTrack,
  createCacheReader,
  createLoader,
  createMixer,
  locateFiles,
  makeSyntheticTracks,
  mixSchema,
  mixVersion,
  prepareCache,
  readCatalogue,
  SINGER_NAMES,
} from '../../data/index.ts'
import { createRandom } from '../../tensor/index.ts'
import type { Drawing } from '../parts.ts'
import type { Surroundings } from '../task.ts'
import type { MixtureSource, Waveforms } from './source.ts'

/** How many songs `data: synthetic` makes. */
const syntheticSongs = 50

export const mixesSchema = z
  .strictObject({
    source: z.literal('mixes'),
    /** CSV of recordings by SHA-256, beside the recipe. */
    files: z.string().optional(),
    /** Songs that the synthesiser makes, beside the recordings (drawn as often as `mix.synthetic` says) or instead of them. */
    syntheticSongs: z
      .number()
      .int()
      .default(0)
      .refine((n) => n === 0 || n >= SINGER_NAMES.length, `0, or at least ${SINGER_NAMES.length}: one per singer`),
    /** Length of each (seconds). */
    syntheticSeconds: z.number().min(2).default(30),
    /** Length of an example (seconds). */
    seconds: z.number().positive().default(4),
    mix: mixSchema.prefault({}),
  })
  .refine(
    ({ files, syntheticSongs }) => files !== undefined || syntheticSongs > 0,
    'needs `files`, or `syntheticSongs` above 0, or `data: synthetic`',
  )

export type MixesData = z.output<typeof mixesSchema>

/** The same on songs that the project makes itself, for whoever has not the recordings. */
export function syntheticMixes({ files: _, ...data }: MixesData): MixesData {
  return { ...data, syntheticSongs: Math.max(data.syntheticSongs, syntheticSongs) }
}

/** Finds, decodes and makes what the data section names. */
async function prepareTracks(
  { files, syntheticSongs, syntheticSeconds }: MixesData,
  rate: number,
  { recipeFolder, dataFolder, cacheFolder, signal, onProgress }: Surroundings,
): Promise<CachedTrack[]> {
  const watch = (what: string) => ({
    onProgress: (done: number, total: number) => onProgress(what, done, total),
    ...(signal ? { signal } : {}),
  })
  const tracks: CachedTrack[] = []
  if (files !== undefined) {
    if (dataFolder === undefined) {
      throw new Error(
        'data: the recipe names recordings; give their folder with --data DIR, or train on songs made here with --data synthetic',
      )
    }
    const catalogue = await readCatalogue(resolve(recipeFolder, files))
    const lists = { hashes: join(cacheFolder, 'hashes.json'), missingList: join(cacheFolder, 'missing-files.csv') }
    const entries = await locateFiles(catalogue, dataFolder, { ...lists, ...watch('looking for files') })
    tracks.push(...(await prepareCache(entries, cacheFolder, { rate, ...watch('decoding') })))
  }
  if (syntheticSongs > 0) {
    const options = { songs: syntheticSongs, seconds: syntheticSeconds, rate, ...watch('making songs') }
    tracks.push(...(await makeSyntheticTracks(cacheFolder, options)))
  }
  return tracks
}

/** Stereo mixtures of vocals and instrumental at a sample rate. */
export async function openMixes(
  data: MixesData,
  rate: number,
  { seed, batchSize }: Drawing,
  surroundings: Surroundings,
): Promise<MixtureSource> {
  const tracks = await prepareTracks(data, rate, surroundings)
  const samples = Math.round(data.seconds * rate)
  const loader = createLoader({ tracks, config: data.mix, seed, batchSize, frames: samples, rate })
  const withInstrumental = ({ mixture, vocals }: { mixture: Float32Array; vocals: Float32Array }): Waveforms => ({
    mixture,
    vocals,
    instrumental: mixture.map((x, i) => x - vocals[i]!),
  })
  return {
    stems: ['vocals', 'instrumental'],
    channels: 2,
    samples,
    batch: async (step) => withInstrumental(await loader.batch(step)),
    drawn: (step) => {
      // The same example once more, here: the loader's threads give sound alone.
      const train = tracks.filter(({ split }) => split === 'train')
      const mixer = createMixer(train, createCacheReader(), data.mix, rate)
      return Array.from({ length: batchSize }, (_, item) => {
        const facts: Record<string, number | string> = {}
        mixer.example(createRandom(seed, step, item), samples, (what, value) => {
          facts[what] = value
        })
        return facts
      })
    },
    heldOut: async (first, count) => withInstrumental(await loader.validation(count, { first, frames: samples })),
    identity: { mixVersion, tracks: tracks.map(({ file: _file, ...track }) => track) },
    close: () => loader.close(),
  }
}
