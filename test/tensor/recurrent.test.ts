import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import {
  concat,
  constant,
  grad,
  gru,
  gruCell,
  gruGates,
  input,
  lstm,
  lstmCell,
  lstmGates,
  mul,
  narrow,
  type RecurrentOptions,
  type RecurrentWeights,
  reshape,
  rnn,
  rnnCell,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { countOps, onNodeBackends, sequence } from './support.ts'

interface Golden {
  readonly x: number[]
  readonly y: number[]
  readonly dx: number[]
  readonly weights: Record<string, [number[], number[], number[]]>
}

const goldens = JSON.parse(readFileSync(new URL('../fixtures/tensor/recurrent.json', import.meta.url), 'utf8')) as Record<string, Golden>
const [steps, batch, inputs, hidden] = [4, 2, 3, 2]

function layer(name: string, x: Tensor, weights: RecurrentWeights, reverse: boolean): Tensor {
  if (name === 'lstm') return lstm(x, weights, { reverse }).outputs
  return (name === 'gru' ? gru : rnn)(x, weights, { reverse }).outputs
}

function bidirectional(name: string, x: Tensor, weights: Readonly<Record<string, Tensor>>): Tensor {
  const of = (suffix: string): RecurrentWeights => ({
    weightIh: weights[`weight_ih_l0${suffix}`]!,
    weightHh: weights[`weight_hh_l0${suffix}`]!,
    biasIh: weights[`bias_ih_l0${suffix}`],
    biasHh: weights[`bias_hh_l0${suffix}`],
  })
  return concat([layer(name, x, of(''), false), layer(name, x, of('_reverse'), true)], 2)
}

function traced(name: string): { x: Tensor; weights: Record<string, Tensor>; y: Tensor } {
  const x = input('x', [steps, batch, inputs])
  const weights = Object.fromEntries(Object.entries(goldens[name]!.weights).map(([key, [shape]]) => [key, input(key, shape)]))
  return { x, weights, y: bidirectional(name, x, weights) }
}

function feedsOf({ x, weights }: Golden): Record<string, Float32Array> {
  const values = Object.entries(weights).map(([key, [, value]]) => [key, Float32Array.from(value)])
  return { x: Float32Array.from(x), ...Object.fromEntries(values) }
}

/** Six decimals are in the file; float32 errs by some 1e-6 of values up to 10. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4)
}

onNodeBackends((_, backend) => {
  it.each(['rnn', 'lstm', 'gru'])('a bidirectional %s gives the outputs and gradients of PyTorch', async (name) => {
    const golden = goldens[name]!
    const { x, weights, y } = traced(name)
    const ramp = constant(
      golden.y.map((_, i) => i / 10),
      y.shape,
    )
    const wrt = [x, ...Object.values(weights)]
    const gradients = grad(sum(mul(y, ramp)), wrt)
    const program = await backend().load({ y, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) })
    const result = await program.run(feedsOf(golden))
    expectClose(result.y as Float32Array, golden.y)
    expectClose(result.g0 as Float32Array, golden.dx)
    Object.values(golden.weights).forEach(([, , gradient], i) => {
      expectClose(result[`g${i + 1}`] as Float32Array, gradient)
    })
    await program.dispose()
  })

  it.each(['rnn', 'lstm', 'gru'])('a bidirectional %s without derivatives gives the same outputs', async (name) => {
    const golden = goldens[name]!
    const program = await backend().load({ y: traced(name).y })
    expectClose((await program.run(feedsOf(golden))).y as Float32Array, golden.y)
    await program.dispose()
  })
})

const layers = { rnn, lstm, gru } as const
type Layer = keyof typeof layers
const gates = { rnn: 1, lstm: 4, gru: 3 } as const

/** Weights of some tenths, all different. */
function tenths(name: Layer): RecurrentWeights {
  const rows = gates[name] * hidden
  const [weightIh, weightHh] = [mul(sequence(rows, inputs), 0.1), mul(sequence(rows, hidden), 0.07)]
  return { weightIh, weightHh, biasIh: mul(sequence(rows), 0.03), biasHh: mul(sequence(rows), -0.05) }
}

/** Outputs, then states. */
function all(name: Layer, x: Tensor, options: RecurrentOptions): Tensor[] {
  return Object.values(layers[name](x, tenths(name), options))
}

describe('sequences of their own lengths', () => {
  const lengths = [4, 0, 1, 3]
  const x = mul(sequence(4, lengths.length, inputs), 0.2)
  const h0 = mul(sequence(lengths.length, hidden), 0.1)

  onNodeBackends((numbers, backend) => {
    describe.each(['rnn', 'lstm', 'gru'] as const)('%s', (name) => {
      it.each([false, true])('is what each gives alone, and 0 after its end; reverse %s', async (reverse) => {
        for (const dtype of ['int32', 'int64'] as const) {
          const together = all(name, x, { h0, reverse, lengths: constant(lengths, [lengths.length], dtype) })
          for (const [i, length] of lengths.entries()) {
            const [outputs, ...states] = together.map((y) => narrow(y, -2, i, i + 1)) as [Tensor, ...Tensor[]]
            const start = narrow(h0, 0, i, i + 1)
            if (length === 0) {
              const [zeros, last] = await numbers(outputs, states[0]!)
              expect(zeros).toEqual(new Array(4 * hidden).fill(0))
              expect(last).toEqual((await numbers(start))[0])
              continue
            }
            const [own, ...ends] = all(name, narrow(narrow(x, 1, i, i + 1), 0, 0, length), { h0: start, reverse })
            const [first, rest, ...given] = await numbers(narrow(outputs, 0, 0, length), outputs, ...states, own!, ...ends)
            const [ownFirst, ...ownEnds] = given.slice(states.length)
            expectClose(first!, ownFirst!)
            expect(rest!.slice(length * hidden).every((value) => value === 0)).toBe(true)
            for (const [k, end] of ownEnds.entries()) expectClose(given[k]!, end)
          }
        }
      })

      it('passes no gradient to steps that are not there, and the same ones to the others', async () => {
        const y = (from: Tensor, length: number[]) => all(name, from, { lengths: constant(length, [1], 'int32') })[0]!
        const long = narrow(x, 1, 0, 1)
        const short = narrow(long, 0, 0, 3)
        const [ofLong] = grad(sum(mul(y(long, [3]), sequence(4, 1, hidden))), [long])
        const [ofShort] = grad(sum(mul(y(short, [3]), sequence(3, 1, hidden))), [short])
        const [padded, plain] = await numbers(ofLong!, ofShort!)
        expectClose(padded!.slice(0, 9), plain!)
        expect(padded!.slice(9)).toEqual([0, 0, 0])
      })

      it('is one fused operator for inference', async () => {
        const program = await backend().load({ y: all(name, x, { lengths: input('lengths', [lengths.length], 'int32') })[0]! })
        await program.dispose()
        const written = countOps(writeOnnx({ y: all(name, x, { lengths: input('lengths', [lengths.length], 'int32') })[0]! }))
        expect(written).toMatchObject({ [name.toUpperCase()]: 1 })
        expect([written.Scan, written.MatMul]).toEqual([undefined, undefined])
      })
    })
  })
})

describe('gates and single steps', () => {
  const x = mul(sequence(steps, batch, inputs), 0.2)
  const lengths = constant([4, 2], [2], 'int64')

  onNodeBackends((numbers) => {
    it('lstmGates and gruGates give the layers’ outputs as h', async () => {
      const [h, y, c, cell] = await numbers(
        lstmGates(x, tenths('lstm'), { lengths, reverse: true }).h,
        lstm(x, tenths('lstm'), { lengths, reverse: true }).outputs,
        narrow(lstmGates(x, tenths('lstm')).c, 0, steps - 1, steps),
        lstm(x, tenths('lstm')).c,
      )
      expectClose(h!, y!)
      expectClose(c!, cell!)
      const [state, outputs] = await numbers(gruGates(x, tenths('gru'), { lengths }).h, gru(x, tenths('gru'), { lengths }).outputs)
      expectClose(state!, outputs!)
    })

    it('cells taken step by step give the layers’ states', async () => {
      let [plain, gated]: (Tensor | undefined)[] = []
      let long: { h?: Tensor; c?: Tensor } = {}
      for (let t = 0; t < steps; t++) {
        const now = reshape(narrow(x, 0, t, t + 1), [batch, inputs])
        plain = rnnCell(now, plain, tenths('rnn'), { nonlinearity: 'relu' })
        gated = gruCell(now, gated, tenths('gru')).h
        long = lstmCell(now, long, tenths('lstm'))
      }
      const whole = lstm(x, tenths('lstm'))
      const pairs = await numbers(
        ...[plain!, rnn(x, tenths('rnn'), { nonlinearity: 'relu' }).h],
        ...[gated!, gru(x, tenths('gru')).h],
        ...[long.h!, whole.h],
        ...[long.c!, whole.c],
      )
      for (let k = 0; k < pairs.length; k += 2) expectClose(pairs[k]!, pairs[k + 1]!)
    })
  })
})

describe('what is written for a recurrent layer', () => {
  it.each([
    ['rnn', 'RNN'],
    ['lstm', 'LSTM'],
    ['gru', 'GRU'],
  ])('%s is the fused operator %s for inference, without the products that it does itself, and a scan for training', (name, opType) => {
    const { x, weights, y } = traced(name)
    const inference = countOps(writeOnnx({ y }))
    expect(inference).toMatchObject({ [opType]: 2 })
    expect(inference.Scan).toBeUndefined()
    expect(inference.MatMul).toBeUndefined()
    const gradients = grad(sum(y), [x, ...Object.values(weights)])
    const training = countOps(writeOnnx({ y, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) }))
    // The plain layer's derivative needs its states only, so that it stays fused forwards.
    expect(training).toMatchObject(name === 'rnn' ? { Scan: 2, RNN: 2 } : { Scan: 4 })
    if (name !== 'rnn') expect(training[opType]).toBeUndefined()
  })

  it('the last state alone needs no stack of all of them', () => {
    const { x, weights } = traced('rnn')
    const { h } = rnn(x, { weightIh: weights.weight_ih_l0!, weightHh: weights.weight_hh_l0! }, { nonlinearity: 'relu' })
    const graph = writeOnnx({ h })
    expect(graph.outputs.h?.shape).toEqual([batch, hidden])
    expect(countOps(graph).RNN).toBe(1)
  })
})

