/** Elman's network, the stateful network of exercises, and live work. In float64 on the reference unless said otherwise. */
import { describe, expect, it } from 'vitest'
import {
  Apply,
  checkCausal,
  createLive,
  Elman,
  type ElmanOptions,
  GRU,
  initialValues,
  Linear,
  LSTM,
  layoutOf,
  ManyToMany,
  RecurrentState,
  Sequential,
  VanillaRNN,
} from '../../src/nn/index.ts'
import { type Backend, createReferenceBackend } from '../../src/runtime/index.ts'
import { concat, constant, grad, input, mul, narrow, reshape, stack, sum, type Tensor } from '../../src/tensor/index.ts'
import { onnxRuntime } from '../tensor/support.ts'
import { filled, filledTensor, filledValues, run, worst } from './run.ts'

/** Sums in another order: some ulps of numbers about 1. */
const rounding = 1e-14

const ones = (...shape: number[]) =>
  constant(
    filled(shape, 0).map(() => 1),
    shape,
  )

describe('1.1 Elman', () => {
  const options: readonly ElmanOptions[] = [
    {},
    { hiddenActivation: 'relu', outputActivation: 'sigmoid' },
    { outputActivation: 'softmax', bias: true },
  ]

  /** Three layers with the same matrices, one after the other. */
  function unfolded(network: Elman, x: Tensor, h0: Tensor): { y: Tensor; h: Tensor } {
    let h = h0
    const outputs = [0, 1, 2].map((t) => {
      const after = network.step(reshape(narrow(x, 1, t, t + 1), [2, 3]), h)
      h = after.h
      return after.y
    })
    return { y: stack(outputs, 1), h }
  }

  it.each(options)('1.1 Elman RNN: unfolded over 3 steps it is the loop, and so are its gradients by U, V, W; %o', async (option) => {
    const network = new Elman(3, 2, 4, option)
    const { parameters } = layoutOf(network)
    expect(parameters.slice(0, 3).map(({ name, parameter }) => [name, parameter.shape])).toEqual([
      ['U', [2, 3]],
      ['W', [2, 2]],
      ['V', [4, 2]],
    ])
    const [x, h0] = [filledTensor([2, 3, 3], 0.5), filledTensor([2, 2], 1.5)]
    const results = await Promise.all(
      [network.forward(x, h0), unfolded(network, x, h0)].map(({ y, h }) => {
        const gradients = grad(
          sum(mul(y, filledTensor(y.shape, 2))),
          parameters.map(({ parameter }) => parameter),
        )
        return run({ y, h, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) }, filledValues(network))
      }),
    )
    for (const [name, values] of Object.entries(results[0]!)) {
      expect(worst(values, results[1]![name as 'y'])).toBeLessThan(rounding)
      expect(values.some((value) => Math.abs(value) > 1e-3)).toBe(true)
    }
  })

  it('1.1 Elman RNN: h = f_h(U x + W h), y = f_out(V h) of one unit', async () => {
    const weights = { U: Float64Array.of(0.5), W: Float64Array.of(-2), V: Float64Array.of(3) }
    const x = constant([1, 2], [1, 2, 1])
    const of = (option: ElmanOptions) => {
      const network = new Elman(1, 1, 1, option)
      layoutOf(network)
      return run({ y: network.forward(x).y }, weights)
    }
    const [first, relu1] = [Math.tanh(0.5), 0.5]
    const second = Math.tanh(1 - 2 * first)
    expect(worst((await of({})).y, [3 * first, 3 * second])).toBeLessThan(rounding)
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))
    const { y } = await of({ hiddenActivation: 'relu', outputActivation: 'sigmoid' })
    expect(worst(y, [sigmoid(3 * relu1), sigmoid(0)])).toBeLessThan(rounding)
    expect((await of({ outputActivation: 'softmax' })).y).toEqual([1, 1])
  })

  it('1.1 Elman RNN: is causal and refuses what is no sequence', () => {
    const network = new Elman(3, 2, 4)
    expect(network.isCausal).toBe(true)
    expect(() => network.forward(input('x', [2, 3]))).toThrow(/Elman: input \(2, 3\); needs \(b, t, inputs\)/)
    expect(() => new Elman(3, 2, 4, { outputActivation: 'relu' as 'linear' })).toThrow(
      /Elman: outputActivation "relu"; allowed are linear, sigmoid, softmax/,
    )
    expect(() => new Elman(3, 2, 0)).toThrow(/Elman: outputSize 0; allowed are whole numbers ≥ 1/)
  })
})

