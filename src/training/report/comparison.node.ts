/** Several runs beside each other: what each reached, means over those that differ in their seed alone, and where their recipes differ. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { ScoreKind } from '../../tasks/index.ts'
import { timesOf } from './page.ts'
import { bestOf } from './page-parts.ts'
import { logOf, type RunRecord, readRecord } from './record.node.ts'

/** What a run reached. */
export interface RunSummary {
  readonly name: string
  readonly folder: string
  readonly state: string
  readonly step: number
  readonly steps: number | null
  readonly parameters: number | null
  readonly seed: number | null
  /** Mean of the last groups of its curve, a twentieth of the steps or one. */
  readonly loss: number | null
  /** By score: the best value with its step, and the latest. */
  readonly scores: Readonly<Record<string, { readonly best: number; readonly at: number; readonly latest: number | null }>>
  readonly stepsPerSecond: number | null
  /** Of all processes, from their beginning to their last sign of life. */
  readonly seconds: number
}

export interface SeedGroup {
  readonly runs: readonly string[]
  /** By score, of the best values: mean, and standard deviation (n − 1). */
  readonly scores: Readonly<Record<string, { readonly mean: number; readonly deviation: number }>>
}

export interface Comparison {
  readonly kinds: readonly ScoreKind[]
  readonly runs: readonly RunSummary[]
  /** Of two runs or more whose recipes differ in the seed alone. */
  readonly groups: readonly SeedGroup[]
  /** By key of the recipe, `training.learningRate`: its value in each run, in order. */
  readonly differences: Readonly<Record<string, readonly unknown[]>>
}

/** A run that was read. */
export interface NamedRun {
  readonly name: string
  readonly folder: string
  readonly record: RunRecord
}

const depth = 3

async function isRun(folder: string): Promise<boolean> {
  return stat(logOf(folder)).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function search(folder: string, levels: number): Promise<string[]> {
  if (await isRun(folder)) return [folder]
  if (levels === 0) return []
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries.flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []))
  return (await Promise.all(folders.sort().map((inner) => search(inner, levels - 1)))).flat()
}

/**
 * Reads runs, or the runs in folders of them; each goes by the name of its folder, with as much of the path as tells it from the others.
 *
 * @throws Error for a folder in which no run is
 */
export async function readRuns(folders: readonly string[]): Promise<NamedRun[]> {
  const found: string[] = []
  for (const folder of folders) {
    const runs = await search(resolve(folder), depth).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${folder}: ${error.code === 'ENOENT' ? 'there is no such folder' : error.message}`, { cause: error })
    })
    if (runs.length === 0) throw new Error(`${folder}: no run is in it, nor in folders in it; a run has a log.jsonl`)
    found.push(...runs.filter((run) => !found.includes(run)))
  }
  const nameOf = (folder: string, parts: number) => folder.split(/[/\\]/).slice(-parts).join('/')
  let parts = 1
  while (parts < 20 && new Set(found.map((folder) => nameOf(folder, parts))).size < found.length) parts++
  return Promise.all(
    found.map(async (folder) => ({
      name: parts === 1 ? basename(folder) : nameOf(folder, parts),
      folder,
      record: await readRecord(folder),
    })),
  )
}

const orNull = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)

function summaryOf({ name, folder, record }: NamedRun, kinds: readonly ScoreKind[]): RunSummary {
  const { facts, curves, validations, lastStep } = record
  const means = curves.get('loss')?.curve().mean ?? []
  const last = means.slice(-Math.max(1, Math.floor(means.length / 20)))
  const { perSecond, wall } = timesOf(record)
  const latest = validations.at(-1)?.validation
  return {
    name,
    folder,
    state: facts?.sessions.at(-1)?.state ?? 'unknown',
    step: lastStep,
    steps: facts?.recipe.training.steps ?? null,
    parameters: facts?.parameters ?? null,
    seed: facts?.recipe.training.seed ?? null,
    loss: orNull(last.reduce((sum, value) => sum + value / last.length, last.length > 0 ? 0 : Number.NaN)),
    scores: Object.fromEntries(
      kinds.flatMap((kind) => {
        const best = bestOf(record, kind)
        return best ? [[kind.name, { best: best.value, at: best.step, latest: latest?.[kind.name] ?? null }]] : []
      }),
    ),
    stepsPerSecond: orNull(perSecond),
    seconds: Math.round(wall),
  }
}

/** A recipe as keys with dots: `training.learningRate`. Lists count as one value. */
function flat(value: unknown, before = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[before, value]]
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, before === '' ? key : `${before}.${key}`))
}

const seedKey = 'training.seed'

function recipeOf({ record }: NamedRun): Map<string, unknown> {
  return new Map(flat(record.facts?.recipe ?? {}).filter(([key]) => key !== 'name' && !key.startsWith('stages')))
}

function differencesOf(recipes: readonly ReadonlyMap<string, unknown>[]): Record<string, unknown[]> {
  const keys = [...new Set(recipes.flatMap((recipe) => [...recipe.keys()]))]
  const differ = keys.filter((key) => new Set(recipes.map((recipe) => JSON.stringify(recipe.get(key)))).size > 1)
  return Object.fromEntries(differ.map((key) => [key, recipes.map((recipe) => recipe.get(key) ?? null)]))
}

function groupsOf(runs: readonly RunSummary[], recipes: readonly ReadonlyMap<string, unknown>[], kinds: readonly ScoreKind[]): SeedGroup[] {
  const groups = new Map<string, RunSummary[]>()
  for (const [i, run] of runs.entries()) {
    const key = JSON.stringify([...recipes[i]!].filter(([name]) => name !== seedKey))
    if (recipes[i]!.size > 0) groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      runs: group.map(({ name }) => name),
      scores: Object.fromEntries(
        kinds.flatMap(({ name }) => {
          const values = group.flatMap(({ scores }) => scores[name]?.best ?? [])
          if (values.length < 2) return []
          const mean = values.reduce((sum, value) => sum + value / values.length, 0)
          const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
          return [[name, { mean, deviation }]]
        }),
      ),
    }))
}

/** Compares runs that were read. */
export function compareRuns(runs: readonly NamedRun[]): Comparison {
  const kinds = [...new Map(runs.flatMap(({ record }) => (record.facts?.scores ?? []).map((kind) => [kind.name, kind] as const))).values()]
  const summaries = runs.map((run) => summaryOf(run, kinds))
  const recipes = runs.map(recipeOf)
  return { kinds, runs: summaries, groups: groupsOf(summaries, recipes, kinds), differences: differencesOf(recipes) }
}
