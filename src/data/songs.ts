/**
 * Songs whose stems are known, and examples of them: crops of a song as it is (coherent), or of stems that come from different songs and never
 * met (incoherent), at a drawn level ratio. The mixture is the sum of the stems, sample by sample.
 */
import { z } from 'zod'
import type { Random } from '../tensor/random.ts'
import { applyGain, type Channels, decibels, peakOf, toStereo } from './augment/channels.ts'
import { downMix, swapChannels } from './augment/stereo.ts'
import type { Note } from './mix.ts'
import type { Split } from './tracks.ts'

/** A stem of a song. Everything but the samples, which a `StemReader` fetches. */
export interface Stem {
  readonly id: string
  readonly frames: number
  readonly channels: 1 | 2
  /** 0 of one that is silent throughout. */
  readonly rms: number
}

/** Stems by name, of equal length. */
export interface Song<S extends Stem = Stem> {
  readonly name: string
  readonly split: Split
  readonly stems: Readonly<Record<string, S>>
}

/** `frames` samples of a stem from `start`; the stretch lies inside it. */
export type StemReader<S extends Stem = Stem> = (stem: S, start: number, frames: number) => Channels

const probability = z.number().min(0).max(1)

/** A uniform range of decibels. */
const decibelRange = (low: number, high: number) =>
  z
    .tuple([z.number(), z.number()])
    .refine(([a, b]) => a <= b, 'the first number of a range must not be above the second')
    .default([low, high])

/** Raised whenever the same seed and configuration begin to give other examples. */
export const songMixVersion = 1

/** What a recipe may say of examples. */
export const songMixFields = {
  /** Of which the mixture is the sum. `instrumental` or `accompaniment`: all but the vocals; `other`: all but vocals, drums and bass. */
  stems: z
    .array(z.string().min(1))
    .min(2)
    .refine((stems) => new Set(stems).size === stems.length, 'needs names that differ')
    .default(['vocals', 'instrumental']),
  /** Length of an example. */
  seconds: z.number().positive().default(2),
  /** Share of examples whose stems are of one place of one song. */
  coherent: probability.default(0.5),
  /** RMS of the first stem over each other one (dB, uniform); `own`: levels as they are. */
  levelRatio: z.union([decibelRange(-5, 5), z.literal('own')]).default([-5, 5]),
  /** Peak of the mixture (dB of full scale, uniform). */
  peak: decibelRange(-12, -1).refine(([, high]) => high <= 0, 'a peak above 0 dB would clip'),
  /** Of stems in stereo: how often left and right change places. */
  swap: probability.default(0.5),
}

const songMixSchema = z.strictObject(songMixFields)
export type SongMix = z.output<typeof songMixSchema>

export interface SongMixerOptions<S extends Stem> {
  readonly songs: readonly Song<S>[]
  readonly read: StemReader<S>
  /** Of the examples: 1 folds stems down, 2 doubles those that are mono. */
  readonly channels: 1 | 2
  /** Per channel of an example. */
  readonly samples: number
  readonly mix: SongMix
}

/** Stems by name and their sum, `mixture`. */
export type SongExample = Readonly<Record<string, Channels>>

/** What a name stands for where a song has no stem of that name. */
const remainders: Readonly<Record<string, readonly string[]>> = {
  instrumental: ['vocals'],
  accompaniment: ['vocals'],
  other: ['vocals', 'drums', 'bass'],
}

/** The song's stems that a name stands for. */
function partsOf<S extends Stem>({ name, stems }: Song<S>, stem: string): readonly S[] {
  const own = stems[stem]
  if (own) return [own]
  const without = remainders[stem]
  const parts = without ? Object.keys(stems).filter((part) => !without.includes(part)) : []
  if (parts.length === 0) {
    const allowed = [...Object.keys(stems), ...Object.keys(remainders)].join(', ')
    throw new RangeError(`data: the song "${name}" has no "${stem}"; allowed in \`stems\` are ${allowed}`)
  }
  return parts.map((part) => stems[part]!)
}

function fold(sound: Channels, channels: 1 | 2): Channels {
  if (channels === 2) return toStereo(sound)
  if (sound.length === 2) downMix(sound)
  return [sound[0]!]
}

function rmsOf(sound: Channels): number {
  let sum = 0
  for (const samples of sound) for (const x of samples) sum += x * x
  return Math.sqrt(sum / (sound.length * sound[0]!.length))
}

/** Below the song's own level by more than this, a stem is taken to rest. */
const activeFrom = decibels(-20)
/** Draws after which the most active one is taken. */
const attempts = 10

