/** Recurrent layers: the numbers of the specification, and what their options mean. In float64 on the reference unless said otherwise. */
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import {
  GRU,
  GRUCell,
  inChunks,
  initialValues,
  Linear,
  LSTM,
  LSTMCell,
  layoutOf,
  ManyToMany,
  ManyToOne,
  type Module,
  type RecurrentLayer,
  type RecurrentLayerOptions,
  RNN,
  RNNCell,
  receptiveField,
  Sequential,
  topState,
  traceTraining,
} from '../../src/nn/index.ts'
import {
  concat,
  constant,
  flip,
  grad,
  input,
  mul,
  narrow,
  randomKey,
  reshape,
  type Shape,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { countOps } from '../tensor/support.ts'
import { filled, filledTensor, filledValues, run, worst } from './run.ts'

/** Sums in another order: some ulps of numbers about 1. */
const rounding = 1e-14

const kinds = { RNN, LSTM, GRU } as const
type Kind = keyof typeof kinds
const names = Object.keys(kinds) as Kind[]

const layerOf = (kind: Kind, options?: RecurrentLayerOptions, inputs = 3, hidden = 2): RecurrentLayer =>
  new kinds[kind](inputs, hidden, options)

/** All weights a half, biases 0. */
function halves(module: Module): Record<string, Float64Array> {
  const { parameters } = layoutOf(module)
  return Object.fromEntries(parameters.map(({ name, size }) => [name, new Float64Array(size).fill(name.startsWith('bias') ? 0 : 0.5)]))
}

const sequence = (...values: number[]) => constant(values, [1, values.length, 1])
const parameterCount = (module: Module) => layoutOf(module).parameterCount

describe('goldens of one unit, all weights 0.5, biases 0', () => {
  // The specification has eight digits.
  const digits = 5e-9

  it('0.17 RNN of 1, 1, 1; 21 parameters of sizes 2 and 3', async () => {
    const layer = new RNN(1, 1)
    const { y } = await run({ y: layer.forward(sequence(1, 1, 1)).outputs }, halves(layer))
    expect(worst(y, [0.46211716, 0.62371255, 0.670613])).toBeLessThan(digits)
    expect(parameterCount(new RNN(2, 3))).toBe(21)
  })

  it('3.8, 0.21 LSTM of 1, -1, 2: states and cells; 84 parameters of sizes 2 and 3', async () => {
    const layer = new LSTM(1, 1)
    const [gates] = layer.gates(sequence(1, -1, 2))
    const { outputs, h, c } = layer.forward(sequence(1, -1, 2))
    const results = await run({ outputs, h, c, cells: gates!.c }, halves(layer))
    expect(worst(results.outputs, [0.17426972, -0.01636508, 0.35015813])).toBeLessThan(digits)
    expect(worst(results.cells, [0.28764914, -0.04111819, 0.52302648])).toBeLessThan(digits)
    expect(worst([...results.h, ...results.c], [0.35015813, 0.52302648])).toBeLessThan(digits)
    expect(parameterCount(new LSTM(2, 3))).toBe(84)
  })

  it('3.9 GRU of 1, -1, 2; 63 parameters of sizes 2 and 3', async () => {
    const layer = new GRU(1, 1)
    const { y } = await run({ y: layer.forward(sequence(1, -1, 2)).outputs }, halves(layer))
    expect(worst(y, [0.17446802, -0.19189531, 0.07421209])).toBeLessThan(digits)
    expect(parameterCount(new GRU(2, 3))).toBe(63)
  })
})

describe('0.11 many-to-one', () => {
  it.each(names)('0.11 many-to-one of sequences of their own lengths is each of them alone: %s', async (kind) => {
    for (const bidirectional of [false, true]) {
      const head = new ManyToOne(layerOf(kind, { numLayers: 2, bidirectional }))
      const x = filledTensor([3, 5, 3], 0.5)
      const lengths = [4, 1, 5]
      const alone = lengths.map((length, i) => head.forward(narrow(narrow(x, 0, i, i + 1), 1, 0, length)))
      const results = await run({ together: head.forward(x, { lengths }), alone: concat(alone, 0) }, filledValues(head))
      expect(worst(results.together, results.alone)).toBeLessThan(rounding)
    }
  })

  it('0.11 many-to-one is the top layer’s output at the last step, and backwards at the first', async () => {
    const layer = new LSTM(3, 2, { numLayers: 2, bidirectional: true })
    const { outputs, h } = layer.forward(filledTensor([1, 4, 3], 0.5))
    const results = await run({ top: topState(h, layer), outputs }, filledValues(layer))
    expect(results.top).toEqual([...results.outputs.slice(12, 14), ...results.outputs.slice(2, 4)])
  })

  it('0.11 many-to-one goes on in a network, and reads all of its input', () => {
    const network = new Sequential(new ManyToOne(new GRU(3, 4, { bidirectional: true })), new Linear(8, 2))
    expect((network.forward(input('x', [5, 7, 3])) as Tensor).shape).toEqual([5, 2])
    expect(network.isCausal).toBe(false)
    expect(new ManyToOne(new GRU(3, 4)).reach().last).toBe(Infinity)
  })
})

describe('0.18 bidirectional', () => {
  it.each(names)(
    '0.18 bidirectional %s: a reversed input swaps the halves and reverses time, where the directions swap weights',
    async (kind) => {
      const layer = layerOf(kind, { bidirectional: true })
      const x = filledTensor([2, 4, 3], 0.5)
      const values = filledValues(layer)
      const swapped = Object.fromEntries(
        Object.keys(values).map((name) => [name, values[name.endsWith('_reverse') ? name.slice(0, -8) : `${name}_reverse`]!]),
      )
      const { outputs, h } = layer.forward(x)
      expect([outputs.shape, h.shape]).toEqual([
        [2, 4, 4],
        [2, 2, 2],
      ])
      const { y } = await run({ y: outputs }, values)
      const back = flip(layer.forward(flip(x, [1])).outputs, [1])
      const { forward, backward } = await run({ forward: narrow(back, 2, 0, 2), backward: narrow(back, 2, 2, 4) }, swapped)
      const half = (from: number) => y.filter((_, i) => Math.floor((i % 4) / 2) === from)
      expect(worst(half(0), backward)).toBeLessThan(rounding)
      expect(worst(half(1), forward)).toBeLessThan(rounding)
    },
  )

  it.each(names)(
    '0.18, 3.11 a change of the last step changes earlier outputs of a bidirectional %s, and none of one direction',
    async (kind) => {
      const x = filledTensor([1, 4, 3], 0.5)
      const changed = mul(x, reshape(constant([1, 1, 1, -1]), [1, 4, 1]))
      for (const bidirectional of [true, false]) {
        const layer = layerOf(kind, { bidirectional })
        const earlier = (from: Tensor) => narrow(layer.forward(from).outputs, 1, 0, 3)
        const { a, b } = await run({ a: earlier(x), b: earlier(changed) }, filledValues(layer))
        if (bidirectional) expect(worst(a, b)).toBeGreaterThan(1e-3)
        else expect(a).toEqual(b)
        expect(layer.isCausal).toBe(!bidirectional)
        expect(receptiveField(layer.reach())).toBe(Infinity)
      }
    },
  )

  it.each(names)('1.8 bidirectional %s is a layer beside one that reads backwards', async (kind) => {
    const both = layerOf(kind, { bidirectional: true })
    const one = layerOf(kind)
    const x = filledTensor([2, 4, 3], 0.5)
    const values = filledValues(both)
    const own = layoutOf(one).parameters.map(({ name }) => name)
    const { y } = await run({ y: both.forward(x).outputs }, values)
    const { forward } = await run({ forward: one.forward(x).outputs }, values)
    const reversed = Object.fromEntries(own.map((name) => [name, values[`${name}_reverse`]!]))
    const { backward } = await run({ backward: flip(one.forward(flip(x, [1])).outputs, [1]) }, reversed)
    const beside = Array.from({ length: 8 }, (_, row) => [...forward.slice(2 * row, 2 * row + 2), ...backward.slice(2 * row, 2 * row + 2)])
    expect(worst(y, beside.flat())).toBeLessThan(rounding)
  })
})

describe('0.19 many-to-many', () => {
  it.each(names)('0.19 many-to-many: %s gives the states that its cell gives step by step', async (kind) => {
    const layer = layerOf(kind)
    const cell = { RNN: new RNNCell(3, 2), LSTM: new LSTMCell(3, 2), GRU: new GRUCell(3, 2) }[kind]
    const x = filledTensor([2, 4, 3], 0.5)
    const values = filledValues(layer)
    layoutOf(cell)
    let state: Tensor | { h: Tensor; c: Tensor } | undefined
    const steps = Array.from({ length: 4 }, (_, t) => {
      state = cell.forward(reshape(narrow(x, 1, t, t + 1), [2, 3]), state as never)
      return 'h' in state ? state.h : state
    })
    const { y } = await run({ y: layer.forward(x).outputs }, values)
    const ofCell = Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace('_l0', ''), value]))
    const results = await run(Object.fromEntries(steps.map((h, t) => [`h${t}`, h])), ofCell)
    const stepped = [0, 1].flatMap((b) => steps.flatMap((_, t) => results[`h${t}`]!.slice(2 * b, 2 * b + 2)))
    expect(worst(y, stepped)).toBeLessThan(rounding)
  })

  it('0.19 many-to-many in a Sequential: one output per step, causal', () => {
    const network = new Sequential(new ManyToMany(new LSTM(3, 4)), new Linear(4, 2))
    expect((network.forward(input('x', [5, 7, 3])) as Tensor).shape).toEqual([5, 7, 2])
    expect(network.isCausal).toBe(true)
    expect(layoutOf(network).parameters[0]!.name).toBe('0.layer.weight_ih_l0')
  })
})

