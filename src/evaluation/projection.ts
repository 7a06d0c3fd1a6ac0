/**
 * Applies the filters of BSS Eval segment by segment (overlap-add in the frequency domain) and measures what comes out, for the whole signal
 * and for all frames in one pass: a frame is the signal cut out, so that frames differ only in the tails of the filters at their ends.
 */
import FFT from 'fft.js'
import { addEnergies, type Energies, measure, noEnergies } from './energies.ts'
import type { Frames } from './framing.ts'
import { transformSize } from './lag-correlator.ts'
import type { Segment } from './material.ts'

/** An estimate and the true source that it is measured against. */
export interface Pair {
  readonly reference: number
  readonly estimate: number
}

export interface Filters {
  readonly lags: number
  readonly channels: number
  readonly references: number
  /** For each estimate and channel filters of all references' channels, one after the other: [estimate·channels + c][(i·channels + d)·L + lag]. */
  readonly all: readonly Float64Array[]
  /** For each pair and channel filters of its own reference's channels: [pair·channels + c][d·L + lag]. */
  readonly own: readonly Float64Array[]
}

export interface Measured {
  /** One per pair. */
  readonly whole: readonly Energies[]
  /** One per frame and pair. */
  readonly frames: readonly (readonly Energies[])[]
}

export interface Projection {
  /** Segments may be this long, and must end where a frame begins or ends. */
  readonly longest: number
  cutAfter(start: number): number
  push(segment: Segment): void
  finish(): Measured
}

/** A stretch being measured: what the filters still owe from before, per output, and the energies so far. */
interface Open {
  readonly tails: Float64Array[]
  readonly energies: Energies[]
}

/** A filtered signal, as the sum of references' channels (rows of the segment) times spectra. */
interface Output {
  readonly inputs: readonly number[]
  readonly spectra: readonly Float64Array[]
}

export function createProjection(filters: Filters, pairs: readonly Pair[], frames: Frames): Projection {
  const { lags, channels } = filters
  const size = transformSize(lags)
  const longest = size - lags + 1
  const tail = lags - 1
  const fft = new FFT(size)
  const outputs = planOutputs(filters, pairs, fft, size)
  const inputs = Array.from({ length: filters.references * channels }, () => new Float64Array(2 * size))
  const filtered = outputs.map(() => new Float64Array(size))
  const padded = new Float64Array(size)
  const time = new Float64Array(2 * size)
  const packed = new Float64Array(2 * size)
  const edge = {
    reference: new Float64Array(tail),
    estimate: new Float64Array(tail),
    own: new Float64Array(tail),
    all: new Float64Array(tail),
  }

  const opened = (): Open => ({ tails: outputs.map(() => new Float64Array(tail)), energies: pairs.map(noEnergies) })
  const whole = opened()
  const open = new Map<number, Open>()
  const done: (readonly Energies[])[] = []
  const startOf = (frame: number): number => frame * frames.hop
  const endOf = (frame: number): number => frame * frames.hop + frames.window
  let position = 0
  let next = 0

  const filter = (segment: Segment): void => {
    for (const [i, samples] of segment.references.entries()) {
      padded.set(samples)
      padded.fill(0, samples.length)
      fft.realTransform(inputs[i]!, padded)
    }
    for (let at = 0; at < outputs.length; at += 2) {
      packed.fill(0)
      for (const part of [0, 1]) {
        const output = outputs[at + part]
        for (const [n, input] of (output?.inputs ?? []).entries()) addProduct(packed, inputs[input]!, output!.spectra[n]!, part === 1)
      }
      fft.inverseTransform(time, packed)
      for (const part of [0, 1]) {
        const target = filtered[at + part]
        if (target) takePart(target, time, part)
      }
    }
  }

  /** What the stretch heard in the first samples of the segment, where filters from before the segment still sound, if the stretch began before it. */
  const measureEdge = (stretch: Open, segment: Segment | undefined, length: number): void => {
    for (const [k, pair] of pairs.entries()) {
      for (let c = 0; c < channels; c++) {
        const [all, own] = [pair.estimate * channels + c, filters.all.length + k * channels + c]
        const fill = (target: Float64Array, output: number): void => {
          for (let t = 0; t < length; t++) target[t] = stretch.tails[output]![t]! + (segment ? filtered[output]![t]! : 0)
        }
        fill(edge.all, all)
        fill(edge.own, own)
        const silent = segment === undefined
        if (silent) {
          edge.reference.fill(0)
          edge.estimate.fill(0)
        }
        const reference = silent ? edge.reference : segment.references[pair.reference * channels + c]!
        const estimate = silent ? edge.estimate : segment.estimates[pair.estimate * channels + c]!
        measure(stretch.energies[k]!, reference, estimate, edge.own, edge.all, 0, length)
      }
    }
  }

  /** The part of the segment in which only the segment itself sounds: the same for all stretches. */
  const measureInner = (segment: Segment): Energies[] =>
    pairs.map((pair, k) => {
      const energies = noEnergies()
      for (let c = 0; c < channels; c++) {
        const own = filtered[filters.all.length + k * channels + c]!
        const all = filtered[pair.estimate * channels + c]!
        const reference = segment.references[pair.reference * channels + c]!
        const estimate = segment.estimates[pair.estimate * channels + c]!
        measure(energies, reference, estimate, own, all, tail, segment.length)
      }
      return energies
    })

  const keepTails = (stretch: Open, length: number): void => {
    for (const [o, kept] of stretch.tails.entries()) {
      const made = filtered[o]!
      for (let t = 0; t < tail; t++) kept[t] = made[length + t]! + (length + t < tail ? kept[length + t]! : 0)
    }
  }

  return {
    longest,
    cutAfter(start) {
      if (frames.whole) return Infinity
      const places = [...open.keys()].map(endOf)
      // The next frame may start just here: then its end counts, and the start after it.
      for (const frame of [next, next + 1]) if (frame < frames.count) places.push(startOf(frame), endOf(frame))
      return Math.min(...places.filter((place) => place > start))
    },
    push(segment) {
      position = segment.start
      if (!frames.whole && next < frames.count && startOf(next) === position) open.set(next++, opened())
      filter(segment)
      const edgeLength = Math.min(tail, segment.length)
      const inner = segment.length > tail ? measureInner(segment) : undefined
      for (const stretch of [whole, ...open.values()]) {
        measureEdge(stretch, segment, edgeLength)
        if (inner) for (const [k, energies] of inner.entries()) addEnergies(stretch.energies[k]!, energies)
        keepTails(stretch, segment.length)
      }
      position += segment.length
      for (const [frame, stretch] of open) {
        if (endOf(frame) !== position) continue
        measureEdge(stretch, undefined, tail)
        done[frame] = stretch.energies
        open.delete(frame)
      }
    },
    finish() {
      measureEdge(whole, undefined, tail)
      return { whole: whole.energies, frames: frames.whole ? [whole.energies] : done }
    },
  }
}

