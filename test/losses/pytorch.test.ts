/** Losses against PyTorch 1.13, values and gradients: test/goldens/losses.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  l1Loss,
  mseLoss,
  multiResolutionStftLoss,
  nllLoss,
  type Reduction,
  siSdrLoss,
  smoothL1Loss,
  snrLoss,
} from '../../src/losses/index.ts'
import { add, constant, grad, input, logSoftmax, mul, type Shape, softmax, sum, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from '../nn/run.ts'

interface Golden {
  readonly value: number[]
  readonly gradient: number[]
}
const { cases } = JSON.parse(readFileSync('test/goldens/losses.json', 'utf8')) as { cases: Record<string, Golden> }

interface Case {
  readonly name: string
  readonly shape: Shape
  readonly scale?: number
  readonly loss: (x: Tensor) => Tensor
}

const grid = [3, 4]
const deep = [3, 4, 2]
const classes = constant([0, 3, 2, 2, 1, 0], [3, 2], 'int64')
const some = constant([0, -100, 2, -100, 1, 0], [3, 2], 'int32')
const target = filledTensor(grid, 1)
const chance = add(mul(target, 0.5), 0.5)
const positive = (shape: Shape) => add(mul(filledTensor(shape, 2), 0.5), 1.5)
const shares = softmax(filledTensor(deep, 1), 1)
const resolutions = [
  { nFft: 16, hopLength: 5, winLength: 12, padMode: 'reflect' },
  { nFft: 32, hopLength: 8, padMode: 'reflect' },
] as const

const perReduction = (reduction: Reduction): Case[] => [
  { name: 'l1', shape: grid, loss: (x) => l1Loss(x, target, { reduction }) },
  { name: 'mse', shape: grid, loss: (x) => mseLoss(x, target, { reduction }) },
  { name: 'huber', shape: grid, loss: (x) => huberLoss(x, target, { delta: 0.5, reduction }) },
  { name: 'smooth l1', shape: grid, loss: (x) => smoothL1Loss(x, target, { beta: 0.5, reduction }) },
  {
    name: 'bce',
    shape: grid,
    scale: 30,
    loss: (x) => binaryCrossEntropyWithLogits(x, chance, { weight: positive(grid), posWeight: positive([4]), reduction }),
  },
  { name: 'bce plain', shape: grid, loss: (x) => binaryCrossEntropyWithLogits(x, chance, { reduction }) },
  { name: 'indices', shape: deep, loss: (x) => crossEntropy(x, classes, { reduction }) },
  {
    name: 'indices with all options',
    shape: deep,
    loss: (x) => crossEntropy(x, classes, { weight: positive([4]), ignoreIndex: 2, labelSmoothing: 0.1, reduction }),
  },
  { name: 'ignored by default', shape: deep, loss: (x) => crossEntropy(x, some, { labelSmoothing: 0.1, reduction }) },
  { name: 'probabilities', shape: deep, loss: (x) => crossEntropy(x, shares, { weight: positive([4]), labelSmoothing: 0.1, reduction }) },
  { name: 'nll', shape: deep, loss: (x) => nllLoss(logSoftmax(x, 1), classes, { weight: positive([4]), reduction }) },
]

const ours: readonly Case[] = [
  ...(['mean', 'sum', 'none'] as const).flatMap((reduction) =>
    perReduction(reduction).map((row) => ({ ...row, name: `${row.name} ${reduction}` })),
  ),
  { name: 'one example', shape: [4], loss: (x) => crossEntropy(x, constant(2, [], 'int64')) },
  { name: 'multi-resolution stft', shape: [2, 60], loss: (x) => multiResolutionStftLoss(x, filledTensor([2, 60], 1), { resolutions }) },
  { name: 'snr', shape: [2, 20], loss: (x) => snrLoss(x, filledTensor([2, 20], 1), { reduction: 'none', eps: 1e-12 }) },
  { name: 'si-sdr', shape: [2, 20], loss: (x) => siSdrLoss(x, filledTensor([2, 20], 1), { reduction: 'none', eps: 1e-12 }) },
]

describe('2.15, 3.25, 3.33: losses are those of PyTorch', () => {
  it('all of them are compared', () => {
    expect(ours.map(({ name }) => name).sort()).toEqual(Object.keys(cases).sort())
  })

  // Both compute in float64; the goldens are stored with 9 digits.
  it.each(ours.map((row) => [row.name, row] as const))('%s', async (name, { shape, scale = 1, loss }) => {
    const x = input('x', shape)
    const value = loss(x)
    const weighted = sum(mul(value, filledTensor(value.shape, 0.3)))
    const at = filled(shape, 0.5).map((number) => number * scale)
    const result = await run({ value, gradient: grad(weighted, [x])[0]! }, { x: at })
    expect(worst(result.value, cases[name]!.value)).toBeLessThan(1e-7)
    expect(worst(result.gradient, cases[name]!.gradient)).toBeLessThan(1e-7)
  })
})