describe('0.20 stacking', () => {
  /** The values of one layer of a stack, as those of a layer of its own. */
  const ofLayer = (values: Record<string, Float64Array>, layer: number) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (name.includes(`_l${layer}`) ? [[name.replace(`_l${layer}`, '_l0'), value]] : [])),
    )

  it.each(names)('0.20 num_layers: a stack of two %s is one after the other, states in PyTorch’s order', async (kind) => {
    const stack = layerOf(kind, { numLayers: 2, bidirectional: true })
    const [lower, upper] = [layerOf(kind, { bidirectional: true }), layerOf(kind, { bidirectional: true }, 4)]
    const h0 = filledTensor([4, 2, 2], 1.5)
    const x = filledTensor([2, 4, 3], 0.5)
    const values = filledValues(stack)
    const whole = stack.forward(x, { h0 })
    const { y, h } = await run({ y: whole.outputs, h: whole.h }, values)
    layoutOf(lower)
    const first = lower.forward(x, { h0: narrow(h0, 0, 0, 2) })
    const a = await run({ y: first.outputs, h: first.h }, ofLayer(values, 0))
    layoutOf(upper)
    const second = upper.forward(input('between', [2, 4, 4]), { h0: narrow(h0, 0, 2, 4) })
    const b = await run({ y: second.outputs, h: second.h }, { ...ofLayer(values, 1), between: Float64Array.from(a.y) })
    expect(worst(y, b.y)).toBeLessThan(rounding)
    expect(worst(h, [...a.h, ...b.h])).toBeLessThan(rounding)
  })

  it('0.20 dropout lies between the layers, in training only', async () => {
    const stack = new LSTM(3, 2, { numLayers: 2, dropout: 1 })
    const plain = new LSTM(3, 2, { numLayers: 2 })
    const values = filledValues(stack)
    layoutOf(plain)
    const x = filledTensor([2, 4, 3], 0.5)
    const training = (layer: LSTM) => traceTraining(() => layer.forward(x), { key: randomKey(1) }).result
    const trained = training(stack)
    const { off, on, lower } = await run({ off: stack.forward(x).outputs, on: trained.outputs, lower: trained.h }, values)
    const { without, h } = await run({ without: plain.forward(x).outputs, h: plain.forward(x).h }, values)
    expect(off).toEqual(without)
    // All that the upper layer sees is zeros, and what the lower one did is not changed.
    const upper = new LSTM(2, 2)
    layoutOf(upper)
    const { y } = await run({ y: upper.forward(mul(filledTensor([2, 4, 2], 0), 0)).outputs }, ofLayer(values, 1))
    expect(worst(on, y)).toBeLessThan(rounding)
    expect(lower.slice(0, 4)).toEqual(h.slice(0, 4))
  })
})

