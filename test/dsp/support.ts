/** What tests of signal functions share. */
import { readFileSync } from 'node:fs'
import { constant, createRandom } from '../../src/tensor/index.ts'

/** The signal of test/goldens/dsp.py. */
export function goldenSignal(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(1 + 0.7 * i) + 0.5 * Math.cos(0.3 + 0.011 * i * i))
}

export const goldenTensor = (length: number) => constant(goldenSignal(length))

interface Bank {
  readonly sr: number
  readonly n_fft: number
  readonly bands: number
  readonly fmin: number
  readonly fmax: number
  readonly htk: boolean
  readonly norm: 'slaney' | 'none'
  readonly shape: readonly [number, number]
  readonly at: readonly number[]
  readonly values: readonly number[]
}

interface Parts {
  readonly re: readonly number[]
  readonly im: readonly number[]
}

interface Goldens {
  readonly windows: Readonly<Record<string, { readonly periodic: readonly number[]; readonly symmetric: readonly number[] }>>
  readonly reflect: Parts
  readonly uncentred: Parts
  readonly melBanks: readonly Bank[]
  readonly melSpectrogram: readonly number[]
  readonly logMel: readonly number[]
  readonly amplitudeToDb: readonly number[]
  readonly mfcc: readonly number[]
  readonly mfccLiftered: readonly number[]
}

/** What test/goldens/dsp.py wrote. */
export const goldens = JSON.parse(readFileSync('test/goldens/dsp.json', 'utf8')) as Goldens

/** Numbers drawn uniformly from ±1, as float32 holds them. */
export function noise(length: number, seed: number): Float64Array {
  const random = createRandom(seed)
  return Float64Array.from({ length }, () => Math.fround(random.uniform(-1, 1)))
}

/** Goldens have nine digits. */
export const nineDigits = 1e-8

/** The largest difference, of values above 1 as a part of them. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let most = 0
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!))
    most = difference <= most ? most : difference
  }
  return most
}
