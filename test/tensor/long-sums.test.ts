import { describe, expect, it } from 'vitest'
import { compile } from '../../src/runtime/index.ts'
import { createRandom, mean, square, sum } from '../../src/tensor/index.ts'
import { onnxRuntime } from './support.ts'

describe('sums of many numbers', () => {
  const backend = onnxRuntime({ threads: 2 })

  // The second has rows of 4079 numbers, the last (a prime) rows of one.
  it.each([[[256, 16, 513]], [[300, 4079]], [[65537]]])('of %j are exact to a few roundings, not to their number’s', async (shape) => {
    const random = createRandom(1)
    const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(0, 0.4))
    const program = await compile(({ x }) => ({ squares: sum(square(x)), mean: mean(x) }), { x: shape }, { backend: backend() })
    const { squares, mean: average } = await program.run({ x })
    const exact = x.reduce((total, value) => total + value * value, 0)
    // Measured 1e-7; without the second stage 4e-5 for the first shape.
    expect(Math.abs(Number(squares![0]) / exact - 1)).toBeLessThan(2e-6)
    expect(Math.abs(Number(average![0]) / (x.reduce((total, value) => total + value, 0) / x.length) - 1)).toBeLessThan(2e-6)
    await program.dispose()
  })
})
