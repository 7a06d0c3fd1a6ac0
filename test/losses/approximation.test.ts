import { describe, expect, it } from 'vitest'
import { istft, phaseSensitiveMask, ratioMask, stft } from '../../src/dsp/index.ts'
import { sdr } from '../../src/evaluation/index.ts'
import { l1Loss, magnitudeApproximation, mseLoss, phaseSensitiveApproximation } from '../../src/losses/index.ts'
import { complex, constant, createRandom, grad, input, mul, stack, sum, type Tensor, unstack } from '../../src/tensor/index.ts'
import { run } from '../nn/run.ts'

const spectrum = (re: readonly number[], im: readonly number[]) => ({ re: constant(re), im: constant(im) })
const numberOf = async (y: Tensor) => (await run({ y })).y[0]

/** |S| = a at an angle to a mixture of magnitude b that lies at 0.3 itself. */
function pair(a: number, b: number, degrees: number) {
  const angle = (degrees * Math.PI) / 180 + 0.3
  return {
    source: spectrum([a * Math.cos(angle)], [a * Math.sin(angle)]),
    mixture: spectrum([b * Math.cos(0.3)], [b * Math.sin(0.3)]),
  }
}

describe('losses of masked spectra', () => {
  const mixture = spectrum([3, 0], [4, -2])
  const source = spectrum([0, 6], [1, 8])
  const mask = constant([0.5, 1])

  it('3.25 L1 and MSE: ‖|S| − M⊙|Y|‖, by hand: |2.5 − 1| and |2 − 10|', async () => {
    const [estimate, target] = [mul(mask, complex.abs(mixture)), complex.abs(source)]
    expect(await numberOf(l1Loss(estimate, target))).toBeCloseTo((1.5 + 8) / 2, 12)
    expect(await numberOf(mseLoss(estimate, target))).toBeCloseTo((1.5 ** 2 + 8 ** 2) / 2, 12)
  })

  it('3.26 MSA: the target is |S|, whatever its phase', async () => {
    expect(await numberOf(magnitudeApproximation(mask, mixture, source))).toBeCloseTo((1.5 ** 2 + 8 ** 2) / 2, 12)
    expect(await numberOf(magnitudeApproximation(mask, mixture, source, { norm: 'l1', reduction: 'sum' }))).toBeCloseTo(9.5, 12)
    expect(() => magnitudeApproximation(mask, mixture, source, { norm: 'l3' as 'l1' })).toThrow(/"l3"; allowed are 'l1' and 'l2'/)
    expect(() => magnitudeApproximation(input('m', [2, 2]), mixture, source)).toThrow(/shapes must be equal/)
  })

  it.each([
    [1, 2, 60, 0.5],
    [1, 2, 180, 0],
    [3, 2, 0, 2],
  ])('3.27 tPSA: (|S|, |Y|, Δθ) = (%d, %d, %d°) asks for %d', async (a, b, degrees, expected) => {
    const { source, mixture } = pair(a, b, degrees)
    const zero = constant([0])
    // With a mask of 0 the loss is the target itself.
    const loss = phaseSensitiveApproximation(zero, mixture, source, { truncated: true, norm: 'l1' })
    expect(await numberOf(loss)).toBeCloseTo(expected, 12)
    const plain = phaseSensitiveApproximation(zero, mixture, source, { norm: 'l1' })
    expect(await numberOf(plain)).toBeCloseTo(Math.abs(a * Math.cos((degrees * Math.PI) / 180)), 12)
  })

  it('3.27 PSA: a silent mixture asks for 0, and every gradient is finite', async () => {
    const silent = input('y', [2])
    const m = input('m', [2])
    const loss = phaseSensitiveApproximation(m, { re: silent, im: silent }, source)
    const [dm, dy] = grad(loss, [m, silent])
    const result = await run({ loss, dm: dm!, dy: dy! }, { y: new Float64Array(2), m: Float64Array.of(1, 1) })
    expect(result.loss).toEqual([0])
    expect([...result.dm, ...result.dy].every(Number.isFinite)).toBe(true)
  })

  it('3.27 oracles: the SDR of the tPSA mask is not below that of the ratio mask', async () => {
    const [samples, options] = [600, { nFft: 64, hopLength: 16 }]
    const random = createRandom(3)
    const draw = (f: (i: number) => number) => Float64Array.from({ length: samples }, (_, i) => f(i) + 0.2 * random.normal())
    const parts = [draw((i) => Math.sin(0.31 * i)), draw((i) => Math.sin(0.33 * i + 1))]
    const mixed = parts[0]!.map((x, i) => x + parts[1]![i]!)
    const [a, b, mix] = [...parts, mixed].map((x) => stft(constant(x), options))
    const back = (mask: Tensor) => istft(complex.scale(mix!, mask), samples, options)
    const [ideal] = unstack(ratioMask(stack([complex.abs(a!), complex.abs(b!)], -1)), -1)
    const tpsm = phaseSensitiveMask(a!, mix!, { truncated: true })
    const error = (mask: Tensor) => sum(complex.power(complex.sub(complex.scale(mix!, mask), a!)))
    const { psm, irm, psmError, irmError } = await run({
      psm: back(tpsm),
      irm: back(ideal!),
      psmError: error(tpsm),
      irmError: error(ideal!),
    })
    // No mask in 0…1 comes nearer to the spectrum; of the signals it holds where frames agree, as they do here.
    expect(psmError[0]!).toBeLessThan(irmError[0]!)
    const scores = [psm, irm].map((x) => sdr([parts[0]!], [Float64Array.from(x)]))
    expect(scores[0]).toBeGreaterThanOrEqual(scores[1]!)
  })
})
