/**
 * Makes passages without a voice purely instrumental: where a mask of the accompaniment is above a threshold in every bin of both channels for
 * long enough, it fades to 1, so that the remains of a voice that is not there fall silent. After tsurumeso/vocal-remover (2019).
 */
import type { SpectrogramShape } from '../../dsp/index.ts'

export interface MergeOptions {
  /** What the mask has to exceed everywhere in a frame, 0.05 by default. */
  readonly threshold?: number
  /** Frames between the first and the last of a passage that it has to exceed, 64 by default. */
  readonly minRange?: number
  /** Frames of a fade, 32 by default. */
  readonly fade?: number
}

/** First and last frames of the runs in which the smallest value over channels and bins is above the threshold. */
function quietRuns(mask: Float32Array, { channels, frames, bins }: SpectrogramShape, threshold: number): (readonly [number, number])[] {
  const runs: [number, number][] = []
  for (let t = 0; t < frames; t++) {
    let least = Infinity
    for (let c = 0; c < channels; c++) {
      const row = (c * frames + t) * bins
      for (let k = row; k < row + bins; k++) least = Math.min(least, mask[k]!)
    }
    if (!(least > threshold)) continue
    const last = runs.at(-1)
    if (last?.[1] === t - 1) last[1] = t
    else runs.push([t, t])
  }
  return runs
}

/**
 * A mask (channels, frames, bins) with its long quiet passages at 1, faded in and out; the first frame of the song needs no fade. A passage that
 * begins less than a fade after the one before begins two fades before the end of that.
 *
 * A row of zeros, such as the Nyquist bin that FrameTransformer (carperbr, 2023) puts into its masks, keeps every frame below any threshold: leave it
 * out, or nothing is merged (the original fails with an index error).
 *
 * @returns a new mask
 * @throws RangeError for a minRange of less than two fades
 *
 * @example
 * const mask = new Float32Array(200).fill(0.5)
 * const merged = mergeArtifacts(mask, { channels: 1, frames: 200, bins: 1 })
 * merged[0] // 1
 * merged[100] // 1
 */
export function mergeArtifacts(
  mask: Float32Array,
  shape: SpectrogramShape,
  { threshold = 0.05, minRange = 64, fade = 32 }: MergeOptions = {},
): Float32Array {
  const { channels, frames, bins } = shape
  if (mask.length !== channels * frames * bins)
    throw new RangeError(`mergeArtifacts: ${mask.length} values; (${channels}, ${frames}, ${bins}) need ${channels * frames * bins}`)
  if (!Number.isInteger(fade) || fade < 1 || !(minRange >= 2 * fade))
    throw new RangeError(
      `mergeArtifacts: minRange ${minRange}, fade ${fade}; allowed are whole fades ≥ 1, and a minRange of at least two of them`,
    )
  const weight = new Float64Array(frames)
  /** Ends included, from 0 to 1 in the frames of a fade. */
  const ramp = (i: number) => (fade === 1 ? 0 : i / (fade - 1))
  let before: number | undefined
  for (const [first, last] of quietRuns(mask, shape, threshold)) {
    if (last - first <= minRange) continue
    const start = before !== undefined && first - before < fade ? before - 2 * fade : first
    if (start !== 0) for (let i = 0; i < fade; i++) weight[start + i] = ramp(i)
    for (let i = 0; i < fade; i++) weight[last - fade + i] = 1 - ramp(i)
    weight.fill(1, start === 0 ? 0 : start + fade, last - fade)
    before = last
  }
  return mask.map((m, i) => m + weight[Math.floor(i / bins) % frames]! * (1 - m))
}
