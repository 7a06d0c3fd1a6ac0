/** Sizes of Open-Unmix; the defaults are those of the public model `umxhq`, one network per stem. */
import { z } from 'zod'
import { checkHop, count, spectralFields } from '../separation-config.ts'

const { stems: _, ...fields } = spectralFields

export const openUnmixConfig = z
  .strictObject({
    architecture: z.literal('open-unmix'),
    ...fields,
    nFft: fields.nFft.default(4096),
    hopLength: fields.hopLength.default(1024),
    /** The stem that it estimates. */
    stem: z.string().min(1).default('vocals'),
    /** Highest frequency that it looks at (Hz); bins above get their mask from those below. */
    bandwidth: z.number().positive().default(16000),
    /** Units of the dense layers; the recurrent ones have as many, half per direction. */
    hidden: count.default(512),
    layers: count.default(3),
    unidirectional: z.boolean().default(false),
    /** Between recurrent layers. */
    dropout: z.number().min(0).max(1).default(0.4),
  })
  .superRefine((config, context) => {
    checkHop(config, context)
    if (!config.unidirectional && config.hidden % 2 !== 0)
      context.addIssue({ code: 'custom', path: ['hidden'], message: `${config.hidden} units in two directions: needs an even number` })
  })

export type OpenUnmixConfig = z.infer<typeof openUnmixConfig>
export type OpenUnmixInput = z.input<typeof openUnmixConfig>
