import { describe, expect, it } from 'vitest'
import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  initialValues,
  isTraining,
  Linear,
  layoutOf,
  Module,
  traceTraining,
} from '../../src/nn/index.ts'
import { createReferenceBackend, evaluate } from '../../src/runtime/index.ts'
import { constant, input, type Tensor } from '../../src/tensor/index.ts'

class Inner extends Module {
  readonly linear = new Linear(3, 2)
  forward(x: Tensor): Tensor {
    return this.linear.forward(x)
  }
}

class Outer extends Module {
  readonly first = new Inner()
  readonly list = [new Linear(2, 4, { bias: false }), this.first.linear]
  readonly norm = new BatchNorm(4)
  forward(x: Tensor): Tensor {
    return this.list[0]!.forward(this.first.forward(x))
  }
}

describe('modules', () => {
  it('name parameters by their path, as PyTorch does; a shared one once, by its first path', () => {
    const { parameters, buffers, parameterCount } = layoutOf(new Outer())
    expect(parameters.map(({ name, parameter: { shape } }) => [name, shape])).toEqual([
      ['first.linear.weight', [2, 3]],
      ['first.linear.bias', [2]],
      ['list.0.weight', [4, 2]],
      ['norm.weight', [4]],
      ['norm.bias', [4]],
    ])
    expect(buffers.map(({ name }) => name)).toEqual(['norm.running_mean', 'norm.running_var'])
    expect(parameterCount).toBe(6 + 2 + 8 + 8)
  })

  it('lie in one flat array without gaps', () => {
    const { parameters, parameterCount } = layoutOf(new Outer())
    expect(parameters.reduce((at, { offset, size }) => (offset === at ? at + size : Number.NaN), 0)).toBe(parameterCount)
  })

  it('start from values that depend on seed and name only, within PyTorch’s bounds', () => {
    const [a, b, c] = [initialValues(new Outer(), 1), initialValues(new Outer(), 1), initialValues(new Outer(), 2)]
    expect(a).toEqual(b)
    expect(a.get('first.linear.weight')).not.toEqual(c.get('first.linear.weight'))
    for (const value of a.get('first.linear.weight')!) expect(Math.abs(value)).toBeLessThanOrEqual(1 / Math.sqrt(3))
    expect(a.get('norm.running_var')).toEqual(new Float32Array(4).fill(1))
  })
})

describe('layers', () => {
  it('Linear computes x Wᵀ + b on any leading axes', async () => {
    const layer = new Linear(2, 3)
    layoutOf(layer)
    const backend = createReferenceBackend()
    const program = await backend.load({ y: layer.forward(constant([1, 2, 3, 4], [1, 2, 2])) })
    const { y } = await program.run({ weight: Float32Array.of(1, 0, 0, 1, 1, 1), bias: Float32Array.of(10, 20, 30) })
    expect(program.outputs.y!.shape).toEqual([1, 2, 3])
    expect(Array.from(y as Float64Array)).toEqual([11, 22, 33, 13, 24, 37])
  })

  it('convolutions have PyTorch’s weight shapes and output sizes', () => {
    const down = new Conv2d(4, 6, [3, 3], { stride: 2, padding: 1, groups: 2 })
    const up = new ConvTranspose2d(6, 4, [2, 2], { stride: 2 })
    expect([down.weight.shape, down.bias?.shape, up.weight.shape]).toEqual([[6, 2, 3, 3], [6], [6, 4, 2, 2]])
    const y = down.forward(input('x', [1, 4, 9, 8]))
    expect([y.shape, up.forward(y).shape]).toEqual([
      [1, 6, 5, 4],
      [1, 4, 10, 8],
    ])
  })

  it('BatchNorm blends batch statistics into its running ones while training, and uses those afterwards', async () => {
    const norm = new BatchNorm(1, { momentum: 0.25, eps: 0 })
    layoutOf(norm)
    const x = constant([1, 3, 5, 7], [4, 1])
    const { result, updates } = traceTraining(() => norm.forward(x))
    expect(isTraining()).toBe(false)
    const backend = createReferenceBackend()
    const training = await backend.load({ y: result, mean: updates.get(norm.running_mean!)!, variance: updates.get(norm.running_var!)! })
    const values = {
      weight: Float32Array.of(2),
      bias: Float32Array.of(1),
      running_mean: Float32Array.of(0),
      running_var: Float32Array.of(1),
    }
    const { y, mean, variance } = await training.run(values)
    // Batch: mean 4, biased variance 5, unbiased 20/3.
    expect(Array.from(y as Float64Array, (v) => v.toFixed(6))).toEqual([-3, -1, 1, 3].map((d) => ((2 * d) / Math.sqrt(5) + 1).toFixed(6)))
    expect(Number(mean![0])).toBeCloseTo(1, 12)
    expect(Number(variance![0])).toBeCloseTo(0.75 + 0.25 * (20 / 3), 12)
    const evaluation = await backend.load({ y: norm.forward(x) })
    const fixed = await evaluation.run(values)
    expect(Array.from(fixed.y as Float64Array)).toEqual([3, 7, 11, 15])
  })
})

it('evaluate gives the numbers of a trace', async () => {
  const [y] = await evaluate(() => [constant([1, 2, 3])])
  expect(Array.from(y as Float64Array)).toEqual([1, 2, 3])
})
