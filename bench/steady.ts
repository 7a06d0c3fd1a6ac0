/**
 * Whether training holds on to memory: resident memory of the process over the steps of a small U-Net, and how far it moves from the 200th step
 * on, relative to that step's (the first ones fill ONNX Runtime's arena and the garbage collector's heap).
 *
 *     npx tsx --expose-gc bench/steady.ts [steps]
 */
import { createOnnxRuntimeBackend } from '../src/runtime/index.ts'
import { abs, mean, sub, type Tensor } from '../src/tensor/index.ts'
import { trainerOf } from './network.ts'
import { noise, threads } from './support.ts'
import { UNet } from './unet.ts'

const steps = Number(process.argv[2] ?? 1000)
const shape = [2, 2, 128, 64]
const size = 2 * 2 * 128 * 64
const backend = await createOnnxRuntimeBackend({ threads })
const model = new UNet([8, 16, 32, 64])
const task = {
  batch: { mixture: shape, target: shape },
  loss: (given: Record<'mixture' | 'target', Tensor>) => mean(abs(sub(model.forward(given.mixture), given.target))),
}
const trainer = await trainerOf(model, task, backend)
const every = steps / 10
const resident: number[] = []
console.log('| step | resident memory, MB | of it JavaScript’s heap | loss |\n|---|---|---|---|')
for (let step = 1; step <= steps; step++) {
  // New arrays in every step, as a loader makes them.
  const { loss } = await trainer.train({ mixture: noise(size, 2 * step).map(Math.abs), target: noise(size, 2 * step + 1).map(Math.abs) })
  if (step % every !== 0) continue
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  resident.push(rss / 1e6)
  console.log(`| ${step} | ${(rss / 1e6).toFixed(1)} | ${(heapUsed / 1e6).toFixed(1)} | ${loss.toFixed(4)} |`)
}
await trainer.dispose()
await backend.dispose()
const [start, ...rest] = resident.slice(1)
const [least, most] = [Math.min, Math.max].map((extreme) => `${(100 * (extreme(...rest) / start! - 1)).toFixed(2)} %`)
console.log(`\nthe rest lies ${least} to ${most} from step ${2 * every}; the goal is at most 2 % above`)