describe('2.21 vanilla RNN', () => {
  it('2.21 vanilla RNN: three calls with the same ones (16, 4) give three different (16, 5), and reset restores the first', async () => {
    const network = new VanillaRNN(4, 8, 5)
    const values = filledValues(network)
    const state = new RecurrentState()
    expect(state.h).toBeUndefined()
    const [first, second, third] = [0, 1, 2].map(() => network.forward(ones(16, 4), state)) as [Tensor, Tensor, Tensor]
    expect(state.h!.shape).toEqual([16, 8])
    state.reset()
    const again = network.forward(ones(16, 4), state)
    expect([first, second, third, again].map(({ shape }) => shape)).toEqual(new Array(4).fill([16, 5]))
    const results = await run({ first, second, third, again }, values)
    expect(worst(results.first, results.second)).toBeGreaterThan(1e-3)
    expect(worst(results.second, results.third)).toBeGreaterThan(1e-3)
    expect(worst(results.first, results.third)).toBeGreaterThan(1e-3)
    expect(results.again).toEqual(results.first)
  })

  it('2.21 vanilla RNN: h = tanh(W_hh h + W_xh x + B_h), y = W_hy h + B_y; the first step has no h', async () => {
    const network = new VanillaRNN(1, 1, 1)
    layoutOf(network)
    const weights = { W_xh: 0.5, W_hh: -0.75, B_h: 0.25, W_hy: 2, B_y: -1 }
    const feeds = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, Float64Array.of(value)]))
    const state = new RecurrentState()
    const y = concat(
      [1, 3].map((value) => network.forward(constant([value], [1, 1]), state)),
      0,
    )
    const first = Math.tanh(0.75)
    const second = Math.tanh(1.75 - 0.75 * first)
    expect(worst((await run({ y }, feeds)).y, [2 * first - 1, 2 * second - 1])).toBeLessThan(rounding)
    // One to many: the input is there once.
    const alone = Math.tanh(0.25 - 0.75 * first)
    const { many, one } = await run(
      { many: network.unroll(constant([1], [1, 1]), 2), one: network.unroll(constant([1], [1, 1]), 1) },
      feeds,
    )
    expect(worst(many, [2 * first - 1, 2 * alone - 1])).toBeLessThan(rounding)
    expect(one).toEqual(many.slice(0, 1))
  })

  it('2.21 vanilla RNN: is causal, and refuses sequences and numbers of steps that are none', () => {
    const network = new VanillaRNN(4, 8, 5)
    expect(network.isCausal).toBe(true)
    expect(() => network.forward(input('x', [1, 16, 4]))).toThrow(/rnnCell: input \(1, 16, 4\): needs \(batch, inputs\)/)
    expect(() => network.unroll(input('x', [1, 16, 4]), 2)).toThrow(/VanillaRNN: input \(1, 16, 4\); needs \(b, inputs\)/)
    expect(() => network.unroll(input('x', [16, 4]), 0)).toThrow(/VanillaRNN: steps 0; allowed are whole numbers ≥ 1/)
  })
})