describe('inside of an LSTM', () => {
  it('0.21 with forget gate 1 and input gate 0 a cell is kept for 1000 steps, exactly', async () => {
    const layer = new LSTM(1, 2)
    const values = filledValues(layer)
    // Rows i, f, g, o of two units: σ(-1000) is 0 in float64 and σ(1000) is 1.
    const bias = Float64Array.of(-1000, -1000, 1000, 1000, 0, 0, 0, 0)
    const c0 = constant([0.625, -3], [1, 1, 2])
    const { c } = await run({ c: layer.forward(filledTensor([1, 1000, 1], 0.5), { c0 }).c }, { ...values, bias_ih_l0: bias })
    expect(c).toEqual([0.625, -3])
  })

  it('1.6 LSTM in four steps: f, i, g, o, c and h of every step are what the formulas make of them, and h is the output', async () => {
    const layer = new LSTM(3, 2)
    const x = filledTensor([2, 4, 3], 0.5)
    const [gates] = layer.gates(x)
    const results = await run({ ...gates!, outputs: layer.forward(x).outputs }, filledValues(layer))
    expect(results.h).toEqual(results.outputs)
    for (const [at, c] of results.c.entries()) {
      const before = Math.floor(at / 2) % 4 === 0 ? 0 : results.c[at - 2]!
      expect(Math.abs(c - (results.f[at]! * before + results.i[at]! * results.g[at]!))).toBeLessThan(rounding)
      expect(Math.abs(results.h[at]! - results.o[at]! * Math.tanh(c))).toBeLessThan(rounding)
      for (const gate of [results.f, results.i, results.o]) expect(gate[at]! > 0 && gate[at]! < 1).toBe(true)
    }
  })

  it('1.6 LSTM in four steps: along the additive path the cell’s derivative is the product of the forget gates', async () => {
    const layer = new LSTM(3, 2)
    const values = filledValues(layer)
    const [x, c0] = [filledTensor([1, 6, 3], 0.5), input('c0', [1, 1, 2])]
    const { c } = layer.forward(x, { c0 })
    const [slope] = grad(sum(c), [c0])
    const [gates] = layer.gates(x, { c0 })
    // Without recurrent weights the cell is the only way from step to step.
    const results = await run(
      { slope: slope!, f: gates!.f },
      { ...values, weight_hh_l0: new Float64Array(16), c0: Float64Array.of(0.3, -0.8) },
    )
    const product = [0, 1].map((unit) => results.f.filter((_, i) => i % 2 === unit).reduce((a, b) => a * b))
    expect(worst(results.slope, product)).toBeLessThan(rounding)
  })

  it('1.6 LSTM in four steps and 3.9 GRU: gates of stacked layers in both directions with lengths give the states', async () => {
    for (const layer of [new LSTM(3, 2, { numLayers: 2, bidirectional: true }), new GRU(3, 2, { numLayers: 2, bidirectional: true })]) {
      const x = filledTensor([2, 4, 3], 0.5)
      const lengths = constant([4, 2], [2], 'int64')
      const gates = layer.gates(x, { lengths })
      expect(gates).toHaveLength(4)
      const { outputs } = layer.forward(x, { lengths })
      const results = await run({ outputs, forward: gates[2]!.h, backward: gates[3]!.h }, filledValues(layer))
      const half = (from: number) => results.outputs.filter((_, i) => Math.floor((i % 4) / 2) === from)
      expect([results.forward, results.backward]).toEqual([half(0), half(1)])
    }
  })

  it('memorySteps opens the gates for times up to it, and leaves the other parameters alone', () => {
    const hidden = 200
    const [lstm, plain] = [new LSTM(2, hidden, { memorySteps: 100 }), new LSTM(2, hidden)].map((layer) => initialValues(layer, 1))
    const bias = lstm!.get('bias_ih_l0')!
    const [write, keep] = [bias.subarray(0, hidden), bias.subarray(hidden, 2 * hidden)]
    expect(Array.from(write)).toEqual(Array.from(keep, (value) => -value))
    // ln u of u in 1…99; the mean of u is 50, of 200 draws within 6 (3 deviations of 99/√12/√200).
    const times = Array.from(keep, Math.exp)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...times)).toBeLessThanOrEqual(99)
    expect(Math.abs(times.reduce((a, b) => a + b) / hidden - 50)).toBeLessThan(6.1)
    for (const name of ['weight_ih_l0', 'weight_hh_l0', 'bias_hh_l0']) expect(lstm!.get(name)).toEqual(plain!.get(name))
    for (const value of plain!.get('bias_ih_l0')!) expect(Math.abs(value)).toBeLessThanOrEqual(1 / Math.sqrt(hidden))
    const gru = initialValues(new GRU(2, hidden, { memorySteps: 100 }), 1).get('bias_ih_l0')!
    expect(Math.min(...gru.subarray(hidden, 2 * hidden))).toBeGreaterThanOrEqual(0)
    expect(Math.min(...gru.subarray(0, hidden))).toBeLessThan(0)
  })
})