describe('refusals', () => {
  const x = input('x', [4, 2, 3])
  const good = { weightIh: input('a', [8, 3]), weightHh: input('b', [8, 2]) }
  it.each([
    ['input of another rank', () => lstm(input('x', [4, 3]), good), /lstm: input \(4, 3\): needs \(steps, batch, inputs\)/],
    [
      'weights for other inputs',
      () => lstm(x, { ...good, weightIh: input('a', [8, 5]) }),
      /weightIh \(8, 5\) beside input \(4, 2, 3\): needs \(8, 3\)/,
    ],
    ['a bias of the wrong size', () => lstm(x, { ...good, biasHh: input('c', [6]) }), /biasHh \(6\).*needs \(8\)/],
    ['a state of another batch', () => lstm(x, good, { c0: input('c', [3, 2]) }), /c0 \(3, 2\).*needs \(2, 2\)/],
    ['lengths of another batch', () => lstm(x, good, { lengths: input('n', [3], 'int32') }), /lstm: lengths \(3\) int32; .*\(2\)/],
    [
      'lengths that are no whole numbers',
      () => lstm(x, good, { lengths: input('n', [2]) }),
      /lengths \(2\) float32; needs one int32 or int64/,
    ],
    ['an input of whole numbers', () => lstm(input('x', [4, 2, 3], 'int32'), good), /lstm: needs float32, got int32/],
    ['a step with a sequence', () => lstmCell(x, {}, good), /lstmCell: input \(4, 2, 3\): needs \(batch, inputs\)/],
    [
      'a step with a state of another size',
      () => gruCell(input('x', [2, 3]), input('h', [2, 5]), tenths('gru')),
      /gruCell: h \(2, 5\).*needs \(2, 2\)/,
    ],
    ['the gates of another layer', () => gru(x, good), /gru: weightHh \(8, 2\): needs \(3·hidden, hidden\)/],
    ['weights that are no matrix', () => rnn(x, { ...good, weightHh: input('b', [8]) }), /rnn: weightHh \(8\): needs \(hidden, hidden\)/],
  ] as const)('%s', (_, trace, message) => {
    expect(trace).toThrow(message)
  })
})
