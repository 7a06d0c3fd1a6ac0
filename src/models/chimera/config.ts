/** Sizes of the Chimera network. */
import { z } from 'zod'
import { clusteringFields } from '../deep-clustering/config.ts'
import { trunkFields } from '../recurrent-trunk.ts'
import { checkHop } from '../separation-config.ts'

export const chimeraConfig = z
  .strictObject({
    architecture: z.literal('chimera'),
    ...trunkFields,
    ...clusteringFields,
    stems: trunkFields.stems.refine((stems) => stems.length > 1, 'needs two stems at least: masks of a bin add up to 1'),
    /** Whether outputs have no order, so that training looks for the best one: voices. */
    interchangeable: z.boolean().default(false),
    /** α, the share of the embeddings' loss: 0 leaves the mask head alone, 1 the embedding head. */
    alpha: z.number().min(0).max(1).default(0.1),
  })
  .superRefine(checkHop)

export type ChimeraConfig = z.infer<typeof chimeraConfig>
export type ChimeraInput = z.input<typeof chimeraConfig>
