/** Recipes with stages as runs: what is handed over, what is done again and what is not; and runs that have to go back. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSafetensors, writeSafetensors } from '../../src/formats/index.ts'
import { readModelAt } from '../../src/models/index.ts'
import { type RunEvent, type RunOptions, recipeSchema, runTraining } from '../../src/training/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-stages-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const symbols = ['do', 're', '.', ',', '1?', '2?']
const model = {
  architecture: 'sequence-classifier',
  vocabulary: { kind: 'symbols', symbols },
  labels: ['re', 'do'],
  embedding: 4,
  hidden: 8,
}
const common = {
  name: 'staged',
  task: 'recall',
  model,
  data: { questions: ['1?', '2?'], wait: [2, 4] },
  training: {
    batchSize: 4,
    learningRate: 0.01,
    warmup: 2,
    validateEvery: 4,
    validationExamples: 20,
    checkpointEvery: 3,
    averageDecay: 0.5,
  },
}

interface Run {
  readonly events: readonly RunEvent[]
  readonly result: Awaited<ReturnType<typeof runTraining>>
}

async function run(recipe: object, name: string, more: Partial<RunOptions> = {}): Promise<Run> {
  const events: RunEvent[] = []
  const result = await runTraining({
    recipe: recipeSchema.parse(recipe),
    runFolder: join(folder, name),
    recipeFolder: folder,
    cacheFolder: folder,
    threads: 1,
    onEvent: (event) => events.push(event),
    ...more,
  })
  return { events, result }
}

const bytes = (...path: string[]) => readFile(join(folder, ...path))
/** A checkpoint's arrays, without its facts, which hold the seconds that it took. */
const arrays = async (...path: string[]) => readSafetensors(await bytes(...path)).tensors
const values = async (...path: string[]) => (await readModelAt(join(folder, ...path))).values
const notes = ({ events }: Run) => events.flatMap((event) => (event.kind === 'start' ? [event.notes] : []))
const stages = ({ events }: Run) => events.flatMap((event) => (event.kind === 'stage' ? [event] : []))

