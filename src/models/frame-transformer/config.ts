/** FrameTransformer as a network that separates: its transform, its stems, and the sizes of the network between. */
import { z } from 'zod'
import { checkHop, count, separationFields } from '../separation-config.ts'
import { bodyFields, checkBody } from './body-config.ts'

export const frameTransformerConfig = z
  .strictObject({
    architecture: z.literal('frame-transformer'),
    ...separationFields,
    /** What is left of the mixture beside them is nobody's estimate: `separate` gives vocals as the mixture minus the instrumental. */
    stems: separationFields.stems.default(['instrumental']),
    hopLength: count.default(1024),
    /**
     * 'complex': the stem's spectrum itself, real and imaginary parts in and out, as the original's later training has it. 'mask': a factor in 0…1 for
     * each bin of the mixture, from magnitudes, as in its first versions and its published snapshot.
     */
    estimate: z.enum(['complex', 'mask']).default('complex'),
    ...bodyFields,
  })
  .superRefine((config, context) => {
    checkHop(config, context)
    checkBody(config, context)
  })

export type FrameTransformerConfig = z.infer<typeof frameTransformerConfig>
export type FrameTransformerInput = z.input<typeof frameTransformerConfig>
