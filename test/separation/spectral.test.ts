/** Separation of whole spectrograms in windows of frames; the original's numbers are checked by test/goldens. */
import { describe, expect, it } from 'vitest'
import type { ComplexSpectrogram } from '../../src/dsp/index.ts'
import {
  estimateMask,
  type FrameNetwork,
  framePadding,
  inFrameWindows,
  mergeArtifacts,
  separateByMask,
  separateByParts,
  ttaSizes,
} from '../../src/separation/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

function drawSpectrogram(seed: number, frames: number, channels = 2, bins = 5): ComplexSpectrogram {
  const random = createRandom(seed)
  const draw = () => Float32Array.from({ length: channels * frames * bins }, () => random.uniform(-3, 3))
  return { channels, frames, bins, re: draw(), im: draw() }
}

/** σ of a filter over five frames: a network that looks two frames far. */
const local: FrameNetwork = {
  run: async (windows, [, , frames, bins]) =>
    windows.map((_, i) => {
      const t = Math.floor(i / bins) % frames
      let sum = -0.5
      for (const [k, tap] of [0.5, -1, 2, 0.25, -0.75].entries())
        if (t + k - 2 >= 0 && t + k - 2 < frames) sum += 4 * tap * windows[i + (k - 2) * bins]!
      return 1 / (1 + Math.exp(-sum))
    }),
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)
}

/** float32 of numbers up to 3. */
const rounding = 1e-6

describe('4.35 windows of frames', () => {
  it('4.35 padding is one frame at least, a whole step where frames divide, and the margins', () => {
    expect(framePadding(100, 256, 0)).toEqual({ left: 0, right: 156, step: 256 })
    expect(framePadding(512, 256, 0)).toEqual({ left: 0, right: 256, step: 256 })
    expect(framePadding(500, 256, 64)).toEqual({ left: 64, right: 76, step: 128 })
    expect(framePadding(10, 8, 4)).toEqual({ left: 4, right: 10, step: 8 })
    expect(() => framePadding(10, 8, 5)).toThrow(/window 8, margin 5; allowed are whole numbers, 2·margin ≤ window/)
    expect(() => framePadding(0, 8, 1)).toThrow(/0 frames; allowed are whole numbers ≥ 1/)
  })

  it('4.35 the network sees context on both sides, silence beyond the ends, and magnitudes in 0…1 without the Nyquist bin', async () => {
    const z = drawSpectrogram(1, 7)
    const seen: { windows: Float32Array; shape: readonly number[] }[] = []
    const spy: FrameNetwork = {
      run: async (windows, shape) => {
        seen.push({ windows: windows.slice(), shape })
        return windows
      },
    }
    await estimateMask(z, spy, { sizes: { crop: 3, padding: 2 } })
    expect(seen.splice(0).map(({ shape }) => shape[0])).toEqual([1, 1, 1])
    const mask = await estimateMask(z, spy, { sizes: { crop: 3, padding: 2 }, batchSize: 2, nyquist: 'zero' })
    expect(seen.map(({ shape }) => shape)).toEqual([
      [2, 2, 7, 4],
      [1, 2, 7, 4],
    ])
    const magnitudes = z.re.map((x, i) => Math.hypot(x, z.im[i]!))
    const most = magnitudes.reduce((a, b) => Math.max(a, b))
    const at = (c: number, t: number, k: number) => (t >= 0 && t < 7 ? magnitudes[(c * 7 + t) * 5 + k]! / most : 0)
    for (let window = 0; window < 3; window++)
      for (let c = 0; c < 2; c++)
        for (let t = 0; t < 7; t++)
          for (let k = 0; k < 4; k++) {
            const { windows } = seen[Math.floor(window / 2)]!
            const value = windows[(((window % 2) * 2 + c) * 7 + t) * 4 + k]!
            expect(Math.abs(value - at(c, window * 3 - 2 + t, k))).toBeLessThan(rounding)
          }
    // What comes back is what went in, frame by frame.
    for (let row = 0; row < 14; row++) {
      for (let k = 0; k < 4; k++) expect(Math.abs(mask[row * 5 + k]! - magnitudes[row * 5 + k]! / most)).toBeLessThan(rounding)
      expect(mask[row * 5 + 4]).toBe(0)
    }
  })

  it('4.35 whatever the windows, a network that looks no further than its context gives the same', async () => {
    for (const frames of [1, 5, 16, 21]) {
      const z = drawSpectrogram(2, frames)
      const one = await estimateMask(z, local, { sizes: { crop: 64, padding: 2 } })
      for (const [crop, padding, batchSize] of [
        [8, 4, 1],
        [8, undefined, 3],
        [5, 2, 4],
        [1, 2, 2],
        [3, 7, 1],
      ] as const)
        expect(far(await estimateMask(z, local, { sizes: { crop, padding }, batchSize }), one)).toBeLessThan(rounding)
      expect(far(await estimateMask(z, local, { sizes: { crop: 4, padding: 0 } }), one)).toBeGreaterThan(frames > 4 ? 1e-3 : -1)
    }
  })

  it('refuses sizes that are none, and networks that give other numbers', async () => {
    const z = drawSpectrogram(1, 4)
    const shape = { channels: 2, frames: 4, bins: 5 }
    await expect(estimateMask(z, local, { sizes: { crop: 0 } })).rejects.toThrow(/crop 0, padding 0; allowed are whole numbers/)
    await expect(estimateMask(z, local, { sizes: [] })).rejects.toThrow(/sizes: none; needs one at least/)
    await expect(inFrameWindows(z.re, shape, local, { crop: 4, batchSize: 0 })).rejects.toThrow(/batchSize: 0/)
    const half: FrameNetwork = { run: async (windows) => windows.subarray(1) }
    const batches: number[] = []
    const echo: FrameNetwork = {
      run: async (windows, [batch]) => {
        batches.push(batch)
        return windows
      },
    }
    expect(await inFrameWindows(z.re, shape, echo, { crop: 2, padding: 1 })).toEqual(z.re)
    expect(batches).toEqual([1, 1])
    await expect(inFrameWindows(z.re, shape, half, { crop: 4 })).rejects.toThrow(/the network gave 79 values of \(1, 2, 8, 5\)/)
  })
})