/** The real (0) or imaginary (1) parts of complex numbers. */
function takePart(target: Float64Array, numbers: Float64Array, part: number): void {
  for (let t = 0; t < target.length; t++) target[t] = numbers[2 * t + part]!
}

/** First the outputs of `all`, then those of `own`. */
function planOutputs(filters: Filters, pairs: readonly Pair[], fft: FFT, size: number): Output[] {
  const { lags, channels } = filters
  const spectraOf = (row: Float64Array): Float64Array[] =>
    Array.from({ length: row.length / lags }, (_, i) => {
      const taps = new Float64Array(size)
      taps.set(row.subarray(i * lags, (i + 1) * lags))
      const spectrum = new Float64Array(2 * size)
      fft.realTransform(spectrum, taps)
      return spectrum.slice(0, size + 2)
    })
  const rows = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i)
  return [
    ...filters.all.map((row) => ({ inputs: rows(0, filters.references * channels), spectra: spectraOf(row) })),
    ...filters.own.map((row, at) => ({
      inputs: rows(pairs[Math.floor(at / channels)]!.reference * channels, channels),
      spectra: spectraOf(row),
    })),
  ]
}

/**
 * Adds the product of two half spectra to a whole one: as the real part of a pair of real signals, or (times i) as the imaginary part, with
 * what that means for the upper half.
 */
function addProduct(sum: Float64Array, a: Float64Array, b: Float64Array, imaginary: boolean): void {
  const size = sum.length / 2
  for (let k = 0; k <= size; k += 2) {
    const re = a[k]! * b[k]! - a[k + 1]! * b[k + 1]!
    const im = a[k]! * b[k + 1]! + a[k + 1]! * b[k]!
    const mirror = 2 * size - k
    if (imaginary) {
      sum[k]! -= im
      sum[k + 1]! += re
      if (k > 0 && k < size) {
        sum[mirror]! += im
        sum[mirror + 1]! += re
      }
    } else {
      sum[k]! += re
      sum[k + 1]! += im
      if (k > 0 && k < size) {
        sum[mirror]! += re
        sum[mirror + 1]! -= im
      }
    }
  }
}
