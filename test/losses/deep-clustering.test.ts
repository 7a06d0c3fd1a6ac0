import { describe, expect, it } from 'vitest'
import { chimeraLoss, deepClusteringLoss, silenceWeights, whitenedKMeansLoss } from '../../src/losses/index.ts'
import {
  constant,
  createRandom,
  flip,
  grad,
  input,
  matmul,
  mul,
  sizeOf,
  sub,
  sum,
  type Tensor,
  topologicalOrder,
} from '../../src/tensor/index.ts'
import { run } from '../nn/run.ts'
import { runOnce } from '../tensor/generic.ts'
import { onnxRuntime } from '../tensor/support.ts'

const onnx = onnxRuntime()

const [n, d, c] = [50, 3, 2]
const random = createRandom(5)
const v = Float64Array.from({ length: n * d }, () => random.normal())
const y = Float64Array.from({ length: n * c }, (_, i) => Number((Math.floor(i / c) % 3 === 0) === (i % c === 0)))
const w = Float64Array.from({ length: n }, () => random.uniform())
const [V, Y, W] = [constant(v, [1, n, d]), constant(y, [1, n, c]), constant(w, [1, n])]

const numberOf = async (loss: Tensor) => (await run({ loss })).loss[0]!

/** Σᵢⱼ wᵢ wⱼ (vᵢ·vⱼ − yᵢ·yⱼ)², pair by pair. */
function explicit(weight: (i: number) => number): number {
  const dot = (x: Float64Array, width: number, i: number, j: number) => {
    let total = 0
    for (let k = 0; k < width; k++) total += x[i * width + k]! * x[j * width + k]!
    return total
  }
  let total = 0
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) total += weight(i) * weight(j) * (dot(v, d, i, j) - dot(y, c, i, j)) ** 2
  return total
}

describe('deepClusteringLoss', () => {
  it('3.28 low rank: is the explicit sum over all pairs of 50 × 3, with silence weights and without', async () => {
    // Two orders of summation of 2500 terms in float64.
    expect((await numberOf(deepClusteringLoss(V, Y))) / explicit(() => 1)).toBeCloseTo(1, 12)
    expect((await numberOf(deepClusteringLoss(V, Y, { weights: W }))) / explicit((i) => w[i]!)).toBeCloseTo(1, 12)
    const all = w.reduce((a, b) => a + b) ** 2
    expect((await numberOf(deepClusteringLoss(V, Y, { weights: W, normalize: true }))) / (explicit((i) => w[i]!) / all)).toBeCloseTo(1, 12)
    expect((await numberOf(deepClusteringLoss(V, Y, { normalize: true }))) / (explicit(() => 1) / n ** 2)).toBeCloseTo(1, 12)
  })

  it('3.28 zero: when the embeddings are the sources', async () => {
    expect(await numberOf(deepClusteringLoss(Y, Y))).toBe(0)
  })

  it('3.28 permutation: the order of the sources does not matter', async () => {
    expect(await numberOf(deepClusteringLoss(V, flip(Y, [2])))).toBeCloseTo(await numberOf(deepClusteringLoss(V, Y)), 9)
  })

  it('3.28 memory: neither the loss nor its gradient has a tensor of all pairs', () => {
    const [long, wide] = [5000, 20]
    const embeddings = input('v', [1, long, wide])
    const loss = deepClusteringLoss(embeddings, input('y', [1, long, 4]), { weights: input('w', [1, long]) })
    const sizes = topologicalOrder([loss, ...grad(loss, [embeddings])]).flatMap(({ outputs }) => outputs.map(({ shape }) => sizeOf(shape)))
    expect(Math.max(...sizes)).toBe(long * wide)
  })

  it('3.28 silence weights: 1 down to 40 dB below the loudest bin of the same example', async () => {
    const magnitude = constant([1, 0.0101, 0.0099, 0, 100, 2, 1.01, 0.99], [2, 4])
    const { weights } = await run({ weights: silenceWeights(magnitude) })
    expect(weights).toEqual([1, 1, 0, 0, 1, 1, 1, 0])
    expect((await run({ w: silenceWeights(constant([0, 0, 1, 0], [2, 2])) })).w).toEqual([0, 0, 1, 0])
    // One axis is that of examples: each bin would be the loudest of its own.
    expect(() => silenceWeights(input('m', [4]))).toThrow(/magnitude \(4\); needs \(b, …\) with bins/)
    expect(() => silenceWeights(magnitude, { rangeDb: 0 })).toThrow(/rangeDb 0; allowed are numbers > 0/)
  })

  it('3.28, 3.29 silence: an example in which nothing counts is the least there is to learn, 0 or d, with the gradient 0', async () => {
    const x = input('x', [2, n, d])
    const weights = constant([...new Float64Array(n), ...w], [2, n])
    const both = constant([...y, ...y], [2, n, c])
    const losses = [
      deepClusteringLoss(x, both, { weights, normalize: true, reduction: 'none' }),
      whitenedKMeansLoss(x, both, { weights, reduction: 'none' }),
    ]
    const outputs = Object.fromEntries(
      losses.flatMap((loss, i) => [[`y${i}`, loss] as const, [`g${i}`, grad(sum(loss), [x])[0]!] as const]),
    )
    for (const results of [
      await run(outputs, { x: Float64Array.of(...v, ...v) }),
      await runOnce(onnx(), outputs, { x: Float32Array.of(...v, ...v) }),
    ]) {
      for (const [i, least] of [0, d].entries()) {
        expect(results[`y${i}`]![0]).toBe(least)
        const g = Array.from(results[`g${i}`]!, Number)
        expect(g.slice(0, n * d).every((value) => value === 0)).toBe(true)
        expect(g.slice(n * d).every(Number.isFinite)).toBe(true)
        expect(g.slice(n * d).some((value) => value !== 0)).toBe(true)
      }
    }
  })

  it('3.28 arguments: shapes that do not fit are refused', () => {
    expect(() => deepClusteringLoss(V, constant(v, [1, n, d]), { weights: input('w', [n]) })).toThrow(/weights \(50\).*needs \(1, 50\)/)
    expect(() => deepClusteringLoss(V, input('y', [1, 49, 2]))).toThrow(/needs \(b, n, d\) and \(b, n, c\)/)
  })
})