/** Draws until something is active, or the most active of some draws. */
function drawActive<T extends { readonly activity: number }>(draw: () => T): T {
  let best = draw()
  for (let i = 1; i < attempts && best.activity < activeFrom; i++) {
    const next = draw()
    if (next.activity > best.activity) best = next
  }
  return best
}

/**
 * The mixer of songs: each example is a pure function of the random stream; `note` is told what is drawn.
 *
 * @throws RangeError for no songs, stems that songs do not have or that are silent in all of them, and examples longer than a song
 */
export function createSongMixer<S extends Stem>({
  songs,
  read,
  channels,
  samples,
  mix,
}: SongMixerOptions<S>): (random: Random, note?: Note) => SongExample {
  if (songs.length === 0) throw new RangeError('data: no songs to mix; needs one at least')
  const short = songs.find(({ stems }) => Object.values(stems).some(({ frames }) => frames < samples))
  if (short)
    throw new RangeError(
      `data: the song "${short.name}" is shorter than the ${mix.seconds} s of an example; lower \`seconds\` or leave it out`,
    )
  const sounding = (song: Song<S>, stem: string) => partsOf(song, stem).some(({ rms }) => rms > 0)
  const pools = new Map(mix.stems.map((stem) => [stem, songs.filter((song) => sounding(song, stem))]))
  for (const [stem, pool] of pools) {
    if (pool.length === 0) throw new RangeError(`data: "${stem}" is silent in all ${songs.length} songs; leave it out of \`stems\``)
  }
  const complete = songs.filter((song) => mix.stems.every((stem) => sounding(song, stem)))

  /** The stem's crop, and its level relative to the whole stem's. */
  const crop = (song: Song<S>, stem: string, start: number) => {
    const parts = partsOf(song, stem)
    const sounds = parts.map((part) => fold(read(part, start, samples), channels))
    const sound = sounds[0]!
    for (const other of sounds.slice(1)) for (const [c, out] of sound.entries()) for (let i = 0; i < samples; i++) out[i]! += other[c]![i]!
    const whole = Math.sqrt(parts.reduce((sum, { rms }) => sum + rms * rms, 0))
    return { sound, activity: rmsOf(sound) / whole }
  }
  const startIn = (song: Song<S>, random: Random) =>
    random.integer(0, Math.min(...Object.values(song.stems).map(({ frames }) => frames)) - samples)

  const drawStems = (random: Random, note: Note): Channels[] => {
    if (complete.length > 0 && random.chance(mix.coherent)) {
      const { crops, song, start } = drawActive(() => {
        const song = random.pick(complete)
        const start = startIn(song, random)
        const all = mix.stems.map((stem) => crop(song, stem, start))
        return { crops: all, song, start, activity: Math.min(...all.map(({ activity }) => activity)) }
      })
      note('song', song.name)
      note('from sample', start)
      return crops.map(({ sound }) => sound)
    }
    return mix.stems.map((stem) => {
      const { sound, song } = drawActive(() => {
        const song = random.pick(pools.get(stem)!)
        return { ...crop(song, stem, startIn(song, random)), song }
      })
      note(`${stem}: song`, song.name)
      return sound
    })
  }

  return (random, note = () => {}) => {
    const sounds = drawStems(random, note)
    const first = rmsOf(sounds[0]!)
    for (const [s, sound] of sounds.entries()) {
      if (random.chance(mix.swap) && channels === 2) {
        swapChannels(sound)
        note(`${mix.stems[s]}: channels`, 'exchanged')
      }
      if (s === 0 || mix.levelRatio === 'own') continue
      const level = rmsOf(sound)
      const ratio = random.uniform(...mix.levelRatio)
      note(`${mix.stems[0]} over ${mix.stems[s]} (dB)`, ratio)
      if (first > 0 && level > 0) applyGain(sound, first / (level * decibels(ratio)))
    }
    const mixture = sounds[0]!.map((_, c) => sounds[0]![c]!.map((_, i) => sounds.reduce((sum, sound) => sum + sound[c]![i]!, 0)))
    const peak = peakOf(mixture)
    const highest = peak > 0 ? random.uniform(...mix.peak) : 0
    const gain = peak > 0 ? decibels(highest) / peak : 1
    note('peak (dB)', highest)
    for (const sound of [mixture, ...sounds]) applyGain(sound, gain)
    return { mixture, ...Object.fromEntries(mix.stems.map((stem, s) => [stem, sounds[s]!])) }
  }
}
