/** Separators of different rates and window lengths, each made to take the windows of an ensemble. */

import { streamOf } from '../../audio/memory.ts'
import type { Separator, SongFacts, StereoWindow } from '../../models/index.ts'
import { separate } from '../separate.ts'
import { derive } from './derive.ts'

export type WindowShape = Pick<Separator, 'sampleRate' | 'windowLength' | 'margin'>

/** Members whose windows are at least this share of the longest are given the shortest of theirs: two windows for a few samples more cost as much as two. */
const aboutAsLong = 0.9

/** Samples at a window's edge that a resampler's filter sees silence behind, both ways: some tens of the lower rate's. */
const resamplingMargin = 0.005

/**
 * The windows of an ensemble: the highest rate, the longest window (the shortest of those of about that length), the widest margin.
 *
 * @throws RangeError where that leaves nothing between the margins
 */
export function sharedWindow(members: readonly Separator[]): WindowShape {
  const sampleRate = Math.max(...members.map((member) => member.sampleRate))
  const seconds = members.map((member) => member.windowLength / member.sampleRate)
  const longest = Math.max(...seconds)
  const windowLength = Math.floor(Math.min(...seconds.filter((length) => length >= aboutAsLong * longest)) * sampleRate)
  const margins = members.map(
    (member) => (member.margin / member.sampleRate + (member.sampleRate === sampleRate ? 0 : resamplingMargin)) * sampleRate,
  )
  const margin = Math.ceil(Math.max(...margins))
  if (windowLength <= 2 * margin) {
    const each = members.map((member) => `${member.name} ${member.windowLength} of ${member.sampleRate} Hz, margin ${member.margin}`)
    throw new RangeError(`ensemble: windows (${each.join('; ')}) have nothing in common but their margins; choose models of longer windows`)
  }
  return { sampleRate, windowLength, margin }
}

/**
 * A separator that takes other windows than its own: shorter ones of its rate filled up with silence, longer ones and ones of other rates as songs that
 * are cut into its own windows. Facts of the song are taken as they are.
 *
 * @throws RangeError for one that listens to songs at another rate
 */
export function inWindowsOf(shape: WindowShape, separator: Separator): Separator {
  const { sampleRate, windowLength } = shape
  const same = separator.sampleRate === sampleRate
  if (!same && separator.prepass)
    throw new RangeError(
      `ensemble: model ${separator.name} wants to know whole songs, at ${separator.sampleRate} Hz, and the ensemble hears them at ${sampleRate} Hz; ` +
        'choose models of one rate, or leave it out',
    )
  if (same && separator.windowLength === windowLength)
    return derive(separator, { ...shape, predict: (...all) => separator.predict(...all) })
  const predict: Separator['predict'] =
    same && separator.windowLength > windowLength ? padded(separator, windowLength) : inPieces(separator, shape)
  return derive(separator, { ...shape, predict })
}

function padded(separator: Separator, windowLength: number): Separator['predict'] {
  const longer = (samples: Float32Array): Float32Array => {
    const out = new Float32Array(separator.windowLength)
    out.set(samples)
    return out
  }
  const cut = (samples: Float32Array): Float32Array => samples.subarray(0, windowLength)
  return async ([left, right], options) => {
    const found = await separator.predict([longer(left), longer(right)], options)
    return Object.fromEntries(Object.entries(found).map(([stem, [l, r]]) => [stem, [cut(l), cut(r)] as const]))
  }
}

function inPieces(separator: Separator, { sampleRate, windowLength }: WindowShape): Separator['predict'] {
  return async (window, { signal, facts } = {}) => {
    // With facts, which are those of the song, nobody has to listen; without them the window is taken for the song, and is heard through.
    const told = facts ? knowing(separator, facts) : separator
    const stems = Object.fromEntries(
      separator.stems.map((stem) => [stem, [new Float32Array(windowLength), new Float32Array(windowLength)] as StereoWindow]),
    )
    let at = 0
    for await (const block of separate(streamOf(window, sampleRate), { separator: told, stems: separator.stems, signal })) {
      for (const stem of separator.stems) for (const c of [0, 1] as const) stems[stem]![c].set(block.stems[stem]![c]!, at)
      at += block.mixture[0]!.length
    }
    return stems
  }
}

/** A separator that knows the song already. */
function knowing(separator: Separator, facts: SongFacts): Separator {
  const { prepass, ...rest } = derive(separator, { predict: (piece, options) => separator.predict(piece, { ...options, facts }) })
  return rest
}
