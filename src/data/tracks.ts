/** The recordings that examples are made of, and how one of them and a stretch in it are drawn. */
import type { Random } from '../tensor/random.ts'
import type { Channels } from './augment/channels.ts'
import type { MixConfig } from './config.ts'

export const KINDS = ['vocals', 'speech', 'instrumental'] as const
export type Kind = (typeof KINDS)[number]
export type Split = 'train' | 'valid'

/** One recording. Everything but the samples, which a `TrackReader` fetches. */
export interface Track {
  readonly id: string
  readonly kind: Kind
  readonly split: Split
  /** `source/singer-or-artist`: what must not stand in two splits. The source is the part before the first slash. */
  readonly group: string
  readonly name: string
  readonly frames: number
  readonly channels: 1 | 2
  /** RMS of each stretch of `ENVELOPE_SECONDS`. */
  readonly envelope: Float32Array
}

export const ENVELOPE_SECONDS = 0.5

/** Source of the tracks that the project's synthesiser made. */
export const SYNTHETIC_SOURCE = 'synthetic'

/** `frames` samples of a track from `start`; the stretch lies inside the track. */
export type TrackReader<T extends Track = Track> = (track: T, start: number, frames: number) => Channels

export function sourceOf(track: Track): string {
  return track.group.split('/', 1)[0]!
}

/** Draws an index with the given weights (not all 0). */
function weighted(random: Random, cumulative: readonly number[]): number {
  const target = random.uniform(0, cumulative.at(-1)!)
  const index = cumulative.findIndex((c) => target < c)
  return index === -1 ? cumulative.length - 1 : index
}

function cumulate(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((w) => (sum += w))
}

/** `Map.groupBy`, which Node 20 lacks. */
function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}

/** Tracks of one kind, drawn source first, then singer or artist, then recording, so that one large corpus does not drown the others. */
export interface Choice<T extends Track> {
  draw(random: Random): T
}

/** @returns undefined when there are no tracks (or only ones of weight 0). */
export function chooseFrom<T extends Track>(tracks: readonly T[], sampling: MixConfig['sampling']): Choice<T> | undefined {
  const sources = [...groupBy(tracks, sourceOf)].map(([source, members]) => {
    const groups = [...groupBy(members, (t) => t.group).values()].map((group) => ({
      tracks: group,
      cumulative: cumulate(group.map((t) => t.frames)),
    }))
    const framesOf = (list: readonly Track[]): number => list.reduce((sum, t) => sum + t.frames, 0)
    return {
      weight: (sampling.weights[source] ?? 1) * framesOf(members) ** sampling.power,
      groups,
      cumulative: cumulate(groups.map((g) => framesOf(g.tracks) ** sampling.power)),
    }
  })
  const cumulative = cumulate(sources.map((s) => s.weight))
  if (!(cumulative.at(-1)! > 0)) return undefined
  return {
    draw(random) {
      const source = sources[weighted(random, cumulative)]!
      const group = source.groups[weighted(random, source.cumulative)]!
      return group.tracks[weighted(random, group.cumulative)]!
    },
  }
}

/** Share of the envelope's stretches inside [start, start + frames) within 26 dB of the track's loudest one. */
export function activeShare(track: Track, start: number, frames: number, rate: number): number {
  const step = ENVELOPE_SECONDS * rate
  const first = Math.floor(start / step)
  const last = Math.min(track.envelope.length, Math.ceil((start + frames) / step))
  let threshold = 0
  for (const level of track.envelope) if (level > threshold) threshold = level
  threshold *= 0.05
  let active = 0
  for (let i = first; i < last; i++) if (track.envelope[i]! > threshold) active++
  return last > first ? active / (last - first) : 0
}

/** A start at which at least half of the stretch is active; the most active of six draws where none is. */
export function drawStart(random: Random, track: Track, frames: number, rate: number): number {
  let best = 0
  let share = -1
  for (let attempt = 0; attempt < 6; attempt++) {
    const start = random.integer(0, Math.max(0, track.frames - frames))
    const active = activeShare(track, start, frames, rate)
    if (active > share) {
      best = start
      share = active
    }
    if (active >= 0.5) break
  }
  return best
}

/** How a track shorter than the crop fills it: repeated from a random phase (loops), or once at a random place (voices). */
export type Filling = 'repeat' | 'place'

/** `frames` samples of the track from a drawn start. */
export function readCrop<T extends Track>(
  random: Random,
  track: T,
  frames: number,
  rate: number,
  filling: Filling,
  read: TrackReader<T>,
): Channels {
  if (track.frames >= frames) return read(track, drawStart(random, track, frames, rate), frames)
  const whole = read(track, 0, track.frames)
  const offset = filling === 'repeat' ? random.integer(0, track.frames - 1) : random.integer(0, frames - track.frames)
  return whole.map((samples) => {
    const out = new Float32Array(frames)
    if (filling === 'place') out.set(samples, offset)
    else
      for (let at = -offset; at < frames; at += samples.length)
        out.set(at < 0 ? samples.subarray(-at, frames - at) : samples.subarray(0, frames - at), Math.max(0, at))
    return out
  })
}
