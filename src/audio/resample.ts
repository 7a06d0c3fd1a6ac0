/**
 * Change of sample rate by band-limited interpolation: y(t) = Σ x[k] h(t − k), with the filter h tabulated by the phase of t.
 *
 * Smith, "Digital Audio Resampling" (https://ccrma.stanford.edu/~jos/resample/).
 */

import type { FilterTable } from './resample-filter.ts'
import { filterTable, filterTaps } from './resample-filter.ts'
import type { AudioBlock, Samples } from './types.ts'

/** Filter phases are tabulated exactly up to this many and this many coefficients, and interpolated linearly between tabulated ones beyond. */
const MOST_EXACT_PHASES = 2048
const MOST_COEFFICIENTS = 2 ** 22
/** The filter grows with the ratio; rates that are further apart than this come from damaged headers. */
const LARGEST_RATIO = 50_000
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

/** Where the next output lies: `start` is the first history sample under its filter, and it is tick / up of a sample later than that phase 0. */
interface Position {
  readonly start: number
  readonly tick: number
}

/** The reduced ratio: `up` outputs for `down` inputs. */
interface Ratio {
  readonly up: number
  readonly down: number
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function checkRate(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new RangeError(`createResampler: ${name} is a rate in Hz, a positive integer; got ${value}`)
}

/**
 * Makes a resampler for one stream. Flat within 0.01 dB up to 90 % of the lower Nyquist frequency, −120 dB from there up.
 *
 * @throws RangeError for rates that are not positive integers or more than 50 000 times apart, and blocks of another channel count
 * @example
 * const resampler = createResampler({ from: 48000, to: 44100, channels: 1 })
 * const parts = [resampler.process([new Float32Array(4800)]), resampler.flush()]
 * parts.reduce((total, [channel]) => total + (channel?.length ?? 0), 0) // 4410
 */
export function createResampler(options: ResamplerOptions): Resampler {
  const { from, to, channels } = options
  checkRate('from', from)
  checkRate('to', to)
  if (!Number.isSafeInteger(channels) || channels <= 0)
    throw new RangeError(`createResampler: channels is a positive integer, got ${channels}`)
  if (Math.max(from / to, to / from) > LARGEST_RATIO)
    throw new RangeError(`createResampler: rates at most ${LARGEST_RATIO} times apart can be converted, got ${from} and ${to} Hz`)
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
  const ratio: Ratio = { up: to / divisor, down: from / divisor }
  const { up, down } = ratio
  const bandwidth = Math.min(1, to / from)
  const exact = up <= MOST_EXACT_PHASES && up * filterTaps(bandwidth) <= MOST_COEFFICIENTS
  const table = filterTable(bandwidth, exact ? up : Math.ceil(INTERPOLATED_PHASES * bandwidth))
  const { taps } = table

  // The stream begins with the zeros that the first output's filter reaches back to.
  let histories = Array.from({ length: channels }, () => new Float64Array(4 * taps))
  let held = taps / 2 - 1
  let position: Position = { start: 0, tick: 0 }
  let total = 0
  let emitted = 0
  let wide = false
  let ended = false

  const append = (frames: number, fill: (history: Float64Array, channel: number) => void): void => {
    const capacity = histories[0]!.length
    if (held + frames > capacity) {
      histories = histories.map((old) => {
        const grown = new Float64Array(Math.max(held + frames, 2 * capacity))
        grown.set(old.subarray(0, held))
        return grown
      })
    }
    histories.forEach(fill)
    held += frames
  }

  /** All outputs whose filters lie within the history, at most `limit`. */
  const produce = (limit: number): AudioBlock => {
    const beyond = held - taps - position.start
    const ready = beyond < 0 ? 0 : Math.floor((beyond * up + up - 1 - position.tick) / down) + 1
    const count = Math.max(0, Math.min(ready, limit))
    const block: Samples[] = Array.from({ length: channels }, () => (wide ? new Float64Array(count) : new Float32Array(count)))
    for (let channel = 0; channel < channels; channel += 2) {
      const paired = channel + 1 < channels
      if (paired) convolvePair(block[channel]!, block[channel + 1]!, histories[channel]!, histories[channel + 1]!, table, position, ratio)
      else convolve(block[channel]!, histories[channel]!, table, position, ratio)
    }
    emitted += count
    const ticks = position.tick + count * down
    const start = position.start + Math.floor(ticks / up)
    const drop = Math.min(start, held)
    for (const history of histories) history.copyWithin(0, drop, held)
    held -= drop
    position = { start: start - drop, tick: ticks % up }
    return block
  }

  return {
    process(block) {
      const frames = check(block)
      if (ended) throw new Error('resampler: flushed already; make another for another stream')
      wide = block.some((samples) => samples instanceof Float64Array)
      append(frames, (history, channel) => history.set(block[channel]!, held))
      total += frames
      return produce(Number.POSITIVE_INFINITY)
    },
    flush() {
      const rest = ended ? 0 : Math.ceil((total * up) / down) - emitted
      ended = true
      append(taps + down, (history) => history.fill(0, held, held + taps + down))
      return produce(rest)
    },
  }
}

/** Coefficients between two phases of the table, into `row`. */
function blendRows(row: Float64Array, table: FilterTable, phase: number): void {
  const { rows, taps } = table
  const lower = Math.floor(phase)
  const share = phase - lower
  const at = lower * taps
  for (let j = 0; j < taps; j++) row[j] = rows[at + j]! + share * (rows[at + taps + j]! - rows[at + j]!)
}

interface FilterCursor {
  /** Coefficients row … row + taps − 1 weigh the history's samples from `start` on. */
  readonly rows: Float64Array
  row: number
  start: number
  /** Moves on to the next output. */
  advance(): void
}

/** The filters of one output after the other, from a position on. */
function walkFilters(table: FilterTable, { start, tick }: Position, { up, down }: Ratio): FilterCursor {
  const { taps, phases } = table
  const exact = phases === up
  const rows = exact ? table.rows : new Float64Array(taps)
  const wholeStep = Math.floor(down / up)
  const partStep = down % up
  const cursor: FilterCursor = {
    rows,
    row: exact ? tick * taps : 0,
    start,
    advance() {
      cursor.start += wholeStep
      tick += partStep
      if (tick >= up) {
        tick -= up
        cursor.start++
      }
      if (exact) cursor.row = tick * taps
      else blendRows(rows, table, (tick / up) * phases)
    },
  }
  if (!exact) blendRows(rows, table, (tick / up) * phases)
  return cursor
}

function convolve(out: Samples, history: Float64Array, table: FilterTable, position: Position, ratio: Ratio): void {
  const { taps } = table
  const cursor = walkFilters(table, position, ratio)
  for (let n = 0; n < out.length; n++, cursor.advance()) {
    const { rows, row, start } = cursor
    // Four sums hide the latency of the additions.
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let j = 0; j < taps; j += 4) {
      const r = row + j
      const k = start + j
      a += rows[r]! * history[k]!
      b += rows[r + 1]! * history[k + 1]!
      c += rows[r + 2]! * history[k + 2]!
      d += rows[r + 3]! * history[k + 3]!
    }
    out[n] = a + b + (c + d)
  }
}

/** `convolve` for two channels at once, which saves half of the loads: 1.5 times as fast, and the same bits. */
function convolvePair(
  outLeft: Samples,
  outRight: Samples,
  left: Float64Array,
  right: Float64Array,
  table: FilterTable,
  position: Position,
  ratio: Ratio,
): void {
  const { taps } = table
  const cursor = walkFilters(table, position, ratio)
  for (let n = 0; n < outLeft.length; n++, cursor.advance()) {
    const { rows, row, start } = cursor
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    let e = 0
    let f = 0
    let g = 0
    let h = 0
    for (let j = 0; j < taps; j += 4) {
      const k = start + j
      const w0 = rows[row + j]!
      const w1 = rows[row + j + 1]!
      const w2 = rows[row + j + 2]!
      const w3 = rows[row + j + 3]!
      a += w0 * left[k]!
      e += w0 * right[k]!
      b += w1 * left[k + 1]!
      f += w1 * right[k + 1]!
      c += w2 * left[k + 2]!
      g += w2 * right[k + 2]!
      d += w3 * left[k + 3]!
      h += w3 * right[k + 3]!
    }
    outLeft[n] = a + b + (c + d)
    outRight[n] = e + f + (g + h)
  }
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
