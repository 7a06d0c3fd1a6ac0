/**
 * Reads a stretch of samples at another speed: pitch, tempo and formants change by one factor. Windowed-sinc interpolation with
 * a table of phases (J. O. Smith, "Digital Audio Resampling", CCRMA): the nearest of 512 phases leaves errors near −60 dB, which
 * is enough for an augmentation and costs 16 multiplications per sample and channel.
 */

const PHASES = 512
const TAPS = 16
const KAISER_BETA = 7

/** Modified Bessel function of the first kind and order 0, by its power series. */
function bessel0(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const tables = new Map<number, Float32Array>()

/** (PHASES + 1, TAPS) coefficients of a low-pass at `cutoff` times the Nyquist frequency, each phase with sum 1. */
function sincTable(cutoff: number): Float32Array {
  const known = tables.get(cutoff)
  if (known) return known
  const table = new Float32Array((PHASES + 1) * TAPS)
  for (let p = 0; p <= PHASES; p++) {
    let sum = 0
    for (let k = 0; k < TAPS; k++) {
      const t = k - (TAPS / 2 - 1) - p / PHASES
      const u = t / (TAPS / 2)
      const window = Math.abs(u) >= 1 ? 0 : bessel0(KAISER_BETA * Math.sqrt(1 - u * u)) / bessel0(KAISER_BETA)
      const x = Math.PI * cutoff * t
      const value = window * (x === 0 ? 1 : Math.sin(x) / x)
      table[p * TAPS + k] = value
      sum += value
    }
    for (let k = 0; k < TAPS; k++) table[p * TAPS + k]! /= sum
  }
  tables.set(cutoff, table)
  return table
}

/** Source samples that `atSpeed` needs for `frames` samples out, the filter's margins at both ends included. */
export function framesNeeded(frames: number, speed: number): number {
  return Math.ceil(frames * speed) + TAPS
}

/**
 * `frames` samples of `source` read at `speed` (2 = an octave up, twice as fast).
 *
 * @param source at least `framesNeeded(frames, speed)` samples.
 */
export function atSpeed(source: Float32Array, frames: number, speed: number): Float32Array {
  if (!(speed > 0.25 && speed < 4)) throw new RangeError(`atSpeed: speed must lie between 1/4 and 4, got ${speed}`)
  if (source.length < framesNeeded(frames, speed))
    throw new RangeError(
      `atSpeed: ${frames} samples at speed ${speed} need ${framesNeeded(frames, speed)} source samples, got ${source.length}`,
    )
  // Faster reading moves content up: what would pass the Nyquist frequency is filtered out. In steps, so that tables are reused.
  const cutoff = Math.min(0.95, Math.floor(20 / speed) / 20)
  const table = sincTable(cutoff)
  const out = new Float32Array(frames)
  for (let i = 0; i < frames; i++) {
    const position = i * speed
    const whole = position | 0
    const row = (((position - whole) * PHASES + 0.5) | 0) * TAPS
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    // Four sums, because one would wait for each addition to finish.
    for (let k = 0; k < TAPS; k += 8) {
      const r = row + k
      const s = whole + k
      a += table[r]! * source[s]! + table[r + 4]! * source[s + 4]!
      b += table[r + 1]! * source[s + 1]! + table[r + 5]! * source[s + 5]!
      c += table[r + 2]! * source[s + 2]! + table[r + 6]! * source[s + 6]!
      d += table[r + 3]! * source[s + 3]! + table[r + 7]! * source[s + 7]!
    }
    out[i] = a + b + (c + d)
  }
  return out
}