describe('whitenedKMeansLoss', () => {
  it('3.29 formula: d − tr((VᵀV)⁻¹ VᵀY (YᵀY)⁻¹ YᵀV) by another way, the projections of both', async () => {
    // tr(P_V P_Y): the share of orthonormal bases of V's columns (Gram–Schmidt) that lies in the span of Y's.
    const columns = Array.from({ length: d }, (_, k) => Float64Array.from({ length: n }, (_, i) => v[i * d + k]!))
    for (const [k, column] of columns.entries()) {
      for (const earlier of columns.slice(0, k)) {
        const share = column.reduce((total, x, i) => total + x * earlier[i]!, 0)
        for (let i = 0; i < n; i++) column[i]! -= share * earlier[i]!
      }
      const length = Math.hypot(...column)
      for (let i = 0; i < n; i++) column[i]! /= length
    }
    let explained = 0
    for (const column of columns) {
      for (let s = 0; s < c; s++) {
        const own = Array.from({ length: n }, (_, i) => y[i * c + s]!)
        explained += own.reduce((total, x, i) => total + x * column[i]!, 0) ** 2 / own.reduce((total, x) => total + x, 0)
      }
    }
    expect(await numberOf(whitenedKMeansLoss(V, Y, { ridge: 0 }))).toBeCloseTo(d - explained, 10)
  })

  it('3.29 invariance: no invertible mixing of the embeddings changes it', async () => {
    const mixing = constant([2, 1, 0, -1, 3, 0.5, 0.2, -1, 4], [3, 3])
    const [before, after] = [whitenedKMeansLoss(V, Y, { ridge: 0 }), whitenedKMeansLoss(matmul(V, mixing), Y, { ridge: 0 })]
    expect(await numberOf(after)).toBeCloseTo(await numberOf(before), 10)
    // The default ridge is 1e-6 of the mean diagonal.
    expect(await numberOf(whitenedKMeansLoss(matmul(V, mixing), Y))).toBeCloseTo(await numberOf(before), 4)
  })

  it('3.29 degenerate: flat embeddings and a silent source have a finite value', async () => {
    const flat = mul(V, constant([1, 0, 0]))
    const silent = mul(Y, constant([1, 0]))
    const x = input('x', [1, n, d])
    const loss = whitenedKMeansLoss(mul(x, constant([1, 0, 0])), silent)
    expect(Number.isFinite(await numberOf(whitenedKMeansLoss(flat, silent)))).toBe(true)
    const { g } = await run({ g: grad(loss, [x])[0]! }, { x: v })
    expect(g.every(Number.isFinite)).toBe(true)
  })
})

describe('chimeraLoss', () => {
  it('3.31 α: 0 and 1 are the single heads, their graphs included; ½ is the mean', async () => {
    const [clustering, inference] = [deepClusteringLoss(V, Y), constant(3)]
    expect(chimeraLoss(clustering, inference, 1)).toBe(clustering)
    expect(chimeraLoss(clustering, inference, 0)).toBe(inference)
    const half = chimeraLoss(clustering, inference, 0.5)
    expect(await numberOf(sub(half, mul(clustering, 0.5)))).toBeCloseTo(1.5, 12)
    expect(await numberOf(chimeraLoss(constant(1), constant(5), 0.25))).toBeCloseTo(4, 12)
    expect(() => chimeraLoss(clustering, inference, 1.5)).toThrow(/alpha 1.5; allowed are numbers in 0…1/)
  })
})
