/** Separators for the tests of what wraps separators: those that have a symmetry, those that count, those that listen. */

import type { SongFacts } from '../../../src/models/index.ts'
import { type Separator, type StereoWindow, separate } from '../../../src/separation/index.ts'
import { type FakeOptions, noise, perChannel, separatorOf, sourceOf } from '../fakes.ts'

/** A window of noise. */
export function windowOf(length: number, seed = 1): StereoWindow {
  const [left, right] = noise(2, length, { seed })
  return [left!, right!]
}

/** y[n] = x[n]/2 + x[n − 1]/4 + x[n + 1]/4 with silence around: odd, the same for both channels, and the same wherever the sound lies. */
export const filtered = perChannel((samples) =>
  samples.map((sample, i) => 0.5 * sample + 0.25 * (samples[i - 1] ?? 0) + 0.25 * (samples[i + 1] ?? 0)),
)

/** A constant share of the sound. */
export const gain = (by: number) => perChannel((samples) => samples.map((x) => by * x))

/** A separator that listens: its estimate is the window times its fact, which is `fact` of all that was heard. */
export function listening(fact: (heard: StereoWindow) => number, options: FakeOptions = {}): Separator {
  const separator = separatorOf(gain(1), options)
  return {
    ...separator,
    prepass: () => {
      const heard: [number[], number[]] = [[], []]
      return {
        async hear([left, right]) {
          heard[0].push(...left)
          heard[1].push(...right)
        },
        facts: async () => ({ fact: Float32Array.of(fact([Float32Array.from(heard[0]), Float32Array.from(heard[1])])) }),
      }
    },
    async predict(window, { facts }: { readonly facts?: SongFacts } = {}) {
      if (!facts) throw new Error('the facts of the song did not come')
      return Object.fromEntries(separator.stems.map((stem) => [stem, gain(facts.fact![0]!)(window)]))
    },
  }
}

export function copyOf([left, right]: StereoWindow): StereoWindow {
  return [left.slice(), right.slice()]
}

/** The largest difference of any sample. */
export function difference(a: StereoWindow, b: StereoWindow): number {
  return Math.max(...a.flatMap((samples, c) => Array.from(samples, (x, i) => Math.abs(x - b[c as 0 | 1][i]!))))
}

/** How long the stems of a song are, and whether vocals and instrumental sum to it within half a step of float32 values below 1. */
export async function sumsTo(
  song: readonly Float32Array[],
  separator: Separator,
): Promise<{ readonly length: number; readonly exact: boolean }> {
  let [length, exact] = [0, true]
  for await (const { mixture, stems } of separate(sourceOf(song), { separator })) {
    const { vocals, instrumental } = stems
    for (const [c, x] of mixture.entries())
      for (let i = 0; i < x.length; i++) exact &&= Math.abs(x[i]! - vocals![c]![i]! - instrumental![c]![i]!) < 2 ** -24
    length += mixture[0]!.length
  }
  return { length, exact }
}
