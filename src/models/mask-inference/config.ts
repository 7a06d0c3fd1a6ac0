/** Sizes of the mask-inference BLSTM. */
import { z } from 'zod'
import { trunkFields } from '../recurrent-trunk.ts'
import { checkHop } from '../separation-config.ts'

export const maskInferenceConfig = z
  .strictObject({
    architecture: z.literal('mask-inference'),
    ...trunkFields,
    /** Whether outputs have no order, so that training looks for the best one: voices. */
    interchangeable: z.boolean().default(false),
    /** Softmax masks of a bin add up to 1; rectified ones may be above 1. */
    activation: z.enum(['sigmoid', 'softmax', 'relu']).default('sigmoid'),
  })
  .superRefine((config, context) => {
    checkHop(config, context)
    if (config.activation === 'softmax' && config.stems.length === 1)
      context.addIssue({
        code: 'custom',
        path: ['activation'],
        message: 'softmax over 1 stem is 1 everywhere: needs two stems, or sigmoid',
      })
  })

export type MaskInferenceConfig = z.infer<typeof maskInferenceConfig>
export type MaskInferenceInput = z.input<typeof maskInferenceConfig>
