/** Two networks that learn against each other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layoutOf } from '../../src/nn/index.ts'
import { type Backend, compile, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import type { StepReport } from '../../src/training/index.ts'
import { adversaries, type Curve, partsOf, rivalBatch } from './rival.ts'

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1 })
})
afterAll(() => backend.dispose())

type Adversaries = Awaited<ReturnType<typeof adversaries>>

async function advance({ trainer }: Adversaries, from: number, to: number, accumulate = 2): Promise<StepReport[]> {
  const reports: StepReport[] = []
  for (let step = from; step < to; step++) reports.push(await trainer.update(partsOf(step, accumulate)))
  return reports
}

/** Mean of what a generator makes. */
async function meanMade(generator: Curve, values: ReadonlyMap<string, Float32Array>, on: Backend): Promise<number> {
  layoutOf(generator)
  const { noise } = rivalBatch(99, 200)
  const program = await compile(
    ({ noise }) => ({ made: generator.forward(noise!) }),
    { noise: [200, 1] },
    { backend: on, constants: values },
  )
  const { made } = await program.run({ noise })
  return (made as Float32Array).reduce((sum, x) => sum + x / 200, 0)
}

describe('a rival', () => {
  it.each([true, false])('teaches a generator what is real (updated at every part: %s)', async (everyPart) => {
    const one = await adversaries(backend, { everyPart })
    const none = (async function* () {})()
    expect(Math.abs(await meanMade(one.generator, await one.trainer.averaged(none), backend))).toBeLessThan(1)
    await advance(one, 0, 200)
    // Real numbers are 2 ± 0.3; the game goes round that.
    const after = await meanMade(one.generator, await one.trainer.averaged(none), backend)
    expect(after).toBeGreaterThan(1.4)
    expect(after).toBeLessThan(2.6)
    await one.trainer.dispose()
  })

  it('sends its gradient to the generator, through itself, and no further; cut off, nothing reaches the generator', async () => {
    const exact = createReferenceBackend()
    for (const detach of [false, true]) {
      const one = await adversaries(exact, { everyPart: false, detach })
      const before = await one.trainer.snapshot()
      const [report] = await advance(one, 0, 1, 1)
      const after = await one.trainer.snapshot()
      if (detach) expect(report!.norm).toBe(0)
      else expect(report!.norm).toBeGreaterThan(1e-3)
      expect(report!.rival!.norm).toBeGreaterThan(1e-3)
      const same = (name: string) => expect.soft(after.get(name), name)
      if (detach) same('weights').toEqual(before.get('weights'))
      else same('weights').not.toEqual(before.get('weights'))
      same('rival/weights').not.toEqual(before.get('rival/weights'))
      await one.trainer.dispose()
    }
  })

  it('has the gradient that a step of its own would have, whatever the other learns: the two are simultaneous unless it is updated at every part', async () => {
    const exact = createReferenceBackend()
    const [together, turns] = [await adversaries(exact, { everyPart: false }), await adversaries(exact, { everyPart: true })]
    const [[a], [b]] = [await advance(together, 0, 1, 1), await advance(turns, 0, 1, 1)]
    expect(a!.rival).toEqual(b!.rival)
    // The generator meets a discriminator that has learned from this very batch.
    expect(b!.loss).not.toBe(a!.loss)
    for (const { trainer } of [together, turns]) await trainer.dispose()
  })

  it.each([true, false])('goes on from a snapshot bit for bit (updated at every part: %s)', async (everyPart) => {
    const [whole, first, second] = [
      await adversaries(backend, { everyPart }),
      await adversaries(backend, { everyPart }),
      await adversaries(backend, { everyPart }),
    ]
    const reports = await advance(whole, 0, 7)
    await advance(first, 0, 3)
    const snapshot = await first.trainer.snapshot()
    const arrays = ['updates', 'weights', 'first', 'second']
    expect([...snapshot.keys()]).toEqual([...arrays, 'average', 'buffers', ...[...arrays, 'buffers'].map((name) => `rival/${name}`)])
    expect(snapshot.get('rival/updates')).toEqual(Float32Array.of(everyPart ? 6 : 3))
    await second.trainer.restore(snapshot, 3)
    expect(await advance(second, 3, 7)).toEqual(reports.slice(3))
    expect(await second.trainer.snapshot()).toEqual(await whole.trainer.snapshot())
    const plain = new Map([...snapshot].filter(([name]) => !name.startsWith('rival/')))
    await expect(second.trainer.restore(plain, 3)).rejects.toThrow(/"rival\/weights" has no values/)
    for (const { trainer } of [whole, first, second]) await trainer.dispose()
  })

  it('learns with a generator that stumbles: each refuses what is not finite, by itself', async () => {
    const one = await adversaries(backend, { everyPart: false })
    await advance(one, 0, 1)
    const before = await one.trainer.snapshot()
    const [good, broken] = [partsOf(1, 2), partsOf(1, 2)]
    broken[1]!.batch.real[3] = Number.NaN
    const report = await one.trainer.update(broken)
    // What is real is no part of the generator's loss.
    expect(report).toMatchObject({ step: 2, accepted: true, rival: { accepted: false, loss: Number.NaN } })
    const after = await one.trainer.snapshot()
    expect(after.get('rival/weights')).toEqual(before.get('rival/weights'))
    expect(after.get('weights')).not.toEqual(before.get('weights'))
    expect((await one.trainer.update(good)).rival!.accepted).toBe(true)
    await one.trainer.dispose()
  })
})
