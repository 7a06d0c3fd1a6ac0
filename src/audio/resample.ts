/**
 * Change of sample rate by band-limited interpolation: y(t) = Σ x[k] h(t − k) with a Kaiser-windowed sinc h.
 *
 * Smith, "Digital Audio Resampling" (https://ccrma.stanford.edu/~jos/resample/); window after Kaiser (1974).
 */

import type { AudioBlock, Samples } from './types.ts'

/** Half length of the filter in zero crossings of its sinc. */
const ZERO_CROSSINGS = 80
/** Stop-band attenuation that the window is made for (dB). */
const ATTENUATION = 120
/** Filter phases are tabulated exactly up to this many, and interpolated linearly between tabulated ones beyond. */
const MOST_EXACT_PHASES = 2048
/** Phases per zero crossing of an interpolated table: an error of 0.41 / 4096² = −152 dB of the largest coefficient. */
const INTERPOLATED_PHASES = 4096

/** A change of rate for one stream. Blocks in, blocks out; the n-th output sample lies at n / to seconds, without delay. */
export interface Resampler {
  /** Takes the next block and gives what can be known by now; the cut into blocks does not change a bit of the result. */
  process(block: AudioBlock): AudioBlock
  /** Ends the stream and gives the rest, so that all outputs together have ceil(total_in · to / from) frames. */
  flush(): AudioBlock
}

export interface ResamplerOptions {
  /** Rate of the input (Hz, a positive integer). */
  readonly from: number
  /** Rate of the output (Hz, a positive integer). */
  readonly to: number
  readonly channels: number
}