describe('live work', () => {
  const onnx = onnxRuntime()
  const backends: readonly (readonly [string, () => Backend, number])[] = [
    ['reference', createReferenceBackend, 1e-6],
    // float32 through a few products.
    ['onnxruntime-node', onnx, 1e-5],
  ]

  const lstm = () => {
    const model = new Sequential(new ManyToMany(new LSTM(3, 2, { numLayers: 2 })), new Linear(2, 4))
    const [{ layer }, head] = [model[0] as ManyToMany, model[1] as Linear]
    return { model, layer: layer as LSTM, head }
  }

  it.each(backends)('2.21 a compiled step carries its state from run to run, and reset begins anew: %s', async (_, backend, tolerance) => {
    const { model, layer, head } = lstm()
    const constants = initialValues(model, 1)
    const live = await createLive(
      model,
      ({ x }, { h, c }) => {
        const { outputs, ...state } = layer.forward(x, { h0: h, c0: c })
        return { outputs: { y: head.forward(outputs) }, state }
      },
      { inputs: { x: [1, 2, 3] }, state: { h: [2, 1, 2], c: [2, 1, 2] }, backend: backend(), constants },
    )
    const x = filled([1, 6, 3], 0.5)
    const blocks = [0, 1, 2].map((k) => ({ x: Float32Array.from(x.subarray(6 * k, 6 * k + 6)) }))
    // Asked for at once: each waits for the state of the one before.
    const [first, ...rest] = await Promise.all(blocks.map((block) => live.run(block)))
    const { whole } = await run({ whole: model.forward(filledTensor([1, 6, 3], 0.5)) }, Object.fromEntries(constants))
    expect(
      worst(
        [first!, ...rest].flatMap(({ y }) => Array.from(y, Number)),
        whole,
      ),
    ).toBeLessThan(tolerance)
    expect(Object.keys(first!)).toEqual(['y'])
    live.reset()
    expect((await live.run(blocks[0]!)).y).toEqual(first!.y)
    expect((await live.run(blocks[0]!)).y).not.toEqual(first!.y)
    await expect(live.run({ x: new Float32Array(5) })).rejects.toThrow(/x/)
    await live.dispose()
  })

  it('3.11 causal flag: computed from the layers, and live work refuses a model that is not, naming what reads the future', async () => {
    const causal = new Sequential(new ManyToMany(new LSTM(3, 2)), new Linear(2, 4))
    const both = new Sequential(new Linear(3, 3), new ManyToMany(new GRU(3, 2, { bidirectional: true })), new Linear(4, 4))
    expect([causal.isCausal, both.isCausal]).toEqual([true, false])
    expect(() => checkCausal(causal, 'live')).not.toThrow()
    const refusal = /the model is not causal, it reads steps that have not come yet: 1\.layer \(GRU\); give it layers of one direction/
    expect(() => checkCausal(both, 'live')).toThrow(refusal)
    const step = ({ x }: Record<'x', Tensor>) => ({ outputs: { y: both.forward(x) as Tensor }, state: {} })
    await expect(createLive(both, step, { inputs: { x: [1, 1, 3] }, state: {}, backend: onnx() })).rejects.toThrow(refusal)
  })

  it('3.11 causal flag: a model of one layer is named by its class', () => {
    expect(() => checkCausal(new Apply((x) => x, { stride: 1, first: 0, last: 3 }), 'live')).toThrow(/live: .* come yet: the model \(/)
  })

  it('refuses a state that changes its shape', async () => {
    const model = new GRU(3, 2)
    const step = ({ x }: Record<'x', Tensor>, { h }: Record<'h', Tensor>) => {
      const { outputs } = model.forward(x, { h0: h })
      return { outputs: { y: outputs }, state: { h: outputs } }
    }
    const made = createLive(model, step, { inputs: { x: [1, 4, 3] }, state: { h: [1, 1, 2] }, backend: onnx() })
    await expect(made).rejects.toThrow(/createLive: state h \(1, 1, 2\) becomes float32 \(1, 4, 2\); shapes and dtypes must stay/)
  })
})
