/** Recurrent layers and cells against PyTorch's, by weights that are loaded by name. The numbers are test/goldens/recurrence.py's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  GRU,
  GRUCell,
  LSTM,
  LSTMCell,
  layoutOf,
  type Module,
  type RecurrentLayer,
  type RecurrentLayerOptions,
  RNN,
  RNNCell,
} from '../../src/nn/index.ts'
import { grad, input, mul, type Shape, sum, type Tensor } from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from './run.ts'

interface Golden {
  readonly state: readonly (readonly [string, Shape])[]
  /** Outputs, last states, gradient of the input. */
  readonly tensors: readonly (readonly number[])[]
}

const goldens: Readonly<Record<string, Golden>> = JSON.parse(readFileSync(new URL('../goldens/recurrence.json', import.meta.url), 'utf8'))

const [batch, steps, inputs, hidden] = [3, 5, 3, 2]

interface Case {
  readonly model: Module
  readonly tensors: () => readonly Tensor[]
}

function withGradient(x: Tensor, outputs: Tensor, ...last: readonly (Tensor | undefined)[]): Tensor[] {
  const loss = sum(mul(outputs, filledTensor(outputs.shape, 3.5)))
  return [outputs, ...last.filter((y) => y !== undefined), grad(loss, [x])[0]!]
}

const deep: RecurrentLayerOptions = { numLayers: 2, bidirectional: true }
const flat: RecurrentLayerOptions = { batchFirst: false, bias: false }

function deepCase(model: RecurrentLayer): Case {
  return {
    model,
    tensors: () => {
      const x = input('x', [batch, steps, inputs])
      const state = (phase: number) => filledTensor([4, batch, hidden], phase)
      const { outputs, h, c } = model.forward(x, {
        h0: state(1.5),
        ...(model instanceof LSTM && { c0: state(2.5) }),
        lengths: [5, 2, 4],
      })
      return withGradient(x, outputs, h, c)
    },
  }
}

function flatCase(model: RecurrentLayer): Case {
  return {
    model,
    tensors: () => {
      const x = input('x', [steps, batch, inputs])
      const { outputs, h, c } = model.forward(x)
      return withGradient(x, outputs, h, c)
    },
  }
}

const [x, h, c] = [filledTensor([batch, inputs], 0.5), filledTensor([batch, hidden], 1.5), filledTensor([batch, hidden], 2.5)]
const sizes = [inputs, hidden] as const

const cases: Readonly<Record<string, () => Case>> = {
  'RNN, stacked, both directions, lengths': () => deepCase(new RNN(...sizes, deep)),
  'RNN of relu, stacked, both directions, lengths': () => deepCase(new RNN(...sizes, { ...deep, nonlinearity: 'relu' })),
  'LSTM, stacked, both directions, lengths': () => deepCase(new LSTM(...sizes, deep)),
  'GRU, stacked, both directions, lengths': () => deepCase(new GRU(...sizes, deep)),
  'RNN, time first, without bias': () => flatCase(new RNN(...sizes, flat)),
  'LSTM, time first, without bias': () => flatCase(new LSTM(...sizes, flat)),
  'GRU, time first, without bias': () => flatCase(new GRU(...sizes, flat)),
  RNNCell: () => {
    const model = new RNNCell(...sizes)
    return { model, tensors: () => [model.forward(x, h)] }
  },
  'RNNCell of relu': () => {
    const model = new RNNCell(...sizes, { nonlinearity: 'relu' })
    return { model, tensors: () => [model.forward(x, h)] }
  },
  LSTMCell: () => {
    const model = new LSTMCell(...sizes)
    return {
      model,
      tensors: () => {
        const after = model.forward(x, { h, c })
        return [after.h, after.c]
      },
    }
  },
  GRUCell: () => {
    const model = new GRUCell(...sizes)
    return { model, tensors: () => [model.forward(x, h)] }
  },
}

describe('PyTorch', () => {
  it('made a golden for every case', () => {
    expect(Object.keys(cases)).toEqual(Object.keys(goldens))
  })

  it.each(Object.entries(cases))('2.22 recurrent layers as in PyTorch: %s', async (name, create) => {
    const golden = goldens[name]!
    const { model, tensors } = create()
    expect(layoutOf(model).parameters.map(({ name, parameter }) => [name, parameter.shape])).toEqual(golden.state)
    const weights = golden.state.map(([key, shape], j) => [key, filled(shape, j + 1)] as const)
    const traced = tensors()
    const feeds = { x: filled([batch, steps, inputs], 0.5), ...Object.fromEntries(weights) }
    const results = await run(Object.fromEntries(traced.map((y, i) => [`y${i}`, y])), feeds)
    // Both in float64; the file has nine digits.
    expect(traced.length).toBe(golden.tensors.length)
    for (const [i, expected] of golden.tensors.entries()) expect(worst(results[`y${i}`]!, expected), `tensor ${i}`).toBeLessThan(1e-7)
  })
})
