/** Spectrograms of golden cases: the files have (channels, bins, frames), we have (channels, frames, bins). */
import type { ComplexSpectrogram } from '../../../src/dsp/index.ts'
import { expectClose, type GoldenTensor, largest } from './support.ts'

/** (…, a, b) ↔ (…, b, a), of one plane after the other. */
function turnedPlanes(data: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const size = rows * columns
  return Float32Array.from({ length: data.length }, (_, i) => {
    const [plane, at] = [i - (i % size), i % size]
    return data[plane + (at % rows) * columns + Math.floor(at / rows)]!
  })
}

function extents({ shape }: GoldenTensor): readonly [number, number] {
  return shape.slice(-2) as [number, number]
}

/** Real values of a file, frames before bins. */
export function planesOf(tensor: GoldenTensor): Float32Array {
  return turnedPlanes(tensor.data, ...extents(tensor))
}

/** A complex spectrogram of a file. */
export function spectrogramOf(tensor: GoldenTensor): ComplexSpectrogram {
  const [channels, bins, frames] = tensor.shape as [number, number, number]
  const part = (offset: number) =>
    turnedPlanes(
      tensor.data.filter((_, i) => i % 2 === offset),
      bins,
      frames,
    )
  return { channels, frames, bins, re: part(0), im: part(1) }
}

/** What spectrograms and signals are compared with: 10⁻⁵ of the largest expected value and 10⁻⁶, as the cases say. */
export const tolerance = (expected: ArrayLike<number>): number => 1e-5 * largest(expected) + 1e-6

/** Compares values with frames before bins with those of a file. */
export function expectPlanes(what: string, actual: ArrayLike<number>, expected: GoldenTensor): void {
  const [bins, frames] = extents(expected)
  expectClose(what, turnedPlanes(actual, frames, bins), expected.data, tolerance(expected.data))
}

/** Compares a complex spectrogram with that of a file. */
export function expectSpectrogram(what: string, { re, im }: Pick<ComplexSpectrogram, 're' | 'im'>, expected: GoldenTensor): void {
  for (const [offset, part] of [re, im].entries()) {
    const data = expected.data.filter((_, i) => i % 2 === offset)
    const [bins, frames] = extents(expected)
    expectClose(`${what}, ${offset === 0 ? 'real' : 'imaginary'} part`, turnedPlanes(part, frames, bins), data, tolerance(expected.data))
  }
}
