/** The tasks `frames` and `clips`: targets, losses, scores of answers that are known, and short trainings through runTraining. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrnnInput, type NetworkConfig, type VocabularyName, vocabularies } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { scoreClasses, scorePresence } from '../../src/tasks/analysis/frame-scores.ts'
import { clipTargets, frameTargets } from '../../src/tasks/analysis/targets.ts'
import { type Task, taskKinds } from '../../src/tasks/index.ts'
import { type RunEvent, recipeSchema, runTraining } from '../../src/training/index.ts'
import { expectWhole } from '../report/support.ts'

let folder: string
let backend: Backend
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-analysis-'))
  backend = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

/** Sizes that train in seconds. */
const tiny = {
  architecture: 'crnn',
  sampleRate: 8000,
  seconds: 1,
  nFft: 256,
  hopLength: 80,
  bands: 24,
  lowest: 60,
  channels: [8, 8],
  poolBands: [2, 2],
  poolFrames: [1, 1],
  features: 16,
  hidden: 12,
  dropout: 0,
} as const

const dataOf = (kind: VocabularyName, more: object = {}) => ({ kind, clips: 1, heldOut: 4, clipSeconds: 1.5, ...more })

async function open(task: 'frames' | 'clips', model: Omit<CrnnInput, 'architecture'>, data: object, dataFolder?: string): Promise<Task> {
  const kind = taskKinds.find(({ name }) => name === task)!
  const parts = { model: kind.model.parse({ ...tiny, ...model }) as NetworkConfig, data: kind.data.parse(data) }
  return kind.open(parts, { seed: 1, batchSize: 3 }, { recipeFolder: folder, cacheFolder: folder, dataFolder, onProgress: () => {} })
}

const says = (labels: readonly string[], answers: 'one' | 'any' | 'events') => ({ labels, answers })

describe('targets', () => {
  it('1.14 time-varying task head: a frame has the label that holds at its centre', () => {
    const annotations = [
      { label: 'C', start: 0, end: 0.5 },
      { label: 'G', start: 0.5, end: 1.4 },
    ]
    const target = (start: number, frames: number) =>
      Array.from(frameTargets(annotations, says(['C', 'G'], 'one'), { start, seconds: frames * 0.1, frames, frameSeconds: 0.1 }))
    expect(target(0, 8)).toEqual([0, 0, 0, 0, 0, 1, 1, 1])
    expect(target(0.25, 4)).toEqual([0, 0, 0, 1])
    // Behind the last label there is none, but for the frame that is centred on the end.
    expect(target(1.05, 6)).toEqual([1, 1, 1, 1, -100, -100])
    expect(target(0.9, 6)).toEqual([1, 1, 1, 1, 1, 1])
    expect(() =>
      frameTargets([{ label: 'F', start: 0, end: 1 }], says(['C', 'G'], 'one'), { start: 0, seconds: 1, frames: 2, frameSeconds: 0.5 }),
    ).toThrow('the label "F" is none of the network\'s: C, G')
  })

  it('1.14 time-varying task head: an event is 1 at its frame and half of it beside; what lasts is 1 as long as it does', () => {
    const stretch = { start: 1, seconds: 0.7, frames: 8, frameSeconds: 0.1 }
    const events = [0.95, 1.12, 1.31, 1.68].map((start) => ({ label: 'onset', start, end: start }))
    // 0.95 is nearest to the frame before the first, or to the first: Math.round takes −0.5 to 0.
    expect(Array.from(frameTargets(events.slice(1), says(['onset'], 'events'), stretch))).toEqual([0.5, 1, 0.5, 1, 0.5, 0, 0.5, 1])
    const sung = [{ label: 'vocals', start: 1.25, end: 1.5 }]
    expect(Array.from(frameTargets(sung, says(['drums', 'vocals'], 'any'), stretch))).toEqual([
      0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0,
    ])
  })

  it('1.15 time-invariant task head: a stretch has the label that holds longest, or all that hold', () => {
    const annotations = [
      { label: 'C', start: 0, end: 0.5 },
      { label: 'G', start: 0.5, end: 1.4 },
    ]
    const stretch = (start: number) => ({ start, seconds: 0.5, frames: 1, frameSeconds: 1 })
    expect(Array.from(clipTargets(annotations, says(['C', 'G'], 'one'), stretch(0.2)))).toEqual([0])
    expect(Array.from(clipTargets(annotations, says(['C', 'G'], 'one'), stretch(0.3)))).toEqual([1])
    expect(Array.from(clipTargets(annotations, says(['A', 'C', 'G'], 'any'), stretch(0.3)))).toEqual([0, 1, 1])
    expect(() => clipTargets(annotations, says(['C', 'G'], 'one'), stretch(2))).toThrow('no label from 2 to 2.5 s')
  })
})

