/** The update as a program over chunks, in place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, createOnnxRuntimeBackend, createReferenceBackend } from '../../src/runtime/index.ts'
import { createRandom, type Node, type Tensor, topologicalOrder } from '../../src/tensor/index.ts'
import { createOptimizer, type OptimizerOptions } from '../../src/training/index.ts'
import { createUpdater, paddedLength, updatedArrays } from '../../src/training/updater.ts'
import { distance } from '../tensor/generic.ts'

const all: readonly OptimizerOptions[] = [
  { name: 'sgd' },
  { name: 'sgd', momentum: 0.9, dampening: 0.3, weightDecay: 0.1 },
  { name: 'sgd', momentum: 0.9, nesterov: true },
  { name: 'adam', weightDecay: 0.1, amsgrad: true },
  { name: 'adamw', betas: [0.9, 0.99], weightDecay: 0.1 },
  { name: 'rmsprop', momentum: 0.9, centered: true, weightDecay: 0.1 },
  { name: 'radam', betas: [0.9, 0.9], weightDecay: 0.1 },
]

let backend: Backend
beforeAll(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 2 })
})
afterAll(() => backend.dispose())

/** Three updates on drawn gradients; the arrays after them. */
async function updated(on: Backend, options: OptimizerOptions, length: number): Promise<Record<string, Float32Array>> {
  const optimizer = createOptimizer(options)
  const updater = await createUpdater(on, length, optimizer, { clipNorm: 1e9, averageDecay: 0.5 })
  const random = createRandom(1)
  const noise = () => Float32Array.from({ length }, () => random.uniform(-1, 1))
  const entries = await Promise.all(updatedArrays(optimizer).map(async (name) => [name, await on.allocate(length)] as const))
  const arrays = Object.fromEntries(entries)
  const gradients = await on.allocate(length)
  const start = noise()
  for (const name of ['weights', 'average']) await arrays[name]!.write(start)
  for (let update = 0; update < 3; update++) {
    await gradients.write(noise())
    await updater.update(arrays, gradients, { update, learningRate: 1e-2, norm: 1 })
  }
  const values = Object.fromEntries(await Promise.all(entries.map(async ([name, array]) => [name, await array.read()] as const)))
  for (const array of [gradients, ...Object.values(arrays)]) await array.free()
  await updater.dispose()
  return values
}

describe('updates', () => {
  // New values take the place of the old ones while the program runs, on two threads and in several chunks: what is still to be read must not
  // be overwritten. float32 against float64 over three updates: 1e-6 of the largest; where a variance is a difference of squares, 1e-5.
  it.each(all)('5.3 in place give what float64 gives beside them: %j', async (options) => {
    const length = paddedLength(options.name === 'adamw' ? 300_000 : 60_000)
    const [exact, actual] = [await updated(createReferenceBackend(), options, length), await updated(backend, options, length)]
    expect(Object.keys(actual)).toEqual(['weights', ...createOptimizer(options).state, 'average'])
    for (const [name, values] of Object.entries(actual)) {
      expect(distance(values, exact[name]!), name).toBeLessThan(options.name === 'rmsprop' ? 1e-5 : 1e-6)
    }
  })

  it.each(all)('write no new value before everything else that reads the old one: %j', async (options) => {
    let graph: Readonly<Record<string, Tensor>> = {}
    const spy: Backend = {
      ...createReferenceBackend(),
      load: async (outputs, constants) => {
        if ('next/weights' in outputs) graph = outputs
        return createReferenceBackend().load(outputs, constants)
      },
    }
    const optimizer = createOptimizer(options)
    await createUpdater(spy, 64, optimizer, { clipNorm: 1, averageDecay: 0.5 })
    const nodes = topologicalOrder(Object.values(graph))
    for (const name of updatedArrays(optimizer)) {
      const written = graph[`next/${name}`]!
      const before = new Set<Node>(topologicalOrder([written]))
      const readers = nodes.filter(({ inputs }) => inputs.some(({ node }) => node.kind === 'input' && node.name === name))
      expect(readers.length, name).toBeGreaterThan(0)
      for (const reader of readers) expect(before.has(reader), `${name} is read by ${reader.operation.name}`).toBe(true)
      // Element-wise: every node has the shape of the arrays or of a setting.
      for (const node of before) if (node.kind === 'operation') expect([[64], [1]]).toContainEqual(node.outputs[0]!.shape)
    }
  })

  it('5.3 stay finite where gradients stay the same: rounding makes the variance of centered RMSprop negative, and its root NaN', async () => {
    const optimizer = createOptimizer({ name: 'rmsprop', centered: true, alpha: 0.7 })
    const length = 64
    const updater = await createUpdater(backend, length, optimizer, { clipNorm: 1e9, averageDecay: 0 })
    const names = updatedArrays(optimizer)
    const arrays = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await backend.allocate(length)] as const)))
    const gradients = await backend.allocate(length)
    await gradients.write(Float32Array.from({ length }, (_, i) => Math.sin(i + 1)))
    for (let update = 0; update < 80; update++) await updater.update(arrays, gradients, { update, learningRate: 1e-3, norm: 1 })
    const [square, mean] = [await arrays.square!.read(), await arrays.mean!.read()]
    expect(square.some((value, i) => Math.fround(value - Math.fround(mean[i]! ** 2)) < 0)).toBe(true)
    expect((await arrays.weights!.read()).every(Number.isFinite)).toBe(true)
    await updater.dispose()
  })

  it('scale gradients down to the norm, and let the average follow early and lag late', async () => {
    const exact = createReferenceBackend()
    const optimizer = createOptimizer({ name: 'sgd' })
    const updater = await createUpdater(exact, 64, optimizer, { clipNorm: 0.5, averageDecay: 0.75 })
    const [weights, average, gradients] = [await exact.allocate(64), await exact.allocate(64), await exact.allocate(64)]
    await gradients.write(Float32Array.of(3, -4))
    const norm = await updater.norm(gradients)
    expect(norm).toBe(5)
    await updater.update({ weights, average }, gradients, { update: 0, learningRate: 1, norm })
    // The norm has 1e-6 added before it divides.
    const [w, a] = [await weights.read(0, 2), await average.read(0, 2)]
    for (const [i, value] of [-0.3, 0.4].entries()) expect(Math.abs(w[i]! - value)).toBeLessThan(1e-6)
    for (const [i, value] of [-0.27, 0.36].entries()) expect(Math.abs(a[i]! - value)).toBeLessThan(1e-6)
    await updater.update({ weights, average }, gradients, { update: 1000, learningRate: 1, norm })
    // 0.75 · 0.27 + 0.25 · 0.6
    expect(Math.abs((await average.read(0, 1))[0]! + 0.3525)).toBeLessThan(1e-6)
    // Smaller gradients are left as they are: −0.6 − 0.03.
    await gradients.write(Float32Array.of(0.03, -0.04))
    await updater.update({ weights, average }, gradients, { update: 1001, learningRate: 1, norm: await updater.norm(gradients) })
    expect(Math.abs((await weights.read(0, 1))[0]! + 0.63)).toBeLessThan(1e-6)
    await updater.dispose()
  })
})
