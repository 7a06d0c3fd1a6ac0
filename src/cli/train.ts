/** `divisi train`: runs a recipe, shows how far it is, and stops in order. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { onSyntheticSongs, type RunEvent, readRecipe, runTraining } from '../training/index.ts'
import { exitCodes, UsageError } from './errors.ts'
import { createProgress, type Progress, type ProgressStream } from './progress.ts'

export interface TrainFlags {
  readonly data?: string
  readonly run?: string
  readonly cache?: string
  readonly threads?: string
  readonly stopAfter?: string
}

export function trainCommand(action: (recipe: string, flags: TrainFlags) => Promise<void>): Command {
  return new Command('train')
    .description('Train a network by a recipe. Ctrl-C saves; the same command goes on from there, bit for bit.')
    .argument('<recipe>', 'YAML file, such as recipes/vocals.yaml')
    .option('--data <folder>', "where the recipe's recordings are, under any names; or `synthetic`: songs made here instead")
    .option('--run <folder>', 'checkpoints, weights and log (default: runs/<name of the recipe>)')
    .option('--cache <folder>', 'decoded recordings (default: a folder in ~/.cache/divisi)')
    .option('--threads <n>', 'threads of the network (default: all processors)')
    .option('--stop-after <step>', 'stop with a checkpoint after this step')
    .action(action)
}

function whole(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${flag}: "${text}"; allowed are whole numbers from 1`)
  return value
}

export async function runTrain(
  recipeFile: string,
  flags: TrainFlags,
  { stderr, signal }: { stderr: ProgressStream; signal: AbortSignal },
): Promise<number> {
  const [threads, stopAfter] = [whole(flags.threads, '--threads'), whole(flags.stopAfter, '--stop-after')]
  const { recipe: written, folder } = await readRecipe(recipeFile)
  const recipe = flags.data === 'synthetic' ? onSyntheticSongs(written) : written
  const runFolder = flags.run ?? join('runs', recipe.name)
  let progress: Progress | undefined
  let loss = Number.NaN
  let preparing: string | undefined
  const onEvent = (event: RunEvent) => {
    switch (event.kind) {
      case 'prepare':
        if (event.what !== preparing) {
          progress?.done()
          progress = createProgress({ label: event.what, unit: 'files', total: event.total, stream: stderr })
          preparing = event.what
        }
        progress?.update(event.done)
        return
      case 'start':
        progress?.done()
        stderr.write(
          `${recipe.name}: ${event.parameters.toLocaleString('en')} parameters, ${event.device}, ${event.step > 0 ? `continuing after step ${event.step}` : 'from the start'}\n`,
        )
        for (const note of event.notes) stderr.write(`note: ${note}\n`)
        progress = createProgress({ label: 'training', unit: 'steps', total: recipe.training.steps, initial: event.step, stream: stderr })
        return
      case 'step':
        loss = Number.isNaN(loss) ? event.loss : 0.98 * loss + 0.02 * event.loss
        progress?.update(event.step, { note: event.accepted ? `loss ${loss.toFixed(4)}` : 'loss not finite: step skipped' })
        return
      case 'validation':
        progress?.print(
          `step ${event.step}: validation SI-SDR ${event.siSdr.toFixed(2)} dB (mixture ${event.siSdrGain >= 0 ? '+' : '−'}${Math.abs(event.siSdrGain).toFixed(2)}), instrumental SDR ${event.sdrInstrumental.toFixed(2)} dB${event.best ? ', best' : ''}`,
        )
        return
    }
  }
  const options = {
    recipe,
    recipeFolder: folder,
    dataFolder: flags.data,
    cacheFolder: flags.cache ?? join(homedir(), '.cache', 'divisi'),
    runFolder,
    threads,
    signal,
    stopAfter,
    onEvent,
  }
  const result = await runTraining(options).catch((error: unknown) => {
    progress?.done()
    throw error
  })
  progress?.done(
    result.finished
      ? `done at step ${result.step}: ${result.model}`
      : `stopped at step ${result.step}: the same command goes on from ${result.checkpoint}`,
  )
  if (signal.aborted) throw signal.reason
  return exitCodes.ok
}
