/** Which checkpoints stay. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identityOf } from '../../src/training/identity.node.ts'
import { type Recipe, recipeSchema } from '../../src/training/index.ts'
import { type Keeping, keepCheckpoint } from '../../src/training/kept-checkpoints.node.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-kept-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const save = async (step: number, keeping: Keeping) => {
  // As writeWhole does: a new file under the name.
  await rm(join(folder, 'last.safetensors'), { force: true })
  await writeFile(join(folder, 'last.safetensors'), `weights of step ${step}`)
  await keepCheckpoint(folder, join(folder, 'last.safetensors'), step, keeping)
}
const kept = async () =>
  (await readdir(join(folder, 'checkpoints'))).sort().map((name) => Number(/^step-(\d{8})\.safetensors$/.exec(name)![1]))

describe('keepCheckpoint', () => {
  it('keeps nothing unless it is asked to', async () => {
    await save(10, {})
    expect(await readdir(folder)).toEqual(['last.safetensors'])
  })

  it('keeps the latest few, with what was in them, under second names of one file', async () => {
    for (const step of [10, 20, 30, 40]) await save(step, { keep: 2 })
    expect(await kept()).toEqual([30, 40])
    expect(await readFile(join(folder, 'checkpoints', 'step-00000030.safetensors'), 'utf8')).toBe('weights of step 30')
    expect((await stat(join(folder, 'last.safetensors'))).nlink).toBe(2)
  })

  it('keeps every so many steps for good, beside the latest few', async () => {
    for (const step of [10, 20, 30, 40, 50]) await save(step, { keepEvery: 20 })
    expect(await kept()).toEqual([20, 40])
    for (const step of [60, 70, 80, 90]) await save(step, { keep: 2, keepEvery: 40 })
    // 20 was to stay under other words, and is the run's own all the same.
    expect(await kept()).toEqual([40, 80, 90])
    await save(100, { keep: 2, keepEvery: 40 })
    expect(await kept()).toEqual([40, 80, 90, 100])
  })

  it('removes nothing of later steps from under a run that goes on from an earlier checkpoint, and leaves other files alone', async () => {
    for (const step of [10, 20, 30]) await save(step, { keep: 3 })
    await writeFile(join(folder, 'checkpoints', 'step-notes.txt'), 'mine')
    await save(15, { keep: 1 })
    expect((await readdir(join(folder, 'checkpoints'))).sort()).toEqual(
      ['step-00000015', 'step-00000020', 'step-00000030'].map((name) => `${name}.safetensors`).concat('step-notes.txt'),
    )
  })
})

describe('recipes', () => {
  const recipe = (training: object) => ({
    name: 'a',
    task: 'images',
    model: { architecture: 'lenet' },
    data: { source: 'shapes' },
    training: { steps: 20, batchSize: 2, learningRate: 0.01, checkpointEvery: 10, ...training },
  })

  it('say what is kept without becoming another run by it', () => {
    const layout = { parameters: [], buffers: [], parameterCount: 0, bufferCount: 0 }
    const digest = (training: object) => identityOf(recipeSchema.parse(recipe(training)) as Recipe, { data: [], layout })
    expect(digest({ keep: 3, keepEvery: 20 })).toBe(digest({}))
    expect(digest({ learningRate: 0.02 })).not.toBe(digest({}))
  })

  it('cannot keep checkpoints that are never written', () => {
    expect(() => recipeSchema.parse(recipe({ keepEvery: 15 }))).toThrow(/no multiple of checkpointEvery/)
    expect(() => recipeSchema.parse(recipe({ keep: -1 }))).toThrow(/keep/)
  })
})
