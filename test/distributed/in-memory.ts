/** Ranks that live in one process, for tests of what is built on collectives: each call waits for the others' and all see what each has given. */
import type { Collective, Json } from '../../src/distributed/index.ts'

export function createInMemory(size: number): readonly Collective[] {
  let gathering: { readonly given: unknown[]; missing: number; readonly all: Promise<unknown[]>; readonly settle: (all: unknown[]) => void }
  const begin = () => {
    let settle!: (all: unknown[]) => void
    const all = new Promise<unknown[]>((done) => (settle = done))
    gathering = { given: new Array(size), missing: size, all, settle }
  }
  begin()
  const exchange = (rank: number, value: unknown): Promise<unknown[]> => {
    const now = gathering
    now.given[rank] = value
    if (--now.missing === 0) {
      begin()
      now.settle(now.given)
    }
    return now.all
  }
  const arrays = async (rank: number, values: Float32Array) => (await exchange(rank, values.slice())) as Float32Array[]
  return Array.from({ length: size }, (_, rank): Collective => {
    const allGather = async <T extends Json>(value: T): Promise<T[]> =>
      ((await exchange(rank, JSON.stringify(value))) as string[]).map((text) => JSON.parse(text) as T)
    return {
      rank,
      size,
      description: `${size} ranks in memory`,
      allReduce: async (values, reduction) => {
        const all = await arrays(rank, values)
        for (let i = 0; i < values.length; i++) {
          const total = all.reduce((sum, given) => sum + given[i]!, 0)
          values[i] = reduction === 'mean' ? total / size : total
        }
      },
      broadcast: async (values, root = 0) => {
        if (!(root >= 0 && root < size)) throw new RangeError(`broadcast: root ${root}; allowed are the ranks 0 to ${size - 1}`)
        values.set((await arrays(rank, values))[root]!)
      },
      allGather,
      barrier: async () => void (await allGather(null)),
      dispose: async () => {},
      abort: (exitCode) => {
        throw new Error(`aborted with exit code ${exitCode}`)
      },
    }
  })
}
