import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { compile, createReferenceBackend } from '../../src/runtime/index.ts'
import { add, channelLayerNorm, constant, createRandom, groupNorm, input, standardize, type Tensor } from '../../src/tensor/index.ts'
import { onnxRuntime } from './support.ts'

const ones = (shape: readonly number[]) => constant(new Float64Array(shape.reduce((a, b) => a * b)).fill(1), shape)
const zeros = (shape: readonly number[]) => constant(new Float64Array(shape.reduce((a, b) => a * b)), shape)

/** Norms of (1, 2, 16, 2), by pairs, with an eps that hides nothing. */
const norms: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  standardize: (x) => standardize(x, 1, 1e-8),
  channelLayerNorm: (x) => channelLayerNorm(x, ones([2, 1, 2]), zeros([2, 1, 2]), 1e-8),
  groupNorm: (x) => groupNorm(x, 1, ones([2]), zeros([2]), 1e-8),
}

describe('rows that hardly vary', () => {
  const backend = onnxRuntime({ threads: 1 })

  it.each(Object.entries(norms))('%s are standardised with sums in float64', async (_, norm) => {
    const random = createRandom(1)
    // 0.3 ± 0.001 takes float32 three of its seven digits: 2e-5 to 5e-5 with sums of squares in it, 1e-7 with sums in float64.
    const x = Float32Array.from({ length: 64 }, () => 0.3 + random.uniform(-1e-3, 1e-3))
    const run = async (on: Parameters<typeof compile>[2]['backend']) => {
      const program = await compile(({ x }) => ({ y: norm(x) }), { x: [1, 2, 16, 2] }, { backend: on })
      const { y } = await program.run({ x: x.slice() })
      await program.dispose()
      return y!
    }
    const [found, exact] = [await run(backend()), await run(createReferenceBackend())]
    for (const [i, value] of exact.entries()) expect(Math.abs(Number(found[i]) - Number(value)), `element ${i}`).toBeLessThan(1e-6)
  })

  it('a sum before a norm stays a sum: what ONNX Runtime would make of the two wants a gain for each element', async () => {
    for (const shape of [
      [2, 3, 4],
      [3, 4],
    ]) {
      const program = await compile(({ a, b }) => ({ y: standardize(add(a, b)) }), { a: shape, b: shape }, { backend: backend() })
      const values = Float32Array.from({ length: shape.reduce((m, n) => m * n) }, (_, i) => i)
      const { y } = await program.run({ a: values.slice(), b: values.slice() })
      const deviation = Math.sqrt(5 + 1e-5)
      for (const [i, value] of (y as Float32Array).entries()) expect(value).toBeCloseTo((2 * ((i % 4) - 1.5)) / deviation, 5)
      await program.dispose()
    }
  })

  it('for CUDA and WebGPU, whose kernels have no such sums, there is a gain for each element', () => {
    const x = input('x', [2, 3, 4])
    const operators = (target: 'cpu' | 'cuda' | 'webgpu') => writeOnnx({ y: standardize(x) }, new Map(), target).nodes
    expect([operators('cpu'), operators('cuda'), operators('webgpu')]).toEqual([1, 2, 2])
  })
})
