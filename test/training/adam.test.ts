import { expect, it } from 'vitest'
import { createOnnxRuntimeBackend } from '../../src/runtime/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { createAdam, paddedLength } from '../../src/training/adam.ts'

// New values take the place of the old ones while the program runs, on two threads and in several chunks: what is still to be read must not
// be overwritten. float32 against float64 over three steps of size 1e-2: 1e-6.
it('updates in place what the formulas of Adam give', async () => {
  const backend = await createOnnxRuntimeBackend({ threads: 2 })
  const length = paddedLength(600_000)
  const options = { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1, clipNorm: 1e9, averageDecay: 0.5 } as const
  const adam = await createAdam(backend, length, options)
  const random = createRandom(1)
  const noise = () => Float32Array.from({ length }, () => random.uniform(-1, 1))
  const state = {
    weights: await backend.allocate(length),
    first: await backend.allocate(length),
    second: await backend.allocate(length),
    average: await backend.allocate(length),
  }
  const gradients = await backend.allocate(length)
  const start = noise()
  await state.weights.write(start)
  await state.average.write(start)
  const expected = { weights: Float64Array.from(start), average: Float64Array.from(start) }
  const [first, second] = [new Float64Array(length), new Float64Array(length)]
  const rate = 1e-2
  for (let step = 0; step < 3; step++) {
    const g = noise()
    await gradients.write(g)
    await adam.update(state, gradients, { step, learningRate: rate, norm: 1 })
    const follow = Math.min(options.averageDecay, (1 + step) / (10 + step))
    for (let i = 0; i < length; i++) {
      first[i] = 0.9 * first[i]! + 0.1 * g[i]!
      second[i] = 0.99 * second[i]! + 0.01 * g[i]! ** 2
      const unbiased = [first[i]! / (1 - 0.9 ** (step + 1)), second[i]! / (1 - 0.99 ** (step + 1))] as const
      expected.weights[i] = expected.weights[i]! * (1 - rate * 0.1) - (rate * unbiased[0]) / (Math.sqrt(unbiased[1]) + 1e-8)
      expected.average[i] = follow * expected.average[i]! + (1 - follow) * expected.weights[i]!
    }
  }
  for (const name of ['weights', 'average'] as const) {
    const values = await state[name].read()
    let worst = 0
    for (let i = 0; i < length; i++) worst = Math.max(worst, Math.abs(values[i]! - expected[name][i]!))
    expect(worst, name).toBeLessThan(1e-6)
  }
  await adam.dispose()
  await backend.dispose()
})
