/** `divisi train`: runs a recipe, shows how far it is, and stops in order. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { type Collective, together } from '../distributed/index.ts'
import { type NodeDevice, nodeDevices } from '../runtime/index.ts'
import type { ScoreKind } from '../tasks/index.ts'
import { onSyntheticData, type RunEvent, type RunResult, readRecipe, runTraining } from '../training/index.ts'
import { exitCodes, UsageError } from './errors.ts'
import { createPhases, createProgress, type Progress, type ProgressStream } from './progress.ts'
import { asRank, threadsOfRank } from './ranks.ts'

export interface TrainFlags {
  readonly data?: string
  readonly run?: string
  readonly cache?: string
  readonly threads?: string
  readonly device?: string
  readonly stopAfter?: string
  readonly overfit?: string
}

export function trainCommand(action: (recipe: string, flags: TrainFlags) => Promise<void>): Command {
  return new Command('train')
    .description('Train a network by a recipe. Ctrl-C saves; the same command goes on from there, bit for bit.')
    .argument('<recipe>', 'YAML file, such as recipes/vocals.yaml')
    .option('--data <folder>', "where the recipe's recordings are, under any names; or `synthetic`: what is made here instead")
    .option('--run <folder>', 'checkpoints, weights and log (default: runs/<name of the recipe>)')
    .option('--cache <folder>', 'decoded recordings (default: a folder in ~/.cache/divisi)')
    .option('--threads <n>', 'threads of the network (default: all processors; of several processes, an equal share each)')
    .option('-d, --device <name>', `where the network runs: ${nodeDevices.join(', ')}`, 'cpu')
    .option('--stop-after <step>', 'stop with a checkpoint after this step, those of all stages counted together')
    .option('--overfit <n>', 'learn n examples by heart, the first test of a network; nothing is held out')
    .addHelpText('after', details)
    .action(action)
}

const details = `
Several processes share out the parts of each update (training.accumulate), on one host or on many: mpirun -n 4 npx divisi train recipe.yaml`

function deviceOf(name = 'cpu'): NodeDevice {
  const device = nodeDevices.find((one) => one === name)
  if (!device) throw new UsageError(`--device: "${name}"; allowed are ${nodeDevices.join(', ')}`)
  return device
}

function whole(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${flag}: "${text}"; allowed are whole numbers from 1`)
  return value
}

function scoreText({ label, unit }: ScoreKind, value: number): string {
  return unit === '%' ? `${label} ${(100 * value).toFixed(1)} %` : `${label} ${value.toFixed(2)}${unit && ` ${unit}`}`
}

/** Of losses that end at 0 the share that is left says whether it worked; of others (SI-SDR) the reader has to judge. */
function byHeart(examples: number, { first, last }: RunResult['losses'], staged: boolean): string {
  const words = `${examples} example${examples > 1 ? 's' : ''} by heart: loss ${first.toFixed(4)} at the first step, ${last.toFixed(4)} at the last`
  // A later stage begins with what the one before has learned of the example.
  if (staged || !(first > 0 && last >= 0)) return words
  const share = `${((100 * last) / first).toPrecision(2)} %`
  return last < 0.01 * first
    ? `${words}, ${share} of it: learned`
    : `${words}, ${share} of it: not learned. Train longer, with another learningRate, or without dropout; a network that cannot has a bug`
}

interface TrainContext {
  readonly stderr: ProgressStream
  readonly signal: AbortSignal
}

/** Alone, or as one of the processes that a launcher started. */
export function runTrain(recipeFile: string, flags: TrainFlags, context: TrainContext): Promise<number> {
  return asRank(context, (collective) => trainAsRank(recipeFile, flags, context, collective))
}

async function trainAsRank(
  recipeFile: string,
  flags: TrainFlags,
  { stderr, signal }: TrainContext,
  collective: Collective,
): Promise<number> {
  const { device, threads, stopAfter, overfit, written, folder, text } = await together(collective, async () => {
    const { recipe: written, ...file } = await readRecipe(recipeFile)
    return {
      device: deviceOf(flags.device),
      threads: whole(flags.threads, '--threads') ?? threadsOfRank(),
      stopAfter: whole(flags.stopAfter, '--stop-after'),
      overfit: whole(flags.overfit, '--overfit'),
      written,
      ...file,
    }
  })
  const recipe = flags.data === 'synthetic' ? onSyntheticData(written) : written
  const runFolder = flags.run ?? join('runs', overfit === undefined ? recipe.name : `${recipe.name}-overfit`)
  const phases = createPhases(stderr)
  let progress: Progress | undefined
  const endProgress = () => {
    phases.done()
    progress?.done()
  }
  let loss = Number.NaN
  let pointed = false
  /** Of all stages; without stages the run is the only one. */
  let stage = { name: recipe.name, before: 0, steps: recipe.training.steps }
  const onEvent = (event: RunEvent) => {
    switch (event.kind) {
      case 'prepare':
        phases.update(event.what, event.done, event.total)
        return
      case 'stage':
        endProgress()
        loss = Number.NaN
        stage = { ...event, name: `${event.number}/${event.stages} ${event.name}` }
        if (event.skipped) stderr.write(`${stage.name}: done before\n`)
        return
      case 'start':
        endProgress()
        stderr.write(
          `${stage.name}: ${event.parameters.toLocaleString('en')} parameters, ${event.device}, ${event.step > 0 ? `continuing after step ${event.step}` : 'from the start'}\n`,
        )
        for (const note of event.notes) stderr.write(`note: ${note}\n`)
        // Of several stages one page shows all.
        if (!pointed) stderr.write(`to look at while it runs: ${join(runFolder, 'report.html')}\n`)
        pointed = true
        progress = createProgress({
          label: recipe.stages ? stage.name : 'training',
          unit: 'steps',
          total: stage.steps,
          initial: stage.before + event.step,
          stream: stderr,
        })
        return
      case 'step':
        loss = Number.isNaN(loss) ? event.loss : 0.98 * loss + 0.02 * event.loss
        progress?.update(stage.before + event.step, { note: event.accepted ? `loss ${loss.toFixed(4)}` : 'loss not finite: step skipped' })
        return
      case 'restore':
        progress?.print(`step ${event.step}: too many steps were not finite; set back to the weights of step ${event.to}`)
        return
      case 'validation':
        progress?.print(
          `step ${event.step}: validation ${event.kinds.map((kind) => scoreText(kind, event.scores[kind.name]!)).join(', ')}${event.best ? ', best' : ''}`,
        )
        return
    }
  }
  const options = {
    recipe,
    written: text,
    recipeFolder: folder,
    dataFolder: flags.data === 'synthetic' ? undefined : flags.data,
    cacheFolder: flags.cache ?? join(homedir(), '.cache', 'divisi'),
    runFolder,
    threads,
    device,
    collective,
    signal,
    stopAfter,
    overfit,
    onEvent,
  }
  const result = await runTraining(options).catch((error: unknown) => {
    endProgress()
    throw error
  })
  if (overfit !== undefined) progress?.print(byHeart(overfit, result.losses, recipe.stages !== undefined))
  endProgress()
  stderr.write(
    result.finished
      ? `${result.outOfPatience ? 'no better score for as long as the recipe waits: ' : ''}done at step ${result.step}: ${result.model}\n`
      : `stopped at step ${result.step}: the same command goes on from ${result.checkpoint}\n`,
  )
  if (signal.aborted) throw signal.reason
  return exitCodes.ok
}
