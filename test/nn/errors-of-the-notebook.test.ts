/**
 * What the notebook on convolution and recurrence says or does wrongly (D6 of the specification, row 002), and that it cannot happen here. The blocks that
 * it is about have tests of their own.
 */
import { describe, expect, it } from 'vitest'
import { convolve, crossCorrelate } from '../../src/dsp/index.ts'
import { crossEntropy } from '../../src/losses/index.ts'
import {
  Conv1d,
  Conv2d,
  Linear,
  layoutOf,
  RecurrentState,
  Sequential,
  UnfoldConv2d,
  VanillaRNN,
  type Warning,
  withWarnings,
} from '../../src/nn/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, createRandom, input, softmax } from '../../src/tensor/index.ts'
import { blocks } from '../blocks/cases/index.ts'
import { titleOf } from '../blocks/support.ts'
import { filledTensor, filledValues, run, worst } from './run.ts'

describe('errors of the notebook', () => {
  it('2.1 its formula is convolution and its code is correlation: both are there, by their names, and the layer is the latter', async () => {
    const [x, k] = [
      [1, 2, 3],
      [1, 10, 100],
    ]
    const [convolved, correlated] = await evaluate(() => [convolve(constant(x), constant(k)), crossCorrelate(constant(x), constant(k))])
    // By hand: (1 + 2z + 3z²)(1 + 10z + 100z²); and the kernel slid over x, not turned round.
    expect(Array.from(convolved!, Number)).toEqual([1, 12, 123, 230, 300])
    expect(Array.from(correlated!, Number)).toEqual([100, 210, 321, 32, 3])
    const layer = new Conv1d(1, 1, 3, { padding: 2, bias: false })
    layoutOf(layer)
    const { y } = await run({ y: layer.forward(constant(x, [1, 1, 3])) }, { weight: Float64Array.from(k) })
    expect(Array.from(y)).toEqual(Array.from(correlated!, Number))
  })

  it('2.15 its network ends in a softmax and would be trained with cross-entropy: a warning says so, and what to do', () => {
    const heard: Warning[] = []
    const train = (...last: (typeof softmax)[]) =>
      withWarnings(
        (warning) => heard.push(warning),
        () => crossEntropy(new Sequential(new Linear(4, 10), ...last).forward(input('x', [2, 4])), input('y', [2], 'int64')),
      )
    train(softmax)
    expect(heard.map(({ code }) => code)).toEqual(['double-softmax'])
    expect(heard[0]!.message).toMatch(/cannot fall below 1\.46115; leave out the softmax/)
    train()
    expect(heard).toHaveLength(1)
  })

  it.each([
    [5, 9],
    [9, 5],
    [7, 7],
  ])('2.19 it swaps the names of height and width: a layer by unfold is Conv2d on %i × %i, kernel 3 × 2', async (height, width) => {
    const [own, theirs] = [new UnfoldConv2d(2, 3, [3, 2]), new Conv2d(2, 3, [3, 2])]
    const x = filledTensor([1, 2, height, width], 0.5)
    const values = filledValues(own)
    expect(filledValues(theirs)).toEqual(values)
    const [y, wanted] = [own.forward(x), theirs.forward(x)]
    expect(y.shape).toEqual([1, 3, height - 2, width - 1])
    const results = { y: (await run({ y }, values)).y, wanted: (await run({ wanted }, values)).wanted }
    // Sums in another order, of float64.
    expect(worst(results.y, results.wanted)).toBeLessThan(1e-13)
  })

  const withParameters = blocks.filter((block) => layoutOf(block.create()).parameterCount > 0)
  it.each(withParameters.map((block) => [titleOf(block), block] as const))(
    '5.5 it leaves weights as memory had them (torch.Tensor): every weight and statistic is written here: %s',
    (_, block) => {
      const { parameters, buffers } = layoutOf(block.create())
      for (const { name, size, parameter } of [...parameters, ...buffers]) {
        const memory = new Float32Array(size).fill(Number.NaN)
        parameter.init(memory, parameter.shape, createRandom(1))
        expect(memory.every(Number.isFinite), name).toBe(true)
      }
    },
  )

  it('2.21 its “one to many” is a network with a hidden state: here the state is the caller’s, explicit, and begins with nothing', async () => {
    const network = new VanillaRNN(4, 3, 5)
    const values = filledValues(network)
    const x = filledTensor([2, 4], 0.5)
    const [state, other] = [new RecurrentState(), new RecurrentState()]
    const outputs = {
      first: network.forward(x, state),
      second: network.forward(x, state),
      // The network itself remembers nothing: a state of its own begins anew.
      elsewhere: network.forward(x, other),
      // One to many, as the texts mean it: the input is there once.
      many: network.unroll(x, 2),
    }
    expect(outputs.many.shape).toEqual([2, 2, 5])
    const { first, second, elsewhere } = await run(outputs, values)
    expect(worst(first, second)).toBeGreaterThan(1e-3)
    expect(elsewhere).toEqual(first)
  })
})
