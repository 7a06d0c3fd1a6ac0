/**
 * Separation of a whole song's spectrogram by a network that looks at magnitudes and gives the accompaniment's mask: FrameTransformer's first
 * versions and its published snapshot (carperbr, 2023). The mixture's phase stays; the stems add up to the mixture.
 */
import type { ComplexSpectrogram } from '../../dsp/index.ts'
import { largestOf } from '../../dsp/plain-spectrogram.ts'
import { checkSizes, type FrameNetwork, type FrameSizes, inFrameWindows } from './frame-windows.ts'
import { type MergeOptions, mergeArtifacts } from './merge-artifacts.ts'

export interface MaskOptions {
  /** Windows: one size, or several whose masks are averaged (test-time augmentation, `ttaSizes`). 1024 frames and 512 of context by default. */
  readonly sizes?: FrameSizes | readonly FrameSizes[]
  /** Windows that the network gets at once, 1 by default. */
  readonly batchSize?: number
  /** Makes passages without a voice purely instrumental. */
  readonly merge?: boolean | MergeOptions
  /**
   * The mask of the Nyquist bin, which networks do not see: that of the bin below ('repeat', the default), or 0, which gives it to the voice ('zero',
   * as in the original).
   */
  readonly nyquist?: 'repeat' | 'zero'
}

const isList = (sizes: FrameSizes | readonly FrameSizes[]): sizes is readonly FrameSizes[] => Array.isArray(sizes)

/** Magnitudes without the Nyquist bin, over the largest of all of them. */
function scaledMagnitudes({ channels, frames, bins, re, im }: ComplexSpectrogram): Float32Array {
  const magnitudes = re.map((x, i) => Math.hypot(x, im[i]!))
  const scale = largestOf(magnitudes) || 1
  const seen = new Float32Array(channels * frames * (bins - 1))
  for (let row = 0; row < channels * frames; row++)
    for (let k = 0; k < bins - 1; k++) seen[row * (bins - 1) + k] = magnitudes[row * bins + k]! / scale
  return seen
}

/**
 * The accompaniment's mask of a spectrogram, with a row for the Nyquist bin: (channels, frames, bins).
 *
 * @param network magnitudes in 0…1 → masks in 0…1, both without the Nyquist bin
 * @throws RangeError for sizes that are none or that the network does not take, before it is asked for any
 */
export async function estimateMask(
  z: ComplexSpectrogram,
  network: FrameNetwork,
  { sizes = { crop: 1024, padding: 512 }, batchSize = 1, merge = false, nyquist = 'repeat' }: MaskOptions = {},
): Promise<Float32Array> {
  const all = isList(sizes) ? sizes : [sizes]
  if (all.length === 0) throw new RangeError('sizes: none; needs one at least')
  for (const size of all) checkSizes(size, network)
  const { channels, frames, bins } = z
  const seen = { channels, frames, bins: bins - 1 }
  const magnitudes = scaledMagnitudes(z)
  let mean: Float32Array = new Float32Array(magnitudes.length)
  for (const size of all) {
    const mask = await inFrameWindows(magnitudes, seen, network, { ...size, batchSize })
    for (let i = 0; i < mean.length; i++) mean[i]! += mask[i]! / all.length
  }
  // Before the Nyquist bin is there: its zeros would say that no frame is without a voice.
  if (merge !== false) mean = mergeArtifacts(mean, seen, merge === true ? {} : merge)
  const whole = new Float32Array(channels * frames * bins)
  for (let row = 0; row < channels * frames; row++) {
    whole.set(mean.subarray(row * (bins - 1), (row + 1) * (bins - 1)), row * bins)
    if (nyquist === 'repeat') whole[(row + 1) * bins - 1] = whole[(row + 1) * bins - 2]!
  }
  return whole
}

export interface SeparatedSpectra {
  readonly instrumental: ComplexSpectrogram
  readonly vocals: ComplexSpectrogram
}

/**
 * Accompaniment and voice: mask ⊙ mixture, and the rest.
 *
 * @throws RangeError for what `estimateMask` refuses
 *
 * @example
 * const z = { channels: 1, frames: 2, bins: 3, re: Float32Array.of(1, 2, 3, 4, 5, 6), im: new Float32Array(6) }
 * const network = { run: async (x: Float32Array) => x.map(() => 0.25) }
 * const { mask, instrumental, vocals } = await separateByMask(z, network, { sizes: { crop: 8, padding: 4 }, nyquist: 'zero' })
 * instrumental.re // [0.25, 0.5, 0, 1, 1.25, 0]
 * vocals.re // [0.75, 1.5, 3, 3, 3.75, 6]
 */
export async function separateByMask(
  z: ComplexSpectrogram,
  network: FrameNetwork,
  options: MaskOptions = {},
): Promise<SeparatedSpectra & { readonly mask: Float32Array }> {
  const mask = await estimateMask(z, network, options)
  const masked = (weight: (m: number) => number): ComplexSpectrogram => ({
    ...z,
    re: z.re.map((x, i) => weight(mask[i]!) * x),
    im: z.im.map((x, i) => weight(mask[i]!) * x),
  })
  return { mask, instrumental: masked((m) => m), vocals: masked((m) => 1 - m) }
}
