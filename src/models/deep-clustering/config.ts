/** Sizes of deep clustering. */
import { z } from 'zod'
import { trunkFields } from '../recurrent-trunk.ts'
import { checkHop, count } from '../separation-config.ts'

/** What finds masks in embeddings. */
export const clusteringFields = {
  /** D, numbers per bin. */
  embedding: count.default(20),
  /** Bins that far below the loudest (dB) count neither in the loss nor for the centres. */
  rangeDb: z.number().positive().default(40),
}

export const deepClusteringConfig = z
  .strictObject({
    architecture: z.literal('deep-clustering'),
    ...trunkFields,
    ...clusteringFields,
    stems: trunkFields.stems.default(['source-1', 'source-2']),
    /** Iterations of k-means, and starts of which the best is kept. */
    iterations: count.default(20),
    restarts: count.default(4),
    /** With a hardness, masks are shares, softer the smaller it is; without one they are 0 and 1. */
    hardness: z.number().positive().optional(),
    /** Of the draws of the clusters' seeds: the same one gives the same masks. */
    seed: z.number().int().min(0).default(0),
  })
  .superRefine(checkHop)

export type DeepClusteringConfig = z.infer<typeof deepClusteringConfig>
export type DeepClusteringInput = z.input<typeof deepClusteringConfig>
