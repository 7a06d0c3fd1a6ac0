/**
 * Multichannel Wiener refinement of estimates, as Open-Unmix does after its network (Stöter et al. 2019; the filter is `wienerEM` of divisi/dsp):
 * how loud the stems are in each bin, and where between the channels each of them lies, say how the mixture is shared out anew.
 */

import { istft, type StftOptions, stft, wienerEM } from '../../dsp/index.ts'
import type { Separator } from '../../models/index.ts'
import { untilAborted } from '../../models/turns.ts'
import { type Backend, compile } from '../../runtime/browser.ts'
import { complex, concat, narrow, sub, sum, unsqueeze } from '../../tensor/index.ts'
import { derive, disposeAll } from './derive.ts'
import { defaultTransform, packed, unpacked } from './packing.ts'

export interface RefineOptions {
  /** Computes the filter. The separator owns it from then on, and disposes of it. */
  readonly backend: Backend
  /** Rounds of expectation–maximisation, 1 by default. */
  readonly iterations?: number
  /** Share of a bin's power taken for noise from everywhere; see `wienerFilter`. */
  readonly noise?: number
  /** Frames of the transform, 4096 samples every 1024 by default. */
  readonly transform?: StftOptions
}

/**
 * A separator whose estimates go through the filter, window by window; what no stem claims of the mixture takes part as one more source.
 *
 * @throws RangeError for options that are none; the separator and the backend are disposed of then
 *
 * @example
 * const backend = await createOnnxRuntimeBackend()
 * const better = await refined(separator, { backend, iterations: 1 })
 */
export async function refined(
  separator: Separator,
  { backend, iterations = 1, noise, transform = defaultTransform }: RefineOptions,
): Promise<Separator> {
  const { stems, windowLength } = separator
  try {
    const program = await compile(
      ({ mixture, estimates }) => {
        const rest = sub(mixture, sum(estimates, { axes: [0] }))
        const sources = stft(concat([estimates, unsqueeze(rest, 0)], 0), transform)
        const filtered = wienerEM(sources, stft(mixture, transform), { iterations, ...(noise !== undefined && { noise }) })
        const wanted = complex.map(filtered, (x) => narrow(x, 0, 0, stems.length))
        return { stems: istft(wanted, windowLength, transform) }
      },
      { mixture: [2, windowLength], estimates: [stems.length, 2, windowLength] },
      { backend },
    )
    return derive(separator, {
      async predict(window, options) {
        const mixture = packed({ window }, ['window'], windowLength)
        const estimates = packed(await separator.predict(window, options), stems, windowLength)
        const found = await untilAborted(program.run({ mixture, estimates }), options?.signal)
        return unpacked(found.stems as Float32Array, stems, windowLength)
      },
      dispose: () => disposeAll([separator, backend]),
    })
  } catch (error) {
    await disposeAll([separator, backend])
    throw error
  }
}
