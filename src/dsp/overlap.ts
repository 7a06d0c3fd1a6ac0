/**
 * Whether windows of a hop reconstruct: what overlapping copies of a window, or of its square, add up to. A short-time transform can be
 * inverted where Σ w²[n − mH] is nowhere 0 (nonzero overlap-add, NOLA); plain overlap-add without division gives the signal back where
 * Σ w[n − mH] is constant (constant overlap-add, COLA) (Allen & Rabiner 1977; Griffin & Lim 1984).
 */
import { createWindow, type Window } from './windows.ts'

export interface OverlapReport {
  /** The inverse transform exists: every sample lies under some window. */
  readonly nola: boolean
  /** Frames that were windowed once add up to a multiple of the signal. */
  readonly cola: boolean
  /** Frames that were windowed at analysis and again at synthesis do, as √Hann at half overlap does. */
  readonly colaOfSquares: boolean
  /** Least Σ w² over the samples of one hop, as a part of the greatest: the inverse divides by it, so rounding errors grow as it falls. */
  readonly evenness: number
  /** Says in words what holds and why. */
  readonly reason: string
}

/** Below this the inverse would divide by what is rounding: windows are at most 1. */
export const LEAST_COVERAGE = 1e-10

/** Σ w[n − mH]ᵖ for n = 0 … H − 1: it repeats after that. */
function overlapped(window: Float64Array, hopLength: number, power: 1 | 2): Float64Array {
  const total = new Float64Array(hopLength)
  for (const [n, value] of window.entries()) total[n % hopLength]! += value ** power
  return total
}

const least = (values: Float64Array) => values.reduce((a, b) => Math.min(a, b))
const greatest = (values: Float64Array) => values.reduce((a, b) => Math.max(a, b))

/** As far as values that were rounded to float32 once can tell. */
function isConstant(values: Float64Array): boolean {
  return greatest(values) - least(values) <= 1e-6 * greatest(values)
}

/**
 * Says whether a window and a hop reconstruct, and why (not).
 *
 * @param length of the window, needed where it is given by name
 * @throws RangeError for a hop that is no whole number ≥ 1, and for what createWindow refuses
 *
 * @example
 * overlapOf('hann', 2, 8).cola // true
 * overlapOf('hann', 8, 8).reason // 'sample 0 of every 8 lies under no window (Σ w² is 0): not invertible; use a hop of at most 4'
 */
export function overlapOf(window: Window, hopLength: number, length = window instanceof Float64Array ? window.length : 0): OverlapReport {
  if (!Number.isInteger(hopLength) || hopLength < 1) throw new RangeError(`hopLength: ${hopLength}; allowed are whole numbers ≥ 1`)
  const values = createWindow(window, length)
  const squares = overlapped(values, hopLength, 2)
  const lowest = least(squares)
  const nola = lowest >= LEAST_COVERAGE
  const cola = isConstant(overlapped(values, hopLength, 1))
  const colaOfSquares = isConstant(squares)
  const evenness = lowest / greatest(squares)
  const verdict = { nola, cola, colaOfSquares, evenness }
  if (!nola) {
    const sample = squares.indexOf(lowest)
    const sum = `sample ${sample} of every ${hopLength} lies under no window (Σ w² is ${Number(lowest.toPrecision(2))})`
    return { ...verdict, reason: `${sum}: not invertible; use ${wayOut(values, hopLength)}` }
  }
  const constant = [cola ? ['Σ w'] : [], colaOfSquares ? ['Σ w²'] : []].flat()
  const sums = constant.length > 0 ? `${constant.join(' and ')} constant` : 'neither Σ w nor Σ w² is constant'
  return { ...verdict, reason: `every sample lies under a window, ${sums}: invertible by division with Σ w²` }
}

/** The next smaller hop at which the window is invertible. */
function wayOut(window: Float64Array, hopLength: number): string {
  const half = Math.floor(window.length / 2)
  for (const hop of [half, Math.floor(half / 2), 1]) {
    if (hop >= 1 && hop < hopLength && least(overlapped(window, hop, 2)) >= LEAST_COVERAGE) return `a hop of at most ${hop}`
  }
  return 'another window: most of this one is 0'
}
