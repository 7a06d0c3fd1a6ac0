import { describe, expect, it } from 'vitest'
import { channelDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, dropout, pointwiseReach, traceTraining } from '../../src/nn/index.ts'
import { add, constant, grad, input, randomKey, type Shape, sizeOf, sum, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, run } from './run.ts'

const training = (trace: () => Tensor, seed = 1) => traceTraining(trace, { key: randomKey(seed) }).result
const ones = (...shape: Shape) => constant(new Float64Array(sizeOf(shape)).fill(1), shape)

describe('dropout', () => {
  it('3.16 dropout: values are 0 or x / (1 − p), and the mean stays within three of its deviations', async () => {
    for (const p of [0.1, 0.5, 0.8]) {
      const count = 20_000
      const { y } = await run({ y: training(() => new Dropout(p).forward(ones(count))) })
      expect([...new Set(y)].sort()).toEqual([0, 1 / (1 - p)])
      const mean = y.reduce((a, b) => a + b) / count
      expect(Math.abs(mean - 1)).toBeLessThan(3 * Math.sqrt(p / (1 - p) / count))
    }
  })

  it('3.16 dropout: evaluation gives its input itself; so does p = 0 in training, and p = 1 gives zeros', async () => {
    const x = filledTensor([2, 3], 1)
    for (const layer of [new Dropout(), new Dropout(1)]) expect(layer.forward(x)).toBe(x)
    expect(channelDropout(x)).toBe(x)
    expect(training(() => new Dropout(0).forward(x))).toBe(x)
    expect((await run({ y: training(() => new Dropout(1).forward(x)) })).y.every((value) => value === 0)).toBe(true)
  })

  it('3.16 dropout: Dropout1d to 3d drop whole maps of an example, others keep all their values', async () => {
    for (const [layer, shape] of [
      [new Dropout1d(0.5), [8, 8, 6]],
      [new Dropout2d(0.5), [8, 8, 2, 3]],
      [new Dropout3d(0.5), [8, 8, 1, 3, 2]],
    ] as const) {
      const { y } = await run({ y: training(() => layer.forward(ones(...shape))) })
      const maps = Array.from({ length: 64 }, (_, i) => new Set(y.slice(6 * i, 6 * i + 6)))
      expect(maps.every(({ size }) => size === 1)).toBe(true)
      const dropped = maps.filter((map) => map.has(0)).length
      // 64 fair coins: 32 within three deviations of 4.
      expect(Math.abs(dropped - 32)).toBeLessThanOrEqual(12)
    }
  })

  it('3.16 dropout: the gradient passes where the value does, with the same factor', async () => {
    const x = filledTensor([50], 1)
    const y = training(() => dropout(x, 0.5))
    const [dx] = grad(sum(y), [x])
    const { y: values, g, before } = await run({ y, g: dx!, before: add(x, 0) })
    expect(g).toEqual(values.map((value) => (value === 0 ? 0 : 2)))
    expect(values).toEqual(before.map((value, i) => value * g[i]!))
  })

  it('3.16 dropout: a seed gives one mask, another seed and another call of the trace another', async () => {
    const draw = async (seed: number) => run({ y: training(() => add(dropout(ones(64)), dropout(ones(64))), seed) })
    const [a, again, b] = [await draw(1), await draw(1), await draw(2)]
    expect(again).toEqual(a)
    expect(b).not.toEqual(a)
    // 2 is kept by one call alone: were the masks equal, there would be 0 and 4 only.
    expect(a.y).toContain(2)
  })

  it('is a step by itself in evaluation', () => {
    expect([new Dropout(), new Dropout1d()].map((layer) => layer.reach())).toEqual([pointwiseReach, pointwiseReach])
  })

  it('refuses probabilities that are none, inputs without channels or of another rank, and training without a key', () => {
    expect(() => new Dropout(1.5)).toThrow('Dropout: p 1.5; allowed are numbers in 0…1')
    expect(() => new Dropout2d(-1)).toThrow('Dropout2d: p -1; allowed are numbers in 0…1')
    expect(() => dropout(ones(3), Number.NaN)).toThrow('dropout: p NaN')
    expect(() => channelDropout(ones(3))).toThrow('channelDropout: input (3); needs (b, c, …)')
    expect(() => new Dropout2d().forward(input('x', [2, 3, 4]))).toThrow('Dropout2d: input (2, 3, 4); needs (b, c, …) with 2 spatial axes')
    expect(() => traceTraining(() => dropout(ones(3)))).toThrow(
      /^dropout: draws random numbers, and the trace has no key; give one as traceTraining/,
    )
  })
})
