import { afterEach, describe, expect, it, vi } from 'vitest'
import { binaryCrossEntropyWithLogits, crossEntropy, nllLoss } from '../../src/losses/index.ts'
import { Linear, layoutOf, Module, Sequential, type Warning, withWarnings } from '../../src/nn/index.ts'
import { constant, grad, input, logSoftmax, reshape, sigmoid, softmax, type Tensor } from '../../src/tensor/index.ts'
import { run } from '../nn/run.ts'

const label = constant([3], [1], 'int64')

function heardOf(trace: () => unknown): Warning[] {
  const heard: Warning[] = []
  withWarnings((warning) => heard.push(warning), trace)
  return heard
}

class Notebook extends Module {
  readonly layers = new Sequential(new Linear(4, 10), softmax)
  forward(x: Tensor): Tensor {
    return this.layers.forward(x)
  }
}

describe('crossEntropy', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('2.15 floor: of a softmax it cannot fall below 1.46115 for 10 classes, however sure the network', async () => {
    const sure = constant(
      Array.from({ length: 10 }, (_, i) => (i === 3 ? 1000 : 0)),
      [1, 10],
    )
    let floor: Tensor = sure
    heardOf(() => {
      floor = crossEntropy(softmax(sure), label)
    })
    const { twice, once } = await run({ twice: floor, once: crossEntropy(sure, label) })
    // The specification's digits.
    expect(twice[0]).toBeCloseTo(1.46115, 5)
    expect(twice[0]).toBeCloseTo(Math.log(1 + 9 / Math.E), 12)
    expect(once[0]).toBeCloseTo(0, 12)
  })

  it('2.15 double softmax: a model that ends in a softmax is told so, with its place and the floor', () => {
    const model = new Notebook()
    layoutOf(model)
    const [warning, ...more] = heardOf(() => crossEntropy(model.forward(input('x', [1, 4])), label))
    expect(more).toEqual([])
    expect(warning?.code).toBe('double-softmax')
    expect(warning?.message).toMatch(/output of a softmax at "layers\.1".*cannot fall below 1\.46115.*leave out the softmax/)
  })

  it('2.15 double softmax: it is printed once, however often the model is traced', () => {
    const print = vi.spyOn(console, 'warn').mockImplementation(() => {})
    for (let i = 0; i < 3; i++) crossEntropy(softmax(input('x', [1, 13])), constant([0], [1], 'int64'))
    expect(print).toHaveBeenCalledTimes(1)
    expect(print.mock.calls[0]![0]).toMatch(/^divisi: crossEntropy/)
  })

  it('2.15 double softmax: is seen through reshapes, and not in logits or logarithms', () => {
    const x = input('x', [2, 5])
    const target = constant([0, 1], [2], 'int64')
    expect(heardOf(() => crossEntropy(reshape(softmax(reshape(x, [10])), [2, 5]), target))).toHaveLength(1)
    expect(heardOf(() => crossEntropy(x, target))).toEqual([])
    expect(heardOf(() => crossEntropy(logSoftmax(x), target))).toEqual([])
    expect(heardOf(() => nllLoss(logSoftmax(x), target))).toEqual([])
    expect(heardOf(() => binaryCrossEntropyWithLogits(sigmoid(x), sigmoid(x)))).toHaveLength(1)
  })

  it('2.15 values: ln 10 of equal logits, and no overflow of large ones', async () => {
    const even = crossEntropy(constant(new Float64Array(10), [1, 10]), label)
    const x = input('x', [1, 10])
    const loss = crossEntropy(x, label)
    const { y, wrong, slope } = await run(
      { y: even, wrong: loss, slope: grad(loss, [x])[0]! },
      { x: new Float64Array(10).fill(-1e4).fill(1e4, 0, 1) },
    )
    expect(y[0]).toBeCloseTo(Math.LN10, 12)
    expect(wrong[0]).toBeCloseTo(2e4, 6)
    expect(slope).toEqual([1, 0, 0, -1, 0, 0, 0, 0, 0, 0])
  })

  it('2.15 targets: a class index outside 0…c − 1 is refused when it is met, also a negative one, unless it is ignored', async () => {
    const logits = constant([1, 2, 3, 4], [2, 2])
    const target = (a: number, b: number) => constant([a, b], [2], 'int64')
    for (const wrong of [-1, -2, 2]) {
      await expect(run({ y: crossEntropy(logits, target(0, wrong)) })).rejects.toThrow(/is outside an axis of 2/)
      await expect(run({ y: nllLoss(logits, target(0, wrong), { weight: [1, 2] }) })).rejects.toThrow(/is outside an axis of 2/)
    }
    const one = await run({ y: crossEntropy(constant([1, 2], [1, 2]), constant([0], [1], 'int64')) })
    expect((await run({ y: crossEntropy(logits, target(0, -1), { ignoreIndex: -1 }) })).y).toEqual(one.y)
  })

  it('2.15 arguments: what does not fit is refused with the way out', () => {
    const x = input('x', [2, 5])
    const ids = constant([0, 1], [2], 'int64')
    expect(() => crossEntropy(x, constant([0, 1, 2], [3], 'int64'))).toThrow(/target int64 \(3\).*needs class indices.*\(2\)/)
    expect(() => crossEntropy(x, constant([0, 1], [2]))).toThrow(/shapes must be equal/)
    expect(() => crossEntropy(x, ids, { weight: [1, 2] })).toThrow(/weight \(2\) for 5 classes/)
    expect(() => crossEntropy(x, ids, { labelSmoothing: 2 })).toThrow(/labelSmoothing 2; allowed are numbers in 0…1/)
    expect(() => crossEntropy(x, x, { ignoreIndex: 1 })).toThrow(/ignoreIndex 1 with probabilities/)
    expect(() => crossEntropy(constant(1), ids)).toThrow(/needs \(c\), \(b, c\)/)
    expect(() => binaryCrossEntropyWithLogits(x, x, { posWeight: input('w', [3, 2, 5]) })).toThrow(
      /posWeight \(3, 2, 5\) does not broadcast/,
    )
    expect(() => crossEntropy(x, ids, { reduction: 'median' as 'mean' })).toThrow(/"median"; allowed are 'mean', 'sum' and 'none'/)
  })
})
