/**
 * Silences what is left of a voice where none sings: `mergeArtifacts`, which is made for masks, for the estimates of any separator. The mask of the
 * accompaniment is its share of each bin, |x − v| / |x|; only its least value in a frame counts, so one value for a frame is all that is merged.
 */

import { istft, magnitude, type StftOptions, stft } from '../../dsp/index.ts'
import type { Separator } from '../../models/index.ts'
import { untilAborted } from '../../models/turns.ts'
import { type Backend, compile } from '../../runtime/browser.ts'
import { complex, div, greater, max, maximum, min, mul, reshape, where } from '../../tensor/index.ts'
import { type MergeOptions, mergeArtifacts } from '../spectral/merge-artifacts.ts'
import { derive, disposeAll } from './derive.ts'
import { defaultTransform, packed, unpacked } from './packing.ts'

/** Magnitudes below are silence. */
const silent = 1e-12

export interface QuietPassageOptions extends MergeOptions {
  /** Computes spectra. The separator owns it from then on, and disposes of it. */
  readonly backend: Backend
  /** Frames of the transform, 4096 samples every 1024 by default. */
  readonly transform?: StftOptions
  /** Bins of lower magnitude than this share of the frame's loudest say nothing; 1e-3 by default (−60 dB). */
  readonly floor?: number
}

/** By how much `mergeArtifacts` takes a frame to 1, in 0…1: (m′ − m) / (1 − m). */
function mergedShare(least: Float32Array, merged: Float32Array): Float32Array {
  return merged.map((m, t) => (least[t]! < 1 ? (m - least[t]!) / (1 - least[t]!) : 0))
}

/**
 * A separator whose vocals fade to silence in passages in which the accompaniment has a part of every bin of every frame. Passages are looked for in
 * each window apart.
 *
 * @throws RangeError for separators without vocals, and options that are none; the separator and the backend are disposed of then
 *
 * @example
 * const backend = await createOnnxRuntimeBackend()
 * const quieter = await withQuietPassages(separator, { backend, threshold: 0.3 })
 */
export async function withQuietPassages(
  separator: Separator,
  { backend, transform = defaultTransform, floor = 1e-3, ...merge }: QuietPassageOptions,
): Promise<Separator> {
  const { stems, windowLength, name } = separator
  try {
    if (!stems.includes('vocals')) throw new RangeError(`model ${name}: estimates ${stems.join(', ')}; quiet passages are those of vocals`)
    if (!(floor > 0 && floor < 1)) throw new RangeError(`floor: ${floor}; allowed are numbers between 0 and 1`)
    const shape = [2, windowLength]
    const shares = await compile(
      ({ mixture, vocals }) => {
        const [x, v] = [stft(mixture, transform), stft(vocals, transform)]
        const whole = magnitude(x)
        const heard = greater(whole, maximum(mul(max(whole, { axes: [0, 2], keepDims: true }), floor), silent))
        const share = where(heard, div(magnitude(complex.sub(x, v)), maximum(whole, silent)), 1)
        return { least: min(share, { axes: [0, 2] }) }
      },
      { mixture: shape, vocals: shape },
      { backend },
    )
    const frames = shares.outputs.least!.shape[0]!
    mergeArtifacts(new Float32Array(frames), { channels: 1, frames, bins: 1 }, merge) // refuses options before any work
    const fade = await compile(
      ({ vocals, gains }) => {
        const v = stft(vocals, transform)
        return { faded: istft(complex.scale(v, reshape(gains, [1, frames, 1])), windowLength, transform) }
      },
      { vocals: shape, gains: [frames] },
      { backend },
    )
    return derive(separator, {
      async predict(window, options) {
        const signal = options?.signal
        const mixture = packed({ window }, ['window'], windowLength)
        const estimates = await separator.predict(window, options)
        const vocals = packed(estimates, ['vocals'], windowLength)
        const { least } = (await untilAborted(shares.run({ mixture, vocals }), signal)) as { least: Float32Array }
        const merged = mergeArtifacts(least, { channels: 1, frames, bins: 1 }, merge)
        const gains = mergedShare(least, merged).map((share) => 1 - share)
        if (gains.every((gain) => gain === 1)) return estimates
        const { faded } = (await untilAborted(fade.run({ vocals, gains }), signal)) as { faded: Float32Array }
        return { ...estimates, ...unpacked(faded, ['vocals'], windowLength) }
      },
      dispose: () => disposeAll([separator, backend]),
    })
  } catch (error) {
    await disposeAll([separator, backend])
    throw error
  }
}
