/**
 * Separation of a whole song's spectrogram by a network that estimates the accompaniment's real and imaginary parts themselves, as FrameTransformer's
 * later training does (carperbr, 2023), for which it has no separator. Scales are those of the song; the voice is the rest.
 */
import type { ComplexSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram, largestOf } from '../../dsp/plain-spectrogram.ts'
import { type FrameNetwork, type FrameWindowOptions, inFrameWindows } from './frame-windows.ts'
import type { SeparatedSpectra } from './mask-separation.ts'

/**
 * Accompaniment and voice, which add up to the mixture. The Nyquist bin, which the network does not see, is the voice's.
 *
 * @param network (b, 2·channels, frames, bins − 1), real channels before imaginary ones, in ±1 → estimates of the accompaniment, in ±1
 * @throws RangeError for sizes that are none or that the network does not take
 *
 * @example
 * const z = { channels: 1, frames: 2, bins: 2, re: Float32Array.of(1, 2, 4, 2), im: Float32Array.of(3, 0, -6, 0) }
 * const network = { run: async (x: Float32Array) => x.map((v) => 0.5 * v) }
 * const { instrumental, vocals } = await separateByParts(z, network, { crop: 2, padding: 1 })
 * instrumental.im // [1.5, 0, -3, 0]
 * vocals.re // [0.5, 2, 2, 2]
 */
export async function separateByParts(
  z: ComplexSpectrogram,
  network: FrameNetwork,
  { crop, padding, batchSize }: FrameWindowOptions = { crop: 1024, padding: 512 },
): Promise<SeparatedSpectra> {
  checkSpectrogram('separateByParts', z, z.re, z.im)
  const { channels, frames, bins } = z
  const parts = [z.re, z.im]
  const scales = parts.map((part) => largestOf(part) || 1)
  const rows = channels * frames
  const packed = new Float32Array(2 * rows * (bins - 1))
  for (const [i, part] of parts.entries())
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < bins - 1; k++) packed[(i * rows + row) * (bins - 1) + k] = part[row * bins + k]! / scales[i]!
  const options = { crop, padding, ...(batchSize === undefined ? {} : { batchSize }) }
  const estimate = await inFrameWindows(packed, { channels: 2 * channels, frames, bins: bins - 1 }, network, options)
  const [re, im] = parts.map((part, i) => {
    const out = new Float32Array(part.length)
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < bins - 1; k++) out[row * bins + k] = estimate[(i * rows + row) * (bins - 1) + k]! * scales[i]!
    return out
  }) as [Float32Array, Float32Array]
  const rest = (part: Float32Array, estimated: Float32Array) => part.map((x, i) => x - estimated[i]!)
  return { instrumental: { ...z, re, im }, vocals: { ...z, re: rest(z.re, re), im: rest(z.im, im) } }
}
