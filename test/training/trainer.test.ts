import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mseLoss } from '../../src/losses/index.ts'
import { BatchNorm, Dropout, Embedding, Linear, Module, Sequential } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { constant, createRandom, mul, type Tensor, tanh } from '../../src/tensor/index.ts'
import { createOptimizer, createTrainer, type OptimizerOptions, type StepReport } from '../../src/training/index.ts'
import { tinyBatch, tinyTrainer } from './tiny.ts'

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 2 })
})
afterAll(() => backend.dispose())

describe('trainer', () => {
  it('overfits one batch: the error falls to a tenth of the untrained network’s', async () => {
    const trainer = await tinyTrainer(backend)
    const losses: number[] = []
    for (let i = 0; i < 150; i++) losses.push((await trainer.train(tinyBatch(1))).loss)
    // The loss is 0.25·ln(energy share) + size share: a tenth in amplitude takes off 0.25·ln(100) ≈ 1.15.
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 1.15)
    await trainer.dispose()
  })

  it('continues from a snapshot bit for bit', async () => {
    const whole = await tinyTrainer(backend)
    for (let i = 0; i < 9; i++) await whole.train(tinyBatch(i))
    const first = await tinyTrainer(backend)
    for (let i = 0; i < 4; i++) await first.train(tinyBatch(i))
    const snapshot = await first.snapshot()
    await first.dispose()
    const second = await tinyTrainer(backend)
    await second.restore(snapshot, 4)
    for (let i = 4; i < 9; i++) await second.train(tinyBatch(i))
    const [expected, actual] = [await whole.snapshot(), await second.snapshot()]
    for (const name of ['weights', 'first', 'second', 'average', 'buffers']) expect(actual.get(name), name).toEqual(expected.get(name))
    await whole.dispose()
    await second.dispose()
  })

  it.each<OptimizerOptions>([{ name: 'sgd', momentum: 0.9, nesterov: true }, { name: 'rmsprop', centered: true }, { name: 'radam' }])(
    '5.3 trains with %j, and continues bit for bit with a schedule that has seen scores',
    async (optimizer) => {
      const schedule = { name: 'plateau', peak: 0.003, patience: 1, factor: 0.5 } as const
      const scores = [3, 2, 2, 2, 2, 2, 1, 1]
      const start = () => tinyTrainer(backend, 0, { optimizer, schedule })
      const advance = async (trainer: Awaited<ReturnType<typeof start>>, from: number, to: number) => {
        const reports: StepReport[] = []
        for (let i = from; i < to; i++) {
          reports.push(await trainer.train(tinyBatch(1)))
          trainer.observe(scores[i]!)
        }
        return reports
      }
      const whole = await start()
      const reports = await advance(whole, 0, 8)
      expect(reports.at(-1)!.loss).toBeLessThan(reports[0]!.loss)
      expect(reports.map(({ learningRate }) => learningRate)).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25].map((share) => 0.003 * share))
      const first = await start()
      await advance(first, 0, 3)
      const snapshot = await first.snapshot()
      expect([...snapshot.keys()]).toEqual(['updates', 'schedule', 'weights', ...createOptimizer(optimizer).state, 'average', 'buffers'])
      const second = await start()
      await second.restore(snapshot, 3)
      expect(await advance(second, 3, 8)).toEqual(reports.slice(3))
      expect(await second.snapshot()).toEqual(await whole.snapshot())
      for (const trainer of [whole, first, second]) await trainer.dispose()
    },
  )

  it('goes on from checkpoints that have no count of updates, and refuses those of another optimiser', async () => {
    const trainer = await tinyTrainer(backend)
    await trainer.train(tinyBatch(1))
    const snapshot = await trainer.snapshot()
    expect([...snapshot.keys()]).toEqual(['updates', 'weights', 'first', 'second', 'average', 'buffers'])
    snapshot.delete('updates')
    const other = await tinyTrainer(backend)
    await other.restore(snapshot, 1)
    expect((await other.snapshot()).get('updates')).toEqual(Float32Array.of(1))
    const centered = await tinyTrainer(backend, 0.01, { optimizer: { name: 'rmsprop' } })
    await expect(centered.restore(snapshot, 1)).rejects.toThrow(/"square" has no values, the model and its optimiser \(rmsprop\) need \d+/)
    for (const one of [trainer, other, centered]) await one.dispose()
  })

  it('refuses scores that no schedule watches, and options out of range', async () => {
    const trainer = await tinyTrainer(backend)
    expect(() => trainer.observe(1)).toThrow(/"warmup-stable-decay" watches no score; that of the name "plateau" does/)
    await trainer.dispose()
    await expect(tinyTrainer(backend, 0.01, { clipNorm: 0 })).rejects.toThrow(/clipNorm 0; allowed are numbers above 0/)
    await expect(tinyTrainer(backend, 0.01, { averageDecay: 1.5 })).rejects.toThrow(/averageDecay 1.5; allowed are numbers from 0 to 1/)
  })

  it('3.1 the gradient of a batch is the mean of those of its examples', async () => {
    const [inputs, outputs, examples] = [3, 2, 4]
    const random = createRandom(5)
    const draw = (count: number) => Float32Array.from({ length: count }, () => random.uniform(-1, 1))
    const [x, y] = [draw(examples * inputs), draw(examples * outputs)]
    /** The weights that one step of plain gradient descent at rate 1 takes off: the gradient. */
    const gradientOf = async (from: number, count: number) => {
      const model = new Linear(inputs, outputs)
      const trainer = await createTrainer({
        model,
        task: {
          batch: { x: [count, inputs], y: [count, outputs] },
          loss: ({ x, y }) => mseLoss(tanh(model.forward(x)), y),
        },
        backend: createReferenceBackend(),
        optimizer: { name: 'sgd' },
        schedule: { name: 'constant', peak: 1 },
        clipNorm: Number.POSITIVE_INFINITY,
        seed: 1,
      })
      const before = (await trainer.snapshot()).get('weights')!
      await trainer.train({
        x: x.subarray(from * inputs, (from + count) * inputs),
        y: y.subarray(from * outputs, (from + count) * outputs),
      })
      const after = (await trainer.snapshot()).get('weights')!
      return Array.from(before.subarray(0, trainer.layout.parameterCount), (value, i) => value - after[i]!)
    }
    const whole = await gradientOf(0, examples)
    const single = await Promise.all(Array.from({ length: examples }, (_, i) => gradientOf(i, 1)))
    for (const [i, value] of whole.entries()) {
      const mean = single.reduce((total, gradient) => total + gradient[i]! / examples, 0)
      // Weights are read as float32: differences of numbers below 1 to 1e-7.
      expect(Math.abs(value - mean)).toBeLessThan(2e-7)
    }
    expect(single[0]).not.toEqual(single[1])
  })

  it('has the gradients of the float64 reference through the whole network (float32 rounding through 30 layers: 1e-4 of the largest)', async () => {
    const [exact, single] = [await tinyTrainer(createReferenceBackend()), await tinyTrainer(backend)]
    const [a, b] = [await exact.train(tinyBatch(1)), await single.train(tinyBatch(1))]
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-5)
    expect(Math.abs(a.norm / b.norm - 1)).toBeLessThan(1e-4)
    const [first, second] = [(await exact.snapshot()).get('first')!, (await single.snapshot()).get('first')!]
    const scale = first.reduce((top, value) => Math.max(top, Math.abs(value)), 0)
    for (let i = 0; i < first.length; i++) expect(Math.abs(first[i]! - second[i]!)).toBeLessThan(1e-4 * scale)
  })

  it('skips a step whose loss is not finite, and nothing changes', async () => {
    const trainer = await tinyTrainer(backend)
    await trainer.train(tinyBatch(1))
    const before = await trainer.snapshot()
    const broken = tinyBatch(2)
    broken.mixture[5] = Number.NaN
    const report = await trainer.train(broken)
    expect(report).toMatchObject({ accepted: false, step: 2 })
    expect(await trainer.snapshot()).toEqual(before)
    expect((await trainer.train(tinyBatch(3))).accepted).toBe(true)
    await trainer.dispose()
  })

  it('corrects Adam’s young moments by updates, not by steps: after a refused step the first update is as large as the learning rate', async () => {
    const trainer = await tinyTrainer(backend)
    const broken = tinyBatch(1)
    broken.mixture[0] = Number.POSITIVE_INFINITY
    await trainer.train(broken)
    const before = (await trainer.snapshot()).get('weights')!
    const { learningRate } = await trainer.train(tinyBatch(2))
    const after = (await trainer.snapshot()).get('weights')!
    const largest = after.reduce((top, value, i) => Math.max(top, Math.abs(value - before[i]!)), 0)
    // m/√v of one gradient is 1 once both are corrected; weight decay moves weights near 1 by another hundredth, eps takes off far less.
    expect(largest / learningRate).toBeGreaterThan(0.98)
    expect(largest / learningRate).toBeLessThan(1.02)
    await trainer.dispose()
  })

  it('gives averaged weights with running statistics that are plain means over the batches', async () => {
    const exact = await tinyTrainer(createReferenceBackend())
    for (let i = 0; i < 3; i++) await exact.train(tinyBatch(i))
    const over = (...seeds: number[]) =>
      exact.averaged(
        (async function* () {
          for (const seed of seeds) yield tinyBatch(seed)
        })(),
      )
    const [first, second, both] = [await over(5), await over(6), await over(5, 6)]
    const name = 'stem.norm.running_mean'
    // float32 on the way out of the reference: 1e-6 of numbers near 1.
    for (const [i, value] of both.get(name)!.entries())
      expect(Math.abs(value - (first.get(name)![i]! + second.get(name)![i]!) / 2)).toBeLessThan(1e-6)
    expect(first.get(name)).not.toEqual(second.get(name))
    const { average, weights } = Object.fromEntries(await exact.snapshot()) as Record<string, Float32Array>
    const slot = exact.layout.parameters.find((candidate) => candidate.name === 'head.conv.weight')!
    expect(both.get(slot.name)).toEqual(average!.slice(slot.offset, slot.offset + slot.size))
    expect(average).not.toEqual(weights)
    await exact.dispose()
  })

  const pairs = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(2, 4, 6, 8) }
  async function* once() {
    yield pairs
  }
  const pairTrainer = (model: Module) =>
    createTrainer({
      model,
      task: { batch: { x: [4, 1], y: [4, 1] }, loss: ({ x, y }) => mseLoss(model.forward(x) as Tensor, y) },
      backend: createReferenceBackend(),
      seed: 1,
    })

  it('takes running statistics of a network that drops values while it drops them, the same ones each time', async () => {
    const trainer = await pairTrainer(new Sequential(new Dropout(0.75), new BatchNorm(1), new Linear(1, 1)))
    const [first, second] = [await trainer.averaged(once()), await trainer.averaged(once())]
    const [mean] = first.get('1.running_mean')!
    // Each of 1, 2, 3, 4 is dropped or four times itself: their mean is a whole number, and 2.5 where none is dropped.
    expect(Number.isInteger(mean)).toBe(true)
    expect(second).toEqual(first)
    await trainer.dispose()
  })

  it('ships a frozen table as it is, and statistics of what it gives', async () => {
    class Looked extends Module {
      readonly table = new Embedding(2, 1, { table: [3, 5], freeze: true })
      readonly norm = new BatchNorm(1)
      readonly linear = new Linear(1, 1)
      forward(x: Tensor): Tensor {
        return this.linear.forward(this.norm.forward(mul(this.table.forward(constant([0, 1, 1, 0], [4], 'int64')), x)))
      }
    }
    const trainer = await pairTrainer(new Looked())
    await trainer.train(pairs)
    const values = await trainer.averaged(once())
    expect(values.get('table.weight')).toEqual(Float32Array.of(3, 5))
    expect(values.get('norm.running_mean')![0]).toBe((3 * 1 + 5 * 2 + 5 * 3 + 3 * 4) / 4)
    await trainer.dispose()
  })

  it('refuses a model with nothing to train', async () => {
    await expect(pairTrainer(new Embedding(2, 1, { freeze: true }))).rejects.toThrow(
      'createTrainer: the model has no parameters; needs at least',
    )
  })

  it('refuses a snapshot of another network or optimiser by name and size, and stays as it was', async () => {
    const trainer = await tinyTrainer(backend)
    await expect(trainer.restore(new Map([['weights', new Float32Array(3)]]), 1)).rejects.toThrow(
      /"weights" has 3 values, the model and its optimiser \(adamw\) need \d+/,
    )
    const before = await trainer.snapshot()
    const others = await (await tinyTrainer(backend, 0.1, { optimizer: { name: 'sgd', momentum: 0.9 } })).snapshot()
    others.get('weights')!.fill(7)
    await expect(trainer.restore(others, 1)).rejects.toThrow(/"first" has no values/)
    await expect(trainer.restore(before, Number.NaN)).rejects.toThrow('checkpoint: step NaN; allowed are whole numbers ≥ 0')
    expect(await trainer.snapshot()).toEqual(before)
    await trainer.dispose()
  })

  it('5.3 goes back to a snapshot from before any score, also where its schedule has seen some since', async () => {
    const schedule = { name: 'plateau', peak: 0.1, patience: 0, factor: 0.5 } as const
    const before = await (await tinyTrainer(backend, 0.1)).snapshot()
    const trainer = await tinyTrainer(backend, 0, { schedule })
    for (const score of [1, 2, 2]) trainer.observe(score)
    await trainer.restore(before, 0)
    expect((await trainer.train(tinyBatch(1))).learningRate).toBe(0.1)
    await trainer.dispose()
  })
})
