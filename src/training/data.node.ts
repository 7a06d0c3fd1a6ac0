/** The sound that a recipe asks for, decoded or made; and the digest by which a checkpoint knows its run. */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { type CachedTrack, locateFiles, makeSyntheticTracks, mixVersion, prepareCache, readCatalogue } from '../data/index.ts'
import type { Layout } from '../nn/index.ts'
import type { Recipe } from './recipe.node.ts'

export interface TracksOptions {
  readonly recipe: Recipe
  /** Folder of the recipe, for the files it names. */
  readonly recipeFolder: string
  /** Where the recordings are; not needed for synthetic data. */
  readonly dataFolder?: string | undefined
  readonly cacheFolder: string
  readonly signal?: AbortSignal | undefined
}

/** Finds, decodes and makes what the recipe's data section names, at the model's sample rate. */
export async function prepareTracks(
  { recipe, recipeFolder, dataFolder, cacheFolder, signal }: TracksOptions,
  onProgress: (what: string, done: number, total: number) => void,
): Promise<CachedTrack[]> {
  const { files, syntheticSongs, syntheticSeconds } = recipe.data
  const rate = recipe.model.sampleRate
  const watch = (what: string) => ({
    onProgress: (done: number, total: number) => onProgress(what, done, total),
    ...(signal ? { signal } : {}),
  })
  const tracks: CachedTrack[] = []
  if (files !== undefined) {
    if (dataFolder === undefined) {
      throw new Error(
        `data: the recipe "${recipe.name}" names recordings; give their folder with --data DIR, or train on songs made here with --data synthetic`,
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

/**
 * Digest of all that must be equal for a run to go on exactly: recipe, recordings, names and shapes of the weights, and the version of the
 * mixing. Left out: the length of the run, for which the schedule is compared, and how often it is looked at, unless its learning rates follow
 * from that.
 */
export function identityOf({ name: _, training, ...rest }: Recipe, tracks: readonly CachedTrack[], layout: Layout): string {
  const { steps: _s, decay: _d, validateEvery, validationExamples, checkpointEvery: _c, ...fixed } = training
  const watched = training.schedule?.name === 'plateau' ? { validateEvery, validationExamples } : {}
  const shapes = [...layout.parameters, ...layout.buffers].map(({ name, parameter }) => [name, parameter.shape])
  const content = { ...rest, fixed: { ...fixed, ...watched }, shapes, mixVersion, tracks: tracks.map(({ file: _file, ...track }) => track) }
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