describe('1.9 chunks', () => {
  it.each(names)('1.9 truncated BPTT: %s in chunks with the state carried gives what it gives in one piece', async (kind) => {
    const layer = layerOf(kind, { numLayers: 2 })
    const x = filledTensor([3, 7, 3], 0.5)
    for (const chunk of [1, 3, 7, 100]) {
      for (const call of [{}, { h0: filledTensor([2, 3, 2], 1.5), lengths: [7, 2, 5] }]) {
        const { outputs, h } = layer.forward(x, call)
        const parts = inChunks(layer, x, { ...call, chunk })
        const results = await run({ outputs, h, y: parts.outputs, last: parts.h }, filledValues(layer))
        expect(worst(results.y, results.outputs)).toBeLessThan(rounding)
        expect(worst(results.last, results.h)).toBeLessThan(rounding)
      }
    }
  })

  it('1.9 truncated BPTT: gradients stop where a chunk begins, and are whole within it', async () => {
    const layer = new LSTM(3, 2)
    const values = filledValues(layer)
    const x = input('x', [1, 6, 3])
    const at = (outputs: Tensor) => grad(sum(narrow(outputs, 1, 4, 5)), [x])[0]!
    const results = await run(
      { cut: at(inChunks(layer, x, { chunk: 3 }).outputs), whole: at(layer.forward(x).outputs) },
      { ...values, x: filled([1, 6, 3], 0.5) },
    )
    const steps = (gradient: number[]) => [0, 1, 2, 3, 4, 5].map((t) => gradient.slice(3 * t, 3 * t + 3).some((value) => value !== 0))
    expect(steps(results.cut)).toEqual([false, false, false, true, true, false])
    expect(steps(results.whole)).toEqual([true, true, true, true, true, false])
    expect(worst(results.cut.slice(9), results.whole.slice(9))).toBeLessThan(rounding)
  })

  it('1.9 truncated BPTT: time may come first', async () => {
    const layer = new GRU(3, 2, { batchFirst: false })
    const x = filledTensor([5, 2, 3], 0.5)
    const results = await run({ y: inChunks(layer, x, { chunk: 2 }).outputs, z: layer.forward(x).outputs }, filledValues(layer))
    expect(worst(results.y, results.z)).toBeLessThan(rounding)
  })
})

