import { describe, expect, it } from 'vitest'
import {
  createPlainTransform,
  type FrameFilling,
  frameFillings,
  type RestoringOptions,
  restoringItem,
  type SpectralChunk,
  samplesOf,
} from '../../../src/data/index.ts'
import { stft } from '../../../src/dsp/index.ts'
import { evaluate } from '../../../src/runtime/index.ts'
import { constant, createRandom } from '../../../src/tensor/index.ts'
import { drawChunk } from './support.ts'

const sound = drawChunk(1, 1, [2, 40, 9])

const item = (seed: number, options: Partial<RestoringOptions> = {}, voice: SpectralChunk | undefined = drawChunk(2, 1, [2, 40, 9])) =>
  restoringItem(sound, voice, { frames: 40, ...options }, createRandom(seed))

/** Frames of an example, real and imaginary channels after each other, that differ between input and target. */
function differing({ mixture, target }: ReturnType<typeof item>): number[] {
  const frames = new Set<number>()
  for (const [i, x] of mixture.entries()) if (x !== target[i]) frames.add(Math.floor(i / 8) % 40)
  return [...frames].sort((a, b) => a - b)
}

describe('examples to restore', () => {
  it('differ from their targets in the masked frames and nowhere else', () => {
    for (let seed = 0; seed < 40; seed++) {
      const example = item(seed, { clean: 0 })
      expect(differing(example)).toEqual([...example.masked.keys()].filter((frame) => example.masked[frame] === 1))
    }
  })

  it('are as often clean, and with a voice, as is said', () => {
    const seeds = Array.from({ length: 400 }, (_, i) => i)
    const isClean = (options: Partial<RestoringOptions>) =>
      seeds.filter((seed) => item(seed, options).masked.every((x) => x === 0)).length / 400
    // Of those that are not clean by chance a sixteenth has no masks. Four standard deviations of a share of 400.
    const within = (share: number) => 4 * Math.sqrt((share * (1 - share)) / 400)
    const expected = 0.08 + 0.92 / 16
    expect(Math.abs(isClean({}) - expected)).toBeLessThan(within(expected) + 0.02) // short masks may have no frame
    expect(isClean({ clean: 1 })).toBe(1)
    const changed = (options: Partial<RestoringOptions>) =>
      seeds.filter((seed) => item(seed, { ...options, clean: 1, instrumentStrengths: {} }).peak !== sound.peak).length / 400
    expect(Math.abs(changed({}) - 0.2)).toBeLessThan(within(0.2))
    expect(changed({ vocals: 0 })).toBe(0)
    expect(item(3, { vocals: 1, clean: 1 }, undefined).target).toEqual(item(3, { vocals: 1, clean: 1 }, undefined).mixture)
  })

  it('take the fillings by their weights', () => {
    const always = { clean: 0, masks: 15, vocals: 0, instrumentStrengths: {} }
    for (const filling of frameFillings) {
      const weights: Partial<Record<FrameFilling, number>> = { [filling]: 3 }
      const examples = Array.from({ length: 10 }, (_, seed) => item(seed, { ...always, fillings: weights })).filter((one) =>
        one.masked.includes(1),
      )
      expect(examples.length).toBeGreaterThan(5)
      if (filling !== 'zero') continue
      // Blended with nothing, magnitudes only fall.
      for (const { mixture, target } of examples)
        for (const [i, x] of mixture.entries()) expect(Math.abs(x)).toBeLessThanOrEqual(Math.abs(target[i]!) + 1e-6)
    }
    expect(() => item(1, { fillings: { one: 0 } })).toThrow(/fillings have no weight above 0; allowed are noise, zero/)
  })

  it('exchange the channels of the input alone in the original’s form', () => {
    const exchanged = Array.from({ length: 60 }, (_, seed) => item(seed, { form: 'original', clean: 1, vocals: 0 })).filter(
      ({ mixture, target }) => mixture.some((x, i) => x !== target[i]),
    )
    expect(exchanged.length).toBeGreaterThan(15)
    expect(exchanged.length).toBeLessThan(45)
    const { mixture, target } = exchanged[0]!
    const size = 40 * 8
    // Channels are Re L, Re R, Im L, Im R.
    expect(mixture.subarray(0, size)).toEqual(target.subarray(size, 2 * size))
    expect(mixture.subarray(3 * size)).toEqual(target.subarray(2 * size, 3 * size))
  })
})

it('transforms frames as the networks’ own transform does', async () => {
  const options = { nFft: 64, hopLength: 24 }
  const random = createRandom(5)
  const inner = Float32Array.from({ length: 24 * 9 }, () => random.uniform(-1, 1))
  const padded = new Float32Array(samplesOf(10, options))
  padded.set(inner, 32)
  const z = createPlainTransform(options)([padded])
  const [re, im] = await evaluate(() => {
    const { re, im } = stft(constant(inner, [1, inner.length]), options)
    return [re, im]
  })
  expect([z.channels, z.frames, z.bins]).toEqual([1, 10, 33])
  // Float32 samples and results: 64 products of about 1, rounded to 6e-8 of their sum.
  for (const [mine, theirs] of [
    [z.re, re],
    [z.im, im],
  ] as const)
    for (const [i, x] of mine.entries()) expect(Math.abs(x - Number(theirs![i]))).toBeLessThan(1e-5)
  expect(() => createPlainTransform({ nFft: 48, hopLength: 16 })).toThrow(/nFft 48; allowed are powers of two/)
})
