/** Sizes of the band U-Net. */
import { z } from 'zod'
import { checkBands } from '../band-grid.ts'

const count = z.number().int().min(1)

export const bandUnetConfig = z
  .strictObject({
    architecture: z.literal('band-unet'),
    sampleRate: z.number().int().min(8000).default(44100),
    nFft: z.number().int().min(64).multipleOf(2).default(4096),
    hopLength: count.default(1024),
    /** Bands of the network's grid; a multiple of 2^(levels − 1). */
    bands: count.default(256),
    /** Centre of the highest band (Hz). */
    highest: z.number().positive().default(20000),
    /** Channels per level, finest first. */
    channels: z.array(count).min(2).default([16, 40, 72, 104, 136]),
    /** Residual blocks at the coarsest level. */
    bottleneck: count.default(3),
    /** The hidden layer over frequency has bands/squeeze units. */
    squeeze: count.default(4),
  })
  .superRefine(checkBands)

export type BandUnetConfig = z.infer<typeof bandUnetConfig>
export type BandUnetInput = z.input<typeof bandUnetConfig>
