/** Several trainers that share out the parts of updates learn what one does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collective } from '../../src/distributed/index.ts'
import { mseLoss } from '../../src/losses/index.ts'
import { BatchNorm, Dropout, Linear, reportTerm, Sequential } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { abs, createRandom, mean, mul, sub, type Tensor } from '../../src/tensor/index.ts'
import { createTrainer, type Part, type Trainer, type TrainerOptions } from '../../src/training/index.ts'
import { createInMemory } from '../distributed/in-memory.ts'

const backends: Backend[] = []
beforeAll(async () => {
  for (let i = 0; i < 3; i++) backends.push(await createOnnxRuntimeBackend({ threads: 1 }))
})
afterAll(async () => {
  for (const backend of backends) await backend.dispose()
})

type Names = 'x' | 'y'
const [batch, features, accumulate] = [4, 3, 4]

/** Larger than one chunk of what travels between ranks (over-ranks.ts) would be slow here; test/distributed has long arrays. */
async function create(backend: Backend, collective?: Collective, more: Partial<TrainerOptions<Names>> = {}): Promise<Trainer<Names>> {
  const model = new Sequential(new Linear(features, 6), new BatchNorm(6), new Dropout(0.2), new Linear(6, 1))
  return createTrainer<Names>({
    model,
    task: { batch: { x: [batch, features], y: [batch, 1] }, loss: ({ x, y }) => lossOf(model.forward(x) as Tensor, y) },
    backend,
    clipNorm: 0.3,
    seed: 1,
    collective,
    ...more,
  })
}

function lossOf(estimate: Tensor, y: Tensor): Tensor {
  const squares = mseLoss(estimate, y)
  reportTerm('third', mul(squares, 1 / 3))
  reportTerm('absolute', mean(abs(sub(estimate, y))))
  return squares
}

function part(index: number, spoilt?: number): Part<Names> {
  const random = createRandom(5, index)
  const x = Float32Array.from({ length: batch * features }, () => random.uniform(-1, 1))
  const y = Float32Array.from({ length: batch }, () => (index === spoilt ? Number.NaN : random.uniform(-1, 1)))
  return { index, batch: { x, y } }
}

/** Of an update, those of a rank. */
const partsOf = (step: number, rank: number, size: number, spoilt?: number) =>
  Array.from({ length: accumulate / size }, (_, i) => part(step * accumulate + rank + i * size, spoilt))

const ranksOf = (size: number, more?: Partial<TrainerOptions<Names>>) =>
  Promise.all(createInMemory(size).map((collective, rank) => create(backends[rank]!, collective, more)))

describe('trainers that share out an update', () => {
  it('4.32 learn what one learns from all parts: losses, norms and weights, and the same bits as each other', async () => {
    const alone = await create(backends[2]!)
    const pair = await ranksOf(2)
    for (let step = 0; step < 6; step++) {
      const whole = await alone.update(partsOf(step, 0, 1))
      const reports = await Promise.all(pair.map((trainer, rank) => trainer.update(partsOf(step, rank, 2))))
      expect(reports[1]).toEqual(reports[0])
      // float32 sums in another order: a few units of 6e-8.
      expect(Math.abs(reports[0]!.loss - whole.loss)).toBeLessThan(1e-6)
      expect(Math.abs(reports[0]!.norm - whole.norm)).toBeLessThan(1e-6)
      expect(Object.keys(whole.terms!)).toEqual(['third', 'absolute'])
      expect(Math.abs(whole.terms!.third! - whole.loss / 3)).toBeLessThan(1e-6)
      for (const [name, term] of Object.entries(whole.terms!)) expect(Math.abs(reports[0]!.terms![name]! - term)).toBeLessThan(1e-6)
    }
    const [whole, first, second] = await Promise.all([alone, ...pair].map((trainer) => trainer.snapshot()))
    expect(second).toEqual(first)
    for (const name of ['weights', 'average']) {
      const values = first!.get(name)!
      // Adam divides by the root of what it averages: differences of 1e-6 of a gradient move weights by as large a part of the rate 0.001.
      for (const [i, value] of whole!.get(name)!.entries()) expect(Math.abs(values[i]! - value)).toBeLessThan(1e-6)
    }
    // Running means follow the batches; how fast depends on how many parts a rank has. What is shipped takes them anew.
    expect(first!.get('buffers')).not.toEqual(new Float32Array(first!.get('buffers')!.length))
    for (const trainer of [alone, ...pair]) await trainer.dispose()
  })

  it('refuse an update together when a part of one of them is not finite, and go on together', async () => {
    const pair = await ranksOf(2)
    const before = await pair[0]!.snapshot()
    const spoilt = await Promise.all(pair.map((trainer, rank) => trainer.update(partsOf(0, rank, 2, 3))))
    expect(spoilt.map(({ accepted, loss }) => [accepted, loss])).toEqual([
      [false, Number.NaN],
      [false, Number.NaN],
    ])
    expect(await pair[0]!.snapshot()).toEqual(before)
    const next = await Promise.all(pair.map((trainer, rank) => trainer.update(partsOf(1, rank, 2))))
    expect(next.map(({ accepted }) => accepted)).toEqual([true, true])
    expect(await pair[1]!.snapshot()).toEqual(await pair[0]!.snapshot())
    for (const trainer of pair) await trainer.dispose()
  })

  it('fail together, by name of the rank, when the batches of one of them do', async () => {
    const pair = await ranksOf(2)
    async function* broken(): AsyncGenerator<Part<Names>> {
      yield part(1)
      throw new Error('song.wav: is cut off')
    }
    const outcomes = await Promise.allSettled([pair[0]!.update(partsOf(0, 0, 2)), pair[1]!.update(broken())])
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'fulfilled'))).toEqual(
      new Array(2).fill('SharedFailure: rank 1: song.wav: is cut off'),
    )
    for (const trainer of pair) await trainer.dispose()
  })

  it('refuse what would not be one update: other numbers of parts, and a rival that learns part by part', async () => {
    const pair = await ranksOf(2)
    const outcomes = await Promise.allSettled([pair[0]!.update([part(0)]), pair[1]!.update([part(1), part(2)])])
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'fulfilled'))).toEqual(
      new Array(2).fill('RangeError: update: the ranks have 1, 2 parts; all need as many'),
    )
    for (const trainer of pair) await trainer.dispose()
    const rival = { model: new Linear(1, 1), loss: ({ y }: Record<Names, Tensor>) => mseLoss(y, y), everyPart: true }
    const [outcome] = await Promise.allSettled([create(backends[0]!, createInMemory(2)[0], { rival })])
    expect(String((outcome as PromiseRejectedResult).reason)).toMatch(
      /everyPart: true .* several processes cannot share out; everyPart: false/,
    )
  })
})
