import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../src/formats/index.ts'
import { concat, constant, grad, gru, input, lstm, mul, type RecurrentWeights, rnn, sum, type Tensor } from '../../src/tensor/index.ts'
import { countOps, onNodeBackends } from './support.ts'

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
    ['the gates of another layer', () => gru(x, good), /gru: weightIh \(8, 3\).*needs \(6, 3\)/],
  ] as const)('%s', (_, trace, message) => {
    expect(trace).toThrow(message)
  })
})
