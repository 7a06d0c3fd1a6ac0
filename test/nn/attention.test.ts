import { describe, expect, it } from 'vitest'
import {
  additiveScores,
  attend,
  BahdanauAttention,
  causalMask,
  causalReach,
  dotScores,
  generalScores,
  initialValues,
  layoutOf,
  type Module,
  MultiheadAttention,
  paddingMask,
  scaledDotProductAttention,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  traceTraining,
  wholeReach,
} from '../../src/nn/index.ts'
import {
  constant,
  gather,
  grad,
  input,
  logicalNot,
  narrow,
  randomKey,
  type Shape,
  sum,
  type Tensor,
  transpose,
} from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from './run.ts'

/** Differences of float64 sums of a few numbers of about 1. */
const rounding = 1e-12

async function values(y: Tensor, feeds: Readonly<Record<string, Float64Array>> = {}): Promise<number[]> {
  return (await run({ y }, feeds)).y
}

/** Names a model's parameters and gives their initial values. */
function initial(model: Module): Record<string, Float32Array> {
  layoutOf(model)
  return Object.fromEntries(initialValues(model, 1))
}

/** Σ along the last axis. */
function rowSums(numbers: readonly number[], width: number): number[] {
  return Array.from({ length: numbers.length / width }, (_, row) => numbers.slice(row * width, (row + 1) * width).reduce((a, b) => a + b))
}

const order = [3, 0, 4, 2, 1]
const permuted = (x: Tensor, axis = 1) => gather(x, constant(order, [5], 'int64'), axis)

/** The indices of steps that change where step `changed` of x (b, t, d) does. */
async function changedBy(f: (x: Tensor) => Tensor, [b, t, d]: readonly [number, number, number], changed: number): Promise<number[]> {
  const x = filled([b, t, d], 0.5)
  const other = x.map((value, i) => (Math.floor(i / d) % t === changed ? value + 1 : value))
  const [before, after] = [await values(f(constant(x, [b, t, d]))), await values(f(constant(other, [b, t, d])))]
  const width = before.length / (b * t)
  return Array.from({ length: t }, (_, step) => step).filter((step) =>
    before.some((value, i) => Math.floor(i / width) % t === step && value !== after[i]),
  )
}

