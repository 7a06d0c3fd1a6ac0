/** A recipe: one YAML file that says which network is trained on what and how, so that anyone with the data repeats it. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { NetworkConfig } from '../models/index.ts'
import { type Surroundings, type Task, type TaskKind, taskKinds } from '../tasks/index.ts'
import { optimizerSchema } from './optimizers/create-optimizer.ts'
import { curveSchema } from './schedule.ts'

const count = z.number().int().min(1)

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
    schedule: curveSchema
      .refine((curve) => curve.name !== 'plateau' || curve.mode === 'max', {
        path: ['mode'],
        message: 'a recipe’s plateau watches a score, of which more is better: `mode: max`',
      })
      .optional(),
    /** By name, `{ name: sgd, momentum: 0.9 }`, with PyTorch's options and defaults. Without one: AdamW with the three options that follow. */
    optimizer: optimizerSchema.optional(),
    betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.99]),
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
  })
  .refine(({ decay, steps }) => decay <= steps, { path: ['decay'], message: 'more decay than steps' })

const trainingSchema = z.preprocess(refuseRivals, trainingFields)

export interface Recipe {
  readonly name: string
  /** The name of a kind of tasks. */
  readonly task: string
  readonly model: NetworkConfig
  /** Checked by that kind, and known to it alone. */
  readonly data: unknown
  readonly training: z.output<typeof trainingSchema>
}

const kindOf = (task: string): TaskKind => taskKinds.find(({ name }) => name === task)!

const separationByDefault = (value: unknown) =>
  typeof value === 'object' && value !== null && !('task' in value) ? { ...value, task: 'separation' } : value

const schemaOf = ({ name, model, data }: TaskKind) =>
  z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes'),
    /** `separation` where left out. */
    task: z.literal(name),
    model,
    /** `synthetic` stands for what the project makes itself, and nothing else: the recipe then runs for anyone. */
    data,
    training: trainingSchema,
  })

export const recipeSchema = z.preprocess(
  separationByDefault,
  z.discriminatedUnion('task', taskKinds.map(schemaOf) as [ReturnType<typeof schemaOf>, ...ReturnType<typeof schemaOf>[]]),
)

/** Opens a recipe's task: makes or reads its data. */
export function openTask({ task, model, data, training }: Recipe, surroundings: Surroundings): Promise<Task> {
  return kindOf(task).open({ model, data }, training, surroundings)
}

/** The same recipe on data that the project makes itself, for whoever has not the recordings. */
export function onSyntheticData(recipe: Recipe): Recipe {
  return { ...recipe, data: kindOf(recipe.task).synthetic(recipe.data) }
}

/**
 * Reads and checks a recipe.
 *
 * @throws Error that names the file and every wrong key and what is allowed
 */
export async function readRecipe(file: string): Promise<{ recipe: Recipe; folder: string }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file}: ${error.code === 'ENOENT' ? 'there is no such recipe' : error.message}`, { cause: error })
  })
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    throw new Error(`${file}: is no YAML: ${(error as Error).message}`, { cause: error })
  }
  const parsed = recipeSchema.safeParse(content)
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
  return { recipe: parsed.data, folder: dirname(resolve(file)) }
}
