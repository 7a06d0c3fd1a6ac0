import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { convolve, crossCorrelate } from '../../src/dsp/index.ts'
import { constant, conv1d, flip, grad, mul, reshape, sum } from '../../src/tensor/index.ts'
import { filled, filledTensor, run, worst } from '../nn/run.ts'

const { signals } = JSON.parse(readFileSync('test/goldens/layers.json', 'utf8')) as { signals: Record<string, number[]> }

/** float64 on both sides, stored with 9 digits of numbers below 10. */
const tolerance = 1e-8
const modes = ['full', 'same', 'valid'] as const
const [f, g] = [filledTensor([7], 0.5), filledTensor([4], 1)]

describe('convolution and cross-correlation', () => {
  it('2.1 convolution: equals the sum Σ f[n − m] g[m] and scipy’s FFT convolution', async () => {
    const { y } = await run({ y: convolve(f, g) })
    const [signal, kernel] = [filled([7], 0.5), filled([4], 1)]
    const direct = Array.from({ length: 10 }, (_, n) => kernel.reduce((total, tap, m) => total + (signal[n - m] ?? 0) * tap, 0))
    // The same products in the same precision: rounding alone.
    expect(worst(y, direct)).toBeLessThan(1e-14)
    expect(worst(y, signals.fftconvolve!)).toBeLessThan(tolerance)
  })

  it('2.1 convolution: commutative; cross-correlation is not', async () => {
    const { fg, gf, ab, ba } = await run({
      fg: convolve(f, g),
      gf: convolve(g, f),
      ab: crossCorrelate(f, g),
      ba: crossCorrelate(g, f),
    })
    expect(worst(fg, gf)).toBeLessThan(1e-14)
    expect(worst(ab, ba)).toBeGreaterThan(0.1)
    // But turned round.
    expect(worst(ab, ba.toReversed())).toBeLessThan(1e-14)
  })

  it.each(modes)(
    '2.1 convolution, mode %s: is the correlation with the flipped kernel; both are scipy’s, in one and two dimensions',
    async (mode) => {
      const [image, kernel] = [filledTensor([4, 5], 0.5), filledTensor([3, 2], 1)]
      const { conv, corr, flipped, plane } = await run({
        conv: convolve(f, g, { mode }),
        corr: crossCorrelate(f, g, { mode }),
        flipped: crossCorrelate(f, flip(g, [0]), { mode }),
        plane: convolve(image, kernel, { mode }),
      })
      expect(conv).toEqual(flipped)
      expect(worst(conv, signals[`convolve ${mode}`]!)).toBeLessThan(tolerance)
      expect(worst(corr, signals[`correlate ${mode}`]!)).toBeLessThan(tolerance)
      expect(worst(plane, signals[`convolve2d ${mode}`]!)).toBeLessThan(tolerance)
    },
  )

  it('2.1 convolution: what layers call so is cross-correlation (the source gives the one’s formula and the other’s code)', async () => {
    const layer = conv1d(reshape(f, [1, 1, 7]), reshape(g, [1, 1, 4]))
    const { layers, corr, conv } = await run({
      layers: layer,
      corr: crossCorrelate(f, g, { mode: 'valid' }),
      conv: convolve(f, g, { mode: 'valid' }),
    })
    expect(layers).toEqual(corr)
    expect(worst(layers, conv)).toBeGreaterThan(0.1)
  })

  it('takes leading axes for signals of their own, and gives both gradients', async () => {
    const x = filledTensor([2, 3, 7], 0.5)
    const y = convolve(x, g, { mode: 'same' })
    expect(y.shape).toEqual([2, 3, 7])
    const [dx, dg] = grad(sum(mul(y, filledTensor([2, 3, 7], 2))), [x, g])
    const { left, right, bySignal, byKernel } = await run({
      left: sum(mul(dx!, x)),
      right: sum(mul(dg!, g)),
      bySignal: sum(mul(y, filledTensor([2, 3, 7], 2))),
      byKernel: dg!,
    })
    // Linear in each: ⟨∂, argument⟩ is the value.
    expect(left[0]).toBeCloseTo(bySignal[0]!, 12)
    expect(right[0]).toBeCloseTo(bySignal[0]!, 12)
    expect(byKernel).toHaveLength(4)
  })

  it('refuses what does not fit, by name', () => {
    expect(() => convolve(g, f, { mode: 'valid' })).toThrow(
      /^convolve: the kernel \(7\) does not lie inside the signal \(4\); use mode full or same/,
    )
    expect(() => crossCorrelate(f, filledTensor([2, 2], 1))).toThrow(/^crossCorrelate: signal \(7\), kernel \(2, 2\): needs/)
    expect(() => convolve(f, constant(1))).toThrow(/^convolve: .*kernel \(\)/)
    expect(() => convolve(f, g, { mode: 'all' as 'full' })).toThrow(/^convolve mode: 'all'; allowed are full, same and valid/)
  })
})