describe('a recipe with stages', () => {
  // Too small a rate to change a weight: what a stage starts from is what it ends with.
  const still = { learningRate: 1e-30, averageDecay: 0 }
  const two = (second: object) => ({
    ...common,
    stages: [
      { name: 'first', training: { steps: 10 } },
      { name: 'second', ...second },
    ],
  })

  it('trains one after the other in folders of their own, each from what the one before has learned, and leaves the last one’s model', async () => {
    const both = await run(two({ training: { steps: 4, ...still } }), 'handed')
    expect(stages(both)).toEqual([
      { kind: 'stage', name: 'first', number: 1, stages: 2, before: 0, steps: 14, skipped: false },
      { kind: 'stage', name: 'second', number: 2, stages: 2, before: 10, steps: 14, skipped: false },
    ])
    expect(both.result).toMatchObject({ finished: true, step: 4, model: join(folder, 'handed', 'model.safetensors') })
    const [best, end] = [await values('handed', '1-first', 'best.safetensors'), await values('handed', '2-second', 'model.safetensors')]
    expect(end).toEqual(best)
    expect(notes(both)[1]![0]).toMatch(/^starts from .*1-first\/best\.safetensors: (\d+) of \1 arrays$/)
    expect(await bytes('handed', 'model.safetensors')).toEqual(await bytes('handed', '2-second', 'model.safetensors'))
    expect(await readFile(join(folder, 'handed', '1-first', 'report.html'), 'utf8')).toContain('</html>')
  })

  it('starts from the last weights, or from their average at the end, where it says so', async () => {
    for (const startFrom of ['last', 'average'] as const) {
      await run(two({ startFrom, training: { steps: 1, ...still } }), startFrom)
      const before = await arrays(startFrom, '1-first', 'last.safetensors')
      const after = await arrays(startFrom, '2-second', 'last.safetensors')
      expect(after.get('weights'), startFrom).toEqual(before.get(startFrom === 'last' ? 'weights' : 'average'))
    }
    expect(await arrays('last', '2-second', 'last.safetensors')).not.toEqual(await arrays('average', '2-second', 'last.safetensors'))
  })

  it('stops after steps that are counted over all stages, goes on bit for bit, and passes over what is done', async () => {
    const recipe = { ...common, stages: [1, 2, 3].map((n) => ({ name: `s${n}`, training: { steps: 5 + n } })) }
    const whole = await run(recipe, 'whole')
    expect(whole.result.finished).toBe(true)
    const first = await run(recipe, 'cut', { stopAfter: 4 })
    expect(first.result).toMatchObject({ finished: false, step: 4 })
    expect(stages(first)).toHaveLength(1)
    const second = await run(recipe, 'cut', { stopAfter: 6 })
    expect(second.result).toMatchObject({ finished: false, step: 6 })
    const third = await run(recipe, 'cut', { stopAfter: 15 })
    expect(third.result).toMatchObject({ finished: false, step: 2 })
    expect(stages(third).map(({ skipped }) => skipped)).toEqual([true, false, false])
    expect((await run(recipe, 'cut')).result.finished).toBe(true)
    for (const [i, name] of ['s1', 's2', 's3'].entries()) {
      const stage = `${i + 1}-${name}`
      expect(await arrays('cut', stage, 'last.safetensors'), name).toEqual(await arrays('whole', stage, 'last.safetensors'))
      for (const file of ['model', 'best'])
        expect(await bytes('cut', stage, `${file}.safetensors`), file).toEqual(await bytes('whole', stage, `${file}.safetensors`))
    }
    const again = await run(recipe, 'cut')
    expect(stages(again).map(({ skipped }) => skipped)).toEqual([true, true, true])
    expect(again.result).toMatchObject({ finished: true, step: 8 })
  })

  it('does not go on from a stage that another recipe trained, and tells where the stage before has other weights now', async () => {
    const other = { ...two({ training: { steps: 4 } }), training: { ...common.training, seed: 2 } }
    await run(two({ training: { steps: 4 } }), 'changed')
    await expect(run(other, 'changed')).rejects.toThrow(/1-first.last\.safetensors belongs to another recipe/)
    await rm(join(folder, 'changed', '1-first'), { recursive: true })
    await expect(run(other, 'changed')).rejects.toThrow(/2-second.last\.safetensors belongs to another recipe/)
    // Longer is the same stage; the next one keeps what it started from, and says so.
    const longer = {
      ...common,
      stages: [
        { name: 'first', training: { steps: 12 } },
        { name: 'second', training: { steps: 6 } },
      ],
    }
    await run(two({ startFrom: 'average', training: { steps: 4 } }), 'longer')
    longer.stages[1] = { ...longer.stages[1]!, ...{ startFrom: 'average' } }
    const further = await run(longer, 'longer')
    expect(further.result).toMatchObject({ finished: true, step: 6 })
    expect(notes(further)[1]).toEqual([expect.stringMatching(/has other weights than when this run started from it/)])
  })

  it('takes over what has the name and shape that it has, says what not, and refuses to take over nothing', async () => {
    const wider = await run(
      two({ model: { labels: ['re', 'do', '.'] }, data: { questions: ['1?'] }, training: { steps: 1, ...still } }),
      'wider',
    )
    const [, second] = notes(wider)
    expect(second).toEqual([
      expect.stringMatching(/^starts from/),
      expect.stringMatching(/^these start fresh: .*weight/),
      expect.stringMatching(/^these of the file are not taken: .*weight/),
    ])
    const strange = {
      ...common,
      training: { ...common.training, steps: 1 },
      initialWeights: 'strange.safetensors',
    }
    const tensors = new Map([['elsewhere', { shape: [2], data: Float32Array.of(1, 2) }]])
    await writeFile(join(folder, 'strange.safetensors'), writeSafetensors({ tensors, metadata: {} }))
    await expect(run(strange, 'strange')).rejects.toThrow(
      /strange\.safetensors: has no value of a name and shape that .* has; its names are elsewhere, those of the network/,
    )
  })

  it('starts from a file of weights; a checkpoint is none, nor is what is not there', async () => {
    const from = (initialWeights: string) => ({ ...two({ training: { steps: 1 } }), initialWeights })
    const source = join('handed', '1-first', 'model.safetensors')
    const begun = await run({ ...from(source), training: { ...common.training, ...still } }, 'begun')
    expect(await values('begun', '1-first', 'model.safetensors')).toEqual(await values(source))
    expect(notes(begun)[0]![0]).toContain(source)
    await expect(run(from(join('handed', '1-first', 'last.safetensors')), 'refused')).rejects.toThrow(
      /last\.safetensors is the checkpoint of a run; give the model beside it/,
    )
    await expect(run(from('gone.pth'), 'refused')).rejects.toThrow(/initialWeights: .*gone\.pth: there is no such file/)
  })
})

