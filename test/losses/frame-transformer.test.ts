/** Losses of FrameTransformer (carperbr, 2023); the original's numbers are checked by test/goldens. */
import { describe, expect, it } from 'vitest'
import { logSpectralLoss, signedSigmoid, signedSpectrumLoss, spectralLossWeights, weightedSpectralLoss } from '../../src/losses/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import { constant, grad, sum, type Tensor } from '../../src/tensor/index.ts'

const values = async (...tensors: readonly (() => Tensor)[]) =>
  (await evaluate(() => tensors.map((make) => make()))).map((x) => Array.from(x as Float64Array))

/** float64, of numbers near 1. */
const digits = 10

describe('log-spectral loss', () => {
  it('is the square of a level difference in decibels, whatever the level and the sign', async () => {
    const a = constant([1, 1e-3, -0.5])
    const b = constant([10, 1e-2, 0.5])
    const [all, mean] = await values(
      () => logSpectralLoss(a, b, { reduction: 'none' }),
      () => logSpectralLoss(a, b),
    )
    // 20 dB each but for ε = 1e-8 on 1e-3: 8.7e-5 dB.
    expect(all![0]).toBeCloseTo(400, 4)
    expect(Math.abs(all![1]! - 400)).toBeLessThan(40 * 1e-4)
    expect(all![2]).toBe(0)
    expect(mean![0]).toBeCloseTo((all![0]! + all![1]!) / 3, digits)
  })

  it('is finite in silence, and refuses an eps that is none', async () => {
    const [loss, slope] = await values(
      () => logSpectralLoss(constant([0]), constant([0])),
      () => {
        const x = constant([0, 1e-4])
        return grad(logSpectralLoss(x, constant([0, 0])), [x])[0]!
      },
    )
    expect(loss).toEqual([0])
    expect(slope!.every(Number.isFinite)).toBe(true)
    expect(() => logSpectralLoss(constant([1]), constant([1]), { eps: 0 })).toThrow(/eps 0; allowed are finite numbers > 0/)
  })
})

describe('losses of FrameTransformer', () => {
  it('4.1 2σ(x) − 1 is tanh(x/2), and its loss the mean absolute difference', async () => {
    const logits = constant([-3, 0, 0.5, 30])
    const [z, loss] = await values(
      () => signedSigmoid(logits),
      () => signedSpectrumLoss(logits, constant([0, 0, 0, 1])),
    )
    for (const [i, x] of [-3, 0, 0.5, 30].entries()) expect(z![i]).toBeCloseTo(Math.tanh(x / 2), digits)
    expect(loss![0]).toBeCloseTo((Math.tanh(1.5) + Math.tanh(0.25)) / 4, digits)
    expect(() => signedSpectrumLoss(logits, constant([0]))).toThrow(/shapes must be equal/)
  })

  it('weights are factors of the single losses, which V1 announces and does not use', async () => {
    const estimate = constant([1, 2, -1, 0.5], [2, 2])
    const target = constant([1.5, 1, -2, 2], [2, 2])
    const weigh = (weights: object, over?: 'example' | 'batch') => () =>
      weightedSpectralLoss(estimate, target, weights, over ? { over } : {})
    const [l1, log, perExample, perBatch, announced, v1, v2b] = await values(
      weigh({ l1: 1 }),
      weigh({ logSpectral: 1 }),
      weigh({ siSdr: 1 }),
      weigh({ siSdr: 1 }, 'batch'),
      weigh(spectralLossWeights.v1Announced, 'batch'),
      weigh(spectralLossWeights.v1),
      weigh(spectralLossWeights.v2b),
    )
    expect(l1![0]).toBeCloseTo((0.5 + 1 + 1 + 1.5) / 4, digits)
    // ⟨ŝ, s⟩² / (‖ŝ‖²‖s‖²) = c gives −10 log₁₀(c / (1 − c)); ε is 1e-8 of energies near 1.
    const siSdr = (c: number) => -10 * Math.log10(c / (1 - c))
    expect(perBatch![0]).toBeCloseTo(siSdr(6.5 ** 2 / (6.25 * 11.25)), 6)
    expect(perExample![0]).toBeCloseTo((siSdr(3.5 ** 2 / (5 * 3.25)) + siSdr(3 ** 2 / (1.25 * 8))) / 2, 6)
    expect(announced![0]).toBeCloseTo(0.1 * log![0]! + 0.5 * perBatch![0]! + 0.4 * l1![0]!, digits)
    expect(v1).toEqual(log)
    expect(v2b![0]).toBeCloseTo(l1![0]! + 1e-4 * perExample![0]!, digits)
  })

  it('has a derivative in every part', async () => {
    const [slope] = await values(() => {
      const x = constant([0.3, -0.2, 0.9, 0.4], [1, 4])
      const target = constant([0.1, 0.2, 0.3, 0.4], [1, 4])
      return grad(sum(weightedSpectralLoss(x, target, spectralLossWeights.v1Announced)), [x])[0]!
    })
    expect(slope!.every((g) => Number.isFinite(g))).toBe(true)
    expect(slope!.slice(0, 3).every((g) => g !== 0)).toBe(true)
  })

  it('refuses weights that say nothing', () => {
    const x = constant([1])
    expect(() => weightedSpectralLoss(x, x, {})).toThrow(/l1 0, logSpectral 0, siSdr 0; allowed are numbers ≥ 0, one of them above 0/)
    expect(() => weightedSpectralLoss(x, x, { l1: -1 })).toThrow(/l1 -1/)
    expect(() => weightedSpectralLoss(x, x, { l1: 1 }, { over: 'bin' as 'batch' })).toThrow(/over "bin"; allowed are 'example' and 'batch'/)
  })
})
