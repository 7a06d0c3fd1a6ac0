import { describe, expect, it } from 'vitest'
import { mixVoxaug, networkExample } from '../../../src/data/index.ts'
import { createRandom } from '../../../src/tensor/index.ts'
import { drawChunk, largest } from './support.ts'

/** 12 frames of 17 bins, of which 16 come in, in two channels. */
const band = drawChunk(1, 5)
const mix = mixVoxaug(band, drawChunk(2, 3), { frames: 12, instrumentStrengths: {}, vocalStrengths: {} }, createRandom(1))
const of = (estimate: 'complex' | 'mask', scale: 'song' | 'crop') => networkExample(mix, { estimate, scale, peak: 50 })

describe('examples of networks', () => {
  it('are over the largest value of the song, or over that of what comes in', () => {
    expect(of('complex', 'song').input).toBe(mix.mixture)
    expect(largest(of('mask', 'song').input)).toBeLessThan(1)
    // Divided by itself, in float32.
    expect(largest(of('mask', 'crop').input)).toBe(1)
    const { input } = of('complex', 'crop')
    const half = input.length / 2
    expect([largest(input.subarray(0, half)), largest(input.subarray(half))]).toEqual([1, 1])
  })

  it('keep the ratio of target and mixture at any scale', () => {
    for (const estimate of ['complex', 'mask'] as const) {
      const [song, crop] = [of(estimate, 'song'), of(estimate, 'crop')]
      for (const [i, x] of song.target.entries())
        if (Math.abs(song.input[i]!) > 1e-3) expect(crop.target[i]! / crop.input[i]!).toBeCloseTo(x / song.input[i]!, 3)
    }
  })

  it('have the magnitudes of the accompaniment as it came, over the song’s peak', () => {
    const { target } = of('mask', 'song')
    for (const row of [0, 7, 23])
      for (const k of [0, 5, 15]) {
        const i = row * 17 + k
        // The network's scale is the larger of the song's peak and the mixture's: 50 here.
        expect(target[row * 16 + k]).toBeCloseTo(Math.hypot(band.re[i]!, band.im[i]!) / 50, 6)
      }
  })
})
