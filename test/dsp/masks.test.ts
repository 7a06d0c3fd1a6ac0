import { describe, expect, it } from 'vitest'
import {
  applyMask,
  binaryMask,
  complexRatioMask,
  compressMask,
  expandMask,
  inverseMask,
  phaseSensitiveMask,
  phaseSensitiveTarget,
  ratioMask,
  softMask,
} from '../../src/dsp/index.ts'
import { add, type Complex, complex, constant, createRandom, grad, input, mul, sum, type Tensor } from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../nn/run.ts'
import { runOnce } from '../tensor/generic.ts'
import { onnxRuntime } from '../tensor/support.ts'

const onnx = onnxRuntime()

const shape = [3, 4, 5]
/** Spectra of two sources and of their mixture. */
const random = createRandom(1)
const draw = () =>
  constant(
    Array.from({ length: 60 }, () => random.normal()),
    shape,
  )
const sources: readonly Complex[] = [0, 1].map(() => ({ re: draw(), im: draw() }))
const mixture = complex.add(sources[0]!, sources[1]!)
/** Magnitudes of three sources (3, 4, 5). */
const magnitudes = complex.abs(sources[0]!)

const partsOf = async ({ re, im }: Complex) => {
  const parts = await run({ re, im })
  return [...parts.re, ...parts.im]
}
const numbersOf = async (y: Tensor) => (await run({ y })).y