describe('4.35 test-time augmentation', () => {
  it('4.35 averages the masks of all sizes', async () => {
    const z = drawSpectrogram(3, 13)
    const sizes = [
      { crop: 2, padding: 0 },
      { crop: 4, padding: 1 },
      { crop: 16, padding: 8 },
    ]
    const masks = await Promise.all(sizes.map((size) => estimateMask(z, local, { sizes: size })))
    const mean = masks[0]!.map((_, i) => masks.reduce((sum, mask) => sum + mask[i]! / 3, 0))
    expect(far(await estimateMask(z, local, { sizes }), mean)).toBeLessThan(rounding)
  })

  it('4.35 the five sizes of the original do not fit a network of 4096 frames, which is said before it runs', async () => {
    expect(ttaSizes.map(({ crop, padding }) => crop + 2 * padding!)).toEqual([320, 640, 1280, 2560, 5120])
    const network: FrameNetwork = {
      maxFrames: 4096,
      run: async () => {
        throw new Error('ran')
      },
    }
    await expect(estimateMask(drawSpectrogram(1, 4), network, { sizes: ttaSizes })).rejects.toThrow(
      /crop 1024 and padding 2048 make windows of 5120 frames; the network takes 4096: choose smaller sizes/,
    )
    const fitting = await estimateMask(drawSpectrogram(1, 4), { ...local, maxFrames: 2560 }, { sizes: ttaSizes.slice(0, 4) })
    expect(fitting).toHaveLength(2 * 4 * 5)
  })
})

