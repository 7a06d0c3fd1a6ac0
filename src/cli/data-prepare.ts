/** `divisi data prepare`: decodes recordings into the cache, so that a training begins at once. */
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Folders, listFolders, locateFiles, prepareCache, prepareFolders, readCatalogue, readStemFolders } from '../data/index.ts'
import { type DataContext, defaultCache } from './data-check.ts'
import { dataFolderOf, foldersOf, type KnownRecipe, knowRecipe, type SourceFlags } from './data-material.ts'
import { exitCodes, UsageError } from './errors.ts'
import { createPhases, formatDuration } from './progress.ts'

export interface DataPrepareFlags extends SourceFlags {
  readonly cache?: string
  readonly rate?: number
  readonly json?: boolean
}

/** A decoded recording: what it is, how long, and where. */
interface Prepared {
  readonly role: string
  readonly frames: number
  readonly file: string
}

interface Work {
  readonly cacheFolder: string
  readonly rate: number
  readonly signal: AbortSignal
  readonly watch: (what: string) => (done: number, total: number) => void
}

async function prepareRecipe(file: string, known: KnownRecipe, given: string | undefined, work: Work): Promise<Prepared[]> {
  const { data, folder } = known
  const { cacheFolder, rate, signal, watch } = work
  const dataFolder = dataFolderOf(file, known, given)
  if (data.kind === 'list') {
    const lists = { hashes: join(cacheFolder, 'hashes.json'), missingList: join(cacheFolder, 'missing-files.csv') }
    const entries = await readCatalogue(resolve(folder, data.file))
    const located = await locateFiles(entries, dataFolder!, { ...lists, signal, onProgress: watch('looking for files') })
    const tracks = await prepareCache(located, cacheFolder, { rate, signal, onProgress: watch('decoding') })
    return tracks.map(({ kind, frames, file: pcm }) => ({ role: kind, frames, file: pcm }))
  }
  if (data.kind === 'folders') return prepareFolderLists(data.folders, dataFolder ?? folder, work)
  const { options } = data as Extract<typeof data, { kind: 'songs' }>
  const songs = await readStemFolders(dataFolder!, cacheFolder, { ...options, rate, signal, onProgress: watch('decoding') })
  return songs.flatMap(({ stems }) => Object.entries(stems).map(([role, { frames, file: pcm }]) => ({ role, frames, file: pcm })))
}

async function prepareFolderLists(folders: Folders, base: string, { cacheFolder, rate, signal, watch }: Work): Promise<Prepared[]> {
  const files = await listFolders(folders, {
    base,
    hashes: join(cacheFolder, 'hashes.json'),
    signal,
    onProgress: watch('looking for files'),
  })
  const sounds = await prepareFolders(files, cacheFolder, { rate, signal, onProgress: watch('decoding') })
  return sounds.flatMap(({ role, parts }) => parts.map(({ frames, file }) => ({ role, frames, file })))
}

/** Bytes of the samples and of what stands beside them. */
async function bytesOf({ file }: Prepared): Promise<number> {
  const sizes = await Promise.all([file, file.replace(/\.pcm$/, '.json')].map(async (path) => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * Decodes what is not in the cache yet and prints hours and bytes by role. Interrupted or killed at any moment, it goes on with the next file.
 *
 * @throws UsageError before any work; Error that names every recording that cannot be used
 */
export async function runDataPrepare(
  flags: DataPrepareFlags,
  { stdout, stderr, signal }: Omit<DataContext, 'loadSeparator'>,
): Promise<number> {
  const folders = foldersOf(flags)
  if ((folders === undefined) === (flags.recipe === undefined))
    throw new UsageError(
      'name either --recipe FILE --data DIR, or folders by role: --vocals DIR --instrumental DIR --stems DIR --mixtures DIR',
    )
  const recipe = flags.recipe === undefined ? undefined : await knowRecipe(flags.recipe)
  const cacheFolder = flags.cache ?? defaultCache()
  const rate = flags.rate ?? recipe?.rate ?? 44100
  const phases = createPhases(stderr)
  const watch = (label: string) => (done: number, total: number) => phases.update(label, done, total)
  const work = { cacheFolder, rate, signal, watch }
  const prepared = await (recipe
    ? prepareRecipe(flags.recipe!, recipe, flags.data, work)
    : prepareFolderLists(folders!, '.', work)
  ).finally(() => phases.done())
  const roles = [...new Set(prepared.map(({ role }) => role))]
  const totals = await Promise.all(
    roles.map(async (role) => {
      // A sound that stands in two places lies in the cache once.
      const own = [...new Map(prepared.filter((one) => one.role === role).map((one) => [one.file, one])).values()]
      const bytes = (await Promise.all(own.map(bytesOf))).reduce((sum, size) => sum + size, 0)
      return { role, files: own.length, seconds: own.reduce((sum, { frames }) => sum + frames, 0) / rate, bytes }
    }),
  )
  if (flags.json) stdout.write(`${JSON.stringify({ cache: cacheFolder, rate, roles: totals }, null, 2)}\n`)
  else {
    for (const { role, files, seconds, bytes } of totals)
      stdout.write(
        `${role.padEnd(14)} ${String(files).padStart(5)} files  ${formatDuration(seconds).padStart(9)}  ${(bytes / 1e6).toFixed(1).padStart(9)} MB\n`,
      )
    stdout.write(`in ${cacheFolder}, at ${rate} Hz\n`)
  }
  return exitCodes.ok
}
