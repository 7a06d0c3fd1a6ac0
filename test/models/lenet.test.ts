/** LeNet, and classifiers made of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawShape, imageBatch, makeShapes, shapeClasses, toUnitRange } from '../../src/data/index.ts'
import { crossEntropy } from '../../src/losses/index.ts'
import {
  BandUnet,
  bandUnetConfig,
  createClassifier,
  createNetwork,
  LeNet,
  type LenetInput,
  lenetConfig,
  loadClassifier,
  readModel,
  writeModel,
} from '../../src/models/index.ts'
import { initialValues, layoutOf, summary } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { input, softmax } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { runOnce } from '../tensor/generic.ts'

const lenet = (config: Partial<LenetInput> = {}) =>
  new LeNet(lenetConfig.parse({ architecture: 'lenet', classes: [...shapeClasses], ...config }))
const animals = ['cat', 'dog', 'eel']

let backend: Backend
let folder: string
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'divisi-lenet-'))
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

describe('LeNet', () => {
  it('2.13 CNN for CIFAR-10: conv 6, pool, conv 16, pool, 120, 84, 10; 62 006 parameters', () => {
    const { rows, parameters } = summary(lenet(), [1, 3, 32, 32])
    expect(parameters).toBe(62_006)
    expect(rows.map(({ path, shapes, parameters: own }) => [path, own, ...shapes])).toEqual([
      ['', 0, [1, 10]],
      ['conv1', 456, [1, 6, 28, 28]],
      ['pool1', 0, [1, 6, 14, 14]],
      ['conv2', 2416, [1, 16, 10, 10]],
      ['pool2', 0, [1, 16, 5, 5]],
      ['fc1', 48_120, [1, 120]],
      ['fc2', 10_164, [1, 84]],
      ['fc3', 850, [1, 10]],
    ])
  })

  it.each<[Partial<LenetInput>, number]>([
    [{ channels: 1, size: [28, 28] }, 44_426],
    // Not square, either way: the notebook swaps height and width, which only squares forgive.
    [{ size: [20, 44] }, 456 + 2416 + (16 * 2 * 8 + 1) * 120 + 10_164 + 850],
    [{ size: [44, 20] }, 456 + 2416 + (16 * 8 * 2 + 1) * 120 + 10_164 + 850],
    [{ size: [16, 19], classes: animals }, 456 + 2416 + (16 * 1 * 1 + 1) * 120 + 10_164 + 85 * 3],
  ])('2.13 CNN for CIFAR-10: other channels, sizes and classes, %j', (config, parameters) => {
    const model = lenet(config)
    const { channels, size, classes } = model.config
    expect(layoutOf(model).parameterCount).toBe(parameters)
    for (const b of [1, 3]) expect(model.forward(input('x', [b, channels, ...size])).shape).toEqual([b, classes.length])
  })

  it('2.13 CNN for CIFAR-10: of the transposed picture, transposed kernels say the same: height and width are not mixed up', async () => {
    const animalsOf = (height: number, width: number) => lenet({ channels: 1, size: [height, width], classes: animals })
    /** Blocks of rows × columns, each with its axes swapped. */
    const transposed = (values: Float32Array, rows: number, columns: number) =>
      values.map((_, i) => {
        const [block, place] = [Math.floor(i / (rows * columns)), i % (rows * columns)]
        const [column, row] = [Math.floor(place / rows), place % rows]
        return values[block * rows * columns + row * columns + column]!
      })
    const logitsOf = async (model: LeNet, values: Map<string, Float32Array>, picture: Float32Array) => {
      layoutOf(model)
      const logits = model.forward(input('x', [1, 1, ...model.config.size]))
      const found = await runOnce(createReferenceBackend(), { logits }, { ...Object.fromEntries(values), x: picture })
      return Array.from(found.logits!, Number)
    }
    const picture = toUnitRange(drawShape({ seed: 1, index: 5, height: 20, width: 28 }).pixels.subarray(0, 560))
    const wide = initialValues(animalsOf(20, 28), 1)
    const tall = new Map(wide)
    for (const name of ['conv1.weight', 'conv2.weight']) tall.set(name, transposed(wide.get(name)!, 5, 5))
    // What is left of 20 × 28 before the linear layers is 2 × 4.
    tall.set('fc1.weight', transposed(wide.get('fc1.weight')!, 2, 4))
    const expected = await logitsOf(animalsOf(20, 28), wide, picture)
    const found = await logitsOf(animalsOf(28, 20), tall, transposed(picture, 20, 28))
    // Sums in another order, of float64.
    for (const [i, logit] of expected.entries()) expect(Math.abs(logit - found[i]!)).toBeLessThan(1e-12)
    expect(await logitsOf(animalsOf(28, 20), wide, transposed(picture, 20, 28))).not.toEqual(expected)
  })

  it('2.13 CNN for CIFAR-10: refuses pictures with their height and width swapped, saying which is which', () => {
    const model = lenet({ channels: 1, size: [20, 28], classes: animals })
    expect(() => model.forward(input('x', [1, 1, 28, 20]))).toThrow(
      'LeNet: pictures (1, 1, 28, 20); needs (b, 1, 20, 28): channels, height, width',
    )
    expect(() => model.forward(input('x', [1, 20, 28]))).toThrow('LeNet: pictures (1, 20, 28)')
  })

  it.each<[object, RegExp]>([
    [{ size: [15, 32] }, /size/],
    [{ classes: ['one'] }, /classes/],
    [{ classes: ['a', 'b', 'a'] }, /needs names that differ/],
    [{ channels: 0 }, /channels/],
    [{ colours: 3 }, /colours/],
  ])('2.13 CNN for CIFAR-10: refuses %j', (config, message) => {
    expect(() => lenet(config)).toThrow(message)
  })

  it('2.13 CNN for CIFAR-10: the loss begins near ln 10, as that of one who guesses among ten; weights are initialised, not what memory held', async () => {
    const model = lenet()
    layoutOf(model)
    const set = makeShapes({ seed: 5, count: 40 })
    const { images, labels } = imageBatch(set, Array.from(set.labels.keys()))
    const outputs = { loss: crossEntropy(model.forward(input('x', [40, 3, 32, 32])), input('y', [40], 'int64')) }
    for (const seed of [1, 2, 3]) {
      const values = initialValues(model, seed)
      const { loss } = await runOnce(backend, outputs, { ...Object.fromEntries(values), x: images, y: labels })
      // Logits of initial weights are within ±0.2 of each other, and move the loss by less than that.
      expect(Math.abs(Number(loss![0]) - Math.log(10))).toBeLessThan(0.05)
      for (const [name, numbers] of values) {
        const bound =
          1 /
          Math.sqrt(
            name.startsWith('conv1')
              ? 75
              : name.startsWith('conv2')
                ? 150
                : name.startsWith('fc1')
                  ? 400
                  : name.startsWith('fc2')
                    ? 120
                    : 84,
          )
        expect(Math.max(...numbers.map(Math.abs)), name).toBeLessThanOrEqual(bound)
        expect(new Set(numbers).size, name).toBeGreaterThan(numbers.length * 0.9)
      }
    }
  })

  it('2.13 CNN for CIFAR-10: overfits one example, and then is certain of it', async () => {
    const model = lenet()
    const set = makeShapes({ seed: 1, first: 7, count: 1 })
    const trainer = await createTrainer({
      model,
      task: {
        batch: { images: [1, 3, 32, 32], labels: { shape: [1], dtype: 'int64' } },
        loss: ({ images, labels }) => crossEntropy(model.forward(images), labels),
      },
      backend,
      optimizer: { name: 'adam' },
      seed: 1,
    })
    const { images, labels } = imageBatch(set, [0])
    const losses: number[] = []
    for (let step = 0; step < 60; step++) losses.push((await trainer.train({ images, labels })).loss)
    await trainer.dispose()
    expect(Math.abs(losses[0]! - Math.log(10))).toBeLessThan(0.1)
    expect(losses.at(-1)!).toBeLessThan(0.001)
  })
})

