/** `divisi data preview`: a few examples exactly as a training sees them, to be heard and looked at. */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createWavWriter } from '../audio/index.ts'
import { drawSound, writeWhole } from '../data/index.ts'
import { escapeText, formatNumber } from '../report/index.ts'
import { createOnnxRuntimeBackend } from '../runtime/index.ts'
import type { ExamplePreview } from '../tasks/index.ts'
import { onSyntheticData, openTask, type Recipe, readRecipe } from '../training/index.ts'
import { type DataContext, defaultCache } from './data-check.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'
import { createPhases } from './progress.ts'

export interface DataPreviewFlags {
  readonly recipe: string
  readonly data?: string
  readonly stage?: string
  readonly cache?: string
  readonly count: number
  readonly batch: number
  readonly out: string
  readonly threads?: number
}

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1f; --soft: #5c5f66; --rule: #dcdee3 }
@media (prefers-color-scheme: dark) { :root { --back: #15161a; --text: #e6e7ea; --soft: #a2a6af; --rule: #33363d } }
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-top: 1px solid var(--rule); padding-top: 1rem }
.soft { color: var(--soft) } .sounds { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0; max-width: 31rem }
audio { width: 100% } table { border-collapse: collapse; font-size: .9rem } td { padding: .1rem .8rem .1rem 0 }
`

/** `example-3`: the folder of an example. */
const folderOf = (number: number): string => `example-${number}`

async function writeExample({ sounds, sampleRate, facts }: ExamplePreview, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  for (const [name, channels] of Object.entries(sounds)) {
    // As the trainer has them: floats.
    const writer = await createWavWriter(join(folder, `${name}.wav`), {
      sampleRate,
      channels: channels.length,
      sampleFormat: { kind: 'float', bits: 32 },
    })
    try {
      await writer.write(channels)
      await writer.finish()
    } finally {
      await writer.abort()
    }
    await writeWhole(join(folder, `${name}.svg`), drawSound(channels, sampleRate, name))
  }
  await writeWhole(join(folder, 'drawn.json'), `${JSON.stringify(facts, null, 2)}\n`)
  return Object.keys(sounds)
}

function section(number: number, names: readonly string[], facts: ExamplePreview['facts']): string {
  const folder = folderOf(number)
  const figures = names.map((name) => {
    const path = `${folder}/${encodeURIComponent(name)}`
    return `<figure><img src="${path}.svg" alt="Spectrogram of ${escapeText(name)}" width="480"><audio controls preload="none" src="${path}.wav"></audio></figure>`
  })
  const rows = Object.entries(facts).map(
    ([what, value]) =>
      `<tr><td class="soft">${escapeText(what)}</td><td>${escapeText(typeof value === 'number' ? formatNumber(value) : value)}</td></tr>`,
  )
  return `<h2>Example ${number}</h2><div class="sounds">${figures.join('')}</div><table>${rows.join('')}</table>`
}

/** The recipe, or the stage of it that is asked for. */
async function readUsable({ recipe: file, data, stage }: DataPreviewFlags): Promise<{ recipe: Recipe; folder: string }> {
  const { recipe, folder } = await readRecipe(file).catch((error: unknown) => {
    throw new UsageError(oneLine(error), { cause: error })
  })
  const stages = recipe.stages ?? []
  const chosen = stage === undefined ? recipe : stages.find(({ name }) => name === stage)?.recipe
  if (!chosen)
    throw new UsageError(
      `--stage ${stage}: ${stages.length > 0 ? `the stages of ${file} are ${stages.map(({ name }) => name).join(', ')}` : `${file} has no stages`}`,
    )
  return { recipe: data === 'synthetic' ? onSyntheticData(chosen) : chosen, folder }
}

/**
 * Writes sounds, spectrograms, what was drawn, and a page with players.
 *
 * @throws UsageError for recipes of tasks that are not of sound; Error for data that cannot be used, as a training would
 */
export async function runDataPreview(
  flags: DataPreviewFlags,
  { stdout, stderr, signal }: Omit<DataContext, 'loadSeparator'>,
): Promise<number> {
  const { recipe, folder } = await readUsable(flags)
  const found = await stat(flags.out).catch(() => undefined)
  if (found && !found.isDirectory()) throw new UsageError(`--out ${flags.out} is a file, not a folder`)
  const phases = createPhases(stderr)
  const surroundings = {
    recipeFolder: folder,
    dataFolder: flags.data === 'synthetic' ? undefined : flags.data,
    cacheFolder: flags.cache ?? defaultCache(),
    signal,
    onProgress: phases.update,
  }
  const task = await openTask(recipe, surroundings).finally(() => phases.done())
  try {
    if (!task.preview)
      throw new UsageError(
        `${flags.recipe}: examples of the task "${recipe.task}" cannot be heard; those of separation and frame-transformer can`,
      )
    const backend = await createOnnxRuntimeBackend(flags.threads === undefined ? {} : { threads: flags.threads })
    const sections: string[] = []
    try {
      for (let batch = flags.batch; sections.length < flags.count; batch++) {
        for (const example of await task.preview(batch, backend)) {
          signal.throwIfAborted()
          if (sections.length === flags.count) break
          const number = sections.length + 1
          const names = await writeExample(example, join(flags.out, folderOf(number)))
          sections.push(section(number, names, example.facts))
        }
      }
    } finally {
      await backend.dispose()
    }
    const title = `${recipe.name}: examples from batch ${flags.batch} on`
    const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title><style>${style}</style></head><body>
<h1>${escapeText(title)}</h1>
<p class="soft">As the training of seed ${recipe.training.seed} sees them.</p>
${sections.join('\n')}
</body></html>
`
    await writeWhole(join(flags.out, 'index.html'), page)
    stdout.write(`${join(flags.out, 'index.html')}\n`)
    return exitCodes.ok
  } finally {
    await task.close()
  }
}
