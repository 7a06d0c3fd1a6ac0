import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWavWriter } from '../../src/audio/index.ts'
import type { FrameTransformerDiscriminator, FrameTransformerInput, FrameTransformerSeparation } from '../../src/models/index.ts'
import { initialValues, layoutOf } from '../../src/nn/index.ts'
import { createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { type Arrays, type Drawing, type Task, taskKinds } from '../../src/tasks/index.ts'
import { createRandom, grad, input, type Tensor } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'

const kind = taskKinds.find(({ name }) => name === 'frame-transformer')!
const sizes: FrameTransformerInput = {
  architecture: 'frame-transformer',
  sampleRate: 8000,
  channels: 1,
  stems: ['instrumental'],
  estimate: 'mask',
  variant: 'plain',
  bridgeTokens: 'bins',
  nFft: 32,
  hopLength: 16,
  width: 2,
  multipliers: [1, 2, 3],
  heads: 2,
  expansion: 8,
  bridgeLayers: 1,
  embeddingDepth: 0,
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'divisi-stages-'))
  for (const [k, role] of ['vocals', 'instrumental'].entries()) {
    await mkdir(join(folder, role))
    for (let i = 0; i < 4; i++) {
      const writer = await createWavWriter(join(folder, role, `${i}.wav`), {
        sampleRate: 8000,
        channels: 1,
        sampleFormat: { kind: 'float', bits: 32 },
      })
      const random = createRandom(k, i)
      await writer.write([
        Float32Array.from({ length: 4000 }, (_, n) => 0.4 * Math.sin(0.05 * (i + 1 + 9 * k) * n) + 0.02 * random.uniform(-1, 1)),
      ])
      await writer.finish()
    }
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Wishes {
  readonly data?: object
  readonly model?: Partial<FrameTransformerInput>
  readonly drawing?: Partial<Drawing>
}

function open({ data, model, drawing }: Wishes = {}): Promise<Task> {
  const folders = { vocals: ['vocals'], instrumental: ['instrumental'], validShare: 0.3 }
  return kind.open(
    {
      model: kind.model.parse({ ...sizes, ...model }),
      data: kind.data.parse({ folders, frames: 8, chunkFrames: 64, halve: 0, excerpts: { count: 2, seconds: 0.1 }, ...data }),
    },
    { seed: 3, batchSize: 2, ...drawing },
    { recipeFolder: folder, dataFolder: folder, cacheFolder: join(folder, 'cache'), onProgress: () => {} },
  )
}

const valuesOf = (task: Task) => new Map([...initialValues(task.network, 1), ...(task.rival ? initialValues(task.rival.network, 2) : [])])

/** Tensors of a batch's arrays on the reference, in evaluation mode. */
async function evaluated<K extends string>(task: Task, batch: Arrays, outputs: (inputs: Record<string, Tensor>) => Record<K, Tensor>) {
  const shapes = (task.specsAt?.(0) ?? task.batch) as Record<string, readonly number[]>
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]))
  const feeds: Record<string, HostArray> = { ...batch, ...Object.fromEntries(valuesOf(task)) }
  return (await runOnce(createReferenceBackend(), outputs(inputs), feeds)) as Record<K, ArrayLike<number>>
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length
const l1 = (a: ArrayLike<number>, b: ArrayLike<number>): number => mean(Array.from(a, (x, i) => Math.abs(x - b[i]!)))
/** Cross-entropy of logits and labels, from its definition. */
const entropy = (logits: ArrayLike<number>, labels: ArrayLike<number>): number =>
  mean(Array.from(logits, (x, i) => -labels[i]! * Math.log(sigmoid(x)) - (1 - labels[i]!) * Math.log(1 - sigmoid(x))))

/** The loss is computed in float64 by the reference, from float32 values: what is left is the order of the sums. */
const close = 9

