/** Mixtures of stems of songs: those that the project's synthesiser makes, and what they share with songs in folders. */
import { z } from 'zod'
import {
  type CachedStem,
  createSongMixer,
  makeSyntheticSongs,
  readStem,
  type Song,
  type SongMix,
  songMixFields,
  songMixVersion,
} from '../../data/index.ts'
import { createRandom } from '../../tensor/index.ts'
import type { Drawing } from '../parts.ts'
import type { Surroundings } from '../task.ts'
import type { MixtureSource, Waveforms } from './source.ts'

export const songsSchema = z.strictObject({
  source: z.literal('songs'),
  ...songMixFields,
  /** Songs to train on, and others of other singers and instruments for the scores. */
  songs: z.number().int().min(1).default(96),
  heldOut: z.number().int().min(1).default(12),
  /** Length of each (seconds). */
  songSeconds: z.number().min(2).default(20),
})

export type SongsData = z.output<typeof songsSchema>

/** What a network hears: samples per second, and channels. */
export interface Format {
  readonly rate: number
  readonly channels: 1 | 2
}

/** First word of the held-out examples' keys: they are the same for every run and seed. */
const HELD_OUT_KEY = 0x6865_6c64

/** A source of mixtures of songs that lie in the cache. */
export function mixturesOf(
  songs: readonly Song<CachedStem>[],
  mix: SongMix,
  { rate, channels }: Format,
  { seed, batchSize }: Drawing,
): MixtureSource {
  const samples = Math.round(mix.seconds * rate)
  const mixer = (split: Song['split']) =>
    createSongMixer({ songs: songs.filter((song) => song.split === split), read: readStem, channels, samples, mix })
  const [train, valid] = [mixer('train'), mixer('valid')]
  const names = ['mixture', ...mix.stems]
  const collect = (mixerOf: typeof train, count: number, key: (item: number) => readonly number[]): Waveforms => {
    const batch = Object.fromEntries(names.map((name) => [name, new Float32Array(count * channels * samples)]))
    for (let item = 0; item < count; item++) {
      const example = mixerOf(createRandom(...key(item)))
      for (const name of names) for (let c = 0; c < channels; c++) batch[name]!.set(example[name]![c]!, (item * channels + c) * samples)
    }
    return batch
  }
  return {
    stems: mix.stems,
    channels,
    samples,
    batch: async (step) => collect(train, batchSize, (item) => [seed, step, item]),
    drawn: (step) =>
      Array.from({ length: batchSize }, (_, item) => {
        const facts: Record<string, number | string> = {}
        train(createRandom(seed, step, item), (what, value) => {
          facts[what] = value
        })
        return facts
      }),
    heldOut: async (first, count) => collect(valid, count, (item) => [HELD_OUT_KEY, first + item]),
    identity: { songMixVersion, songs: songs.map(({ name, split, stems }) => [name, split, Object.values(stems).map(({ id }) => id)]) },
    close: async () => {},
  }
}

/** Mixtures of songs that the project makes itself. */
export async function openSongs(
  { source: _, songs, heldOut, songSeconds, ...mix }: SongsData,
  format: Format,
  drawing: Drawing,
  { cacheFolder, signal, onProgress }: Surroundings,
): Promise<MixtureSource> {
  const made = await makeSyntheticSongs(cacheFolder, {
    ...format,
    songs,
    heldOut,
    seconds: songSeconds,
    onProgress: (done, total) => onProgress('making songs', done, total),
    ...(signal ? { signal } : {}),
  })
  return mixturesOf(made, mix, format, drawing)
}