describe('attention of a decoder to a sequence', () => {
  const [b, t, features] = [2, 5, 3]
  const sequence = filledTensor([b, t, features], 0.5)

  it('0.13 Bahdanau attention: its formula, one decoder step like several; rows of weights add up to 1', async () => {
    const model = new BahdanauAttention(2, features, { hidden: 4 })
    layoutOf(model)
    const [W, U, v] = [filled([4, 2], 1), filled([4, features], 2), filled([4], 3)]
    const feeds = { 'W.weight': W, 'U.weight': U, v }
    const state = filled([b, 2], 4)
    const { output, weights } = model.attend(constant(state, [b, 2]), sequence)
    const result = await run({ output, weights }, feeds)
    const a = filled([b, t, features], 0.5)
    const dot = (matrix: Float64Array, row: number, x: Float64Array) =>
      x.reduce((total, value, i) => total + matrix[row * x.length + i]! * value, 0)
    const expected = { output: [] as number[], weights: [] as number[] }
    for (let example = 0; example < b; example++) {
      const step = (i: number) => a.slice((example * t + i) * features, (example * t + i + 1) * features)
      const s = state.slice(example * 2, example * 2 + 2)
      const scores = Array.from({ length: t }, (_, i) =>
        v.reduce((e, factor, k) => e + factor * Math.tanh(dot(W, k, s) + dot(U, k, step(i))), 0),
      )
      const total = scores.reduce((sum, e) => sum + Math.exp(e), 0)
      const shares = scores.map((e) => Math.exp(e) / total)
      expected.weights.push(...shares)
      for (let k = 0; k < features; k++) expected.output.push(shares.reduce((c, share, i) => c + share * step(i)[k]!, 0))
    }
    expect(worst(result.output, expected.output)).toBeLessThan(rounding)
    expect(worst(result.weights, expected.weights)).toBeLessThan(rounding)
    expect(worst(rowSums(result.weights, t), [1, 1])).toBeLessThan(rounding)
    const several = model.attend(constant([...state.slice(0, 2), 7, 8, ...state.slice(2), 9, 9], [b, 2, 2]), sequence)
    expect(several.weights.shape).toEqual([b, 2, t])
    expect(worst(await values(narrow(several.output, 1, 0, 1), feeds), expected.output)).toBeLessThan(rounding)
  })

  it('0.13 Bahdanau attention: attends to a planted key, and to nothing where all is padding', async () => {
    const model = new BahdanauAttention(1, 1)
    layoutOf(model)
    // tanh(s + a) is largest where the key is: 40 times that makes the others e^−38.
    const feeds = { 'W.weight': Float64Array.of(1), 'U.weight': Float64Array.of(1), v: Float64Array.of(40) }
    const [state, keys] = [constant([0], [1, 1]), constant([-2, -3, 4, -2], [1, 4, 1])]
    const { output, weights } = model.attend(state, keys)
    const found = await run({ output, weights }, feeds)
    expect(worst(found.weights, [0, 0, 1, 0])).toBeLessThan(1e-15)
    expect(worst(found.output, [4])).toBeLessThan(1e-14)
    const hidden = await values(model.attend(state, keys, { keyPaddingMask: paddingMask([2], 4) }).weights, feeds)
    expect(hidden.slice(2)).toEqual([0, 0])
    expect(worst(rowSums(hidden, 4), [1])).toBeLessThan(rounding)
    expect(worst(await values(model.forward(state, keys, { keyPaddingMask: paddingMask([0], 4) }), feeds), [0])).toBe(0)
  })

  it('0.13 dot, general and additive scores find the key that is planted', async () => {
    const [query, keys] = [constant([0, 1, 0], [1, 3]), constant([1, 0, 0, 0, 1, 0, 0, 0, 1, -1, -1, -1], [4, 3])]
    const planted = [0, 1, 0, 0]
    const found = async (scores: Tensor) => values(attend(scores, constant(planted, [4, 1])).weights)
    const identity = constant([80, 0, 0, 0, 80, 0, 0, 0, 80], [3, 3])
    expect(worst(await found(dotScores(constant([0, 80, 0], [1, 3]), keys)), planted)).toBeLessThan(1e-15)
    expect(worst(await found(generalScores(query, keys, identity)), planted)).toBeLessThan(1e-15)
    // W from query to key: a turned one finds another key.
    const turn = constant([0, 80, 0, 0, 0, 80, 80, 0, 0], [3, 3])
    expect(worst(await found(generalScores(query, keys, turn)), [0, 0, 1, 0])).toBeLessThan(1e-15)
    expect(
      worst(await values(additiveScores(query, keys, constant([1, 2, 3]))), [
        Math.tanh(1) + 2 * Math.tanh(1),
        2 * Math.tanh(2),
        2 * Math.tanh(1) + 3 * Math.tanh(1),
        Math.tanh(-1) + 3 * Math.tanh(-1),
      ]),
    ).toBeLessThan(rounding)
    expect(() => generalScores(query, keys, constant([1, 2], [2, 1]))).toThrow('attention: weight (2, 1) float32; needs (3, 3)')
    expect(() => additiveScores(query, keys, constant([1]))).toThrow('attention: v (1) float32; needs (3)')
    expect(() => dotScores(query, constant([1, 2], [1, 2]))).toThrow('attention: keys (1, 2) float32; needs (…, keys, d)')
  })
})

