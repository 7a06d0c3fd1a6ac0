/**
 * What each of FrameTransformer's stages is worth: the recipe with stages, without the first and the last of them, and without the last, each with the same
 * seconds of computing, with several seeds, scored on clips whose stems are known.
 *
 *     npx tsx scripts/ablation.ts --data DIR --clips DIR --runs DIR [--cache DIR] [--seconds 240] [--seeds 3] [--threads 1] [--group name=prefix,…]
 *
 * Equal seconds are of processor time, not of the clock: other programs on the machine must not decide how long an arm learns. What a step of each stage
 * costs is measured once (`calibration.json`), a median over steps with everything that makes their batches; seconds become numbers of steps by it, so
 * that each run is what its recipe says and can be repeated. Seeds come one after the other, all arms of each, so that an ablation that is stopped is still
 * a comparison. What is done is passed over: the same command goes on where it stopped, in the middle of a run too.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { runScore } from '../src/cli/score.ts'
import { writeWhole } from '../src/data/index.ts'
import type { Scores } from '../src/evaluation/index.ts'
import { type Recipe, recipeSchema, runTraining } from '../src/training/index.ts'

/** Shares of the seconds by stage. */
const arms = {
  'stage 1': { supervised: 1 },
  'stages 0 + 1': { masked: 0.25, supervised: 0.75 },
  'stages 0 + 1 + 2': { masked: 0.25, supervised: 0.5, adversarial: 0.25 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>
type Arm = keyof typeof arms

/** Steps that are measured, after as many that are not: the first ones of a program take longer. */
const measured = 12
/** Steps over which the learning rate falls to 0, at the end of each stage. */
const decayShare = 0.3
/** Share of a stage's steps that have the lengths before the last one, where it has several. */
const firstCrops = 0.7
/** Validations per stage. */
const validations = 3

interface Section {
  readonly name: string
  readonly training?: { readonly crops?: readonly { readonly until?: number; readonly frames: number }[] }
}

const { values: flags } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'recipes/frame-transformer-stages.yaml' },
    data: { type: 'string' },
    clips: { type: 'string' },
    runs: { type: 'string' },
    cache: { type: 'string', default: 'cache' },
    seconds: { type: 'string', default: '240' },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    group: { type: 'string', multiple: true, default: [] },
  },
})
const { data, clips, runs } = flags
if (data === undefined || clips === undefined || runs === undefined)
  throw new Error('ablation: give --data (folders of recordings), --clips (clips to score) and --runs (a folder for the runs)')
const [seconds, seeds, threads] = [flags.seconds, flags.seeds, flags.threads].map(Number) as [number, number, number]
const written = parse(await readFile(flags.recipe, 'utf8')) as { readonly stages: readonly Section[] } & Record<string, unknown>

