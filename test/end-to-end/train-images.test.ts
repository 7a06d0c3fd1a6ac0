/** Training a classifier of pictures by the command: it learns, Ctrl-C keeps a checkpoint, and the model says what pictures show. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawShape } from '../../src/data/index.ts'
import { loadClassifier } from '../../src/models/index.ts'
import { writeCifar } from '../data/images/support.ts'
import { expectWhole } from '../report/support.ts'
import { checkpointOf, lossesOf, runTrain, type Stop } from './training.ts'

const recipe = `
name: tiny-shapes
task: images
model: { architecture: lenet }
data: { source: shapes, size: [20, 24] }
training: { steps: 150, batchSize: 20, learningRate: 0.005, warmup: 5, decay: 30, averageDecay: 0.9, validateEvery: 75, validationExamples: 60, checkpointEvery: 6 }
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-train-images-'))
  await writeFile(join(folder, 'shapes.yaml'), recipe)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const train = (run: string, { stop, file = 'shapes.yaml', more = [] }: { stop?: Stop; file?: string; more?: readonly string[] } = {}) =>
  runTrain({
    recipe: join(folder, file),
    runFolder: join(folder, run),
    cache: join(folder, 'cache'),
    stop,
    more: ['--threads', '1', ...more],
  })
const losses = async (run: string) => Array.from(await lossesOf(join(folder, run)))
const mean = (values: readonly (readonly [number, number])[]) => values.reduce((sum, [, loss]) => sum + loss, 0) / values.length

describe('divisi train, task images', () => {
  it('2.17 training loop: the loss falls, and the command tells the accuracy on pictures that were never seen', async () => {
    const { code, text } = await train('whole')
    expect(text).toMatch(
      /tiny-shapes: 25,526 parameters.*from the start[\s\S]*step 75: validation accuracy [\d.]+ %[\s\S]*done at step 150/,
    )
    expect(code).toBe(0)
    const all = await losses('whole')
    expect(all).toHaveLength(150)
    expect(all[0]![1]).toBeCloseTo(Math.log(10), 1)
    expect(mean(all.slice(-20))).toBeLessThan(0.7 * mean(all.slice(0, 20)))
    for (const name of ['confusion', 'answers', 'loss']) expectWhole(await readFile(join(folder, 'whole', `${name}.svg`), 'utf8'))
  })

  it('2.17 training loop: Ctrl-C keeps a checkpoint, and the same command goes on from it as if nothing had happened, bit for bit', async () => {
    const interrupted = await train('cut', { stop: { at: 20, by: (child) => child.kill('SIGINT') } })
    expect(interrupted.text).toMatch(/stopped at step \d+: the same command goes on from .*last\.safetensors/)
    expect(interrupted.code).toBe(130)
    const reached = (await losses('cut')).at(-1)![0]
    expect(reached).toBeLessThan(150)
    const finished = await train('cut')
    expect(finished.text).toMatch(new RegExp(`continuing after step ${reached}[\\s\\S]*done at step 150`))
    expect(finished.code).toBe(0)
    expect(await losses('cut')).toEqual(await losses('whole'))
    expect(await checkpointOf(join(folder, 'cut'))).toEqual(await checkpointOf(join(folder, 'whole')))
    expect(
      (await readFile(join(folder, 'cut', 'model.safetensors'))).equals(await readFile(join(folder, 'whole', 'model.safetensors'))),
    ).toBe(true)
  })

  it('2.18 the model file that it leaves classifies pictures better than one who guesses', async () => {
    const classifier = await loadClassifier(join(folder, 'whole', 'model.safetensors'), { threads: 1 })
    const { classes, width, height } = classifier
    let right = 0
    for (let index = 0; index < 50; index++) {
      const { pixels, label } = drawShape({ seed: 77, index, width, height })
      const data = Uint8Array.from({ length: pixels.length }, (_, i) => pixels[(i % 3) * width * height + Math.floor(i / 3)]!)
      const [best] = await classifier.classify({ width, height, data })
      if (best!.label === classes[label]) right++
    }
    await classifier.dispose()
    // Guessing is right 5 times of 50; 13 and more of 50 by chance happen less than once in a thousand.
    expect(right).toBeGreaterThanOrEqual(13)
  })

  it('2.14 CIFAR-10: trains on files of its format in the folder of --data, on shapes with --data synthetic, and says what is missing', async () => {
    await writeCifar(join(folder, 'data', 'cifar-10-batches-bin'), 4)
    const cifar = recipe.replace('source: shapes, size: [20, 24]', 'source: cifar-10, recordsPerFile: 4').replace('steps: 150', 'steps: 40')
    await writeFile(join(folder, 'cifar.yaml'), cifar)
    const run = await train('cifar', { file: 'cifar.yaml', more: ['--data', join(folder, 'data')] })
    expect(run.text).toMatch(/62,006 parameters[\s\S]*done at step 40/)
    expect(await readFile(join(folder, 'cifar', 'confusion.svg'), 'utf8')).toContain('airplane')
    const synthetic = await train('synthetic', { file: 'cifar.yaml', more: ['--data', 'synthetic', '--stop-after', '2'] })
    expect(synthetic.text).toMatch(/62,006 parameters[\s\S]*stopped at step 2/)
    const without = await train('without', { file: 'cifar.yaml' })
    expect(without).toMatchObject({
      code: 1,
      text: expect.stringMatching(/the recipe names CIFAR-10; give its folder with --data DIR, .*`download: true`.*--data synthetic/),
    })
    expect(without.text.trim().split('\n')).toHaveLength(1)
  })
})
