/** Mixtures of stems of real songs: MUSDB18-HQ, or any folder like it. */
import { z } from 'zod'
import { readStemFolders, songMixFields } from '../../data/index.ts'
import type { Drawing } from '../parts.ts'
import type { Surroundings } from '../task.ts'
import { type Format, mixturesOf, type SongsData, songsSchema } from './songs.node.ts'
import type { MixtureSource } from './source.ts'

export const musdbSchema = z.strictObject({
  source: z.literal('musdb'),
  ...songMixFields,
  /** The sub-folder of the songs that scores are of: `test`, or `valid` where the test songs are kept for the end. */
  heldOut: z.enum(['test', 'valid']).default('test'),
  /** Songs to leave out, by the names of their folders. */
  exclude: z.array(z.string().min(1)).default([]),
  /** How far the sum of the stems may be from the mixture (dB of the mixture). */
  tolerance: z.number().max(0).default(-30),
})

export type MusdbData = z.output<typeof musdbSchema>

/** The same mixing of songs that the project makes itself, for whoever has not the recordings. */
export function syntheticMusdb({ source: _, heldOut: _h, exclude: _e, tolerance: _t, ...mix }: MusdbData): SongsData {
  return songsSchema.parse({ source: 'songs', ...mix })
}

/** @throws Error where no folder is given, and for songs that cannot be used, by name */
export async function openMusdb(
  { source: _, heldOut, exclude, tolerance, ...mix }: MusdbData,
  format: Format,
  drawing: Drawing,
  { dataFolder, cacheFolder, signal, onProgress }: Surroundings,
): Promise<MixtureSource> {
  if (dataFolder === undefined)
    throw new Error(
      'data: the recipe is of songs in folders, train/<song>/<stem>.wav and test/…; give their folder with --data DIR, or train on songs made here with --data synthetic',
    )
  const songs = await readStemFolders(dataFolder, cacheFolder, {
    rate: format.rate,
    heldOut,
    exclude,
    tolerance,
    onProgress: (done, total) => onProgress('decoding', done, total),
    ...(signal ? { signal } : {}),
  })
  return mixturesOf(songs, mix, format, drawing)
}