const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`)

async function known<T>(file: string): Promise<T | undefined> {
  return readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as T,
    () => undefined,
  )
}

/** Crops of a stage at its new length: the first ones keep their share of it. */
function cropsOf({ training }: Section, steps: number) {
  const last = training?.crops?.findLast(({ until }) => until !== undefined)?.until
  if (last === undefined) return {}
  const share = firstCrops / last
  return {
    crops: training!.crops!.map((crop) => (crop.until === undefined ? crop : { ...crop, until: Math.round(crop.until * share * steps) })),
  }
}

/** The recipe with some of its stages, in the lengths given. */
function recipeOf(name: string, seed: number, lengths: Readonly<Record<string, number>>): Recipe {
  const stages = written.stages.flatMap((stage) => {
    const steps = lengths[stage.name]
    if (steps === undefined) return []
    const every = Math.ceil(steps / validations)
    const training = {
      ...stage.training,
      ...cropsOf(stage, steps),
      steps,
      decay: Math.round(decayShare * steps),
      validateEvery: every,
      checkpointEvery: 100,
    }
    return [{ ...stage, training }]
  })
  const training = { ...(written.training as object), seed }
  return recipeSchema.parse({ ...written, name, training, stages })
}

async function train(recipe: Recipe, runFolder: string, onStep: (step: number) => void): Promise<string> {
  const { model } = await runTraining({
    recipe,
    recipeFolder: '.',
    dataFolder: data,
    cacheFolder: flags.cache,
    runFolder,
    threads,
    onEvent: (event) => {
      if (event.kind === 'stage') say(`${recipe.name}: ${event.name}${event.skipped ? ', done' : ''}`)
      if (event.kind === 'validation')
        say(`${recipe.name}: step ${event.step} ${event.kinds.map(({ name }) => `${name} ${event.scores[name]!.toFixed(2)}`).join(' ')}`)
      if (event.kind === 'step') onStep(event.step)
    },
  })
  return model
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** Processor seconds of a step, by stage. */
async function calibrate(folder: string): Promise<Readonly<Record<string, number>>> {
  const file = join(folder, 'calibration.json')
  const before = await known<Record<string, number>>(file)
  if (before) return before
  const costs: Record<string, number> = {}
  for (const { name } of written.stages) {
    const marks: number[] = []
    // Its own folder for each: a stage is measured from fresh weights.
    await train(recipeOf(`calibration-${name}`, 1, { [name]: 2 * measured }), join(folder, 'calibration', name), () => {
      const { user, system } = process.cpuUsage()
      marks.push((user + system) / 1e6)
    })
    const steps = marks.map((mark, i) => mark - (marks[i - 1] ?? mark))
    // The last crop is longer: each counts for its share of the steps.
    const change = Math.round(firstCrops * steps.length)
    const [before, after] = [steps.slice(measured, change), steps.slice(change + 1)].map(median) as [number, number]
    costs[name] = firstCrops * before + (1 - firstCrops) * after
    say(`a step of "${name}" takes ${costs[name]!.toFixed(3)} s of processor time`)
  }
  await writeWhole(file, JSON.stringify(costs, null, 2))
  return costs
}

interface Outcome {
  readonly arm: Arm
  readonly seed: number
  readonly steps: Readonly<Record<string, number>>
  /** Processor seconds that the process of the run took, programs, validations and scores of clips included; of a run that was interrupted, since then. */
  readonly spent: number
  readonly scores: Scores
}

async function outcomeOf(arm: Arm, seed: number, costs: Readonly<Record<string, number>>): Promise<Outcome> {
  const name = `${arm.replaceAll(/[^0-9]+/g, '')}-seed-${seed}`
  const folder = join(runs!, name)
  const file = join(folder, 'outcome.json')
  const before = await known<Outcome>(file)
  if (before) return before
  const started = process.cpuUsage()
  const steps = Object.fromEntries(
    Object.entries(arms[arm]).map(([stage, share]) => [stage, Math.round((share * seconds) / costs[stage]!)]),
  )
  say(
    `${name}: ${Object.entries(steps)
      .map(([stage, count]) => `${count} steps of ${stage}`)
      .join(', ')}`,
  )
  const model = await train(recipeOf(`stages-${name}`, seed, steps), folder, () => {})
  const scoreFile = join(folder, 'scores.json')
  const quiet = { write: () => true }
  const signal = new AbortController().signal
  await runScore(clips!, { model, threads, group: flags.group, json: scoreFile }, { stdout: quiet, stderr: quiet as never, signal })
  const { user, system } = process.cpuUsage(started)
  const outcome = { arm, seed, steps, spent: (user + system) / 1e6, scores: (await known<Scores>(scoreFile))! }
  await writeWhole(file, JSON.stringify(outcome, null, 2))
  return outcome
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length
/** Of a sample: over n − 1. */
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / Math.max(1, values.length - 1))
const spread = (values: readonly number[]): string =>
  values.length === 0 ? '–' : `${mean(values).toFixed(2)}${values.length > 1 ? ` ± ${deviation(values).toFixed(2)}` : ''}`

/** A table per group of clips: SDR in dB, mean and deviation over seeds of the mean over clips. */
function tableOf(outcomes: readonly Outcome[]): string {
  const groups = outcomes[0]!.scores.groups.map(({ group, clips: count }) => ({ group, count }))
  const names = Object.keys(arms) as Arm[]
  const parts = groups.map(({ group, count }) => {
    const sdr = (stem: 'vocals' | 'accompaniment', arm: Arm, of: 'model' | 'mixture' | 'oracle' = 'model') =>
      outcomes.filter((one) => one.arm === arm).map(({ scores }) => scores.groups.find((one) => one.group === group)!.mean[of][stem].sdr)
    const gain = (arm: Arm) => {
      const pairs = outcomes
        .filter((one) => one.arm === arm)
        .flatMap((one) => {
          const base = outcomes.find((other) => other.arm === names[0] && other.seed === one.seed)
          const of = ({ scores }: Outcome) => scores.groups.find((other) => other.group === group)!.mean.model.vocals.sdr
          return base ? [of(one) - of(base)] : []
        })
      return spread(pairs)
    }
    const rows = names.map((arm) => {
      const done = outcomes.filter((one) => one.arm === arm).length
      return `| ${arm} | ${done} | ${spread(sdr('vocals', arm))} | ${spread(sdr('accompaniment', arm))} | ${arm === names[0] ? '' : gain(arm)} |`
    })
    const untouched = (['mixture', 'oracle'] as const).map(
      (of) =>
        `| ${of === 'mixture' ? 'the mixture' : 'ideal mask'} | | ${sdr('vocals', names[0]!, of)[0]?.toFixed(2)} | ${sdr('accompaniment', names[0]!, of)[0]?.toFixed(2)} | |`,
    )
    const head = [
      `### ${group} (${count} clips)`,
      '',
      '| arm | seeds | vocals | accompaniment | vocals, above stage 1 with the same seed |',
      '| --- | --- | --- | --- | --- |',
    ]
    return [...head, ...rows, ...untouched].join('\n')
  })
  const steps = names.map((arm) => {
    const one = outcomes.find((other) => other.arm === arm)
    return one
      ? `- ${arm}: ${Object.entries(one.steps)
          .map(([stage, count]) => `${count} steps of ${stage}`)
          .join(', ')}`
      : `- ${arm}: none done yet`
  })
  return `SDR in dB, mean ± deviation over seeds of the mean over clips; ${seconds} s of processor time for each run's steps.\n\n${steps.join('\n')}\n\n${parts.join('\n\n')}\n`
}

await mkdir(runs, { recursive: true })
const costs = await calibrate(runs)
const outcomes: Outcome[] = []
for (let seed = 1; seed <= seeds; seed++) {
  for (const arm of Object.keys(arms) as Arm[]) {
    outcomes.push(await outcomeOf(arm, seed, costs))
    await writeWhole(join(runs, 'ablation.md'), tableOf(outcomes))
    say(`${arm}, seed ${seed}: done`)
  }
}
say(`all done: ${join(runs, 'ablation.md')}`)
process.exit(0)