describe('self-attention', () => {
  const [b, t, d] = [2, 5, 4]
  const x = filledTensor([b, t, d], 0.5)
  const toItself = (y: Tensor) => scaledDotProductAttention(y, y, y)

  it('0.14 self-attention of two tokens by hand', async () => {
    // Scores q·k/√2: (0, √2), (0, 1/√2): weights 1/(1 + e^√2), … of values (1, 0) and (0, 1).
    const [q, k, v] = [constant([2, 0, 1, 0], [2, 2]), constant([0, 5, 1, 5], [2, 2]), constant([1, 0, 0, 1], [2, 2])]
    const [first, second] = [1 / (1 + Math.exp(Math.SQRT2)), 1 / (1 + Math.exp(Math.SQRT1_2))]
    expect(worst(await values(scaledDotProductAttention(q, k, v)), [first, 1 - first, second, 1 - second])).toBeLessThan(rounding)
    const unscaled = 1 / (1 + Math.exp(2))
    expect(worst((await values(scaledDotProductAttention(q, k, v, { scale: 1 }))).slice(0, 2), [unscaled, 1 - unscaled])).toBeLessThan(
      rounding,
    )
  })

  it('0.14 self-attention: a permutation of the steps permutes what comes out', async () => {
    expect(worst(await values(toItself(permuted(x))), await values(permuted(toItself(x))))).toBeLessThan(rounding)
  })

  it('0.14 self-attention: a causal mask hides the future, to the last bit', async () => {
    const causal = (y: Tensor) => scaledDotProductAttention(y, y, y, { causal: true })
    expect(await changedBy(causal, [b, t, d], 2)).toEqual([2, 3, 4])
    expect(await changedBy(toItself, [b, t, d], 2)).toEqual([0, 1, 2, 3, 4])
    const { weights } = attend(dotScores(x, x), x, { causal: true })
    const numbers = await values(weights)
    expect(numbers.filter((_, i) => i % t > Math.floor(i / t) % t).every((weight) => weight === 0)).toBe(true)
    expect(worst(rowSums(numbers, t), new Array(b * t).fill(1))).toBeLessThan(rounding)
  })

  it('0.14 masks: true leaves out, −∞ does, all of them together; a query without keys gets zeros and a gradient without NaN', async () => {
    const keyPaddingMask = paddingMask([5, 2], t)
    const mask = constant([0, 1, 1, 1, 1, ...new Array(20).fill(0)], [t, t], 'bool')
    const added = constant([0, -Infinity, -Infinity, -Infinity, -Infinity, ...new Array(20).fill(0)], [t, t])
    for (const left of [mask, added]) {
      const { output, weights } = attend(dotScores(x, x), x, { mask: left, keyPaddingMask })
      const result = await run({ output, weights })
      expect(result.weights.slice(0, t)).toEqual([1, 0, 0, 0, 0])
      expect(result.output.slice(0, d)).toEqual(Array.from(filled([b, t, d], 0.5).slice(0, d)))
      const second = result.weights.slice(t * t)
      expect(second.every((weight, i) => i % t < 2 || weight === 0)).toBe(true)
    }
    // The mask leaves the first query the first key, which the third mask takes.
    const none = logicalNot(paddingMask([1, 1], t))
    const parameter = input('x', [b, t, d])
    for (const left of [mask, added]) {
      const { output, weights } = attend(dotScores(parameter, parameter), parameter, { mask: left, keyPaddingMask: none })
      const slope = grad(sum(output), [parameter])[0]!
      const result = await run({ output, weights, slope }, { x: filled([b, t, d], 0.5) })
      expect(worst([...result.output.slice(0, d), ...result.weights.slice(0, t)], new Array(d + t).fill(0))).toBe(0)
      expect(result.slope.every(Number.isFinite)).toBe(true)
      expect(worst(rowSums(result.weights, t).slice(1, t), new Array(t - 1).fill(1))).toBeLessThan(rounding)
    }
  })

  it('0.14 causal attention of a first step that is padding: it has no key and gets zeros', async () => {
    const keyPaddingMask = constant([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [b, t], 'bool')
    const { output, weights } = attend(dotScores(x, x), x, { causal: true, keyPaddingMask })
    const result = await run({ output, weights })
    expect(worst(rowSums(result.weights, t), [0, ...new Array(b * t - 1).fill(1)])).toBeLessThan(rounding)
    expect(worst(result.output.slice(0, d), new Array(d).fill(0))).toBe(0)
  })

  it('0.14 masks that do not fit are refused with what they need', () => {
    expect(() => causalMask(1.5)).toThrow('causalMask: queries 1.5; allowed are whole numbers ≥ 1')
    expect(() => paddingMask([1], 1.5)).toThrow('paddingMask: steps 1.5; allowed are whole numbers ≥ 1')
    const refused = (options: Parameters<typeof scaledDotProductAttention>[3]) => () => scaledDotProductAttention(x, x, x, options)
    expect(refused({ mask: input('m', [4, 5], 'bool') })).toThrow(
      'mask (4, 5) bool; needs bool or float32, broadcastable to the scores (2, 5, 5)',
    )
    expect(refused({ mask: input('m', [5, 5], 'int64') })).toThrow('mask (5, 5) int64; needs bool or float32')
    expect(refused({ keyPaddingMask: input('m', [2, 5]) })).toThrow('keyPaddingMask (2, 5) float32; needs (2, 5) bool, true at padding')
    expect(refused({ scale: Number.NaN })).toThrow('scale NaN; allowed are finite numbers')
    expect(() => scaledDotProductAttention(x, x, narrow(x, 1, 0, 3))).toThrow('values (2, 3, 4) float32; needs (…, 5, features)')
  })
})

describe('multi-head attention and transformer layers', () => {
  const [b, t, d] = [2, 5, 4]
  const x = filledTensor([b, t, d], 0.5)
  const identity = (n: number, times = 1) => Float64Array.from({ length: n * n * times }, (_, i) => Number(i % n === Math.floor(i / n) % n))

  it('0.15 multi-head attention: one head with identity maps is self-attention', async () => {
    const model = new MultiheadAttention(d, 1, { bias: false })
    layoutOf(model)
    const feeds = { in_proj_weight: identity(d, 3), 'out_proj.weight': identity(d) }
    expect(worst(await values(model.forward(x), feeds), await values(scaledDotProductAttention(x, x, x)))).toBeLessThan(rounding)
  })

  it('0.15 multi-head attention: starts in the ranges of PyTorch, with biases of zero', () => {
    const values = initialValues(new MultiheadAttention(16, 2, { kdim: 8 }), 1)
    const top = (name: string) => Math.max(...values.get(name)!.map(Math.abs))
    // Xavier's range, √(6 / (in + out)), of which the largest of 128 and more numbers is near the end.
    const packed = Math.max(...initialValues(new MultiheadAttention(16, 2), 1).get('in_proj_weight')!.map(Math.abs))
    for (const [found, bound] of [
      [packed, 6 / 64],
      [top('q_proj_weight'), 6 / 32],
      [top('k_proj_weight'), 6 / 24],
      [top('out_proj.weight'), 1 / 16],
    ] as const) {
      expect(found).toBeLessThanOrEqual(Math.sqrt(bound))
      expect(found).toBeGreaterThan(0.9 * Math.sqrt(bound))
    }
    expect([top('in_proj_bias'), top('out_proj.bias')]).toEqual([0, 0])
  })

  it('0.15 multi-head attention: each head sees its share of the features, scaled by its own width', async () => {
    const model = new MultiheadAttention(d, 2, { bias: false })
    layoutOf(model)
    const feeds = { in_proj_weight: identity(d, 3), 'out_proj.weight': identity(d) }
    const result = await values(transpose(model.forward(x), [2, 0, 1]), feeds)
    for (const head of [0, 1]) {
      const share = narrow(x, 2, 2 * head, 2 * head + 2)
      const alone = await values(transpose(scaledDotProductAttention(share, share, share), [2, 0, 1]))
      expect(worst(result.slice(head * alone.length, (head + 1) * alone.length), alone)).toBeLessThan(rounding)
    }
  })

  it('0.15 multi-head attention: what key padding leaves out has no influence; a query without keys gets the output bias', async () => {
    const model = new MultiheadAttention(d, 2)
    const feeds = { ...initial(model), 'out_proj.bias': Float64Array.of(1, 2, 3, 4) }
    const [short, garbage] = [filled([b, t, d], 0.5), filled([b, t, d], 0.5)]
    for (let i = 3 * d; i < t * d; i++) garbage[i] = 1000
    const padded = model.forward(constant(garbage, [b, t, d]), undefined, undefined, { keyPaddingMask: paddingMask([3, 5], t) })
    const alone = model.forward(constant(short.slice(0, 3 * d), [1, 3, d]))
    const result = await run({ padded, alone }, feeds)
    expect(worst(result.padded.slice(0, 3 * d), result.alone)).toBeLessThan(rounding)
    const nothing = model.forward(x, x, x, { keyPaddingMask: paddingMask([0, 5], t) })
    expect((await run({ nothing }, feeds)).nothing.slice(0, d)).toEqual([1, 2, 3, 4])
  })

  it('0.15 multi-head attention: masks per head, per example and head, and a map per head or their mean', async () => {
    const model = new MultiheadAttention(d, 2)
    const feeds = initial(model)
    const bias = filledTensor([1, 2, t, t], 0.2)
    const [perHead, perPair] = [narrow(bias, 0, 0, 1), constant([...filled([2, t, t], 0.2), ...filled([2, t, t], 0.2)], [b * 2, t, t])]
    const maps = (attnMask: Tensor) => model.attend(x, x, x, { attnMask, averageAttnWeights: false }).weights
    const result = await run(
      { perHead: maps(perHead), perPair: maps(perPair), mean: model.attend(x, x, x, { attnMask: perHead }).weights },
      feeds,
    )
    expect(result.perHead).toEqual(result.perPair)
    const half = t * t
    const expected = [0, 2 * half].flatMap((first) =>
      Array.from({ length: half }, (_, i) => (result.perHead[first + i]! + result.perHead[first + half + i]!) / 2),
    )
    expect(worst(result.mean, expected)).toBeLessThan(rounding)
  })

  const layer = (causal: boolean) => new TransformerEncoderLayer(d, 2, { dimFeedforward: 6, causal })
  const decoder = (causal: boolean) => new TransformerDecoderLayer(d, 2, { dimFeedforward: 6, causal })
  const memory = filledTensor([b, 3, d], 0.1)
  const stacks: Readonly<Record<string, (causal: boolean) => { model: Module; f: (x: Tensor) => Tensor }>> = {
    MultiheadAttention: (causal) => {
      const model = new MultiheadAttention(d, 2, { causal })
      return { model, f: (y) => model.forward(y) }
    },
    TransformerEncoder: (causal) => {
      const model = new TransformerEncoder(() => layer(causal), 2)
      return { model, f: (y) => model.forward(y) }
    },
    TransformerDecoder: (causal) => {
      const model = new TransformerDecoder(() => decoder(causal), 2)
      return { model, f: (y) => model.forward(y, memory) }
    },
  }

  it.each(Object.entries(stacks))('0.15 %s knows whether it is causal, and is', async (_, create) => {
    for (const causal of [false, true]) {
      const { model, f } = create(causal)
      const feeds = initial(model)
      expect([model.reach(), model.isCausal]).toEqual([causal ? causalReach : wholeReach, causal])
      const before = filled([1, t, d], 0.5)
      const after = before.map((value, i) => (i >= 3 * d ? value + 1 : value))
      const one = (at: Float64Array) => f(constant([...at, ...at], [b, t, d]))
      const result = await run({ before: one(before), after: one(after) }, feeds)
      const same = Array.from({ length: t }, (_, step) => step).filter((step) =>
        Array.from({ length: d }, (_, k) => step * d + k).every((i) => result.before[i] === result.after[i]),
      )
      expect(same).toEqual(causal ? [0, 1, 2] : [])
    }
  })

  it('0.15 transformer layers: norms first and sublayers of zeros leave the input as it is', async () => {
    const model = new TransformerEncoderLayer(d, 2, { dimFeedforward: 6, normFirst: true })
    const zeros = Object.fromEntries(
      layoutOf(model).parameters.map(({ name, size }) => [name, new Float64Array(size).fill(Number(name.startsWith('norm')))]),
    )
    expect(await values(model.forward(x), zeros)).toEqual(Array.from(filled([b, t, d], 0.5)))
  })

  it('0.15 dropout leaves out attention weights and features, in training and where it is asked for', async () => {
    const trained = async (model: Module, f: () => Tensor) =>
      values(traceTraining(f, { key: randomKey(1) }).result, { ...initial(model), 'out_proj.bias': Float64Array.of(1, 2, 3, 4) })
    const [all, none] = [new MultiheadAttention(d, 2, { dropout: 1 }), new MultiheadAttention(d, 2)]
    expect(
      worst(
        await trained(all, () => all.forward(x)),
        Array.from({ length: b * t * d }, (_, i) => 1 + (i % d)),
      ),
    ).toBeLessThan(rounding)
    const evaluated = await values(none.forward(x), { ...initial(none), 'out_proj.bias': Float64Array.of(1, 2, 3, 4) })
    expect(await trained(none, () => none.forward(x))).toEqual(evaluated)
    // Both sublayers of a layer are left out whole, and what is left is the input.
    const layer = new TransformerEncoderLayer(d, 2, { dimFeedforward: 6, normFirst: true, dropout: 1 })
    expect(await trained(layer, () => layer.forward(x))).toEqual(Array.from(filled([b, t, d], 0.5)))
    expect(() => new TransformerEncoderLayer(d, 2, { dropout: 2 })).toThrow(
      'TransformerEncoderLayer: dropout 2; allowed are numbers in 0…1',
    )
    expect(() => new MultiheadAttention(4, 2, { dropout: -0.1 })).toThrow('MultiheadAttention: dropout -0.1; allowed are numbers in 0…1')
  })

  it('0.15 transformer layers refuse what does not fit, by the argument', () => {
    expect(() => new MultiheadAttention(10, 4)).toThrow('10 features for 4 heads; the heads have to divide the features')
    expect(() => new MultiheadAttention(8, 2, { kdim: 0 })).toThrow('MultiheadAttention: kdim 0; allowed are whole numbers ≥ 1')
    expect(() => new TransformerEncoderLayer(8, 2, { dimFeedforward: 1.5 })).toThrow('TransformerEncoderLayer: dimFeedforward 1.5')
    expect(() => new TransformerEncoder(() => layer(false), 0)).toThrow('TransformerEncoder: layers 0')
    const model = new MultiheadAttention(4, 2, { kdim: 3, vdim: 2 })
    const sized = (...shapes: readonly Shape[]) => shapes.map((shape, i) => input(`x${i}`, shape)) as [Tensor, Tensor, Tensor]
    const call =
      (...shapes: readonly Shape[]) =>
      () =>
        model.forward(...sized(...shapes))
    expect(call([2, 5, 4], [2, 3, 4], [2, 3, 2])).toThrow('key (2, 3, 4); needs (2, keys, 3)')
    expect(call([2, 5, 4], [1, 3, 3], [1, 3, 2])).toThrow('key (1, 3, 3); needs (2, keys, 3)')
    expect(call([2, 5, 4], [2, 3, 3], [2, 4, 2])).toThrow('value (2, 4, 2); needs (2, 3, 2)')
    expect(call([5, 4], [2, 3, 3], [2, 3, 2])).toThrow('query (5, 4); needs (b, queries, 4)')
    // Two examples and two heads: (2, 5, 5) could be either.
    expect(() => new MultiheadAttention(d, 2).forward(x, x, x, { attnMask: input('m', [2, 5, 5], 'bool') })).toThrow(
      'attnMask (2, 5, 5) for 2 example(s) and 2 head(s); three axes are (4, queries, keys), a mask per example is (2, 1, queries, keys)',
    )
  })
})
