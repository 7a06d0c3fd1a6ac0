import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyMask, ratioMask, type SpatialModel, spatialModel, wienerEM, wienerFilter } from '../../src/dsp/index.ts'
import { evaluate } from '../../src/runtime/index.ts'
import {
  add,
  type Complex,
  complex,
  constant,
  createRandom,
  grad,
  input,
  mul,
  narrow,
  stack,
  sum,
  type Tensor,
} from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../nn/run.ts'
import { runOnce } from '../tensor/generic.ts'
import { onnxRuntime } from '../tensor/support.ts'

interface Parts {
  readonly re: number[]
  readonly im: number[]
}
const golden = JSON.parse(readFileSync('test/goldens/separation.json', 'utf8')) as { wiener: Record<string, Parts> }

const onnx = onnxRuntime()

const [channels, frames, bins] = [2, 12, 4]

/** Two sources at two places of a stereo field, their energies changing from frame to frame. */
function stereo(pans: readonly (readonly [number, number])[], seed: number): { sources: Complex[]; mixture: Complex } {
  const random = createRandom(seed)
  const sources = pans.map((pan) => {
    const mono = Array.from({ length: frames * bins }, () => {
      const level = Math.exp(1.5 * random.normal())
      return [level * random.normal(), level * random.normal()] as const
    })
    const part = (k: 0 | 1) =>
      constant(
        pan.flatMap((gain) => mono.map((z) => gain * z[k])),
        [channels, frames, bins],
      )
    return { re: part(0), im: part(1) }
  })
  return { sources, mixture: sources.reduce((a, b) => complex.add(a, b)) }
}

/** (s, c, t, f) of masks (s, t, f) made of one channel's true magnitudes. */
function maskedBy(sources: readonly Complex[], mixture: Complex): Complex {
  const magnitudes = stack(
    sources.map((source) => sum(complex.abs(source), { axes: [0] })),
    0,
  )
  const masks = ratioMask(magnitudes, { axis: 0, power: 2 })
  return applyMask(stack(new Array<Tensor>(channels).fill(masks), 1), mixture)
}

const partsOf = async ({ re, im }: Complex) => {
  const parts = await run({ re, im })
  return [...parts.re, ...parts.im]
}

/** Error energy over signal energy of the first source, in decibels. */
async function errorDb(estimates: Complex, source: Complex): Promise<number> {
  const [y, s] = [await partsOf(complex.map(estimates, (x) => narrow(x, 0, 0, 1))), await partsOf(source)]
  const energy = (x: number[]) => x.reduce((total, value) => total + value ** 2, 0)
  return 10 * Math.log10(energy(y.map((value, i) => value - s[i]!)) / energy(s))
}

