import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
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

  it('refuses a snapshot of another network by name and size', async () => {
    const trainer = await tinyTrainer(backend)
    await expect(trainer.restore(new Map([['weights', new Float32Array(3)]]), 1)).rejects.toThrow(
      /"weights" has 3 values, the model needs \d+/,
    )
    await trainer.dispose()
  })
})
