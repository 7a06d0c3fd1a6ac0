/** All collectives do what collectives do: one process alone, three ranks that mpirun starts, and those that other tests use. */
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSolo } from '../../src/distributed/index.ts'
import { cases } from './conformance.ts'
import { createInMemory } from './in-memory.ts'
import { type Ended, mpirun, run } from './mpirun.ts'

const rank = [process.execPath, '--import', 'tsx', resolve('test/distributed/rank.ts')]

describe('solo', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    await cases[name]!(createSolo())
  })
})

describe('3 ranks in memory', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    await Promise.all(createInMemory(3).map((collective) => cases[name]!(collective)))
  })
})

describe('3 ranks of Open MPI', () => {
  let ended: Ended
  let found: readonly { name: string; rank: number; size: number; error: string | null }[]
  beforeAll(async () => {
    ended = await mpirun(3, rank)
    found = ended.text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  })

  it.each(Object.keys(cases))('%s', (name) => {
    const results = found.filter((line) => line.name === name)
    expect(
      results.flatMap(({ error }) => error ?? []),
      ended.text,
    ).toEqual([])
    expect(results.map((line) => [line.rank, line.size]).sort(), ended.text).toEqual([0, 1, 2].map((r) => [r, 3]))
  })

  it('part in order, with exit code 0', () => expect(ended.code, ended.text).toBe(0))
})

describe('ranks in trouble', () => {
  it('end all together when one of them aborts, with its exit code', async () => {
    expect(await mpirun(2, [...rank, 'abort'])).toMatchObject({ code: 7 })
  })

  it('say so when another one is silent for too long', async () => {
    const { code, text } = await mpirun(2, [...rank, 'silence'])
    expect(text).toMatch(/RanksLostError: rank 0 of 2 waited 1 s for the others: one of them has ended or hangs; .*last checkpoint/)
    expect(code).toBe(3)
  })

  it('say what is missing where there is no Open MPI, and where the launcher does not connect them', async () => {
    const missing = await run(rank, { OMPI_COMM_WORLD_SIZE: '2', DIVISI_MPI: '/nowhere/libmpi.so' })
    expect(missing.text).toMatch(/Open MPI's library is not found as \/nowhere\/libmpi\.so .*apt-get install openmpi-bin/)
    const stranger = await run(rank, { OMPI_COMM_WORLD_SIZE: '2', DIVISI_MPI: 'libm.so.6' })
    expect(stranger.text).toMatch(/the library that answers to libmpi is not Open MPI's/)
    const unconnected = await run(rank, { SLURM_STEP_NUM_TASKS: '4' })
    expect(unconnected.text).toMatch(/srun started 4, but Open MPI connects 1; .*srun --mpi=pmix/)
  })
})
