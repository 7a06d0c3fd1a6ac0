/** What every separator promises to those who separate with it, whatever network is behind it; a new kind of network is added to conformance.test.ts. */
import { describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../src/audio/index.ts'
import { checkStems, type Separator, separate } from '../../src/separation/index.ts'
import { noise, sourceOf } from './fakes.ts'

export interface Subject {
  /** A separator with windows of about so many seconds. */
  open(seconds: number): Promise<Separator>
  /** Seconds of a window that is long enough for the network's margins. */
  readonly seconds: number
  /** Those that it estimates. */
  readonly stems: readonly string[]
  /**
   * Samples from one place to the next at which the network computes the same: hops, and what it skips within. Given for networks that hear a bounded
   * stretch.
   */
  readonly period?: number
}

interface Separated {
  readonly mixture: number[][]
  readonly stems: Readonly<Record<string, number[][]>>
}

interface Sound {
  readonly sampleRate?: number
  readonly overlap?: number
  readonly signal?: AbortSignal
}

async function run(
  separator: Separator,
  song: AudioBlock,
  { sampleRate = separator.sampleRate, ...options }: Sound = {},
): Promise<Separated> {
  const mixture: number[][] = song.map(() => [])
  const stems: Record<string, number[][]> = Object.fromEntries(checkStems(separator).map((stem) => [stem, song.map(() => [])]))
  for await (const block of separate(sourceOf(song, { sampleRate, blockLength: 700 }), { separator, ...options })) {
    for (const [c, samples] of block.mixture.entries()) mixture[c]!.push(...samples)
    for (const [stem, planes] of Object.entries(block.stems)) for (const [c, samples] of planes.entries()) stems[stem]![c]!.push(...samples)
  }
  return { mixture, stems }
}

const decibels = (ratio: number): number => 10 * Math.log10(ratio)
const energy = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0)

export function describeSeparator(name: string, { open, seconds, stems, period }: Subject): void {
  describe(`a separator of ${name}`, () => {
    it('says what it is: name, device, stems, rate, windows with room between the margins', async () => {
      const separator = await open(seconds)
      expect(separator.stems).toEqual(stems)
      expect(stems).not.toContain('instrumental')
      expect(separator.name && separator.device).toBeTruthy()
      expect(separator.windowLength).toBeGreaterThan(2 * separator.margin)
      await separator.dispose()
    })

    it('gives each stem in the length, channels and timing of the song, and stems that add up to it', async () => {
      const separator = await open(seconds)
      const window = separator.windowLength
      const rate = separator.sampleRate
      for (const [length, channels, sampleRate] of [
        [0, 2, rate],
        [1, 1, rate],
        [17, 2, rate],
        [17, 1, 2 * rate],
        [window, 2, rate],
        [window + 1, 1, rate],
        [Math.round(1.7 * window), 2, rate],
        [Math.round(0.4 * window), 2, 1.5 * rate],
        [Math.round(0.6 * window), 1, 0.5 * rate],
      ] as const) {
        const song = noise(channels, length, { seed: length })
        const separated = await run(separator, song, { sampleRate })
        expect(separated.mixture).toEqual(song.map((samples) => Array.from(samples)))
        for (const planes of Object.values(separated.stems)) {
          expect(planes.map((samples) => samples.length)).toEqual(song.map(() => length))
          expect(planes.flat().every(Number.isFinite)).toBe(true)
        }
        const { vocals, instrumental } = separated.stems
        if (!vocals) continue
        // The instrumental is a difference of single precision of numbers up to 2.
        const wrong = song.map((samples, c) => samples.map((sample, n) => Math.abs(vocals[c]![n]! + instrumental![c]![n]! - sample)))
        // The instrumental is a difference of single precision of numbers up to 2.
        expect(Math.max(0, ...wrong.flatMap((samples) => [...samples]))).toBeLessThan(2 ** -22)
      }
      await separator.dispose()
    })

    it('gives the same for the same sound, also when two songs share it, whatever the other is', async () => {
      const separator = await open(seconds)
      const songs = [noise(2, Math.round(1.5 * separator.windowLength)), noise(1, 900, { seed: 2 })]
      const alone: Separated[] = []
      for (const song of songs) alone.push(await run(separator, song))
      expect(await Promise.all(songs.map((song) => run(separator, song)))).toEqual(alone)
      await separator.dispose()
    })

    it('refuses what is no sound, and is as good as before afterwards', async () => {
      const separator = await open(seconds)
      const song = noise(2, 700)
      const before = await run(separator, song)
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const broken = noise(2, 700)
        broken[1]![350] = wrong
        await expect(run(separator, broken)).rejects.toThrow(new RegExp(`holds ${wrong} at`))
      }
      expect(await run(separator, song)).toEqual(before)
      await separator.dispose()
    })

    it('ends by the reason of an abort, during a run and before it, and is as good as before afterwards', async () => {
      const separator = await open(seconds)
      const song = noise(2, 700)
      const before = await run(separator, song)
      const reason = new Error('stopped')
      const controller = new AbortController()
      // Inside the first window, however fast the machine is.
      const stopping: Separator = {
        ...separator,
        predict: (...given) => {
          const estimates = separator.predict(...given)
          controller.abort(reason)
          return estimates
        },
      }
      await expect(run(stopping, noise(2, 3 * separator.windowLength), { signal: controller.signal })).rejects.toBe(reason)
      await expect(run(separator, song, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await run(separator, song)).toEqual(before)
      await separator.dispose()
    })

    it('refuses songs once it is disposed of, and may be disposed of while one is under way', async () => {
      const separator = await open(seconds)
      const under = run(separator, noise(2, 3 * separator.windowLength))
      under.catch(() => {})
      await separator.dispose()
      await expect(under).rejects.toThrow('disposed')
      await expect(run(separator, noise(2, 100))).rejects.toThrow('disposed')
    })

    if (period === undefined) return
    it('gives of a song in windows what the network gives of the song as a whole, within −60 dB', async () => {
      const small = await open(seconds)
      const hop = period * Math.floor((small.windowLength - 2 * small.margin) / 2 / period)
      // Windows begin where the network computes the same, the last one, which ends with the song, too.
      const length = small.windowLength + 7 * hop
      const large = await open(length / small.sampleRate)
      expect(large.windowLength).toBe(length)
      const song = noise(2, length)
      const inWindows = await run(small, song, { overlap: 1 - hop / small.windowLength })
      const whole = await run(large, song)
      for (const stem of stems) {
        const [estimate, wanted] = [inWindows.stems[stem]!.flat(), whole.stems[stem]!.flat()]
        const wrong = energy(estimate.map((value, n) => value - wanted[n]!))
        expect(decibels(wrong / energy(wanted))).toBeLessThan(-60)
      }
      await small.dispose()
      await large.dispose()
    })
  })
}
