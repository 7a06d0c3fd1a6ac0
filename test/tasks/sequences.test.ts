/** The tasks `sequences` and `recall`: their batches, their scores, and that networks learn them by a recipe. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { partOf } from '../../src/data/index.ts'
import type { NetworkConfig } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { type Task, taskKinds } from '../../src/tasks/index.ts'
import { type Recipe, type RunEvent, recipeSchema, runTraining } from '../../src/training/index.ts'
import { expectWhole, texts } from '../report/support.ts'

let backend: Backend
let folder: string
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'divisi-task-sequences-'))
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

function open(name: 'sequences' | 'recall', model: object, data: object): Promise<Task> {
  const kind = taskKinds.find((one) => one.name === name)!
  const parts = { model: kind.model.parse(model) as NetworkConfig, data: kind.data.parse(data) }
  return kind.open(parts, { seed: 1, batchSize: 5 }, { recipeFolder: folder, cacheFolder: folder, onProgress: () => {} })
}

/** Trains by a recipe in a folder of its own; the last scores. */
async function scoresOf(recipe: object, name: string): Promise<Readonly<Record<string, number>>> {
  const events: RunEvent[] = []
  await runTraining({
    recipe: recipeSchema.parse(recipe) as Recipe,
    runFolder: join(folder, name),
    recipeFolder: folder,
    cacheFolder: folder,
    threads: 1,
    onEvent: (event) => events.push(event),
  })
  return events.flatMap((event) => (event.kind === 'validation' ? [event.scores] : [])).at(-1)!
}

const seq2seq = { architecture: 'seq2seq', source: { kind: 'symbols', symbols: ['C', 'Am', 'F', 'G'] }, embedding: 8, hidden: 16 }
const strings = { kind: 'reverse', length: [2, 4] }

const classifier = {
  architecture: 'sequence-classifier',
  vocabulary: { kind: 'symbols', symbols: ['do', 're', '.', ',', '1?', '2?'] },
  labels: ['re', 'do'],
  embedding: 4,
  hidden: 8,
}
const recall = { questions: ['1?', '2?'], wait: [2, 4] }

describe('task sequences', () => {
  it('1.4, 1.5 batches are functions of the step: strings of the vocabulary, their reverse with the end symbol, and none that is held out', async () => {
    const task = await open('sequences', seq2seq, strings)
    const [first, second, again] = [await task.batchAt(0), await task.batchAt(1), await task.batchAt(1)]
    expect(second).toEqual(again)
    expect(second).not.toEqual(first)
    for (let step = 0; step < 40; step++) {
      const { source, lengths, target } = (await task.batchAt(step)) as Record<string, Int32Array>
      for (let b = 0; b < 5; b++) {
        const string = source!.slice(4 * b, 4 * b + lengths![b]!)
        expect(string.every((id) => id >= 4 && id < 8)).toBe(true)
        expect(partOf(string.map((id) => id - 4))).toBe('training')
        const rest = new Array<number>(4 - string.length).fill(0)
        expect(Array.from(source!.slice(4 * b, 4 * b + 4))).toEqual([...string, ...rest])
        expect(Array.from(target!.slice(5 * b, 5 * b + 5))).toEqual([...string.toReversed(), 3, ...rest])
      }
    }
    await task.close()
  })

  it('1.4, 1.5 scores count symbols at their places and whole strings: who says one symbol for ever is never right', async () => {
    const task = await open('sequences', { ...seq2seq, source: { symbols: ['C', 'G'] } }, { kind: 'copy', length: [1, 8] })
    const values = initialValues(task.network, 1)
    for (const name of ['head.weight', 'head.bias']) values.get(name)!.fill(0)
    const judge = async (say: number) => {
      values.get('head.bias')!.fill(0)[say] = 5
      return task.judge({ values, backend, examples: 30, pause: async () => {} })
    }
    const { scores, pictures } = await judge(4)
    expect(scores).toMatchObject({ strings: 0, longest: 0 })
    // Half of the symbols, and no end symbol.
    expect(scores.symbols).toBeGreaterThan(0.25)
    expect(scores.symbols).toBeLessThan(0.55)
    expect(Object.keys(pictures!).sort()).toEqual(['attention', 'lengths'])
    for (const picture of Object.values(pictures!)) expectWhole(picture)
    expect(texts(pictures!.attention!)).toContain('Where the decoder looks while copying')
    expect((await judge(3)).scores).toEqual({ strings: 0, longest: 0, symbols: 0 })
    expect(task.scores.map(({ name }) => name)).toEqual(['strings', 'longest', 'symbols'])
  })

  it('1.5 a recipe trains it: strings that were not in training are reversed', async () => {
    const training = {
      steps: 500,
      decay: 250,
      batchSize: 32,
      learningRate: 0.01,
      warmup: 20,
      averageDecay: 0.95,
      validationExamples: 60,
      validateEvery: 500,
    }
    const scores = await scoresOf({ name: 'chords', task: 'sequences', model: seq2seq, data: strings, training }, 'reverse')
    expect(scores.strings).toBeGreaterThan(0.9)
    expect(scores.longest).toBeGreaterThan(0.9)
    expect(scores.symbols).toBeGreaterThan(0.95)
  })

  it('refuses lengths that are none, and another vocabulary to say than to read', async () => {
    await expect(open('sequences', { ...seq2seq, target: { symbols: ['C', 'D'] } }, strings)).rejects.toThrow(
      'model.target: the task says the symbols that it reads; leave it out',
    )
    await expect(async () => open('sequences', seq2seq, { ...strings, length: [4, 2] })).rejects.toThrow('the smaller one first')
    // All strings of one symbol of this length are one, and that is in one part or the other.
    const single = (length: number) =>
      open('sequences', { ...seq2seq, source: { symbols: ['C'] } }, { kind: 'copy', length: [length, length] })
    for (const length of [1, 2]) {
      const { batchAt } = await single(length).catch((error: Error) => ({ batchAt: () => Promise.reject(error) }))
      await expect(batchAt(0)).rejects.toThrow('there are too few strings: give more symbols, or longer ones')
    }
    await expect(async () => open('sequences', seq2seq, { kind: 'sort', length: [1, 2] })).rejects.toThrow()
  })
})