describe('sizes', () => {
  it.each(names)('3.7 recurrent over frames of any length: the same weights of %s read 1000 and 1001 of them', async (kind) => {
    const layer = layerOf(kind)
    const values = filledValues(layer)
    const x = filledTensor([1, 1001, 3], 0.5)
    const { long, short } = await run({ long: layer.forward(x).outputs, short: layer.forward(narrow(x, 1, 0, 1000)).outputs }, values)
    expect(short).toEqual(long.slice(0, 2000))
    expect(long).toHaveLength(2002)
  })

  it.each(['LSTM', 'GRU'] as const)('3.10 B%s: 600 units per direction give 1200', (kind) => {
    const layer = layerOf(kind, { bidirectional: true }, 513, 600)
    expect(layer.forward(input('x', [2, 10, 513])).outputs.shape).toEqual([2, 10, 1200])
    expect([layer.outputSize, layer.hiddenSize]).toEqual([1200, 600])
    expect(layer.weightsOf(0, true).weightHh.shape).toEqual([600 * (kind === 'LSTM' ? 4 : 3), 600])
  })

  it('2.22 recurrent layers: outputs and states have PyTorch’s shapes', () => {
    const layer = new LSTM(3, 5, { numLayers: 2, bidirectional: true, batchFirst: false })
    const { outputs, h, c } = layer.forward(input('x', [7, 4, 3]))
    expect([outputs.shape, h.shape, c.shape]).toEqual([
      [7, 4, 10],
      [4, 4, 5],
      [4, 4, 5],
    ])
    expect(topState(h, layer).shape).toEqual([4, 10])
  })

  it.each(names)('2.22 recurrent layers: %s is one fused operator per layer and direction for inference, with lengths too', (kind) => {
    const layer = layerOf(kind, { numLayers: 2, bidirectional: true })
    layoutOf(layer)
    for (const lengths of [undefined, input('lengths', [4], 'int32')]) {
      const { outputs, h } = layer.forward(input('x', [4, 7, 3]), { lengths })
      const written = countOps(writeOnnx({ outputs, h }))
      expect(written[kind]).toBe(4)
      expect([written.Scan, written.MatMul]).toEqual([undefined, undefined])
    }
  })
})

