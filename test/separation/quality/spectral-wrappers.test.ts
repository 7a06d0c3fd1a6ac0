/** Wiener refinement and quiet passages: what the filter is known to do, and what it leaves alone. */

import { describe, expect, it } from 'vitest'
import { createReferenceBackend } from '../../../src/runtime/index.ts'
import { refined, type StereoWindow, withQuietPassages } from '../../../src/separation/index.ts'
import { identity, noise, separatorOf, silence } from '../fakes.ts'
import { copyOf, difference, gain, listening, sumsTo, windowOf } from './fakes.ts'

const transform = { nFft: 32, hopLength: 8 }
const backend = () => createReferenceBackend()

describe('refined', () => {
  it('finds two sources apart that come from two sides, from estimates that mix them up', async () => {
    const [voice, music] = noise(2, 512, { seed: 5 })
    // The voice is on the left, the music on the right; the network leaves a quarter of the amplitude of each in the other.
    const separator = await refined(
      separatorOf(([left, right]) => [left.map((x) => 0.8 * x), right.map((x) => 0.2 * x)]),
      { backend: backend(), transform, iterations: 4 },
    )
    const { vocals } = await separator.predict([voice!.slice(), music!.slice()])
    const error = ([left, right]: StereoWindow) =>
      left.reduce((sum, x, i) => sum + (x - voice![i]!) ** 2, 0) + right.reduce((sum, x) => sum + x * x, 0)
    // Where it began the error is 0.04 of both energies; four rounds take away all but a tenth of that.
    expect(error(vocals!)).toBeLessThan(0.1 * error([voice!.map((x) => 0.8 * x), music!.map((x) => 0.2 * x)]))
    await separator.dispose()
  })

  it.each([1, 2])('shares mono sound as powers do, %i round(s)', async (iterations) => {
    const separator = await refined(separatorOf(gain(0.75)), { backend: backend(), transform, iterations })
    const [x] = windowOf(512)
    const { vocals } = await separator.predict([x.slice(), x.slice()])
    // p²/(p² + q²) of shares p and q, again of what that gives; the noise of 1e-5 goes to both alike.
    let share = 0.75
    for (let i = 0; i < iterations; i++) share = share ** 2 / (share ** 2 + (1 - share) ** 2)
    expect(difference(vocals!, gain(share)([x, x]))).toBeLessThan(1e-4)
    await separator.dispose()
  })

  it('leaves all of the sound and none of it as they are', async () => {
    for (const [estimate, by] of [
      [identity, 1],
      [silence, 0],
    ] as const) {
      const separator = await refined(separatorOf(estimate), { backend: backend(), transform })
      const window = windowOf(512)
      // Half of the noise's share of 1e-5 goes to the source that is not there.
      expect(difference((await separator.predict(copyOf(window))).vocals!, gain(by)(window))).toBeLessThan(1e-4)
      await separator.dispose()
    }
  })

  it('keeps stems that sum to the song, passes facts on and disposes of all', async () => {
    const separator = await refined(
      listening(() => 0.5),
      { backend: backend(), transform },
    )
    expect(await sumsTo(noise(2, 900), separator)).toEqual({ length: 900, exact: true })
    const plain = separatorOf(gain(0.5))
    const other = backend()
    await (await refined(plain, { backend: other, transform })).dispose()
    expect(plain.disposed).toBe(true)
    await expect(other.load({})).rejects.toThrow('disposed')
  })

  it('disposes of all where options are refused', async () => {
    const plain = separatorOf(gain(0.5))
    await expect(refined(plain, { backend: backend(), transform, iterations: 0 })).rejects.toThrow('iterations 0')
    expect(plain.disposed).toBe(true)
  })
})

describe('withQuietPassages', () => {
  const length = 2048
  /** 0.9 of the sound is a voice in the second half; before, a tenth of it is taken for one. */
  const half = ([left, right]: StereoWindow): StereoWindow => {
    const share = (x: number, i: number) => x * (i < length / 2 ? 0.1 : 0.97)
    return [left.map(share), right.map(share)]
  }
  const merge = { threshold: 0.5, minRange: 16, fade: 8 }

  it('silences what is left where nobody sings, and changes nothing where somebody does', async () => {
    const separator = await withQuietPassages(separatorOf(half, { windowLength: length }), { backend: backend(), transform, ...merge })
    const window = windowOf(length)
    const [left] = (await separator.predict(copyOf(window))).vocals!
    // The passage ends with a frame that still hears nothing of the voice, two of 16 samples before the half; the fade is 8 frames of 8 samples before that.
    for (let i = 0; i < 1024 - 32 - 8 * 8 - 32; i++) expect(Math.abs(left[i]!)).toBeLessThan(1e-6)
    for (let i = 1024 + 32; i < length; i++) expect(Math.abs(left[i]! - 0.97 * window[0][i]!)).toBeLessThan(1e-6)
    await separator.dispose()
  })

  it('gives estimates back as they are where no passage is quiet', async () => {
    const separator = await withQuietPassages(separatorOf(gain(0.97), { windowLength: length }), {
      backend: backend(),
      transform,
      ...merge,
    })
    const window = windowOf(length)
    expect((await separator.predict(copyOf(window))).vocals).toEqual(gain(0.97)(window))
    await separator.dispose()
  })

  it('refuses models without vocals and passages of less than two fades, and disposes of all', async () => {
    const drums = separatorOf(identity, { stems: ['drums'] })
    await expect(withQuietPassages(drums, { backend: backend(), transform })).rejects.toThrow('quiet passages are those of vocals')
    const plain = separatorOf(identity)
    await expect(withQuietPassages(plain, { backend: backend(), transform, minRange: 3, fade: 2 })).rejects.toThrow('minRange 3')
    expect([drums.disposed, plain.disposed]).toEqual([true, true])
  })
})
