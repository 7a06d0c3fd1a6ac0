/** Sizes of the causal U-Net. */
import { z } from 'zod'
import { checkBands } from '../band-grid.ts'

const count = z.number().int().min(1)

export const causalUnetConfig = z
  .strictObject({
    architecture: z.literal('causal-unet'),
    sampleRate: z.number().int().min(8000).default(44100),
    nFft: z.number().int().min(64).multipleOf(2).default(2048),
    hopLength: count.default(1024),
    /** Frames that the network takes together: each but the first of them comes so many hops later than it could. */
    framesPerStep: count.default(2),
    /** Bands of the network's grid; a multiple of 2^(levels − 1). */
    bands: count.default(128),
    /** Centre of the highest band (Hz). */
    highest: z.number().positive().default(20000),
    /** Channels per level, finest first. */
    channels: z.array(count).min(2).default([16, 32, 48, 64, 80]),
    /** Distances of the taps over time, in steps, of the residual blocks at the coarsest level. */
    dilations: z.array(count).min(1).default([1, 2, 4]),
    /** The hidden layer over frequency has bands/squeeze units. */
    squeeze: count.default(4),
    /** Frames over whose mean level a frame's levels are taken, the last of them itself: 4 s of 1024 samples at 44.1 kHz. */
    levelFrames: count.default(172),
  })
  .superRefine(checkBands)

export type CausalUnetConfig = z.infer<typeof causalUnetConfig>
export type CausalUnetInput = z.input<typeof causalUnetConfig>