describe('4.35 stems', () => {
  it('4.2, 4.35 vocals are the mixture without the instrumental, neither louder than the mixture', async () => {
    const z = drawSpectrogram(4, 20)
    const { mask, instrumental, vocals } = await separateByMask(z, local, { sizes: { crop: 8, padding: 4 } })
    expect(mask.every((m) => m >= 0 && m <= 1)).toBe(true)
    for (const part of ['re', 'im'] as const) {
      expect(
        far(
          vocals[part].map((x, i) => x + instrumental[part][i]!),
          z[part],
        ),
      ).toBeLessThan(rounding)
      expect(instrumental[part].every((x, i) => Math.abs(x) <= Math.abs(z[part][i]!) + rounding)).toBe(true)
    }
  })

  it('4.35 the Nyquist bin goes with the bin below, or to the voice as in the original', async () => {
    const z = drawSpectrogram(5, 6)
    const sizes = { crop: 8, padding: 2 }
    const [repeat, zero] = [await estimateMask(z, local, { sizes }), await estimateMask(z, local, { sizes, nyquist: 'zero' })]
    for (let row = 0; row < 12; row++) {
      expect(repeat[row * 5 + 4]).toBe(repeat[row * 5 + 3])
      expect(zero[row * 5 + 4]).toBe(0)
    }
    expect(repeat.filter((_, i) => i % 5 < 4)).toEqual(zero.filter((_, i) => i % 5 < 4))
  })

  it('4.35 silence is separated into silence', async () => {
    const silent = { ...drawSpectrogram(1, 6), re: new Float32Array(60), im: new Float32Array(60) }
    const { instrumental, vocals } = await separateByMask(silent, local, { sizes: { crop: 4 } })
    expect([...instrumental.re, ...vocals.im].every((x) => x === 0)).toBe(true)
  })

  it('4.1, 4.35 parts of spectra: a network that returns what it sees leaves no voice but the Nyquist bin', async () => {
    const z = drawSpectrogram(6, 11)
    const seen: number[] = []
    const echo: FrameNetwork = {
      run: async (windows, [, channels]) => {
        expect(channels).toBe(4)
        for (const x of windows) seen.push(Math.abs(x))
        return windows
      },
    }
    const { instrumental, vocals } = await separateByParts(z, echo, { crop: 4, padding: 3, batchSize: 2 })
    expect(Math.max(...seen)).toBeCloseTo(1, 6)
    for (const part of ['re', 'im'] as const) {
      for (const [i, x] of vocals[part].entries()) expect(Math.abs(x - (i % 5 === 4 ? z[part][i]! : 0))).toBeLessThan(rounding)
      expect(
        far(
          vocals[part].map((x, i) => x + instrumental[part][i]!),
          z[part],
        ),
      ).toBeLessThan(rounding)
    }
  })
})

describe('4.35 merged artefacts', () => {
  const shape = { channels: 2, frames: 400, bins: 3 }
  /** 0.5 where the voice is silent, 0 in one bin of one channel elsewhere. */
  const maskOf = (...quiet: readonly (readonly [number, number])[]) => {
    const mask = new Float32Array(2 * 400 * 3).fill(0.5)
    for (let t = 0; t < 400; t++) if (!quiet.some(([first, last]) => t >= first && t <= last)) mask[(400 + t) * 3 + 1] = 0
    return mask
  }
  const frame = (mask: Float32Array, t: number) => mask[t * 3]!

  it('4.35 long passages without a voice become purely instrumental, and fade in and out', () => {
    const mask = maskOf([100, 250])
    const merged = mergeArtifacts(mask, shape)
    expect(frame(merged, 99)).toBe(0.5)
    expect(frame(merged, 100)).toBe(0.5)
    for (const t of [132, 180, 217]) expect(frame(merged, t)).toBe(1)
    expect(frame(merged, 115)).toBeCloseTo(0.5 + (0.5 * 15) / 31, 6)
    expect(frame(merged, 249)).toBe(0.5)
    expect(merged[(400 + 180) * 3 + 2]).toBe(1)
    // The mask that came in stays what it was.
    expect(mask[180 * 3]).toBe(0.5)
  })

  it('4.35 short passages stay, and the beginning of a song needs no fade', () => {
    expect(mergeArtifacts(maskOf([100, 164]), shape)).toEqual(maskOf([100, 164]))
    expect(mergeArtifacts(maskOf([100, 165]), shape)).not.toEqual(maskOf([100, 165]))
    expect(frame(mergeArtifacts(maskOf([0, 90]), shape), 0)).toBe(1)
    expect(mergeArtifacts(maskOf([100, 130]), shape, { minRange: 20, fade: 10 })[115 * 3]).toBe(1)
  })

  it('4.35 where no frame qualifies the mask stays, where the original fails', () => {
    expect(mergeArtifacts(maskOf(), shape)).toEqual(maskOf())
    expect(() => mergeArtifacts(maskOf(), shape, { minRange: 63 })).toThrow(/minRange 63, fade 32; allowed are/)
    expect(() => mergeArtifacts(maskOf(), { ...shape, bins: 4 })).toThrow(/2400 values; \(2, 400, 4\) need 3200/)
  })

  it('4.35 a Nyquist row of zeros would keep every passage, so it is put on after merging', async () => {
    const half: FrameNetwork = { run: async (windows) => windows.map(() => 0.5) }
    const z = drawSpectrogram(7, 100)
    const options = { sizes: { crop: 32, padding: 8 }, nyquist: 'zero' } as const
    const plain = await estimateMask(z, half, options)
    expect(mergeArtifacts(plain, z)).toEqual(plain)
    const merged = await estimateMask(z, half, { ...options, merge: true })
    expect(merged[40 * 5]).toBe(1)
    expect(merged[40 * 5 + 4]).toBe(0)
    const wider = await estimateMask(z, half, { ...options, merge: { threshold: 0.6 } })
    expect(wider).toEqual(plain)
  })
})
