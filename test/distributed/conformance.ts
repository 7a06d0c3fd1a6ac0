/** What every collective does, whatever connects its ranks. Cases run on all ranks alike; what they find wrong they throw. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Collective, onRoot, SharedFailure, together } from '../../src/distributed/index.ts'

/** More than one chunk and than all chunks under way at a time, and no multiple of them. */
const long = 5 * (1 << 18) + 77

export const cases: Readonly<Record<string, (collective: Collective) => Promise<void>>> = {
  'knows its rank and its size': async ({ rank, size, description }) => {
    assert.ok(Number.isInteger(rank) && rank >= 0 && rank < size, `rank ${rank} of ${size}`)
    assert.ok(description.length > 0)
  },

  'gathers what each rank gives, by rank': async ({ rank, size, allGather }) => {
    const things = await allGather({ rank, half: rank / 2, name: `rank ${rank} · √` })
    assert.deepEqual(
      things,
      Array.from({ length: size }, (_, r) => ({ rank: r, half: r / 2, name: `rank ${r} · √` })),
    )
    assert.deepEqual(await allGather(null), new Array(size).fill(null))
  },

  'gathers texts of other lengths, long ones too': async ({ rank, size, allGather }) => {
    const texts = await allGather('x'.repeat(rank === 0 ? 100_000 : rank))
    assert.deepEqual(
      texts.map(({ length }) => length),
      Array.from({ length: size }, (_, r) => (r === 0 ? 100_000 : r)),
    )
  },

  'sums in place': async ({ rank, size, allReduce }) => {
    const values = Float32Array.of(rank, 1, -rank)
    await allReduce(values, 'sum')
    const total = (size * (size - 1)) / 2
    assert.deepEqual([...values], [total, size, total === 0 ? values[2]! : -total])
  },

  'takes means of arrays of many chunks, and of none': async ({ rank, size, allReduce }) => {
    const values = Float32Array.from({ length: long }, (_, i) => (i % 1000) + rank)
    await allReduce(values, 'mean')
    for (const i of [0, 1, 262_143, 262_144, 1_048_576, long - 1]) {
      // Sums of small whole numbers are exact; the division rounds once.
      const right = (i % 1000) + (size - 1) / 2
      assert.ok(Math.abs(values[i]! - right) <= right * 2 ** -22, `value ${i} is ${values[i]}, not ${right}`)
    }
    await allReduce(new Float32Array(0), 'sum')
  },

  'sums to the same bits on every rank': async ({ rank, allReduce, allGather }) => {
    const values = Float32Array.from({ length: 4099 }, (_, i) => Math.sin(i * (rank + 1)) * 10 ** (rank - 1))
    await allReduce(values, 'sum')
    const texts = await allGather(Buffer.from(values.buffer).toString('base64'))
    assert.equal(new Set(texts).size, 1)
  },

  'leaves an array alone beside the part that it is given': async ({ size, allReduce }) => {
    const values = Float32Array.of(7, 1, 1, 7)
    await allReduce(values.subarray(1, 3), 'sum')
    assert.deepEqual([...values], [7, size, size, 7])
  },

  'hands on the values of any root': async ({ rank, size, broadcast }) => {
    for (let root = 0; root < size; root++) {
      const values = Float32Array.from({ length: long }, () => (rank === root ? root + 0.5 : -1))
      await broadcast(values, root)
      assert.ok(values.every((value) => value === root + 0.5))
    }
    const values = Float32Array.of(rank)
    await broadcast(values)
    assert.equal(values[0], 0)
    await assert.rejects(async () => broadcast(values, size), /root \d+; allowed are the ranks 0 to/)
  },

  'passes on numbers that are not finite, so that all ranks see them': async ({ rank, size, allReduce }) => {
    const values = Float32Array.of(rank === size - 1 ? Number.NaN : 1, rank === 0 ? Number.POSITIVE_INFINITY : 1)
    await allReduce(values, 'mean')
    assert.deepEqual([...values], [Number.NaN, Number.POSITIVE_INFINITY])
  },

  'lets nobody past a barrier before all are there': async ({ rank, size, barrier, allGather }) => {
    if (rank === size - 1) await sleep(50)
    const before = Date.now()
    await barrier()
    const after = Date.now()
    const all = await allGather({ before, after })
    const last = Math.max(...all.map((times) => times.before))
    assert.ok(
      all.every((times) => times.after >= last),
      JSON.stringify(all),
    )
  },

  'leaves the event loop free while it waits': async ({ rank, barrier }) => {
    await barrier()
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    // Long enough for the others to be waiting by then, however busy the machine is; one that holds up its event loop counts no turn.
    if (rank === 0) await sleep(500)
    await barrier()
    clearInterval(timer)
    assert.ok(rank === 0 || turns >= 1, `${turns} turns`)
  },

  'waits together for work of any length': async (collective) => {
    const { rank, size, allGather } = collective
    const result = await together(collective, async () => {
      // Longer than a heartbeat.
      if (rank === size - 1) await sleep(1300)
      return rank
    })
    assert.equal(result, rank)
    assert.equal((await allGather(1)).length, size)
  },

  'gives all ranks what rank 0 found': async (collective) => {
    const found = await onRoot(collective, async () => {
      assert.equal(collective.rank, 0)
      return { score: 11.4 }
    })
    assert.deepEqual(found, { score: 11.4 })
  },

  'makes a failure of one rank that of all, which can go on after it': async (collective) => {
    const { size, rank, allGather } = collective
    const last = size - 1
    const failing = together(collective, async () => {
      if (rank === last) throw new RangeError('no such song')
    })
    await assert.rejects(failing, (error: Error) => {
      assert.equal(error.message, last === 0 ? 'no such song' : `rank ${last}: no such song`)
      assert.ok(size === 1 || error instanceof SharedFailure)
      return true
    })
    assert.deepEqual(await allGather(1), new Array(size).fill(1))
  },
}
