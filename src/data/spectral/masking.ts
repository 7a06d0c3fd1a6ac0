/**
 * Stretches of spectrograms that are hidden or filled with something else: frames, bins, blocks of both (SpecAugment, Park et al. 2019), and the spans
 * of frames of FrameTransformer's pre-training (carperbr, 2023), which the network learns to restore.
 */
import type { PolarSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram } from '../../dsp/plain-spectrogram.ts'
import type { Draws } from './draws.ts'

export interface Masking {
  readonly masks: number
  /** Largest share of the axis that one mask takes. */
  readonly maxShare: number
  /** How much of the filling there is where a mask lies: 1 for nothing else, 0 for none. */
  readonly blend: number
}

/** A stretch of an axis: its length is drawn as a share of it, rounded down, then its start. */
function drawSpan(extent: number, least: number, most: number, draws: Draws): { readonly start: number; readonly size: number } {
  const size = Math.floor(extent * draws.uniform(least, most))
  return { start: draws.integer(0, extent - size), size }
}

/** Magnitudes times 1 − blend wherever one of several masks lies: where two overlap, once. */
function hide(s: PolarSpectrogram, axis: 'frames' | 'bins', { masks, maxShare, blend }: Masking, draws: Draws): PolarSpectrogram {
  const hidden = new Uint8Array(s[axis])
  for (let mask = 0; mask < masks; mask++) {
    const { start, size } = drawSpan(s[axis], 0, maxShare, draws)
    hidden.fill(1, start, start + size)
  }
  const place = axis === 'bins' ? (i: number) => i % s.bins : (i: number) => Math.floor(i / s.bins) % s.frames
  return { ...s, magnitude: s.magnitude.map((m, i) => (hidden[place(i)] ? m * (1 - blend) : m)) }
}

/** Fades stretches of frames. */
export function maskFrames(s: PolarSpectrogram, masking: Masking, draws: Draws): PolarSpectrogram {
  return hide(s, 'frames', masking, draws)
}

/** Fades stretches of bins. */
export function maskBins(s: PolarSpectrogram, masking: Masking, draws: Draws): PolarSpectrogram {
  return hide(s, 'bins', masking, draws)
}

/** Applies a function to the magnitudes over `reference` in all channels of a block of frames and bins. */
function withinBlock(
  { channels, frames, bins }: PolarSpectrogram,
  values: Float64Array,
  block: { readonly frame: number; readonly frames: number; readonly bin: number; readonly bins: number },
  change: (value: number) => number,
): void {
  for (let c = 0; c < channels; c++) {
    for (let t = block.frame; t < block.frame + block.frames; t++) {
      const row = (c * frames + t) * bins
      for (let i = row + block.bin; i < row + block.bin + block.bins; i++) values[i] = change(values[i]!)
    }
  }
}

/**
 * Blends noise, uniform in 0…`reference`, into blocks whose height and width are the same share of bins and frames.
 *
 * @param reference the largest magnitude, say
 */
export function maskBlocks(s: PolarSpectrogram, { masks, maxShare, blend }: Masking, reference: number, draws: Draws): PolarSpectrogram {
  checkSpectrogram('maskBlocks', s, s.magnitude)
  const values = Float64Array.from(s.magnitude)
  for (let mask = 0; mask < masks; mask++) {
    const share = draws.uniform(0, maxShare)
    const bins = Math.floor(s.bins * share)
    const bin = draws.integer(0, s.bins - bins)
    const frames = Math.floor(s.frames * share)
    const frame = draws.integer(0, s.frames - frames)
    withinBlock(s, values, { frame, frames, bin, bins }, (m) => blend * reference * draws.uniform(0, 1) + (1 - blend) * m)
  }
  return { ...s, magnitude: Float32Array.from(values) }
}

/** What spans of frames are filled with: noise in 0…1, one of two constants, or a statistic of the magnitudes in the span. */
export const frameFillings = ['noise', 'zero', 'one', 'mean', 'minimum', 'maximum', 'variance'] as const
export type FrameFilling = (typeof frameFillings)[number]

/** The values of a span, all channels and bins of its frames. */
function statistic(filling: FrameFilling, values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  switch (filling) {
    case 'one':
      return 1
    case 'mean':
      return mean
    case 'minimum':
      return values.reduce((a, b) => Math.min(a, b))
    case 'maximum':
      return values.reduce((a, b) => Math.max(a, b))
    case 'variance':
      return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
    case 'zero':
    case 'noise':
      return 0
  }
}

/**
 * Blends a filling into spans of frames, each 1 % to `maxShare` of them, in all channels and bins; phases stay. What comes out is clipped to
 * 0…`reference`. Spans may overlap: a later one is a statistic of what an earlier one left.
 *
 * @param reference what fillings and magnitudes are shares of: the song's largest magnitude
 *
 * @example
 * const s = { channels: 1, frames: 4, bins: 1, magnitude: Float32Array.of(1, 2, 3, 4), phase: new Float32Array(4) }
 * const middle = { uniform: () => 0.5, integer: () => 1, normal: () => 0 } // two frames from the second on
 * fillFrames(s, { masks: 1, maxShare: 0.5, blend: 1, filling: 'mean' }, 4, middle).magnitude // [1, 2.5, 2.5, 4]
 */
export function fillFrames(
  s: PolarSpectrogram,
  { masks, maxShare, blend, filling }: Masking & { readonly filling: FrameFilling },
  reference: number,
  draws: Draws,
): PolarSpectrogram {
  checkSpectrogram('fillFrames', s, s.magnitude)
  const values = Float64Array.from(s.magnitude, (m) => m / reference)
  for (let mask = 0; mask < masks; mask++) {
    const { start, size } = drawSpan(s.frames, 0.01, maxShare, draws)
    const span = { frame: start, frames: size, bin: 0, bins: s.bins }
    const inside: number[] = []
    withinBlock(s, values, span, (m) => {
      inside.push(m)
      return m
    })
    if (inside.length === 0) continue
    const level = statistic(filling, inside)
    withinBlock(s, values, span, (m) => blend * (filling === 'noise' ? draws.uniform(0, 1) : level) + (1 - blend) * m)
  }
  return { ...s, magnitude: Float32Array.from(values, (m) => Math.min(1, Math.max(0, m)) * reference) }
}