describe('cells', () => {
  it.each([new RNNCell(3, 100), new LSTMCell(3, 100), new GRUCell(3, 100)])(
    '2.22 recurrent layers: one step of them is causal and starts from ±1/√hidden, $type',
    (cell) => {
      expect(cell.isCausal).toBe(true)
      const values = [...initialValues(cell, 1).values()].flatMap((each) => Array.from(each, Math.abs))
      // 1/√100, and of some hundred draws the largest is near it.
      expect(Math.max(...values)).toBeLessThanOrEqual(0.1)
      expect(Math.max(...values)).toBeGreaterThan(0.098)
    },
  )
})

describe('refusals', () => {
  const layer = new GRU(3, 2, { numLayers: 2 })
  const x = input('x', [4, 5, 3])
  const state = (...shape: Shape) => input('h0', shape)
  it.each([
    ['sizes that are none', () => new LSTM(3, 0), /LSTM: hiddenSize 0; allowed are whole numbers ≥ 1/],
    ['layers that are none', () => new RNN(3, 2, { numLayers: 1.5 }), /RNN: numLayers 1.5/],
    ['a dropout that is none', () => new RNN(3, 2, { numLayers: 2, dropout: 2 }), /RNN: dropout 2; allowed are numbers in 0…1/],
    ['dropout of one layer', () => new GRU(3, 2, { dropout: 0.1 }), /GRU: dropout 0.1 with numLayers 1; .* give numLayers ≥ 2/],
    ['a memory of one step', () => new LSTM(3, 2, { memorySteps: 1 }), /LSTM: memorySteps 1; allowed are numbers ≥ 2/],
    ['a memory without a bias', () => new GRU(3, 2, { memorySteps: 9, bias: false }), /GRU: memorySteps 9 with bias false/],
    [
      'a nonlinearity that is none',
      () => new RNN(3, 2, { nonlinearity: 'sigmoid' as 'relu' }).forward(x),
      /rnn: nonlinearity "sigmoid"; allowed are tanh and relu/,
    ],
    [
      'one of a cell',
      () => new RNNCell(3, 2, { nonlinearity: 'ReLU' as 'relu' }).forward(input('x', [4, 3])),
      /rnnCell: nonlinearity "ReLU"; allowed are tanh and relu/,
    ],
    ['other features', () => layer.forward(input('x', [4, 5, 7])), /GRU: input \(4, 5, 7\); needs \(b, t, d\) with d = 3/],
    ['one example without a batch', () => layer.forward(input('x', [5, 3])), /GRU: input \(5, 3\); needs \(b, t, d\)/],
    ['time first', () => new RNN(3, 2, { batchFirst: false }).forward(input('x', [5, 3])), /needs \(t, b, d\) with d = 3/],
    ['states of one layer', () => layer.forward(x, { h0: state(1, 4, 2) }), /h0 \(1, 4, 2\) beside input \(4, 5, 3\); needs \(2, 4, 2\)/],
    ['a cell where there is none', () => (layer as RecurrentLayer).forward(x, { c0: state(2, 4, 2) }), /c0 \(2, 4, 2\); it has no cell/],
    ['lengths of another batch', () => layer.forward(x, { lengths: [5] }), /GRU: lengths \[5\]; needs 4 whole number\(s\) in 0…5/],
    ['lengths beyond the end', () => layer.forward(x, { lengths: [5, 6, 1, 1] }), /lengths \[5, 6, 1, 1\]; .* in 0…5/],
    ['lengths of another kind', () => layer.forward(x, { lengths: input('n', [4]) }), /lengths \(4\) float32; needs one int32 or int64/],
    ['weights that are not there', () => layer.weightsOf(2), /no weights of l2; it has layers 0…1, reverse false/],
    [
      'a top state of one direction',
      () => topState(state(1, 4, 2), { bidirectional: true }),
      /topState: h \(1, 4, 2\); needs \(layers · 2, b/,
    ],
    ['chunks of no steps', () => inChunks(layer, x, { chunk: 0 }), /inChunks: chunk 0; allowed are whole numbers of steps ≥ 1/],
    ['chunks backwards', () => inChunks(new RNN(3, 2, { bidirectional: true }), x, { chunk: 2 }), /inChunks: RNN reads in both directions/],
  ] as const)('%s', (_, act, message) => {
    expect(act).toThrow(message)
  })
})
