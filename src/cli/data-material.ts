/** Which recordings `divisi data` is about: folders by role, a folder that explains itself, or what a recipe names. */
import { basename, join, resolve } from 'node:path'
import {
  type Folders,
  type FoldersInput,
  foldersSchema,
  locateFiles,
  type Material,
  materialOfFolders,
  materialOfList,
  materialOfTree,
  readCatalogue,
} from '../data/index.ts'
import { type Recipe, readRecipe } from '../training/index.ts'
import { oneLine, UsageError } from './errors.ts'

export interface SourceFlags {
  readonly vocals?: string[]
  readonly instrumental?: string[]
  readonly stems?: string[]
  readonly mixtures?: string[]
  readonly recipe?: string
  readonly data?: string
}

/** What a recipe says of recordings, whatever its task. */
export type RecipeData =
  | { readonly kind: 'list'; readonly file: string }
  | { readonly kind: 'songs'; readonly options: { readonly heldOut?: string; readonly exclude?: string[]; readonly tolerance?: number } }
  | { readonly kind: 'folders'; readonly folders: Folders }
  | { readonly kind: 'none' }

/** A recipe, where it lies, and what it says of recordings. */
export interface KnownRecipe {
  readonly recipe: Recipe
  readonly folder: string
  readonly data: RecipeData
  /** Samples per second of its network. */
  readonly rate: number
  /** Length of an example. */
  readonly seconds: number
}

/** The folders of the command line, if any is named there. */
export function foldersOf({ vocals, instrumental, stems, mixtures }: SourceFlags): Folders | undefined {
  const given: FoldersInput = {
    ...(vocals && { vocals }),
    ...(instrumental && { instrumental }),
    ...(stems && { stems }),
    ...(mixtures && { mixtures }),
  }
  return Object.keys(given).length > 0 ? foldersSchema.parse(given) : undefined
}

interface DataFields {
  readonly source?: string
  readonly files?: string
  readonly folders?: Folders
  readonly seconds?: number
  readonly frames?: number
  readonly heldOut?: string
  readonly exclude?: string[]
  readonly tolerance?: number
}

function recordingsOf({ files, folders, source, heldOut, exclude, tolerance }: DataFields): RecipeData {
  if (files !== undefined) return { kind: 'list', file: files }
  if (folders !== undefined) return { kind: 'folders', folders }
  if (source !== 'musdb') return { kind: 'none' }
  return {
    kind: 'songs',
    options: { ...(heldOut !== undefined && { heldOut }), ...(exclude && { exclude }), ...(tolerance !== undefined && { tolerance }) },
  }
}

/** @throws UsageError for recipes that cannot be read, and tasks that are of no sound */
export async function knowRecipe(file: string): Promise<KnownRecipe> {
  const { recipe, folder } = await readRecipe(file).catch((error: unknown) => {
    throw new UsageError(oneLine(error), { cause: error })
  })
  const fields = (typeof recipe.data === 'object' && recipe.data !== null ? recipe.data : {}) as DataFields
  const model = recipe.model as { readonly sampleRate?: number; readonly hopLength?: number }
  if (model.sampleRate === undefined)
    throw new UsageError(`${file}: the task "${recipe.task}" is not of mixtures and stems; recipes of separation and frame-transformer are`)
  const rate = model.sampleRate
  const seconds = fields.seconds ?? (fields.frames !== undefined ? (fields.frames * (model.hopLength ?? 0)) / rate : 4)
  return { recipe, folder, data: recordingsOf(fields), rate, seconds }
}

/** Where a recipe's recordings are; those of a list beside it, and folders that stand complete in it, need no more. */
export function dataFolderOf(file: string, { data }: KnownRecipe, given: string | undefined): string | undefined {
  if (data.kind === 'none')
    throw new UsageError(`${file}: names no recordings; it trains on songs that Divisi makes, which need neither a check nor preparing`)
  if (given === undefined && data.kind !== 'folders') throw new UsageError(`${file}: names recordings; give their folder with --data DIR`)
  return given === undefined ? undefined : resolve(given)
}

/**
 * The recordings that the command line names.
 *
 * @throws UsageError where it names none, or contradicts itself
 */
export async function findMaterial(
  trees: readonly string[],
  flags: SourceFlags,
  recipe: KnownRecipe | undefined,
  { cacheFolder, signal, onProgress }: { cacheFolder: string; signal: AbortSignal; onProgress: (done: number, total: number) => void },
): Promise<Material> {
  const folders = foldersOf(flags)
  const ways = [trees.length > 0, folders !== undefined, recipe !== undefined].filter(Boolean).length
  if (ways !== 1)
    throw new UsageError(
      'name either folders by role (--vocals DIR --instrumental DIR --stems DIR --mixtures DIR), or folders that explain themselves (DIR), or a recipe (--recipe FILE --data DIR)',
    )
  const hashes = join(cacheFolder, 'hashes.json')
  if (folders) return materialOfFolders(folders, { hashes, signal })
  if (trees.length > 0) {
    const found = await asUsage(() => Promise.all(trees.map(materialOfTree)))
    return { files: found.flatMap(({ files }) => files), findings: found.flatMap(({ findings }) => findings) }
  }
  const { data, folder } = recipe!
  const dataFolder = dataFolderOf(flags.recipe!, recipe!, flags.data)
  if (data.kind === 'folders') return materialOfFolders(data.folders, { base: dataFolder ?? folder, hashes, signal })
  if (data.kind === 'songs') {
    const { files, findings } = await asUsage(() => materialOfTree(dataFolder!))
    const left = (song: string | undefined): boolean => song !== undefined && (data.options.exclude ?? []).includes(basename(song))
    return { files: files.filter(({ song }) => !left(song)), findings }
  }
  if (data.kind === 'none') return { files: [], findings: [] }
  const listed = await asUsage(() => readCatalogue(resolve(folder, data.file)))
  try {
    return materialOfList(
      await locateFiles(listed, dataFolder!, { hashes, signal, onProgress, missingList: join(cacheFolder, 'missing-files.csv') }),
    )
  } catch (error) {
    signal.throwIfAborted()
    return { files: [], findings: [{ kind: 'set', severity: 'error', path: flags.recipe!, message: oneLine(error) }] }
  }
}

async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && error.name === 'InterruptedError') throw error
    throw new UsageError(oneLine(error), { cause: error })
  }
}
