/** Songs of the project's synthesiser with all their stems: made once by seed in a worker thread, kept in the cache. */
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CachedStem } from './cached-stems.node.ts'
import { readFacts } from './pcm.node.ts'
import type { Song } from './songs.ts'
import { type SongJob, type SongStem, songStems, startSynthesiser } from './synthesiser.node.ts'
import { BASS_NAMES, CHORD_NAMES, KIT_NAMES, LEAD_NAMES, type Players, SINGER_NAMES } from './synthetic/index.ts'
import { HELD_OUT_SINGERS, SYNTHETIC_VERSION } from './synthetic-tracks.node.ts'
import type { Split } from './tracks.ts'

/** Instruments of songs that are held out: those of training songs are all others, so that neither voices nor timbres are known. */
const heldOutPlayers = {
  kits: ['tight', 'lo-fi'],
  basses: ['pick', 'fm'],
  chords: ['organ', 'clean-guitar', 'strings'],
  leads: ['violin', 'square-lead', 'reed'],
} as const satisfies Players

function others<Name>(names: readonly Name[], without: readonly Name[]): readonly Name[] {
  return names.filter((name) => !without.includes(name))
}

const playersOf: Readonly<Record<Split, Players>> = {
  valid: heldOutPlayers,
  train: {
    kits: others(KIT_NAMES, heldOutPlayers.kits),
    basses: others(BASS_NAMES, heldOutPlayers.basses),
    chords: others(CHORD_NAMES, heldOutPlayers.chords),
    leads: others(LEAD_NAMES, heldOutPlayers.leads),
  },
}
const singersOf = { valid: HELD_OUT_SINGERS, train: others(SINGER_NAMES, HELD_OUT_SINGERS) }

/** Seeds of held-out songs begin here: no other song has them. */
const heldOutSeeds = 1_000_000_000

export interface SyntheticSongsOptions {
  /** Songs to train on, and songs that are held out. */
  readonly songs: number
  readonly heldOut: number
  /** Length of each. */
  readonly seconds?: number
  readonly seed?: number
  /** Samples per second, 8000 to 96000. */
  readonly rate: number
  readonly channels: 1 | 2
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Songs with the stems vocals, drums, bass, chords and lead. Held-out songs have other seeds, singers and instruments than those to train on.
 *
 * @throws RangeError for counts, seeds and rates out of range
 *
 * @example
 * const songs = await makeSyntheticSongs('cache', { songs: 96, heldOut: 12, rate: 8000, channels: 1 })
 */
export async function makeSyntheticSongs(folder: string, options: SyntheticSongsOptions): Promise<Song<CachedStem>[]> {
  const { songs, heldOut, seconds = 20, seed = 0, rate, channels, signal, onProgress } = options
  for (const [name, value, least, most] of [
    ['songs', songs, 1, heldOutSeeds],
    ['heldOut', heldOut, 1, heldOutSeeds],
    ['seed', seed, 0, heldOutSeeds - songs],
    ['rate', rate, 8000, 96000],
  ] as const) {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(`makeSyntheticSongs: ${name} ${value}; allowed are whole numbers from ${least} to ${most}`)
  }
  await mkdir(folder, { recursive: true })
  const total = songs + heldOut
  const synthesiser = startSynthesiser(signal)
  try {
    const made: Song<CachedStem>[] = []
    for (let index = 0; index < total; index++) {
      signal?.throwIfAborted()
      const split: Split = index < songs ? 'train' : 'valid'
      const number = split === 'train' ? index : index - songs
      const songSeed = seed + number + (split === 'train' ? 0 : heldOutSeeds)
      const singer = singersOf[split][number % singersOf[split].length]!
      const name = `song-${songSeed}-${seconds}s-${rate}-${channels}`
      const bases = Object.fromEntries(
        songStems.map((stem) => [stem, join(folder, `${name}-${stem}-v${SYNTHETIC_VERSION}`)]),
      ) as SongJob['bases']
      const known = await Promise.all(songStems.map((stem: SongStem) => readFacts(bases[stem], rate)))
      const complete = known.filter((facts) => facts !== undefined)
      const job = { kind: 'song', bases, seed: songSeed, seconds, rate, channels, singer, players: playersOf[split] } as const
      const facts = complete.length === songStems.length ? complete : await synthesiser.render(job)
      const stems = songStems.map((stem, s): [string, CachedStem] => {
        const { rms, frames } = facts[s]!
        return [stem, { id: basename(bases[stem]), file: `${bases[stem]}.pcm`, channels, rms, frames }]
      })
      made.push({ name, split, stems: Object.fromEntries(stems) })
      onProgress?.(index + 1, total)
    }
    return made
  } finally {
    await synthesiser.close()
  }
}
