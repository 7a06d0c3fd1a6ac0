import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { griffinLim, misi, mixturePhase, stft } from '../../src/dsp/index.ts'
import { siSdr } from '../../src/evaluation/index.ts'
import { add, complex, constant, createRandom, grad, input, randomKey, stack, sum } from '../../src/tensor/index.ts'
import { filledTensor, run, worst } from '../nn/run.ts'

const golden = JSON.parse(readFileSync('test/goldens/separation.json', 'utf8')) as {
  'griffin-lim': Record<string, { signal: number[]; errors: number[] }>
}
const frames = { nFft: 16, hopLength: 4 }

function noise(samples: number, seed: number) {
  const random = createRandom(seed)
  return constant(Float64Array.from({ length: samples }, () => random.normal()))
}

describe('mixturePhase', () => {
  it('3.35 mixture phase: the magnitude asked for, the angle of the mixture, and 0 where that is silent', async () => {
    const mixture = { re: constant([3, -1, 0]), im: constant([4, 0, 0]) }
    const { re, im } = mixturePhase(constant([10, 2, 5]), mixture)
    const parts = await run({ re, im })
    expect(worst(parts.re, [6, -2, 5])).toBeLessThan(1e-12)
    expect(worst(parts.im, [8, 0, 0])).toBeLessThan(1e-12)
  })
})

describe('griffinLim', () => {
  it('3.35 Griffin–Lim: without momentum the spectral error never rises, whatever the magnitudes', async () => {
    for (const magnitude of [complex.abs(stft(noise(101, 1), frames)), add(filledTensor([26, 9], 1), 1.5)]) {
      const { errors } = await run({
        errors: griffinLim(magnitude, 101, { ...frames, momentum: 0, iterations: 40, key: randomKey(1) }).errors,
      })
      expect(errors).toHaveLength(40)
      for (let i = 1; i < 40; i++) expect(errors[i]!).toBeLessThanOrEqual(errors[i - 1]! * (1 + 1e-12))
      expect(errors[39]!).toBeLessThan(0.7 * errors[0]!)
    }
  })

  it.each(['0', '0.99'])('3.35 Griffin–Lim: momentum %s as stated again in numpy', async (momentum) => {
    const magnitude = add(filledTensor([16, 5], 0.5), 1.2)
    const options = { nFft: 8, hopLength: 2, momentum: Number(momentum), iterations: 6 }
    const { signal, errors } = await run({ ...griffinLim(magnitude, 30, options) })
    // Goldens are stored with 9 digits.
    expect(worst(signal!, golden['griffin-lim'][momentum]!.signal)).toBeLessThan(1e-7)
    expect(worst(errors!, golden['griffin-lim'][momentum]!.errors)).toBeLessThan(1e-7)
  })

  it('3.35 Griffin–Lim: momentum reaches in 40 iterations less error than none', async () => {
    const magnitude = complex.abs(stft(noise(200, 2), frames))
    const last = async (momentum: number) => {
      const { errors } = await run({ errors: griffinLim(magnitude, 200, { ...frames, momentum, iterations: 40 }).errors })
      return errors[39]!
    }
    expect(await last(0.99)).toBeLessThan(0.7 * (await last(0)))
  })

  it('3.35 Griffin–Lim: stays where it starts from the true phases; one key gives one signal', async () => {
    const x = noise(60, 3)
    const spectrum = stft(x, frames)
    const magnitude = complex.abs(spectrum)
    const drawn = (key: number) => griffinLim(magnitude, 60, { ...frames, key: randomKey(key), iterations: 2 }).signal
    const { same, truth, a, b, c } = await run({
      same: griffinLim(magnitude, 60, { ...frames, start: spectrum, iterations: 3 }).signal,
      truth: x,
      a: drawn(1),
      b: drawn(1),
      c: drawn(2),
    })
    expect(worst(same, truth)).toBeLessThan(1e-10)
    expect(b).toEqual(a)
    expect(worst(a, c)).toBeGreaterThan(1e-2)
    expect(() => griffinLim(magnitude, 60, { ...frames, start: spectrum, key: randomKey(1) })).toThrow(/start and key/)
    expect(() => griffinLim(magnitude, 60, { ...frames, momentum: 2 })).toThrow(/momentum 2; allowed are numbers in 0…1/)
    expect(() => griffinLim(magnitude, 60, { ...frames, iterations: 0 })).toThrow(/iterations 0/)
  })
})

describe('griffinLim of silence', () => {
  it('3.35 Griffin–Lim: has the error 0 and finite gradients', async () => {
    const x = input('x', [40])
    const { signal, errors } = griffinLim(complex.abs(stft(x, frames)), 40, { ...frames, iterations: 3 })
    const { wrong, g } = await run({ wrong: errors, g: grad(add(sum(errors), sum(signal)), [x])[0]! }, { x: new Float64Array(40) })
    expect(wrong).toEqual([0, 0, 0])
    expect(g.every(Number.isFinite)).toBe(true)
  })
})

describe('misi', () => {
  it('3.35 MISI: the sources sum to the mixture, whatever their magnitudes', async () => {
    const mixture = noise(50, 4)
    const magnitudes = add(filledTensor([3, 13, 9], 1), 1.2)
    const { total, whole } = await run({ total: sum(misi(magnitudes, mixture, frames), { axes: [0] }), whole: mixture })
    // Three sources of numbers below 10 in float64.
    expect(worst(total, whole)).toBeLessThan(1e-13)
  })

  it('3.35 MISI: true magnitudes and more iterations bring the sources nearer than the mixture’s phase', async () => {
    const samples = 300
    const parts = [noise(samples, 5), constant(Float64Array.from({ length: samples }, (_, i) => 2 * Math.sin(0.2 * i)))]
    const mixture = add(parts[0]!, parts[1]!)
    const magnitudes = complex.abs(stft(stack(parts, 0), frames))
    const results = await run({
      truth: parts[1]!,
      few: misi(magnitudes, mixture, { ...frames, iterations: 1 }),
      many: misi(magnitudes, mixture, { ...frames, iterations: 20 }),
    })
    const score = (x: number[]) => siSdr([Float64Array.from(results.truth)], [Float64Array.from(x.slice(samples))])
    expect(score(results.many)).toBeGreaterThan(score(results.few) + 1)
  })

  it('3.35 MISI: magnitudes of another size are refused', () => {
    expect(() => misi(filledTensor([2, 12, 9], 1), noise(50, 1), frames)).toThrow(/needs \(s, 13, 9\)/)
  })
})
