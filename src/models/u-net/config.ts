/** Sizes of the spectrogram U-Net; the defaults are those of the paper. */
import { z } from 'zod'

const count = z.number().int().min(1)

export const uNetConfig = z.strictObject({
  architecture: z.literal('u-net'),
  /** Channels of the spectrogram, each of which gets a mask: 1 for mono, 2 for stereo. */
  inputs: count.default(1),
  /** Channels per level, finest first; each level halves both axes. */
  channels: z.array(count).min(2).default([16, 32, 64, 128, 256, 512]),
  /** Side of the kernels; odd, so that strided and transposed convolutions halve and double exactly. */
  kernel: count.refine((side) => side % 2 === 1, 'needs an odd number').default(5),
  /** Slope of the encoder's rectifiers below 0. */
  slope: z.number().min(0).max(1).default(0.2),
  /** Probability with which training leaves out a value of the deepest decoder levels, and how many these are. */
  dropout: z.number().min(0).max(1).default(0.5),
  dropoutLevels: z.number().int().min(0).default(3),
  /**
   * How the decoder doubles both axes: by transposed convolutions, as in the paper, or by repeating each bin and a convolution of stride 1, whose
   * windows overlap evenly and leave no checkerboard (Odena, Dumoulin & Olah 2016).
   */
  upsampling: z.enum(['transposed', 'interpolation']).default('transposed'),
  /** Whether decoder levels see the encoder's: without them, what the bottleneck does not keep is lost. */
  skips: z.boolean().default(true),
})

export type UNetConfig = z.infer<typeof uNetConfig>
export type UNetInput = z.input<typeof uNetConfig>