describe('losses', () => {
  it('are the mean distance of mask × mixture, and of complex parts 2σ − 1, in the supervised stage', async () => {
    for (const estimate of ['mask', 'complex'] as const) {
      const task = await open({ model: { estimate } })
      const batch = await task.batchAt(0)
      const network = (task.network as FrameTransformerSeparation).network
      const { loss, logits } = await evaluated(task, batch, (inputs) => ({
        loss: task.loss(inputs),
        logits: network.forward(inputs.input!),
      }))
      const made = Array.from(logits, (x, i) => (estimate === 'mask' ? sigmoid(x) * Number(batch.input![i]) : 2 * sigmoid(x) - 1))
      expect(loss[0]).toBeCloseTo(l1(made, batch.target as Float32Array), close)
      await task.close()
    }
  })

  it('restore magnitudes themselves, over all frames or over those that are masked', async () => {
    for (const over of ['all', 'masked'] as const) {
      const task = await open({ data: { stage: 'masked', masked: { loss: over, clean: 0 } } })
      const batch = await task.batchAt(0)
      const network = (task.network as FrameTransformerSeparation).network
      const { loss, logits } = await evaluated(task, batch, (inputs) => ({
        loss: task.loss(inputs),
        logits: network.forward(inputs.input!),
      }))
      const [masked, target] = [batch.masked as Float32Array, batch.target as Float32Array]
      expect(masked).toContain(1)
      // (b, 1, frames, bins)
      const counted = Array.from(
        logits,
        (x, i) => [Math.abs(2 * sigmoid(x) - 1 - target[i]!), over === 'all' ? 1 : masked[Math.floor(i / 16)]!] as const,
      )
      const sum = counted.reduce((total, [distance, weight]) => total + distance * weight, 0)
      expect(loss[0]).toBeCloseTo(sum / counted.reduce((total, [, weight]) => total + weight, 0), close)
      await task.close()
    }
  })

  it('are λ × distance plus what the discriminator hears, and its own from the labels', async () => {
    const task = await open({ data: { stage: 'adversarial', adversarial: { lambda: 7 } } })
    const batch = await task.batchAt(0)
    const network = (task.network as FrameTransformerSeparation).network
    const discriminator = task.rival!.network as FrameTransformerDiscriminator
    const { loss, rival, logits } = await evaluated(task, batch, (inputs) => ({
      loss: task.loss(inputs),
      rival: task.rival!.loss(inputs),
      logits: network.forward(inputs.input!),
    }))
    const made = Float32Array.from(logits, (x, i) => sigmoid(x) * Number(batch.input![i]))
    const { said } = await evaluated(task, { ...batch, input: made }, (inputs) => ({ said: discriminator.forward(inputs.input!) }))
    expect(said).toHaveLength(batch.presence!.length)
    // The estimate went through float32 on its way into the discriminator.
    expect(rival[0]).toBeCloseTo(entropy(said, batch.presence as Float32Array), 5)
    expect(loss[0]).toBeCloseTo(7 * l1(made, batch.target as Float32Array) + entropy(said, new Float32Array(said.length)), 5)
    await task.close()
  })
})

describe('the adversarial gradient', () => {
  /** Gradients of the task's loss without its distance, by the generator's weights. */
  async function gradients(detach: boolean) {
    const task = await open({ data: { stage: 'adversarial', adversarial: { lambda: 0, detach } } })
    const parameters = layoutOf(task.network).parameters
    const own = layoutOf(task.rival!.network).parameters
    const all = await evaluated(task, await task.batchAt(0), (inputs) => {
      const made = grad(
        task.loss(inputs),
        parameters.map(({ parameter }) => parameter),
      )
      const others = grad(
        task.rival!.loss(inputs),
        [...parameters, ...own].map(({ parameter }) => parameter),
      )
      return Object.fromEntries([...made, ...others].map((x, i) => [String(i), x]))
    })
    await task.close()
    const flat = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => Array.from(all[String(from + i)]!)).flat()
    const count = parameters.length
    return { generator: flat(0, count), byRival: flat(count, 2 * count), discriminator: flat(2 * count, 2 * count + own.length) }
  }

  it('reaches the generator, and the discriminator’s loss does not', async () => {
    const { generator, byRival, discriminator } = await gradients(false)
    expect(generator.some((x) => Math.abs(x) > 1e-6)).toBe(true)
    expect(byRival.every((x) => x === 0)).toBe(true)
    expect(discriminator.some((x) => Math.abs(x) > 1e-6)).toBe(true)
  })

  it('stops before it where the original’s form is asked for', async () => {
    expect((await gradients(true)).generator.every((x) => x === 0)).toBe(true)
  })
})

