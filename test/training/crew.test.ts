/** What the processes of a run agree on, before and while they train. */
import { describe, expect, it } from 'vitest'
import { createReferenceBackend } from '../../src/runtime/index.ts'
import type { Checkpoint } from '../../src/training/checkpoint.node.ts'
import { type Crew, createCrew, requireShares } from '../../src/training/crew.node.ts'
import { createInMemory } from '../distributed/in-memory.ts'
import { tinyTrainer } from './tiny.ts'

const crewOf = (size: number): Crew[] => createInMemory(size).map((collective) => createCrew(collective))

describe('updates', () => {
  it('are shared out evenly, those of every crop, or refused with what would be even', () => {
    requireShares({ accumulate: 4 }, 2)
    requireShares({}, 1)
    requireShares(
      {
        accumulate: 3,
        crops: [
          { until: 10, frames: 64, accumulate: 2 },
          { frames: 128, accumulate: 6 },
        ],
      },
      2,
    )
    expect(() => requireShares({}, 4)).toThrow(/updates of 1 part cannot .* among 4 processes; give accumulate: 4, .* divides 1$/)
    expect(() => requireShares({ accumulate: 4, crops: [{ frames: 64, accumulate: 6 }] }, 4)).toThrow(/updates of 6 parts .* accumulate: 8/)
  })
})

describe('a crew', () => {
  it('opens what fills caches one before the others', async () => {
    const order: number[] = []
    const opened = await Promise.all(
      crewOf(3).map((crew) =>
        crew.inTurn(async () => {
          order.push(crew.rank)
          return crew.rank
        }),
      ),
    )
    expect(opened).toEqual([0, 1, 2])
    expect(order[0]).toBe(0)
    expect(order).toHaveLength(3)
  })

  it('stops when one of it is told to', async () => {
    expect(await Promise.all(crewOf(2).map((crew) => crew.any(crew.rank === 1)))).toEqual([true, true])
    expect(await Promise.all(crewOf(2).map((crew) => crew.any(false)))).toEqual([false, false])
  })

  it('refuses to begin where one has another recipe or other recordings', async () => {
    const outcomes = await Promise.allSettled(crewOf(3).map((crew) => crew.agreeOn('recipe', crew.rank === 2 ? 'b' : 'a')))
    for (const outcome of outcomes)
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(/rank 2 has not the same recipe as rank 0; all processes need/)
  })

  it("gets the leader's checkpoint, though only the leader has the file", async () => {
    const checkpoint: Checkpoint = {
      facts: {
        step: 3,
        identity: 'x',
        engines: [],
        schedule: { peak: 1, warmup: 0, decay: 0, steps: 10 },
        bestScore: null,
        seconds: 1,
        rejected: 0,
      },
      arrays: new Map([['weights', Float32Array.of(1, 2)]]),
    }
    const asked: number[] = []
    const load = async (rank: number) => {
      asked.push(rank)
      return checkpoint
    }
    const found = await Promise.all(crewOf(2).map((crew) => crew.checkpoint(() => load(crew.rank))))
    expect(found).toEqual([checkpoint, checkpoint])
    expect(asked).toEqual([0])
    expect(await Promise.all(crewOf(2).map((crew) => crew.checkpoint(async () => undefined)))).toEqual([undefined, undefined])
  })

  it('gives all the weights of the leader where they differ, and sends nothing where they do not', async () => {
    const backend = createReferenceBackend()
    const trainers = [await tinyTrainer(backend), await tinyTrainer(backend)]
    const align = () => Promise.all(crewOf(2).map((crew) => crew.align(trainers[crew.rank]!)))
    expect(await align()).toEqual([false, false])
    const changed = new Map(await trainers[1]!.snapshot())
    changed.set(
      'weights',
      changed.get('weights')!.map((value) => value + 1e-6),
    )
    await trainers[1]!.restore(changed, 0)
    expect(await align()).toEqual([true, true])
    expect(await trainers[1]!.snapshot()).toEqual(await trainers[0]!.snapshot())
    for (const trainer of trainers) await trainer.dispose()
  })
})
