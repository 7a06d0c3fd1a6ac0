/** Sizes and vocabularies of the encoder–decoder. */
import { z } from 'zod'
import { cellFields, checkMemory } from '../recurrent-cell.ts'
import { count } from '../separation-config.ts'
import { vocabularySchema } from '../vocabulary-config.ts'

export const seq2seqConfig = z
  .strictObject({
    architecture: z.literal('seq2seq'),
    /** Symbols that it reads. */
    source: vocabularySchema,
    /** Symbols that it says; those that it reads where left out. */
    target: vocabularySchema.optional(),
    ...cellFields,
    /** Features of a symbol. */
    embedding: count.default(64),
    /** Whether the tables of symbols are left as they are given: word vectors that were trained elsewhere. */
    freezeEmbeddings: z.boolean().default(false),
    /** Units of every layer; with two directions, the encoder's layers have half of them in each. */
    hidden: count.default(128),
    layers: count.default(1),
    /** Whether the encoder also reads from the end. */
    bidirectional: z.boolean().default(false),
    /** How the decoder's state is compared with those of the encoder; with none, the decoder has the encoder's last state alone. */
    attention: z.enum(['none', 'dot', 'general', 'additive']).default('additive'),
    /** Of symbols' features and of what symbols are chosen from. */
    dropout: z.number().min(0).max(1).default(0),
    /** How often training shows the decoder the true symbol before, not its own choice; below 1 its steps are computed one after the other. */
    teacherForcing: z.number().min(0).max(1).default(1),
  })
  .superRefine((config, context) => {
    checkMemory(config, context)
    if (config.bidirectional && config.hidden % 2 !== 0)
      context.addIssue({ code: 'custom', path: ['hidden'], message: `${config.hidden} units in two directions: needs an even number` })
  })

export type Seq2SeqConfig = z.output<typeof seq2seqConfig>
export type Seq2SeqInput = z.input<typeof seq2seqConfig>
