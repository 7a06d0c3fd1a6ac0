/** Updates of several batches, and batches of several shapes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mseLoss } from '../../src/losses/index.ts'
import { BatchNorm, Dropout, Linear, Sequential } from '../../src/nn/index.ts'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { createRandom, type Tensor, tanh } from '../../src/tensor/index.ts'
import { createTrainer, type Part, type Trainer } from '../../src/training/index.ts'

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(() => backend.dispose())

type Names = 'x' | 'y'

/** Examples `first` to `first + count` of a made-up regression. */
function examples(first: number, count: number) {
  const rows = Array.from({ length: count }, (_, i) => {
    const random = createRandom(8, first + i)
    return { x: [random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)], y: random.uniform(-1, 1) }
  })
  return { x: Float32Array.from(rows.flatMap(({ x }) => x)), y: Float32Array.from(rows, ({ y }) => y) }
}

async function regression(count: number, on = backend): Promise<Trainer<Names>> {
  const [first, last] = [new Linear(3, 5), new Linear(5, 1)]
  const model = new Sequential(first, last)
  return createTrainer<Names>({
    model,
    task: { batch: { x: [count, 3], y: [count, 1] }, loss: ({ x, y }) => mseLoss(last.forward(tanh(first.forward(x))), y) },
    backend: on,
    clipNorm: 0.3,
    seed: 1,
  })
}

const parts = (step: number, accumulate: number, count: number): Part<Names>[] =>
  Array.from({ length: accumulate }, (_, part) => {
    const index = step * accumulate + part
    return { index, batch: examples(index * count, count), specs: { x: [count, 3], y: [count, 1] } }
  })

describe('parts of an update', () => {
  it('3.1 give what one large batch gives: their gradients and losses are averaged, and then clipped', async () => {
    const [whole, parted] = [await regression(4), await regression(1)]
    for (let step = 0; step < 5; step++) {
      const [a, b] = [await whole.update(parts(step, 1, 4)), await parted.update(parts(step, 4, 1))]
      // float32 sums in another order: a few units of 6e-8.
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-6)
      expect(Math.abs(a.norm - b.norm)).toBeLessThan(1e-6)
      expect(a.norm).toBeGreaterThan(0.3)
    }
    const [a, b] = [(await whole.snapshot()).get('weights')!, (await parted.snapshot()).get('weights')!]
    // Adam divides by the root of what it averages: differences of 1e-6 of a gradient move weights by as large a part of the rate 0.001.
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(1e-6)
    for (const one of [whole, parted]) await one.dispose()
  })

  it('draw by their own number, whichever update takes them', async () => {
    const model = new Sequential(new Dropout(0.5), new Linear(3, 1))
    const trainer = await createTrainer<Names>({
      model,
      task: { batch: { x: [1, 3], y: [1, 1] }, loss: ({ x, y }) => mseLoss(model.forward(x) as Tensor, y) },
      backend,
      optimizer: { name: 'sgd' },
      schedule: { name: 'constant', peak: 1e-30 },
      seed: 1,
    })
    const batch = { x: Float32Array.of(1, 2, 3), y: Float32Array.of(0) }
    const lossOf = async (...numbers: number[]) => (await trainer.update(numbers.map((index) => ({ index, batch })))).loss
    const single = [await lossOf(0), await lossOf(1), await lossOf(2), await lossOf(3)] as const
    expect(new Set(single).size).toBeGreaterThan(1)
    expect(await lossOf(1)).toBe(single[1])
    expect(await lossOf(2, 3)).toBe((single[2] + single[3]) / 2)
    await trainer.dispose()
  })

  it('move running statistics one after the other, and not at all where the update is refused', async () => {
    const norm = new BatchNorm(1, { momentum: 0.5 })
    const model = new Sequential(norm, new Linear(1, 1))
    const trainer = await createTrainer<Names>({
      model,
      task: { batch: { x: [2, 1], y: [2, 1] }, loss: ({ x, y }) => mseLoss(model.forward(x) as Tensor, y) },
      backend: createReferenceBackend(),
      seed: 1,
    })
    const part = (index: number, mean: number): Part<Names> => ({
      index,
      batch: { x: Float32Array.of(mean - 1, mean + 1), y: Float32Array.of(0, 1) },
    })
    const statistics = async () => Array.from((await trainer.snapshot()).get('buffers')!)[0]
    await trainer.update([part(0, 4), part(1, 8), part(2, 2)])
    // ((0 + 4)/2 + 8)/2 = 5, (5 + 2)/2 = 3.5
    expect(await statistics()).toBe(3.5)
    await trainer.update([part(3, 4), part(4, Number.NaN)])
    expect(await statistics()).toBe(3.5)
    await trainer.update([part(5, 0.5)])
    expect(await statistics()).toBe(2)
    await trainer.dispose()
  })

  it('may have a shape each, more of them than programs are kept, and are refused where they have another than they say', async () => {
    const [whole, shaped] = [await regression(4), await regression(4)]
    const cut = (count: number, specs: number): Part<Names> => ({
      index: 0,
      batch: examples(0, count),
      specs: { x: [specs, 3], y: [specs, 1] },
    })
    const a = await whole.update([cut(4, 4)])
    const b = await shaped.update([cut(4, 4)])
    expect(b).toEqual(a)
    for (const count of [1, 2, 3, 5, 6, 7, 1]) expect((await shaped.update([cut(count, count)])).accepted).toBe(true)
    await expect(shaped.update([cut(3, 4)])).rejects.toThrow(/"x" .*needs 12 values, its feed has 9/)
    for (const one of [whole, shaped]) await one.dispose()
  })

  it('are at least one', async () => {
    const trainer = await regression(1)
    await expect(trainer.update([])).rejects.toThrow('update: no parts; an update needs at least one')
    await trainer.dispose()
  })
})