describe('updates of several batches', () => {
  it('are the run of one large batch where the examples are the same ones, up to rounding', async () => {
    const training = { ...common.training, steps: 6, optimizer: { name: 'sgd' }, clipNorm: 100 }
    const whole = await run({ ...common, training }, 'large')
    const parted = await run({ ...common, training: { ...training, batchSize: 1, accumulate: 4 } }, 'parted')
    const losses = ({ events }: Run) => events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []))
    // float32 sums in another order, six updates at a rate of 0.01: a few units of 6e-8.
    for (const [i, loss] of losses(whole).entries()) expect(Math.abs(loss - losses(parted)[i]!)).toBeLessThan(1e-6)
    const again = await run({ ...common, training: { ...training, batchSize: 1, accumulate: 4 } }, 'cut-parted', { stopAfter: 4 })
    expect(again.result.step).toBe(4)
    await run({ ...common, training: { ...training, batchSize: 1, accumulate: 4 } }, 'cut-parted')
    expect(await arrays('cut-parted', 'last.safetensors')).toEqual(await arrays('parted', 'last.safetensors'))
  })
})

describe('steps that are not finite', () => {
  /** The first update throws the weights far away; all later ones are sane. */
  const wild = {
    ...common,
    training: {
      ...common.training,
      steps: 20,
      warmup: 0,
      learningRate: 1e38,
      clipNorm: 1e30,
      optimizer: { name: 'sgd', momentum: 0.9 },
      schedule: { name: 'multi-step', milestones: [5], gamma: 1e-40 },
      checkpointEvery: 4,
    },
  }

  it('set the weights back to the last good checkpoint, and training goes on with later batches; stops in between change nothing', async () => {
    const whole = await run(wild, 'wild')
    const restores = whole.events.filter((event) => event.kind === 'restore')
    const accepted = whole.events.flatMap((event) => (event.kind === 'step' ? [event.accepted] : []))
    const first = accepted.indexOf(false)
    expect(accepted).toEqual(Array.from({ length: 20 }, (_, i) => i < first || i >= first + 10))
    expect(restores).toEqual([{ kind: 'restore', step: first + 10, to: 0 }])
    expect(whole.result.finished).toBe(true)
    expect(await readFile(join(folder, 'wild', 'log.jsonl'), 'utf8')).toContain('set back to the weights of step 0')
    for (const stopAfter of [6, 13]) await run(wild, 'wild-cut', { stopAfter })
    await run(wild, 'wild-cut')
    for (const file of ['last.safetensors', 'good.safetensors'])
      expect(await arrays('wild-cut', file), file).toEqual(await arrays('wild', file))
    expect(await bytes('wild-cut', 'model.safetensors')).toEqual(await bytes('wild', 'model.safetensors'))
  })

  it('end a run that has gone back five times in vain', async () => {
    const hopeless = { ...wild, training: { ...wild.training, steps: 120, schedule: { name: 'constant' } } }
    const events: RunEvent[] = []
    await expect(run(hopeless, 'hopeless', { onEvent: (event) => events.push(event) })).rejects.toThrow(
      /not finite in 10 steps in a row, also after the weights had been set back 5 times; lower learningRate \(now 1e\+38\)/,
    )
    expect(events.filter((event) => event.kind === 'restore')).toHaveLength(5)
  })
})
