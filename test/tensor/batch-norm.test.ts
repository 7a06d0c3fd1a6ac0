import { describe, expect, it } from 'vitest'
import { compile } from '../../src/runtime/index.ts'
import { add, batchNorm, constant, grad, mul, sum } from '../../src/tensor/index.ts'
import { onnxRuntime } from './support.ts'

const backend = onnxRuntime()

const one = () => constant([1, 1])
const zero = () => constant([0, 0])

describe('batchNorm on onnxruntime-node', () => {
  it('keeps the statistics of several nodes of one width apart (ONNX Runtime merges equal constants and writes into them)', async () => {
    const program = await compile(
      ({ x }) => {
        const a = batchNorm(x, one(), zero())
        const b = batchNorm(add(mul(a.y, 3), 10), one(), zero())
        const c = batchNorm(add(mul(b.y, 5), -20), one(), zero())
        return {
          a: a.mean,
          b: b.mean,
          c: c.mean,
          varianceB: b.variance,
          gradient: grad(
            sum(
              mul(
                c.y,
                constant(
                  [
                    [1, 2],
                    [3, 4],
                    [5, 9],
                  ].flat(),
                  [3, 2],
                ),
              ),
            ),
            [x],
          )[0]!,
        }
      },
      { x: [3, 2] },
      { backend: backend() },
    )
    const x = Float32Array.of(1, -2, 2, 0, 6, 5)
    for (let run = 0; run < 2; run++) {
      const { a, b, c, varianceB } = await program.run({ x })
      expect(Array.from(a as Float32Array)).toEqual([3, 1])
      // 1e-5: sums of three float32 numbers below 20.
      for (const [values, mean] of [
        [b, 10],
        [c, -20],
      ] as const)
        for (const value of values as Float32Array) expect(Math.abs(value - mean)).toBeLessThan(1e-5)
      // A column of variance v has v / (v + eps) after batch norm: 9·eps/v = 1.9e-5 are missing at v = 14/3, eps = 1e-5; rounding adds 1e-6.
      for (const value of varianceB as Float32Array) expect(Math.abs(value - 9)).toBeLessThan(2.5e-5)
    }
    await program.dispose()
  })

  it('forgets a batch that was not finite', async () => {
    const program = await compile(({ x }) => ({ ...batchNorm(x, one(), zero()) }), { x: [3, 2] }, { backend: backend() })
    await program.run({ x: new Float32Array(6).fill(Number.NaN) })
    const { mean } = await program.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })
    expect(Array.from(mean as Float32Array)).toEqual([3, 4])
    await program.dispose()
  })
})