describe('task recall', () => {
  it('1.7 batches are what is shown, the wait and the question in ids of the vocabulary, with the label of the answer', async () => {
    const task = await open('recall', classifier, recall)
    expect(await task.batchAt(3)).toEqual(await task.batchAt(3))
    for (let step = 0; step < 20; step++) {
      const { ids, lengths, label } = (await task.batchAt(step)) as Record<string, Int32Array>
      for (let b = 0; b < 5; b++) {
        const shown = Array.from(ids!.slice(7 * b, 7 * b + lengths![b]!), (id) => classifier.vocabulary.symbols[id - 4]!)
        const question = recall.questions.indexOf(shown.at(-1)!)
        expect(shown[question]).toBe(classifier.labels[label![b]!])
        expect(shown.slice(2, -1).every((symbol) => symbol === '.' || symbol === ',')).toBe(true)
        expect(Array.from(ids!.slice(7 * b + lengths![b]!, 7 * b + 7)).every((id) => id === 0)).toBe(true)
      }
    }
    await task.close()
  })

  it('1.7 accuracy is the share of right answers: who always says the same is right as often as it is', async () => {
    const task = await open('recall', classifier, recall)
    const values = initialValues(task.network, 1)
    values.get('head.weight')!.fill(0)
    const judge = async (say: number) => {
      values.get('head.bias')!.fill(0)[say] = 1
      return task.judge({ values, backend, examples: 100, pause: async () => {} })
    }
    const [re, other] = [await judge(0), await judge(1)]
    expect(re.scores.accuracy! + other.scores.accuracy!).toBeCloseTo(1, 12)
    expect(Math.abs(re.scores.accuracy! - 0.5)).toBeLessThan(0.2)
    expect(Object.keys(re.pictures!).sort()).toEqual(['confusion', 'questions'])
    for (const picture of Object.values(re.pictures!)) expectWhole(picture)
  })

  it('1.7 a recipe trains it: what was shown is recalled in strings that were not in training', async () => {
    const training = {
      steps: 250,
      batchSize: 32,
      learningRate: 0.02,
      warmup: 10,
      averageDecay: 0.95,
      validationExamples: 100,
      validateEvery: 250,
    }
    const { accuracy } = await scoresOf({ name: 'notes', task: 'recall', model: classifier, data: recall, training }, 'recall')
    expect(accuracy).toBeGreaterThan(0.95)
  })

  it('refuses vocabularies without what the task shows', async () => {
    const refused = (model: object, data: object) => open('recall', { ...classifier, ...model }, { ...recall, ...data })
    await expect(refused({}, { questions: ['1?', '3?'] })).rejects.toThrow('model.vocabulary: lacks 3?, which the task shows')
    await expect(refused({}, { questions: ['do'] })).rejects.toThrow('data.questions: do are labels too')
    await expect(refused({ vocabulary: { symbols: ['do', 're', '1?', '2?'] } }, {})).rejects.toThrow('has no symbol for the wait')
    await expect(async () => refused({}, { wait: [5, 2] })).rejects.toThrow('the smaller one first')
  })
})
