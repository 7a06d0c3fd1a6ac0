/** Vocabularies in configurations: which symbols a network reads or says. */
import { z } from 'zod'
import { createTokeniser } from '../nn/index.ts'

export const vocabularySchema = z
  .strictObject({
    /** How text is cut: 'words', 'characters', or 'symbols' between white space (`C:maj7`). */
    kind: z.enum(['words', 'characters', 'symbols']).default('symbols'),
    symbols: z.array(z.string().min(1)).min(1),
  })
  .superRefine((vocabulary, context) => {
    try {
      createTokeniser(vocabulary)
    } catch (error) {
      context.addIssue({ code: 'custom', path: ['symbols'], message: (error as Error).message })
    }
  })
