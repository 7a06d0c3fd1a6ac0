/** `divisi data check`: what is wrong with recordings before anything is trained on them. */
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkData, checkJson, checkPage, checkText, severities, writeWhole } from '../data/index.ts'
import { shippedModels } from '../models/index.ts'
import type { Separator } from '../separation/index.ts'
import { findMaterial, knowRecipe, type SourceFlags } from './data-material.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'
import { createProgress, type ProgressStream } from './progress.ts'

export interface DataCheckFlags extends SourceFlags {
  readonly cache?: string
  readonly rate?: number
  readonly workers?: number
  readonly threads?: number
  readonly model?: string
  /** `--no-voices` makes it false. */
  readonly voices?: boolean
  readonly quiet?: boolean
  readonly json?: string | true
  readonly html?: string
}

export interface DataContext {
  loadSeparator(model: string | undefined, options: { threads: number | undefined; seconds: number }): Promise<Separator>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
}

/** Where decoded recordings and measurements are kept, unless told. */
export const defaultCache = (): string => join(homedir(), '.cache', 'divisi')

/** By which the judgements of a separator are kept: the content of its file. */
async function modelKey(name: string): Promise<string> {
  const shipped = (shippedModels as readonly string[]).includes(name)
  const file = shipped ? new URL(`../../models/${name}/model.safetensors`, import.meta.url) : name
  // What is no file is told when it is loaded.
  const bytes = await readFile(file).catch(() => name)
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Prints the findings and writes the files asked for.
 *
 * @returns 1 where there are errors
 * @throws UsageError before any work
 */
export async function runDataCheck(
  trees: readonly string[],
  flags: DataCheckFlags,
  { loadSeparator, stdout, stderr, signal }: DataContext,
): Promise<number> {
  const cacheFolder = flags.cache ?? defaultCache()
  const recipe = flags.recipe === undefined ? undefined : await knowRecipe(flags.recipe)
  for (const file of [flags.json, flags.html]) {
    if (typeof file !== 'string') continue
    await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
      throw new UsageError(oneLine(error), { cause: error })
    })
  }
  const looking = createProgress({ label: 'looking for files', unit: 'files', stream: stderr })
  const onLooking = (done: number, total: number): void => looking.update(done, { total })
  const material = await findMaterial(trees, flags, recipe, { cacheFolder, signal, onProgress: onLooking }).finally(() => looking.done())
  const progress = createProgress({ label: `checking ${material.files.length} files`, unit: 'MB', stream: stderr })
  const listens = flags.voices !== false
  const report = await checkData(material, {
    cacheFolder,
    rate: flags.rate ?? recipe?.rate ?? 44100,
    exampleSeconds: recipe?.seconds ?? 4,
    model: await modelKey(flags.model ?? 'vocals'),
    loadSeparator: listens ? () => loadSeparator(flags.model, { threads: flags.threads, seconds: 5 }) : undefined,
    ...(flags.workers !== undefined && { workers: flags.workers }),
    signal,
    onProgress: (done, total) => progress.update(Math.round(done), { total: Math.max(1, Math.round(total)) }),
  }).finally(() => progress.done())
  if (!listens) stderr.write('note: voices among accompaniments were not looked for (--no-voices)\n')
  if (report.known > 0) stderr.write(`${report.known} of ${report.files.length} files known from an earlier check\n`)
  if (flags.html !== undefined) await writeWhole(flags.html, await checkPage(report, 'Check of training data', signal))
  if (typeof flags.json === 'string') await writeWhole(flags.json, `${checkJson(report)}\n`)
  if (flags.json === true) stdout.write(`${checkJson(report)}\n`)
  else stdout.write(`${checkText(report, flags.quiet ? severities.filter((one) => one !== 'note') : severities)}\n`)
  return report.findings.some(({ severity }) => severity === 'error') ? exitCodes.failed : exitCodes.ok
}
