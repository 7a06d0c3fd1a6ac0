/** A recipe: one YAML file that says which network is trained on what and how, so that anyone with the data repeats it. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { NetworkConfig } from '../models/index.ts'
import { type Surroundings, type Task, type TaskKind, taskKinds } from '../tasks/index.ts'
import { mergeSections } from './merge-sections.ts'
import { type TrainingSection, trainingSchema } from './training-section.ts'

export interface Recipe {
  readonly name: string
  /** The name of a kind of tasks. */
  readonly task: string
  readonly model: NetworkConfig
  /** Checked by that kind, and known to it alone. */
  readonly data: unknown
  readonly training: TrainingSection
  /** A file of weights to start from, relative to the recipe's folder: a model file, a state dict in safetensors, or one of PyTorch's. */
  readonly initialWeights?: string | undefined
  /** Where there are stages, trained one after the other, the sections are those of the last one: its network is what comes out. */
  readonly stages?: readonly Stage[]
}

/** One run of several, each of which starts from what the one before it has learned. */
export interface Stage {
  readonly name: string
  /** Which weights of the stage before: the averaged ones of its best validation, those of its end, or the last ones as they are, not averaged. */
  readonly startFrom: 'best' | 'average' | 'last'
  /** The common sections with those of the stage over them. */
  readonly recipe: Recipe
}

const kindOf = (task: string): TaskKind => taskKinds.find(({ name }) => name === task)!

const separationByDefault = (value: unknown) =>
  typeof value === 'object' && value !== null && !('task' in value) ? { ...value, task: 'separation' } : value

const recipeName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const weightsFile = z.string().regex(/\.(safetensors|pth?|ckpt)$/, 'a file of weights: .safetensors, or .pth, .pt or .ckpt of PyTorch')

const schemaOf = ({ name, model, data, crops }: TaskKind) =>
  z.strictObject({
    name: recipeName,
    /** `separation` where left out. */
    task: z.literal(name),
    model,
    /** `synthetic` stands for what the project makes itself, and nothing else: the recipe then runs for anyone. */
    data,
    training: crops
      ? trainingSchema
      : trainingSchema.refine((training) => training.crops === undefined, {
          path: ['crops'],
          message: `the examples of the task \`${name}\` have one length, that of the data section; leave crops out`,
        }),
    initialWeights: weightsFile.optional(),
  })

const plainSchema = z.preprocess(
  separationByDefault,
  z.discriminatedUnion('task', taskKinds.map(schemaOf) as [ReturnType<typeof schemaOf>, ...ReturnType<typeof schemaOf>[]]),
)

const section = z.record(z.string(), z.unknown()).optional()

/** What a recipe with stages says beside them; the sections are checked as parts of each stage. */
const stagedSchema = z.strictObject({
  name: recipeName,
  task: z.string().optional(),
  model: section,
  data: z.unknown().optional(),
  training: section,
  initialWeights: weightsFile.optional(),
  stages: z
    .array(
      z.strictObject({
        name: recipeName,
        task: z.string().optional(),
        model: section,
        data: z.unknown().optional(),
        training: section,
        startFrom: z.enum(['best', 'average', 'last']).default('best'),
      }),
    )
    .min(1)
    .refine((stages) => new Set(stages.map(({ name }) => name)).size === stages.length, 'two stages of one name; give each its own'),
})

const isStaged = (value: unknown): boolean => typeof value === 'object' && value !== null && 'stages' in value

function stagesOf({ stages, initialWeights, name, ...common }: z.output<typeof stagedSchema>, { addIssue }: z.RefinementCtx): Stage[] {
  return stages.flatMap(({ name: stage, startFrom, ...own }, i) => {
    const start = i === 0 && initialWeights !== undefined ? { initialWeights } : {}
    const parsed = plainSchema.safeParse({ ...(mergeSections(common, own) as object), ...start, name: `${name}-${stage}` })
    if (parsed.success) return [{ name: stage, startFrom, recipe: parsed.data }]
    for (const { path, message } of parsed.error.issues) addIssue({ code: 'custom', path: ['stages', i, ...path], message })
    return []
  })
}

/** A recipe as YAML gives it, checked; of one with stages, every stage with the common sections under its own. */
export const recipeSchema = z.unknown().transform((value, context): Recipe => {
  const refuse = (error: z.ZodError) => {
    for (const issue of error.issues) context.addIssue({ code: 'custom', path: issue.path, message: issue.message })
    return z.NEVER
  }
  if (!isStaged(value)) {
    const plain = plainSchema.safeParse(value)
    return plain.success ? plain.data : refuse(plain.error)
  }
  const staged = stagedSchema.safeParse(value)
  if (!staged.success) return refuse(staged.error)
  const stages = stagesOf(staged.data, context)
  const last = stages.at(-1)
  return last && stages.length === staged.data.stages.length ? { ...last.recipe, name: staged.data.name, stages } : z.NEVER
})

/** Opens a recipe's task: makes or reads its data. */
export function openTask({ task, model, data, training }: Recipe, surroundings: Surroundings): Promise<Task> {
  return kindOf(task).open({ model, data }, training, surroundings)
}

/** The same recipe on data that the project makes itself, for whoever has not the recordings. */
export function onSyntheticData({ stages, ...recipe }: Recipe): Recipe {
  return {
    ...recipe,
    data: kindOf(recipe.task).synthetic(recipe.data),
    ...(stages ? { stages: stages.map((stage) => ({ ...stage, recipe: onSyntheticData(stage.recipe) })) } : {}),
  }
}

/**
 * Reads and checks a recipe.
 *
 * @throws Error that names the file and every wrong key and what is allowed
 */
export async function readRecipe(file: string): Promise<{ recipe: Recipe; folder: string; text: string }> {
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
  return { recipe: parsed.data, folder: dirname(resolve(file)), text }
}
