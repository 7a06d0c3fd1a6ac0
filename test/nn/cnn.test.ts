/** The convolutional network of the textbook for 32 × 32 images, in the three styles in which it can be written. */
import { describe, expect, it } from 'vitest'
import {
  addPerChannel,
  Conv2d,
  Flatten,
  flatten,
  initialValues,
  Linear,
  layoutOf,
  linear,
  MaxPool2d,
  Module,
  Sequential,
  summary,
} from '../../src/nn/index.ts'
import { constant, conv2d, grad, input, maxPool2d, relu, softmax, sum, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from './run.ts'

/** Sequential style. */
const sequential = () =>
  new Sequential(
    new Conv2d(3, 6, 5),
    relu,
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    relu,
    new MaxPool2d(2),
    new Flatten(),
    new Linear(400, 120),
    relu,
    new Linear(120, 84),
    relu,
    new Linear(84, 10),
    softmax,
  )

/** Module style. */
class Cnn extends Module {
  readonly conv1 = new Conv2d(3, 6, 5)
  readonly pool = new MaxPool2d(2)
  readonly conv2 = new Conv2d(6, 16, 5)
  readonly fc1 = new Linear(400, 120)
  readonly fc2 = new Linear(120, 84)
  readonly fc3 = new Linear(84, 10)
  forward(x: Tensor): Tensor {
    const maps = this.pool.forward(relu(this.conv2.forward(this.pool.forward(relu(this.conv1.forward(x))))))
    return softmax(this.fc3.forward(relu(this.fc2.forward(relu(this.fc1.forward(flatten(maps)))))))
  }
}

/** Functional style: weights come from the caller, by the names of the Module. */
function cnn(x: Tensor, weights: Readonly<Record<string, Tensor>>): Tensor {
  const conv = (h: Tensor, name: string) => addPerChannel(conv2d(h, weights[`${name}.weight`]!), weights[`${name}.bias`]!)
  const dense = (h: Tensor, name: string) => linear(h, weights[`${name}.weight`]!, weights[`${name}.bias`])
  const maps = maxPool2d(relu(conv(maxPool2d(relu(conv(x, 'conv1')), 2), 'conv2')), 2)
  return softmax(dense(relu(dense(relu(dense(flatten(maps), 'fc1')), 'fc2')), 'fc3'))
}

describe('a convolutional network', () => {
  it('2.5 ReLU, 2.6 MaxPool2d, 2.7 Flatten, 2.8 Linear, 2.9 Softmax: shapes 32 → 28 → 14 → 10 → 5 → 400, 62 006 parameters', () => {
    const { rows, parameters } = summary(sequential(), [1, 3, 32, 32])
    expect(rows.map(({ path, type, shapes: [shape], parameters: own }) => [path, type, shape, own])).toEqual([
      ['', 'Sequential', [1, 10], 0],
      ['0', 'Conv2d', [1, 6, 28, 28], 456],
      ['1', 'relu', [1, 6, 28, 28], 0],
      ['2', 'MaxPool2d', [1, 6, 14, 14], 0],
      ['3', 'Conv2d', [1, 16, 10, 10], 2416],
      ['4', 'relu', [1, 16, 10, 10], 0],
      ['5', 'MaxPool2d', [1, 16, 5, 5], 0],
      ['6', 'Flatten', [1, 400], 0],
      ['7', 'Linear', [1, 120], 48_120],
      ['8', 'relu', [1, 120], 0],
      ['9', 'Linear', [1, 84], 10_164],
      ['10', 'relu', [1, 84], 0],
      ['11', 'Linear', [1, 10], 850],
      ['12', 'softmax', [1, 10], 0],
    ])
    expect(parameters).toBe(62_006)
  })

  it('2.10, 2.11, 2.12 Sequential, functions and Module: the same weights give the same numbers', async () => {
    const [inSequence, asModule] = [sequential(), new Cnn()]
    const slots = [inSequence, asModule].map((model) => layoutOf(model).parameters) as [
      ReturnType<typeof layoutOf>['parameters'],
      ReturnType<typeof layoutOf>['parameters'],
    ]
    expect(slots[0].map(({ name }) => name)).toEqual([0, 3, 7, 9, 11].flatMap((i) => [`${i}.weight`, `${i}.bias`]))
    expect(slots[1].map(({ name }) => name)).toEqual(
      ['conv1', 'conv2', 'fc1', 'fc2', 'fc3'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    )
    const values = initialValues(asModule, 1)
    const bySequence = Object.fromEntries(slots[0].map(({ name }, i) => [name, values.get(slots[1][i]!.name)!]))
    const weights = Object.fromEntries(slots[1].map(({ name, parameter: { shape } }) => [name, constant(values.get(name)!, shape)]))
    const x = filledTensor([1, 3, 32, 32], 0.5)
    const { y } = await run({ y: asModule.forward(x) }, Object.fromEntries(values))
    const [{ y: ofSequence }, { y: ofFunctions }] = [await run({ y: inSequence.forward(x) }, bySequence), await run({ y: cnn(x, weights) })]
    expect(ofSequence).toEqual(y)
    expect(ofFunctions).toEqual(y)
    expect(y.reduce((a, b) => a + b)).toBeCloseTo(1, 14)
    expect(new Set(y).size).toBe(10)
  })

  it('2.12 Module: printing the model lists layers, shapes and parameters, in the order of the calls', () => {
    const lines = String(summary(new Cnn(), [4, 3, 32, 32])).split('\n')
    expect(lines.map((line) => line.trim().split(/ {2,}/).slice(0, 4))).toEqual([
      ['module', 'type', 'gives', 'parameters'],
      ['(model)', 'Cnn', '(4, 10)'],
      ['conv1', 'Conv2d', '(4, 6, 28, 28)', '456'],
      ['pool', 'MaxPool2d', '(4, 6, 14, 14)'],
      ['conv2', 'Conv2d', '(4, 16, 10, 10)', '2 416'],
      ['fc1', 'Linear', '(4, 120)', '48 120'],
      ['fc2', 'Linear', '(4, 84)', '10 164'],
      ['fc3', 'Linear', '(4, 10)', '850'],
      ['total', '62 006', '2 606 880'],
    ])
  })

  it('2.6 MaxPool2d: the largest of each 2 × 2 block, whose place alone gets the gradient', async () => {
    const x = constant([1, 2, 5, 3, 4, 0, 6, 7, -1, -2, 0, 0, -3, -4, 0, 0], [1, 1, 4, 4])
    const y = new MaxPool2d(2).forward(x)
    const [dx] = grad(sum(y), [x])
    const { values, gradient } = await run({ values: y, gradient: dx! })
    expect(values).toEqual([4, 7, -1, 0])
    expect(gradient).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0])
  })

  it('2.7 Flatten: all but the batch, in row-major order; parts of the axes where told', async () => {
    const { y } = await run({ y: new Flatten().forward(constant([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])) })
    expect(y).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const x = input('x', [2, 3, 4, 5])
    expect([flatten(x), flatten(x, 2), flatten(x, 0, 1), flatten(x, -2, -2)].map(({ shape }) => shape)).toEqual([
      [2, 60],
      [2, 3, 20],
      [6, 4, 5],
      [2, 3, 4, 5],
    ])
    expect(() => flatten(x, 2, 1)).toThrow('flatten: axes 2 to 1 of (2, 3, 4, 5)')
    expect(() => flatten(x, 0.5)).toThrow('flatten: axes 0.5 to -1 of (2, 3, 4, 5)')
    expect(() => flatten(x, -5)).toThrow('flatten: axes -5 to -1 of (2, 3, 4, 5)')
    expect(new Flatten().isCausal).toBe(false)
    expect(() => flatten(x, 4)).toThrow('flatten: axes 4 to -1 of (2, 3, 4, 5)')
  })

  it('2.9 Softmax: adds up to one, is shifted by nothing, and does not overflow', async () => {
    const { y, shifted, large } = await run({
      y: softmax(constant([1, 2, 3])),
      shifted: softmax(constant([101, 102, 103])),
      large: softmax(constant([1000, 0])),
    })
    // e¹, e², e³ over their sum; 9 digits.
    expect(worst(y, [0.090030573, 0.244728471, 0.665240956])).toBeLessThan(1e-9)
    expect(worst(shifted, y)).toBeLessThan(1e-15)
    expect(large).toEqual([1, 0])
  })
})
