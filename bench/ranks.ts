/**
 * How training the shipped network scales over processes: updates of two batches of four examples with one thread per process.
 *
 *     npx tsx bench/ranks.ts                                          one process
 *     mpirun -n 2 --bind-to none npx tsx bench/ranks.ts               two: a batch each
 *
 * Prints the median time of an update, and of it the time that ranks exchange values, and that they wait for each other.
 */
import { fileURLToPath } from 'node:url'
import { type Collective, openCollective } from '../src/distributed/index.ts'
import { bandUnetConfig, createNetwork } from '../src/models/index.ts'
import { createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { createTrainer, readRecipe } from '../src/training/index.ts'
import { noise } from './support.ts'

const [accumulate, examples, updates] = [2, 4, 12]

const { recipe } = await readRecipe(fileURLToPath(new URL('../recipes/vocals.yaml', import.meta.url)))
const config = bandUnetConfig.parse(recipe.model)
const shape = [examples, 2, Math.round((recipe.data as { seconds: number }).seconds * config.sampleRate)]

/** Milliseconds in a function's calls since they were last asked for. */
function timed<A extends unknown[], R>(f: (...parameters: A) => Promise<R>) {
  let total = 0
  return {
    call: async (...parameters: A): Promise<R> => {
      const started = performance.now()
      const result = await f(...parameters)
      total += performance.now() - started
      return result
    },
    take: () => {
      const taken = total
      total = 0
      return taken
    },
  }
}

const joined = await openCollective({ limitSeconds: 600 })
const [exchange, wait] = [timed(joined.allReduce), timed(joined.allGather)]
const collective: Collective = { ...joined, allReduce: exchange.call, allGather: wait.call as Collective['allGather'] }
const { rank, size } = collective
const backend = await createOnnxRuntimeBackend({ threads: 1 })
const model = createNetwork(config)
const trainer = await createTrainer<'mixture' | 'vocals'>({
  model,
  task: { batch: { mixture: shape, vocals: shape }, loss: ({ mixture, vocals }) => model.loss(mixture, { vocals }) },
  backend,
  collective,
  seed: 1,
})
const count = shape.reduce((a, b) => a * b)
const batch = { mixture: noise(count, rank + 1), vocals: noise(count, rank + 101) }
const rows: { update: number; exchange: number; wait: number }[] = []
for (let update = 0; update < updates; update++) {
  const parts = Array.from({ length: accumulate / size }, (_, p) => ({ batch, index: update * accumulate + p * size + rank }))
  const started = performance.now()
  await trainer.update(parts)
  rows.push({ update: performance.now() - started, exchange: exchange.take(), wait: wait.take() })
}
// The first ones lay out memory.
const median = (key: keyof (typeof rows)[number]) => {
  const sorted = rows
    .slice(2)
    .map((row) => row[key])
    .sort((a, b) => a - b)
  return `${key} ${sorted[sorted.length >> 1]!.toFixed(1)} ms`
}
if (rank === 0)
  console.log(
    `${size} × 1 thread, ${trainer.layout.parameterCount} parameters: ${(['update', 'exchange', 'wait'] as const).map(median).join(', ')}`,
  )
await trainer.dispose()
await backend.dispose()
await collective.dispose()