describe('multichannel Wiener filtering', () => {
  it.each([
    ['2 channels', 2, 2],
    ['3 channels', 4, 3],
  ] as const)('3.35 Wiener EM: %s as stated again in numpy', async (name, s, c) => {
    const estimates = { re: filledTensor([s, c, 5, 3], 0.5), im: filledTensor([s, c, 5, 3], 1) }
    const mixture = { re: filledTensor([c, 5, 3], 2), im: filledTensor([c, 5, 3], 3) }
    const y = await run({ ...wienerEM(estimates, mixture, { iterations: 2, noise: 0.01 }) })
    // Goldens are stored with 9 digits.
    expect(worst(y.re!, golden.wiener[name]!.re)).toBeLessThan(1e-7)
    expect(worst(y.im!, golden.wiener[name]!.im)).toBeLessThan(1e-7)
  })

  it('3.35 Wiener sum: the estimates sum to the mixture to rounding, also in float32, in one channel, and with estimates of nothing', async () => {
    const backend = onnx()
    const { sources, mixture } = stereo(
      [
        [1, 1],
        [1, 0.99],
      ],
      1,
    )
    const mono = complex.map(mixture, (x) => narrow(x, 0, 0, 1))
    const cases = [
      { estimates: maskedBy(sources, mixture), whole: mixture },
      { estimates: complex.map(maskedBy(sources, mixture), (x) => narrow(x, 1, 0, 1)), whole: mono },
      { estimates: complex.scale(maskedBy(sources, mixture), 0), whole: mixture },
      { estimates: maskedBy(sources, mixture), whole: complex.scale(mixture, 0) },
    ]
    for (const { estimates, whole } of cases) {
      const outputs = () => [sum(wienerEM(estimates, whole, { iterations: 3 }).re, { axes: [0] }), add(whole.re, 0)]
      const [exact, expected] = await evaluate(outputs)
      const [single] = await evaluate(outputs, backend)
      const numbers = (x: ArrayLike<number | bigint>) => Array.from(x, Number)
      const scale = Math.max(1, ...numbers(expected!).map(Math.abs))
      expect(worst(numbers(exact!), numbers(expected!)) / scale).toBeLessThan(1e-15)
      // Two roundings of the last addition and of the sum.
      expect(worst(numbers(single!), numbers(expected!)) / scale).toBeLessThan(2e-7)
    }
  })

  it('3.35 Wiener EM: places tell sources apart that their powers alone do not', async () => {
    const { sources, mixture } = stereo(
      [
        [1, 0.2],
        [0.3, 1],
      ],
      2,
    )
    const estimates = maskedBy(sources, mixture)
    const before = await errorDb(estimates, sources[0]!)
    const once = await errorDb(wienerEM(estimates, mixture), sources[0]!)
    const more = await errorDb(wienerEM(estimates, mixture, { iterations: 4 }), sources[0]!)
    expect(once).toBeLessThan(before - 3)
    expect(more).toBeLessThan(once - 1)
  })

  it('3.35 Wiener float32: channels that are nearly alike cost no more digits than the noise floor allows', async () => {
    const { sources, mixture } = stereo(
      [
        [1, 1],
        [0.999, 1],
      ],
      3,
    )
    const estimates = maskedBy(sources, mixture)
    const outputs = () => [wienerEM(estimates, mixture, { iterations: 2 }).re]
    const [[exact], [single]] = [await evaluate(outputs), await evaluate(outputs, onnx())]
    const numbers = Array.from(exact!, Number)
    const scale = Math.max(...numbers.map(Math.abs))
    // 2⁻²⁴ / √noise with noise 1e-5, twice: what rounding of the covariance does to its small eigenvalue, seen through the filter.
    expect(worst(Array.from(single!, Number), numbers) / scale).toBeLessThan(1e-4)
  })

  it('3.35 Wiener blocks: places summed over blocks of frames and filters by block give what the whole gives', async () => {
    const { sources, mixture } = stereo(
      [
        [1, 0.2],
        [0.3, 1],
      ],
      4,
    )
    const estimates = maskedBy(sources, mixture)
    const whole = await partsOf(wienerFilter(estimates, spatialModel(estimates), mixture))
    const block = (z: Complex, axis: number, k: number) => complex.map(z, (x) => narrow(x, axis, 4 * k, 4 * k + 4))
    const models = [0, 1, 2].map((k) => spatialModel(block(estimates, 2, k)))
    const model: SpatialModel = models.reduce((a, b) => ({
      covariance: complex.add(a.covariance, b.covariance),
      power: add(a.power, b.power),
    }))
    for (const k of [0, 1, 2]) {
      const part = await partsOf(wienerFilter(block(estimates, 2, k), model, block(mixture, 1, k)))
      const expected = Array.from({ length: 2 * 2 * channels }, (_, row) =>
        whole.slice((row * frames + 4 * k) * bins, (row * frames + 4 * k + 4) * bins),
      )
      expect(worst(part, expected.flat())).toBeLessThan(1e-10)
    }
  })

  it('3.35 Wiener gradient: is finite in silence, also in float32, where the square of the inverse of the least floor has to fit', async () => {
    const x = input('x', [2, 2, 3, 1])
    const mixture = { re: constant(new Float64Array(6), [2, 3, 1]), im: constant(new Float64Array(6), [2, 3, 1]) }
    const y = wienerEM({ re: x, im: mul(x, 2) }, mixture, { iterations: 2 })
    const outputs = { g: grad(sum(y.re), [x])[0]! }
    const { g } = await run(outputs, { x: new Float64Array(12) })
    expect(g.every(Number.isFinite)).toBe(true)
    const single = await runOnce(onnx(), outputs, { x: new Float32Array(12) })
    expect(Array.from(single.g!, Number).every(Number.isFinite)).toBe(true)
  })

  it('3.35 Wiener arguments: shapes that do not fit are refused', () => {
    const estimates = { re: input('re', [2, 2, 3, 4]), im: input('im', [2, 2, 3, 4]) }
    const mixture = { re: input('re', [2, 3, 5]), im: input('im', [2, 3, 5]) }
    expect(() => wienerEM(estimates, mixture)).toThrow(/mixture \(2, 3, 5\).*needs \(2, 3, 4\)/)
    expect(() => wienerEM(mixture, mixture)).toThrow(/needs two of \(s, c, t, f\)/)
    expect(() => wienerEM(estimates, mixture, { iterations: 0 })).toThrow(/iterations 0/)
    expect(() => wienerFilter(estimates, spatialModel(estimates), estimates, { noise: 0 })).toThrow(/mixture/)
    const whole = { re: input('re', [2, 3, 4]), im: input('im', [2, 3, 4]) }
    const model = spatialModel(estimates)
    expect(() => wienerFilter(estimates, model, { ...whole, im: mixture.im })).toThrow(/mixture's im \(2, 3, 5\).*needs \(2, 3, 4\)/)
    // (2, 1) would broadcast: one power for all frequencies.
    expect(() => wienerFilter(estimates, { ...model, power: input('p', [2, 1]) }, whole)).toThrow(/power \(2, 1\).*needs \(2, 4\)/)
    expect(() => wienerFilter(estimates, model, whole, { noise: Infinity })).toThrow(/noise Infinity; allowed are finite numbers > 0/)
  })
})
