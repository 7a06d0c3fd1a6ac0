import { describe, expect, it } from 'vitest'
import { binEmbeddings, EmbeddingHead, MaskHead, splitSources, unitNorm } from '../../src/nn/index.ts'
import { constant, grad, input, relu, reshape, sigmoid, softmax, square, sum } from '../../src/tensor/index.ts'
import { filledTensor, filledValues, run, worst } from './run.ts'

/** Rounding of float64. */
const tolerance = 1e-14

describe('mask heads', () => {
  it('3.4 mask head: dims of the output are those of the spectrogram, values are sigmoid(linear)', async () => {
    expect(new MaskHead(400, 513).forward(input('h', [16, 40, 400])).shape).toEqual([16, 40, 513])
    const head = new MaskHead(3, 4)
    const values = filledValues(head)
    const h = filledTensor([2, 5, 3], 0.5)
    const { mask, expected } = await run({ mask: head.forward(h), expected: sigmoid(head.linear.forward(h)) }, values)
    expect(mask).toEqual(expected)
    expect(mask.every((value) => value > 0 && value < 1)).toBe(true)
    expect(head.isCausal).toBe(true)
  })

  it('3.4 mask head: samples instead of bins, and masks above one', async () => {
    const head = new MaskHead(3, 4, { activation: relu })
    const { mask } = await run({ mask: head.forward(filledTensor([1, 9, 3], 0.5)) }, filledValues(head))
    expect(Math.min(...mask)).toBe(0)
    expect(Math.max(...mask)).toBeGreaterThan(1)
  })

  it('3.5 several masks: (16, 400, 513) → (16, 400, 1026) → (16, 400, 513, 2), out[b, t, f, s] = lin[b, t, f·2 + s]', async () => {
    expect(splitSources(input('lin', [16, 400, 1026]), 2).shape).toEqual([16, 400, 513, 2])
    for (const sources of [2, 3]) {
      const [batch, frames, bins] = [2, 3, 4]
      const lin = filledTensor([batch, frames, bins * sources], 0.5)
      const { out, flat } = await run({ out: splitSources(lin, sources), flat: reshape(lin, [-1]) })
      for (let b = 0; b < batch; b++) {
        for (let t = 0; t < frames; t++) {
          for (let f = 0; f < bins; f++) {
            for (let s = 0; s < sources; s++) {
              const from = (b * frames + t) * bins * sources + f * sources + s
              expect(out[((b * frames + t) * bins + f) * sources + s]).toBe(flat[from])
            }
          }
        }
      }
    }
  })

  it('3.5 several masks: with softmax over the sources the masks of each bin add up to one; with sigmoid they need not', async () => {
    for (const [activation, whole] of [
      [softmax, true],
      [sigmoid, false],
    ] as const) {
      const head = new MaskHead(3, 4, { sources: 3, activation })
      expect(head.linear.weight.shape).toEqual([12, 3])
      const mask = head.forward(filledTensor([2, 5, 3], 0.5))
      expect(mask.shape).toEqual([2, 5, 4, 3])
      const { total } = await run({ total: sum(mask, { axes: [-1] }) }, filledValues(head))
      expect(worst(total, new Array(40).fill(1)) < tolerance).toBe(whole)
    }
  })

  it('refuse a softmax without sources to be over, and sizes that do not divide', () => {
    expect(() => new MaskHead(3, 4, { activation: softmax })).toThrow(/^MaskHead: softmax over no source\(s\), .* give sources ≥ 2/)
    expect(() => new MaskHead(3, 4, { sources: 1, activation: softmax })).toThrow(/^MaskHead: softmax over 1 source/)
    expect(() => new MaskHead(3, 0)).toThrow('MaskHead: bins 0; allowed are whole numbers ≥ 1')
    expect(() => splitSources(input('x', [2, 7]), 2)).toThrow(
      'splitSources: last axis of (2, 7) for 2 values per bin; it needs to be a multiple',
    )
  })
})

describe('embeddings of bins', () => {
  it('3.6 deep-clustering embedding: (B, T, F·D) → (B, T·F, D), each of length 1, in order of frames and bins', async () => {
    const [frames, bins, dimension] = [3, 4, 5]
    const x = filledTensor([2, frames, bins * dimension], 0.5)
    const v = binEmbeddings(x, dimension)
    expect(v.shape).toEqual([2, frames * bins, dimension])
    const { lengths, vectors, flat } = await run({ lengths: sum(square(v), { axes: [-1] }), vectors: v, flat: reshape(x, [-1]) })
    expect(worst(lengths, new Array(24).fill(1))).toBeLessThan(tolerance)
    const own = flat.slice((1 * bins + 2) * dimension, (1 * bins + 3) * dimension)
    const length = Math.hypot(...own)
    expect(
      worst(
        vectors.slice((1 * bins + 2) * dimension, (1 * bins + 3) * dimension),
        own.map((value) => value / length),
      ),
    ).toBeLessThan(tolerance)
  })

  it('3.6 deep-clustering embedding: the head is a linear layer, tanh, and the norm', async () => {
    const head = new EmbeddingHead(3, 4, 2)
    const v = head.forward(filledTensor([2, 5, 3], 0.5))
    expect(head.isCausal).toBe(true)
    expect([v.shape, head.linear.weight.shape]).toEqual([
      [2, 20, 2],
      [8, 3],
    ])
    const { lengths } = await run({ lengths: sum(square(v), { axes: [-1] }) }, filledValues(head))
    expect(worst(lengths, new Array(40).fill(1))).toBeLessThan(tolerance)
  })

  it('a vector of zeros stays one, with a finite gradient', async () => {
    const x = constant([0, 0, 3, 4], [2, 2])
    const y = unitNorm(x)
    const [dx] = grad(sum(y), [x])
    const { values, gradient } = await run({ values: y, gradient: dx! })
    expect(worst(values, [0, 0, 0.6, 0.8])).toBeLessThan(tolerance)
    // Of what is shorter than eps, eps is the divisor.
    expect(worst((await run({ short: unitNorm(constant([0.3, 0.4]), 0, 2) })).short, [0.15, 0.2])).toBeLessThan(tolerance)
    expect(gradient.every(Number.isFinite)).toBe(true)
    // ∂(x / |x|) summed: (I − u uᵀ) 1 / |x|.
    expect(worst(gradient.slice(2), [(1 - 0.6 * 1.4) / 5, (1 - 0.8 * 1.4) / 5])).toBeLessThan(tolerance)
  })

  it('refuses other ranks and parts that do not divide', () => {
    expect(() => binEmbeddings(input('x', [2, 8]), 2)).toThrow('binEmbeddings: input (2, 8); needs (b, t, f·d)')
    expect(() => binEmbeddings(input('x', [2, 3, 7]), 2)).toThrow(/^binEmbeddings: last axis of \(2, 3, 7\)/)
  })
})