describe('what stages take over', () => {
  it('a discriminator begins with copies of encoder and bridge, in arrays of its own', async () => {
    const task = await open({ data: { stage: 'adversarial' } })
    const learned = new Map(
      layoutOf(task.network).parameters.map(({ name, parameter }, i) => [
        name,
        { shape: parameter.shape, data: new Float32Array(parameter.shape.reduce((n, extent) => n * extent, 1)).fill(i + 1) },
      ]),
    )
    const { network, rival } = task.handOver!({ network: learned })
    const shared = layoutOf(task.rival!.network).parameters.filter(
      ({ name, parameter }) => learned.get(`network.${name}`)?.shape.join() === parameter.shape.join(),
    )
    expect(shared.map(({ name }) => name)).toContain('enc1.body.conv1.weight')
    expect(shared.some(({ name }) => name.startsWith('enc3_transformer.0.'))).toBe(true)
    for (const { name } of shared) {
      expect(rival!.get(name)).toEqual(learned.get(`network.${name}`)!.data)
      expect(rival!.get(name)!.buffer).not.toBe(network.get(`network.${name}`)!.buffer)
    }
    const again = task.handOver!({ network: learned, rival: new Map([['out.2.bias', { shape: [1], data: Float32Array.of(5) }]]) })
    expect([...again.rival!]).toEqual([['out.2.bias', Float32Array.of(5)]])
    await task.close()
  })

  it('a mask starts with a fresh last layer where it is asked for', async () => {
    const task = await open({ data: { freshHead: true } })
    const learned = new Map(
      layoutOf(task.network).parameters.map(({ name, parameter }) => [
        name,
        { shape: parameter.shape, data: initialValues(task.network, 1).get(name)! },
      ]),
    )
    const { network } = task.handOver!({ network: learned })
    expect([...learned.keys()].filter((name) => !network.has(name))).toEqual(['network.out.weight', 'network.out.bias'])
    await task.close()
  })
})

describe('batches', () => {
  const crops = [{ until: 2, frames: 16, batchSize: 1, accumulate: 2 }, { frames: 8 }]

  it('are functions of seed and number alone, in the shapes that they say', async () => {
    const options = { data: { halve: 0.5 }, drawing: { crops } }
    const [one, other, elsewhere] = await Promise.all([open(options), open(options), open({ ...options, drawing: { crops, seed: 4 } })])
    const first: Arrays[] = []
    for (let i = 0; i < 10; i++) first.push(await one.batchAt(i))
    for (const i of [7, 3, 9, 0]) expect(await other.batchAt(i)).toEqual(first[i])
    expect(await elsewhere.batchAt(0)).not.toEqual(first[0])
    for (const [i, batch] of first.entries()) {
      const shapes = one.specsAt!(i) as Record<string, readonly number[]>
      for (const [name, shape] of Object.entries(shapes)) expect(batch[name]).toHaveLength(shape.reduce((n, extent) => n * extent, 1))
      // As many values whatever the halving: the crop's examples × frames.
      const [b, , t] = shapes.input!
      expect(b! * t!).toBe(16)
    }
    expect(new Set(first.map((_, i) => String((one.specsAt!(i) as Record<string, readonly number[]>).input))).size).toBeGreaterThan(2)
    await Promise.all([one.close(), other.close(), elsewhere.close()])
  })

  it('refuses what it cannot train', async () => {
    await expect(open({ data: { halve: 0.5, frames: 10 } })).rejects.toThrow(
      /examples of 10 frames cannot be halved twice; take a multiple of 4/,
    )
    await expect(open({ model: { stems: ['vocals'] } })).rejects.toThrow(/model.stems: vocals; this task trains the accompaniment/)
    await expect(open({ data: { folders: { instrumental: ['instrumental'] } } })).rejects.toThrow(
      /no vocals to train on; the stage "supervised"/,
    )
    await expect(open({ data: { folders: { vocals: ['nowhere'] } } })).rejects.toThrow(/nowhere cannot be read/)
    expect(kind.data.safeParse({ stage: 'supervised' }).error!.issues[0]!.message).toMatch(/needs `folders`, or `syntheticSongs` above 0/)
  })
})

it('leaves folders out where it trains on what the project makes', () => {
  const data = kind.data.parse({ stage: 'masked', folders: { vocals: ['vocals'] }, frames: 64 })
  expect(kind.synthetic(data)).toMatchObject({ stage: 'masked', frames: 64, syntheticSongs: 50 })
  expect(kind.synthetic(data)).not.toHaveProperty('folders')
})

it('judges what is held out by the distance of its training and by what it separates', async () => {
  for (const stage of ['masked', 'supervised'] as const) {
    const task = await open({ data: { stage } })
    const values = initialValues(task.network, 1)
    const judge = () => task.judge({ values, backend: createReferenceBackend(), examples: 3, pause: async () => {} })
    const { scores, pictures } = await judge()
    expect(scores).toEqual((await judge()).scores)
    for (const { name } of task.scores) expect(scores[name]).toEqual(expect.any(Number))
    expect(scores.loss).toBeGreaterThan(0)
    expect(Object.keys(pictures!)).toContain('held-out-estimate')
    expect('siSdr' in scores).toBe(stage === 'supervised')
    await task.close()
  }
})