describe('scores of frames', () => {
  it('1.14 time-varying task head: frame F1 beside that of the best constant answer', () => {
    // Six of class 0, two of class 1; one of each taken for the other.
    const scores = scoreClasses([0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1, 0], 3)
    expect(scores.accuracy).toBe(6 / 8)
    expect(scores.frameF1).toBeCloseTo((10 / 12 + 2 / 4) / 2, 12)
    expect(scores.constantF1).toBeCloseTo(12 / 14 / 2, 12)
    expect(scores.constantAccuracy).toBe(6 / 8)
    const presence = scorePresence([true, true, true, false], [true, false, false, true])
    expect(presence).toEqual({ accuracy: 1 / 4, frameF1: 2 / 5, constantF1: 6 / 7, constantAccuracy: 3 / 4 })
  })
})

describe('task frames', () => {
  it('1.14 time-varying task head: batches are functions of the step, stretches of clips with their own labels', async () => {
    const task = await open('frames', { labels: 'onsets', answers: 'events' }, dataOf('onsets', { clips: 4, heldOut: 1 }))
    expect(task.batch).toEqual({ audio: [3, 8000], target: { shape: [3, 101, 1], dtype: 'float32' } })
    const [first, again, next] = [await task.batchAt(4), await task.batchAt(4), await task.batchAt(5)]
    expect(again).toEqual(first)
    expect(next.audio).not.toEqual(first.audio)
    expect(first.audio).toHaveLength(24000)
    expect(first.target).toHaveLength(303)
    expect((first.target as Float32Array).some((value) => value === 1)).toBe(true)
    await task.close()
  })

  it('1.14 time-varying task head: one who says the same of all frames is worth nothing above the constant answer', async () => {
    const task = await open('frames', { labels: 'chords', hopLength: 256 }, dataOf('chords'))
    const values = initialValues(task.network, 1)
    for (const name of ['head.linear.weight', 'head.linear.bias']) values.get(name)!.fill(0)
    // N, no chord: never the most frequent.
    values.get('head.linear.bias')![24] = 3
    const { scores, pictures } = await task.judge({ values, backend, examples: 4, pause: async () => {} })
    expect(Object.keys(scores)).toEqual(task.scores.map(({ name }) => name))
    expect(scores.aboveConstant!).toBeLessThan(0)
    for (const picture of ['truth', 'estimate', 'confusion']) expectWhole(pictures![picture]!)
    await expect(task.judge({ values, backend, examples: 5, pause: async () => {} })).rejects.toThrow(
      'validationExamples: 5; the data hold out 4 clips: lower it, or raise data.heldOut',
    )
    await task.close()
  })

  it('1.14 time-varying task head: after a short training onsets have a frame F1 above that of any constant answer', async () => {
    const recipe = recipeSchema.parse({
      name: 'tiny-onsets',
      task: 'frames',
      model: { ...tiny, labels: 'onsets', answers: 'events' },
      data: dataOf('onsets', { clips: 12, heldOut: 6, posWeight: 2 }),
      training: {
        steps: 80,
        batchSize: 6,
        learningRate: 0.01,
        warmup: 5,
        decay: 40,
        averageDecay: 0.9,
        validateEvery: 80,
        validationExamples: 6,
      },
    })
    const events: RunEvent[] = []
    await runTraining({
      recipe,
      recipeFolder: folder,
      cacheFolder: folder,
      runFolder: join(folder, 'onsets'),
      threads: 1,
      onEvent: (event) => events.push(event),
    })
    const judged = events.find((event) => event.kind === 'validation')!
    expect(judged.scores.aboveConstant!).toBeGreaterThan(0.2)
    expect(judged.scores.f1!).toBeGreaterThan(0.6)
  })

  it('refuses labels that the clips do not have, stretches longer than clips, heads for clips, and folders', async () => {
    const parse = (task: string, model: object) => () => taskKinds.find(({ name }) => name === task)!.model.parse({ ...tiny, ...model })
    await expect(open('frames', { labels: 'keys' }, dataOf('chords'))).rejects.toThrow('use `labels: chords`')
    await expect(open('frames', { labels: 'chords', seconds: 2 }, dataOf('chords'))).rejects.toThrow('model: seconds 2; the clips have 1.5')
    await expect(open('frames', { labels: 'chords' }, dataOf('chords'), '/music')).rejects.toThrow(
      '--data /music: clips of this task are made here',
    )
    expect(parse('frames', { labels: 'chords', head: 'mean' })).toThrow('needs the head `frames`')
    expect(parse('clips', { labels: 'keys' })).toThrow('any head but `frames`')
    expect(() => taskKinds.find(({ name }) => name === 'clips')!.data.parse(dataOf('chords'))).toThrow()
  })
})