describe('classifiers', () => {
  /** Initial weights, as a model file. */
  const fileOf = (model: LeNet, seed = 1) => writeModel('tester', model, initialValues(model, seed))
  /** Channels of each pixel together. */
  const interleaved = (planes: ArrayLike<number>, size: number, more: readonly number[] = []) =>
    Array.from({ length: size }, (_, i) => [
      ...Array.from({ length: planes.length / size }, (_, c) => planes[c * size + i]!),
      ...more,
    ]).flat()

  it('2.18 a model file classifies pictures: labels with probabilities, the softmax of what the network says of (x − ½)/½', async () => {
    const model = lenet({ size: [20, 24] })
    const path = join(folder, 'model.safetensors')
    await writeFile(path, fileOf(model))
    const classifier = await loadClassifier(path, { threads: 1 })
    expect(classifier).toMatchObject({ name: 'tester', classes: shapeClasses, channels: 3, height: 20, width: 24 })
    const { pixels } = drawShape({ seed: 1, index: 3, height: 20, width: 24 })
    const answers = await classifier.classify({ width: 24, height: 20, data: interleaved(pixels, 480) })
    layoutOf(model)
    const { p } = await runOnce(
      createReferenceBackend(),
      { p: softmax(model.forward(input('x', [1, 3, 20, 24])), 1) },
      { ...Object.fromEntries(initialValues(model, 1)), x: toUnitRange(pixels) },
    )
    expect(answers.map(({ probability }) => probability)).toEqual(answers.map(({ probability }) => probability).toSorted((a, b) => b - a))
    expect(answers).toHaveLength(10)
    // float32 against float64, of probabilities about 0.1.
    for (const { label, probability } of answers) expect(Math.abs(probability - Number(p![shapeClasses.indexOf(label)]))).toBeLessThan(1e-6)
    const total = answers.reduce((sum, { probability }) => sum + probability, 0)
    expect(Math.abs(total - 1)).toBeLessThan(1e-6)
    // Opacity, as of a canvas, changes nothing.
    const opaque = Uint8ClampedArray.from(interleaved(pixels, 480, [255]))
    expect(await classifier.classify({ width: 24, height: 20, data: opaque })).toEqual(answers)
    await classifier.dispose()
  })

  it('2.18 a model file classifies pictures: refuses other sizes, and pixels without the channels', async () => {
    const classifier = await createClassifier(readModel(fileOf(lenet({ channels: 1, size: [16, 18], classes: animals }))), backend)
    const grey = new Uint8Array(16 * 18)
    expect((await classifier.classify({ width: 18, height: 16, data: grey })).map(({ label }) => label).toSorted()).toEqual(animals)
    await expect(classifier.classify({ width: 16, height: 18, data: grey })).rejects.toThrow(
      'a picture of 16 × 18 pixels; needs 18 × 16: scale it before',
    )
    await expect(classifier.classify({ width: 18, height: 16, data: new Uint8Array(3 * 288) })).rejects.toThrow(
      '864 values for 18 × 16 pixels; needs 1 per pixel (grey), or one more for opacity',
    )
    await classifier.dispose()
  })

  it('2.18 a model file classifies pictures: refuses files that are none, and networks that do something else', async () => {
    await expect(loadClassifier(join(folder, 'none.safetensors'))).rejects.toThrow(
      /none\.safetensors": there is no such file; `divisi train` writes them/,
    )
    const cut = join(folder, 'cut.safetensors')
    await writeFile(cut, fileOf(lenet()).subarray(0, 1000))
    await expect(loadClassifier(cut)).rejects.toThrow(/cut\.safetensors": /)
    const other = join(folder, 'other.safetensors')
    const separator = new BandUnet(
      bandUnetConfig.parse({
        architecture: 'band-unet',
        nFft: 256,
        hopLength: 64,
        bands: 16,
        highest: 16000,
        channels: [2, 2],
        bottleneck: 1,
      }),
    )
    await writeFile(other, writeModel('other', separator, initialValues(separator, 1)))
    await expect(loadClassifier(other)).rejects.toThrow(
      'is a network of the kind "band-unet", which classifies no pictures; allowed is "lenet"',
    )
  })

  it('2.13 CNN for CIFAR-10: is known to recipes and model files by its name', () => {
    expect(createNetwork(lenetConfig.parse({ architecture: 'lenet', classes: animals }))).toBeInstanceOf(LeNet)
    const { network, name } = readModel(fileOf(lenet({ classes: animals })))
    expect(name).toBe('tester')
    expect(network.config).toEqual({ architecture: 'lenet', channels: 3, size: [32, 32], classes: animals })
  })
})
