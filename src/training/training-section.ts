/** The training section of recipes: how long, how fast, by which rule. */
import { z } from 'zod'
import { optimizerSchema } from './optimizers/create-optimizer.ts'
import { curveSchema } from './schedule.ts'

const count = z.number().int().min(1)
const share = z.number().min(0).lt(1)

/** Keys that say one thing in two ways, which nobody can have meant. */
const rivals = { optimizer: ['betas', 'eps', 'weightDecay'], schedule: ['decay'] } as const

function refuseRivals(value: unknown, { addIssue }: z.RefinementCtx): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const [key, others] of Object.entries(rivals)) {
    for (const other of others) {
      const message = `\`${other}\` beside \`${key}\`, which says the same: leave one of them out, options go into \`${key}\``
      if (key in value && other in value) addIssue({ code: 'custom', path: [other], message })
    }
  }
  return value
}

const cropSchema = z.strictObject({ until: count.optional(), frames: count, batchSize: count.optional(), accumulate: count.optional() })

const cropsSchema = z
  .array(cropSchema)
  .min(1)
  .refine(
    (crops) =>
      crops.every(({ until }, i) =>
        i === crops.length - 1 ? until === undefined : until !== undefined && until > (crops[i - 1]?.until ?? 0),
      ),
    'every crop but the last has `until`, the update where the next one takes over, each above the one before; the last has none',
  )

/** A curve for a recipe, whose validations give scores. */
const recipeCurve = curveSchema.refine((curve) => curve.name !== 'plateau' || curve.mode === 'max', {
  path: ['mode'],
  message: 'a recipe’s plateau watches a score, of which more is better: `mode: max`',
})

/** What a rival has of its own; all that is left out is as for the task's network. */
const rivalSchema = z.preprocess(
  refuseRivals,
  z.strictObject({
    learningRate: z.number().positive().optional(),
    warmup: z.number().int().min(0).optional(),
    schedule: recipeCurve.optional(),
    optimizer: optimizerSchema.optional(),
    clipNorm: z.number().positive().optional(),
  }),
)

const trainingFields = z
  .strictObject({
    seed: z.number().int().min(0).default(1),
    steps: count,
    batchSize: count,
    /** At its highest: what the schedule starts from. */
    learningRate: z.number().positive(),
    /** Steps of linear warm-up from 0, before any schedule. */
    warmup: z.number().int().min(0).default(200),
    /** Last steps, over which the learning rate falls to 0; in place of `schedule`. */
    decay: z.number().int().min(0).default(0),
    /** A curve by name, `{ name: cosine, tMax: 4000 }`; 'plateau' watches the first score of validations. Without one: constant, with `decay` at the end. */
    schedule: recipeCurve.optional(),
    /** By name, `{ name: sgd, momentum: 0.9 }`, with PyTorch's options and defaults. Without one: AdamW with the three options that follow. */
    optimizer: optimizerSchema.optional(),
    betas: z.tuple([share, share]).default([0.9, 0.99]),
    eps: z.number().positive().default(1e-8),
    weightDecay: z.number().min(0).default(0.01),
    clipNorm: z.number().positive().default(1),
    averageDecay: z.number().min(0).max(1).default(0.998),
    validateEvery: count.default(250),
    validationExamples: count.default(32),
    /** Steps between checkpoints. */
    checkpointEvery: count.default(100),
    /** Validations in a row without a better score after which the run ends; without it, only the last step ends it. */
    patience: count.optional(),
    // What follows has no defaults: a new key would be another digest, and refuse all checkpoints that exist (identityOf).
    /** Batches per update, 1 without it: their gradients are averaged. */
    accumulate: count.optional(),
    /** Lengths of examples, one after the other, with batch sizes of their own. */
    crops: cropsSchema.optional(),
    /** Of a task that has a second network, a discriminator. */
    rival: rivalSchema.optional(),
    /** How many of the latest checkpoints stay beside the last one. */
    keep: z.number().int().min(0).optional(),
    /** Checkpoints of multiples of so many steps stay for good. */
    keepEvery: count.optional(),
  })
  .refine(({ keepEvery = 0, checkpointEvery }) => keepEvery % checkpointEvery === 0, {
    path: ['keepEvery'],
    message: 'is no multiple of checkpointEvery: there would be no checkpoint to keep',
  })
  .refine(({ decay, steps }) => decay <= steps, { path: ['decay'], message: 'more decay than steps' })

export const trainingSchema = z.preprocess(refuseRivals, trainingFields)

export type TrainingSection = z.output<typeof trainingSchema>