interface FilterTable {
  /** Coefficients by row: one row per phase, and a last one for phase 1. */
  readonly rows: Float64Array
  readonly taps: number
  readonly phases: number
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Modified Bessel function of the first kind and order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

/**
 * The filter of every phase p / phases, 0 ≤ p ≤ phases: coefficient j weighs the input sample j − taps / 2 + 1 after the one at or before the output's time.
 *
 * @param bandwidth - lower of the two Nyquist frequencies, relative to the input's
 */
function filterTable(bandwidth: number, phases: number): FilterTable {
  const reach = ZERO_CROSSINGS / bandwidth
  const half = Math.ceil(reach)
  const taps = 2 * half
  const beta = 0.1102 * (ATTENUATION - 8.7)
  // Kaiser's formula for the width of the transition band; the stop band begins at the Nyquist frequency.
  const transition = (ATTENUATION - 7.95) / (2.285 * Math.PI * 2 * ZERO_CROSSINGS)
  const cutoff = bandwidth * (1 - transition / 2)
  const rows = new Float64Array((phases + 1) * taps)
  const edge = besselI0(beta)
  for (let phase = 0; phase <= phases; phase++) {
    const row = rows.subarray(phase * taps, (phase + 1) * taps)
    let sum = 0
    for (let j = 0; j < taps; j++) {
      const t = phase / phases - (j - half + 1)
      const inside = 1 - (t / reach) ** 2
      const x = Math.PI * cutoff * t
      row[j] = inside > 0 ? (x === 0 ? 1 : Math.sin(x) / x) * (besselI0(beta * Math.sqrt(inside)) / edge) : 0
      sum += row[j]!
    }
    // Every phase passes a constant unchanged.
    for (let j = 0; j < taps; j++) row[j] = row[j]! / sum
  }
  return { rows, taps, phases }
}

function checkRate(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new RangeError(`createResampler: ${name} is a rate in Hz, a positive integer; got ${value}`)
}

/**
 * Makes a resampler for one stream. Flat within 0.01 dB up to 90 % of the lower Nyquist frequency, −120 dB from there up.
 *
 * @throws RangeError for rates that are not positive integers, and blocks of another channel count
 * @example
 * const resampler = createResampler({ from: 48000, to: 44100, channels: 2 })
 * for await (const block of stream.blocks) use(resampler.process(block))
 * use(resampler.flush())
 */
export function createResampler(options: ResamplerOptions): Resampler {
  const { from, to, channels } = options
  checkRate('from', from)
  checkRate('to', to)
  if (!Number.isSafeInteger(channels) || channels <= 0)
    throw new RangeError(`createResampler: channels is a positive integer, got ${channels}`)
  const check = (block: AudioBlock): number => {
    const frames = block[0]?.length ?? 0
    if (block.length !== channels) throw new RangeError(`resampler: made for ${channels} channels, got a block of ${block.length}`)
    if (block.some((samples) => samples.length !== frames))
      throw new RangeError('resampler: the channels of a block have different lengths')
    return frames
  }
  if (from === to) {
    return {
      process(block) {
        check(block)
        return block.map((samples) => samples.slice())
      },
      flush: () => Array.from({ length: channels }, () => new Float32Array(0)),
    }
  }

  const divisor = greatestCommonDivisor(from, to)
  const up = to / divisor
  const down = from / divisor
  const bandwidth = Math.min(1, to / from)
  const exact = up <= MOST_EXACT_PHASES
  const table = filterTable(bandwidth, exact ? up : Math.ceil(INTERPOLATED_PHASES * bandwidth))
  const { taps } = table
  const half = taps / 2

  // history[0] is the input sample (consumed − half + 1); those before the stream are zeros.
  let histories = Array.from({ length: channels }, () => new Float64Array(4 * taps))
  let held = half - 1
  let total = 0
  let emitted = 0
  /** Time of the next output: `offset` whole samples after the one at history[half − 1], plus phase / up. */
  let offset = 0
  let phase = 0
  let wide = false

  const append = (frames: number, fill: (history: Float64Array, channel: number) => void): void => {
    if (held + frames > histories[0]!.length) {
      const capacity = Math.max(held + frames, 2 * histories[0]!.length)
      histories = histories.map((old) => {
        const grown = new Float64Array(capacity)
        grown.set(old.subarray(0, held))
        return grown
      })
    }
    histories.forEach(fill)
    held += frames
  }

  const produce = (limit: number): AudioBlock => {
    // An output needs history up to offset + taps − 1.
    const reachable = held - taps - offset
    const ready = reachable < 0 ? 0 : Math.floor((reachable * up + up - 1 - phase) / down) + 1
    const count = Math.max(0, Math.min(ready, limit))
    const block = Array.from({ length: channels }, () => (wide ? new Float64Array(count) : new Float32Array(count)))
    histories.forEach((history, channel) => {
      if (exact) interpolateExact(block[channel]!, history, table, offset, phase, up, down)
      else interpolateBetween(block[channel]!, history, table, offset, phase, up, down)
    })
    emitted += count
    const ticks = phase + count * down
    offset += Math.floor(ticks / up)
    phase = ticks % up
    const drop = Math.min(offset, held)
    for (const history of histories) history.copyWithin(0, drop, held)
    held -= drop
    offset -= drop
    return block
  }

  return {
    process(block) {
      const frames = check(block)
      wide = block.some((samples) => samples instanceof Float64Array)
      append(frames, (history, channel) => history.set(block[channel]!, held))
      total += frames
      return produce(Number.POSITIVE_INFINITY)
    },
    flush() {
      append(taps + down, (history) => history.fill(0, held, held + taps + down))
      const rest = Math.ceil((total * up) / down) - emitted
      const block = produce(rest)
      return block
    },
  }
}

function interpolateExact(
  out: Samples,
  history: Float64Array,
  table: FilterTable,
  offset: number,
  phase: number,
  up: number,
  down: number,
): void {
  const { rows, taps } = table
  let start = offset
  let tick = phase
  for (let n = 0; n < out.length; n++) {
    out[n] = dot(rows, tick * taps, history, start, taps)
    tick += down
    start += Math.floor(tick / up)
    tick %= up
  }
}

function interpolateBetween(
  out: Samples,
  history: Float64Array,
  table: FilterTable,
  offset: number,
  phase: number,
  up: number,
  down: number,
): void {
  const { rows, taps, phases } = table
  let start = offset
  let tick = phase
  for (let n = 0; n < out.length; n++) {
    const exact = (tick / up) * phases
    const row = Math.floor(exact)
    const share = exact - row
    out[n] = (1 - share) * dot(rows, row * taps, history, start, taps) + share * dot(rows, (row + 1) * taps, history, start, taps)
    tick += down
    start += Math.floor(tick / up)
    tick %= up
  }
}

/** Four sums hide the latency of the additions; `taps` is even. */
function dot(rows: Float64Array, row: number, history: Float64Array, start: number, taps: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let j = 0
  for (; j + 3 < taps; j += 4) {
    a += rows[row + j]! * history[start + j]!
    b += rows[row + j + 1]! * history[start + j + 1]!
    c += rows[row + j + 2]! * history[start + j + 2]!
    d += rows[row + j + 3]! * history[start + j + 3]!
  }
  for (; j < taps; j++) a += rows[row + j]! * history[start + j]!
  return a + b + (c + d)
}

/** A whole block at another rate: ceil(frames · to / from) frames. See `createResampler`. */
export function resample(block: AudioBlock, from: number, to: number): AudioBlock {
  if (block.length === 0) return []
  const resampler = createResampler({ from, to, channels: block.length })
  const parts = [resampler.process(block), resampler.flush()]
  return block.map((samples, channel) => {
    const pieces = parts.map((part) => part[channel]!)
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const joined = samples instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
    let at = 0
    for (const piece of pieces) {
      joined.set(piece, at)
      at += piece.length
    }
    return joined
  })
}