describe('task clips', () => {
  it('1.15 time-invariant task head: scores of keys count relatives, those of tags count each tag', async () => {
    const keys = await open('clips', { labels: 'keys', head: 'mean' }, dataOf('keys'))
    expect(keys.batch.target).toEqual({ shape: [3], dtype: 'int32' })
    const judge = (task: Task) => task.judge({ values: initialValues(task.network, 1), backend, examples: 4, pause: async () => {} })
    const scores = (await judge(keys)).scores
    expect(Object.keys(scores)).toEqual(['accuracy', 'aboveConstant', 'mirex'])
    expect(scores.mirex!).toBeGreaterThanOrEqual(scores.accuracy!)
    expectWhole((await judge(keys)).pictures!.confusion!)

    const tags = await open('clips', { labels: 'tags', answers: 'any', head: 'max' }, dataOf('tags'))
    expect(tags.batch.target).toEqual({ shape: [3, vocabularies.tags.length], dtype: 'float32' })
    const values = initialValues(tags.network, 1)
    values.get('head.linear.weight')!.fill(0)
    values.get('head.linear.bias')!.fill(1)
    // One who says all tags of all clips is the constant answer itself.
    expect((await tags.judge({ values, backend, examples: 4, pause: async () => {} })).scores.aboveConstant).toBeCloseTo(0, 12)
  })

  it('1.15 time-invariant task head: after a short training instruments are told apart far above the most frequent answer', async () => {
    const recipe = recipeSchema.parse({
      name: 'tiny-instruments',
      task: 'clips',
      model: { ...tiny, labels: 'instruments', head: 'mean', nFft: 512, hopLength: 160, bands: 32, poolFrames: [2, 2] },
      data: dataOf('instruments', { clips: 160, heldOut: 20 }),
      training: {
        steps: 150,
        batchSize: 12,
        learningRate: 0.01,
        warmup: 5,
        decay: 75,
        averageDecay: 0.9,
        validateEvery: 150,
        validationExamples: 20,
      },
    })
    const events: RunEvent[] = []
    await runTraining({
      recipe,
      recipeFolder: folder,
      cacheFolder: folder,
      runFolder: join(folder, 'instruments'),
      threads: 1,
      onEvent: (event) => events.push(event),
    })
    expect(events.find((event) => event.kind === 'validation')!.scores.aboveConstant!).toBeGreaterThan(0.15)
  })
})
