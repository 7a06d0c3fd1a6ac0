/** The task `images`: where its pictures come from, and its scores. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeShapes, pixelsOf } from '../../src/data/index.ts'
import { type LeNet, type NetworkConfig, readModel, writeModel } from '../../src/models/index.ts'
import { initialValues } from '../../src/nn/index.ts'
import { imageGrid } from '../../src/report/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { type Task, taskKinds } from '../../src/tasks/index.ts'
import { writeCifar, writeMnist } from '../data/images/support.ts'
import { elements, expectWhole, texts } from '../report/support.ts'

const kind = taskKinds.find(({ name }) => name === 'images')!

let backend: Backend
let folder: string
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'divisi-task-images-'))
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

function open(
  data: unknown,
  { model = {}, dataFolder, cacheFolder = folder }: { model?: object; dataFolder?: string; cacheFolder?: string } = {},
): Promise<Task> {
  const parts = { model: kind.model.parse({ architecture: 'lenet', ...model }) as NetworkConfig, data: kind.data.parse(data) }
  return kind.open(parts, { seed: 1, batchSize: 6 }, { recipeFolder: folder, cacheFolder, dataFolder, onProgress: () => {} })
}

const configOf = (task: Task) => (task.network as LeNet).config

describe('task images', () => {
  it('2.13 shapes: the network is as the data need it; batches are functions of the step, and labels go with them', async () => {
    const task = await open({ source: 'shapes', size: [20, 24] })
    expect(configOf(task)).toMatchObject({ channels: 3, size: [20, 24] })
    expect(configOf(task).classes).toHaveLength(10)
    const [first, second, again] = [await task.batchAt(0), await task.batchAt(1), await task.batchAt(1)]
    expect(first.images).toHaveLength(6 * 3 * 20 * 24)
    expect(first.labels).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n))
    expect(second.labels).toEqual(BigInt64Array.of(6n, 7n, 8n, 9n, 0n, 1n))
    expect(second).toEqual(again)
    expect(second.images).not.toEqual(first.images)
    expect(kind.data.parse('synthetic')).toEqual({ source: 'shapes', size: [32, 32] })
  })

  it('2.13 shapes: a recipe that names sizes or classes names those of its data', async () => {
    const mismatch = (model: object) => open({ source: 'shapes' }, { model })
    expect(configOf(await mismatch({ channels: 3, size: [32, 32] })).size).toEqual([32, 32])
    await expect(mismatch({ channels: 1 })).rejects.toThrow('model.channels: 1, the data have 3; leave it out, or choose other data')
    await expect(mismatch({ size: [28, 28] })).rejects.toThrow('model.size: [28,28], the data have [32,32]')
    await expect(mismatch({ classes: ['cat', 'dog'] })).rejects.toThrow(/model\.classes: \["cat","dog"\], the data have \["disc"/)
    expect(() => kind.data.parse({ source: 'shapes', size: [10, 10] })).toThrow()
    expect(() => kind.data.parse({ source: 'photographs' })).toThrow()
  })

  it('2.18 accuracy and confusion matrix: one who always gives the same answer is right for one class of ten', async () => {
    const task = await open({ source: 'shapes' })
    const values = initialValues(task.network, 1)
    for (const name of ['fc3.weight', 'fc3.bias']) values.get(name)!.fill(0)
    values.get('fc3.bias')![4] = 1
    // 73 pictures, more than one batch and no whole number of them: 8 of the first three classes, 7 of the others.
    const { scores, pictures } = await task.judge({ values, backend, examples: 73, pause: async () => {} })
    expect(scores).toEqual({ accuracy: 7 / 73 })
    expect(task.scores[0]).toEqual({ name: 'accuracy', label: 'accuracy', unit: '%' })
    expectWhole(pictures!.confusion!)
    expect(texts(pictures!.confusion!).filter((words) => words === '8' || words === '7')).toEqual([
      '8',
      '8',
      '8',
      '7',
      '7',
      '7',
      '7',
      '7',
      '7',
      '7',
    ])
    expectWhole(pictures!.answers!)
    expect(texts(pictures!.answers!)[0]).toContain('66 of 73')
  })

  it('2.18 accuracy and confusion matrix: held-out pictures are others than those of training, and always the same', async () => {
    const [a, b] = [await open({ source: 'shapes' }), await open({ source: 'shapes' })]
    const judge = (task: Task) => task.judge({ values: initialValues(task.network, 1), backend, examples: 40, pause: async () => {} })
    const [first, second] = [await judge(a), await judge(b)]
    expect(first).toEqual(second)
    const embedded = (svg: string) => elements(svg, 'image').map(({ href }) => href!)
    const heldOut = embedded(first.pictures!.answers!)
    expect(heldOut.length).toBeGreaterThan(20)
    for (const seed of [0, 1, 2]) {
      const set = makeShapes({ seed, count: 40 })
      const images = Array.from(set.labels, (_, i) => ({ pixels: pixelsOf(set, i) }))
      const training = embedded(imageGrid({ title: 'seen', images, ...set }))
      expect(training.filter((one) => heldOut.includes(one))).toEqual([])
      // The same function of the same numbers: it would be found.
      expect(embedded(imageGrid({ title: 'again', images: images.slice(0, 1), ...set }))[0]).toBe(training[0])
    }
  })

  it('2.14 CIFAR-10 and MNIST: from the folder of --data; scores are of all test pictures where fewer are there than asked for', async () => {
    const [cifar, mnist] = [join(folder, 'given'), join(folder, 'given-mnist')]
    await writeCifar(cifar, 5)
    await writeMnist(mnist, { packed: true })
    const task = await open({ source: 'cifar-10', recordsPerFile: 5 }, { dataFolder: cifar })
    expect(configOf(task).classes).toContain('airplane')
    const labels = new Set<bigint>()
    for (let step = 0; step < 6; step++) for (const label of (await task.batchAt(step)).labels as BigInt64Array) labels.add(label)
    expect(labels.size).toBeGreaterThan(8)
    const values = initialValues(task.network, 1)
    values.get('fc3.bias')!.fill(0)
    values.get('fc3.bias')![3] = 100
    const { scores } = await task.judge({ values, backend, examples: 1000, pause: async () => {} })
    // Labels 0…4 of five test pictures.
    expect(scores.accuracy).toBe(1 / 5)
    // 4 × 5 pixels are too few for the network, and it says so.
    await expect(open({ source: 'mnist' }, { dataFolder: mnist })).rejects.toThrow(/^model: .*size/s)
  })

  it('2.14 CIFAR-10 and MNIST: what was downloaded before is taken from the cache, and without leave nothing is downloaded', async () => {
    const cacheFolder = join(folder, 'cache')
    await writeCifar(join(cacheFolder, 'cifar-10'), 3)
    const data = { source: 'cifar-10', recordsPerFile: 3 }
    expect(configOf(await open({ ...data, download: true }, { cacheFolder })).size).toEqual([32, 32])
    await expect(open(data, { cacheFolder })).rejects.toThrow(
      /the recipe names CIFAR-10; give its folder with --data DIR, let it be downloaded with `download: true`/,
    )
    await expect(open({ source: 'mnist' })).rejects.toThrow(/the recipe names MNIST/)
    await mkdir(join(folder, 'empty'))
    await expect(open(data, { dataFolder: join(folder, 'empty') })).rejects.toThrow(
      /batches\.meta\.txt: there is no such file; CIFAR-10's binary version has/,
    )
  })

  it('2.18 the model file of a task knows the names of its classes', async () => {
    const { network } = await open({ source: 'shapes' })
    const read = readModel(writeModel('shapes', network, initialValues(network, 1)))
    expect((read.network as LeNet).config.classes).toEqual(configOf(await open({ source: 'shapes' })).classes)
  })
})
