/** Sizes and vocabulary of the recurrent classifier of sequences of symbols. */
import { z } from 'zod'
import { cellFields, checkMemory } from '../recurrent-cell.ts'
import { count } from '../separation-config.ts'
import { vocabularySchema } from '../vocabulary-config.ts'

export const sequenceClassifierConfig = z
  .strictObject({
    architecture: z.literal('sequence-classifier'),
    /** Symbols that it reads. */
    vocabulary: vocabularySchema,
    /** What it tells apart. */
    labels: z
      .array(z.string().min(1))
      .min(2)
      .refine((labels) => new Set(labels).size === labels.length, 'needs names that differ'),
    ...cellFields,
    /** Features of a symbol. */
    embedding: count.default(32),
    /** Units per layer and direction. */
    hidden: count.default(64),
    layers: count.default(1),
    bidirectional: z.boolean().default(false),
    /** Before the last layer. */
    dropout: z.number().min(0).max(1).default(0),
  })
  .superRefine(checkMemory)

export type SequenceClassifierConfig = z.output<typeof sequenceClassifierConfig>
export type SequenceClassifierInput = z.input<typeof sequenceClassifierConfig>