describe('masks', () => {
  it('3.34 IBM: is 0 or 1, one source per bin, the loudest; the first of equals', async () => {
    const mask = await numbersOf(binaryMask(magnitudes, { axis: 0 }))
    const loud = await numbersOf(magnitudes)
    for (let bin = 0; bin < 20; bin++) {
      const bins = [0, 1, 2].map((s) => s * 20 + bin)
      expect(bins.map((i) => mask[i]).sort()).toEqual([0, 0, 1])
      expect(loud[bins.find((i) => mask[i] === 1)!]).toBe(Math.max(...bins.map((i) => loud[i]!)))
    }
    expect(await numbersOf(binaryMask(constant([2, 2, 1, 0, 0, 0], [2, 3])))).toEqual([1, 0, 0, 1, 0, 0])
  })

  it('3.34 IRM and Wiener-p: |S|ᵖ / Σ|S|ᵖ, of sum 1, even shares of silence, no power that overflows', async () => {
    const loud = await numbersOf(magnitudes)
    for (const power of [0.5, 1, 2, 3]) {
      const mask = await numbersOf(ratioMask(magnitudes, { axis: 0, power }))
      for (let bin = 0; bin < 20; bin++) {
        const powers = [0, 1, 2].map((s) => loud[s * 20 + bin]! ** power)
        const total = powers.reduce((a, b) => a + b)
        for (const s of [0, 1, 2]) expect(mask[s * 20 + bin]).toBeCloseTo(powers[s]! / total, 12)
      }
    }
    const extreme = await numbersOf(ratioMask(constant([0, 0, 1e30, 1e30, 3e-12, 1e-12], [3, 2]), { power: 2 }))
    expect(worst(extreme, [0.5, 0.5, 0.5, 0.5, 0.9, 0.1])).toBeLessThan(1e-15)
    expect(() => ratioMask(magnitudes, { power: 0 })).toThrow(/power 0; allowed are numbers > 0/)
  })

  it('3.34 gradients: those of ratio and phase-sensitive masks are finite where all is silent', async () => {
    const x = input('x', [2, 3])
    const y = input('y', [2, 3])
    const psm = phaseSensitiveMask({ re: x, im: y }, { re: y, im: x }, { truncated: true })
    const results = await run(
      Object.fromEntries(
        [ratioMask(x), ratioMask(x, { power: 2 }), psm].flatMap((m, i) => grad(sum(m), [x, y]).map((g, j) => [`${i}${j}`, g])),
      ),
      { x: new Float64Array(6), y: new Float64Array(6) },
    )
    expect(Object.values(results).flat().every(Number.isFinite)).toBe(true)
  })

  it('3.34 gradients: a mask |S|ᵖ with p < 1 has none at a source that is silent, and the others keep theirs', async () => {
    const x = input('x', [3, 2])
    const shares = sum(mul(ratioMask(x, { power: 0.5 }), constant([1, 2, 3, 4, 5, 6], [3, 2])))
    const { g } = await run({ g: grad(shares, [x])[0]! }, { x: Float64Array.of(0, 0, 1, 0, 1, 3) })
    // √a / (√a + √b) has the derivative √b / (2√a (√a + √b)²) by a; one more share of the second source is worth 1.
    const slope = Math.sqrt(3) / (2 * (1 + Math.sqrt(3)) ** 2)
    expect(worst(g, [0, 0, 0, 0, -slope, slope / 3])).toBeLessThan(1e-12)
  })

  it('3.34 gradients: those by a silent mixture are 0, also in float32', async () => {
    const [x, y] = [input('x', [2]), input('y', [2])]
    const [source, silence] = [
      { re: x, im: x },
      { re: y, im: y },
    ]
    const complexMask = complexRatioMask(source, silence)
    const totals = [phaseSensitiveMask(source, silence), phaseSensitiveTarget(source, silence), add(complexMask.re, complexMask.im)]
    const gradients = Object.fromEntries(totals.map((total, i) => [`g${i}`, grad(sum(total), [y])[0]!]))
    const results = await runOnce(onnx(), gradients, { x: Float32Array.of(1, 1000), y: new Float32Array(2) })
    for (const g of Object.values(results)) expect(Array.from(g, Number)).toEqual([0, 0])
  })

  it('3.34 soft masks: of scores, in 0…1, of sum 1 over any axis', async () => {
    const mask = await numbersOf(softMask(filledTensor(shape, 1), { axis: 1 }))
    for (let a = 0; a < 3; a++)
      for (let c = 0; c < 5; c++) expect([0, 1, 2, 3].reduce((total, s) => total + mask[a * 20 + s * 5 + c]!, 0)).toBeCloseTo(1, 12)
  })

  it('3.34 inverse: M⊙Y + (1 − M)⊙Y = Y, exactly for binary masks and to rounding for others', async () => {
    const whole = await partsOf(mixture)
    const both = (mask: Tensor) => partsOf(complex.add(applyMask(mask, mixture), applyMask(inverseMask(mask), mixture)))
    expect(await both(binaryMask(magnitudes, { axis: 0 }))).toEqual(whole)
    // Three roundings of float64 numbers below 4.
    expect(worst(await both(ratioMask(magnitudes, { axis: 0 })), whole)).toBeLessThan(3 * 2 ** -51)
  })

  it('3.34 phase-sensitive: no other real number leaves less error, and the masks of all sources sum to 1', async () => {
    const masks = await Promise.all(sources.map((source) => numbersOf(phaseSensitiveMask(source, mixture))))
    for (let i = 0; i < 60; i++) expect(masks[0]![i]! + masks[1]![i]!).toBeCloseTo(1, 10)
    const errorOf = async (shift: number) => {
      const mask = constant(
        masks[0]!.map((m) => m + shift),
        shape,
      )
      return (await numbersOf(sum(complex.power(complex.sub(applyMask(mask, mixture), sources[0]!)))))[0]!
    }
    expect(await errorOf(0)).toBeLessThan(await errorOf(1e-3))
    expect(await errorOf(0)).toBeLessThan(await errorOf(-1e-3))
    const truncated = await numbersOf(phaseSensitiveMask(sources[0]!, mixture, { truncated: true }))
    expect(
      worst(
        truncated,
        masks[0]!.map((m) => Math.min(1, Math.max(0, m))),
      ),
    ).toBe(0)
    expect(masks[0]!.some((m) => m < 0) && masks[0]!.some((m) => m > 1)).toBe(true)
  })

  it('3.34 complex: its product with the mixture is the source; compressed by K·tanh(C·x/2) and back', async () => {
    const mask = complexRatioMask(sources[0]!, mixture)
    // Numbers of order 1, divided by mixtures not below 0.01.
    expect(worst(await partsOf(applyMask(mask, mixture)), await partsOf(sources[0]!))).toBeLessThan(1e-12)
    const small = complex.scale(mask, 0.1)
    const options = { limit: 2, steepness: 0.5 }
    expect(worst(await partsOf(expandMask(compressMask(small, options), options)), await partsOf(small))).toBeLessThan(1e-12)
    const expected = (await partsOf(mask)).map((x) => (10 * (1 - Math.exp(-0.1 * x))) / (1 + Math.exp(-0.1 * x)))
    expect(worst(await partsOf(compressMask(mask)), expected)).toBeLessThan(1e-12)
    const beyond = { re: constant([10, 11]), im: constant([-10, -1e9]) }
    expect((await partsOf(expandMask(beyond))).every((x) => Math.abs(Math.abs(x) - 10 * Math.log(1999)) < 1e-9)).toBe(true)
    expect(() => compressMask(mask, { limit: 0 })).toThrow(/limit 0; allowed are finite numbers > 0/)
  })

  it('3.34 complex: a silent mixture has the mask 0', async () => {
    const zero = { re: constant([0]), im: constant([0]) }
    expect(await partsOf(complexRatioMask({ re: constant([1]), im: constant([1]) }, zero))).toEqual([0, 0])
  })
})
