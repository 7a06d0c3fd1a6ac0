/**
 * Ideal masks: what a network that only weights the mixture's time-frequency bins could reach if it knew the answer. References for scores,
 * never methods. The ratio mask |S_j|^p / Σ|S_k|^p is with p = 2 the "IRM2" of the SiSEC 2018 campaign (Stöter et al.) and a Wiener filter that
 * knows the spectra; the binary mask (Wang 2005, "IBM") gives each bin to its loudest source.
 */
import FFT from 'fft.js'
import type { Signal } from './metrics.ts'

export type IdealMask = 'ratio' | 'binary'

export interface OracleOptions {
  /** Samples per frame, a power of two. */
  readonly size?: number
  /** Samples from frame to frame. */
  readonly hop?: number
  /** Exponent of the magnitudes in |V|^p / (|V|^p + |A|^p). */
  readonly power?: number
}

/** Estimates by an ideal mask, block by block, later than the blocks that go in. */
export interface OracleStream {
  /** Takes the next samples of all true sources and their mixture; gives the next samples of each source's estimate, as many as are complete. */
  push(references: readonly Signal[], mixture: Signal): Float32Array[][]
  /** The rest, so that all outputs together are as long as what was pushed. */
  flush(): Float32Array[][]
}

/** One channel of all sources. */
interface Channel {
  /** The newest `size` samples of the sources, then of the mixture. */
  readonly inputs: Float64Array[]
  /** Overlap-add of the estimates of all sources but the last: that one is what the others leave of the mixture. */
  readonly sums: Float64Array[]
}

/**
 * Ideal masks with a periodic Hann window before and after. The estimates sum to the mixture.
 *
 * @throws RangeError where size is no power of two ≥ 4 or hop does not divide it at least in two
 */
export function createOracle(sources: number, channels: number, mask: IdealMask, options: OracleOptions = {}): OracleStream {
  const { size = 2048, hop = 512, power = 2 } = options
  if (size < 4 || !Number.isInteger(Math.log2(size))) throw new RangeError(`createOracle: size ${size}; allowed are powers of two from 4`)
  if (!(hop >= 1 && hop <= size / 2) || size % hop !== 0)
    throw new RangeError(`createOracle: hop ${hop}; allowed are divisors of ${size} up to ${size / 2}`)
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  // Every sample lies under size / hop windows, so that the weights repeat with the hop.
  const weight = new Float64Array(hop)
  for (let i = 0; i < size; i++) weight[i % hop]! += window[i]! * window[i]!
  const filter = createBinFilter(sources, size, window, mask, power)
  const rows = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(size))
  const state: Channel[] = Array.from({ length: channels }, () => ({ inputs: rows(sources + 1), sums: rows(sources - 1) }))
  let filled = 0 // samples of the hop that is being collected
  let received = 0
  let emitted = -size + hop // position of the first sample of `sums`, once the frame that ends with this hop is added

  /** Adds the frame of the newest samples and gives the hop that no later frame reaches. */
  const nextHop = (): Float32Array[][] => {
    const out: Float32Array[][] = Array.from({ length: sources }, () => [])
    for (const { inputs, sums } of state) {
      filter(inputs, sums)
      const mixture = inputs[sources]!
      const last = mixture.slice(0, hop)
      for (const [j, sum] of sums.entries()) {
        const estimate = Float32Array.from({ length: hop }, (_, i) => sum[i]! / weight[i]!)
        for (let i = 0; i < hop; i++) last[i]! -= estimate[i]!
        out[j]!.push(estimate)
      }
      out[sources - 1]!.push(Float32Array.from(last))
      for (const row of [...inputs, ...sums]) {
        row.copyWithin(0, hop)
        row.fill(0, size - hop)
      }
    }
    filled = 0
    // What lies before the start and after the end of the signal are the zeros around it.
    const [from, to] = [Math.max(0, -emitted), Math.min(hop, received - emitted)]
    emitted += hop
    return out.map((source) => source.map((x) => x.slice(from, Math.max(from, to))))
  }

  const collect = (parts: readonly Float32Array[][][]): Float32Array[][] =>
    Array.from({ length: sources }, (_, j) => Array.from({ length: channels }, (_, c) => joined(parts.map((part) => part[j]![c]!))))

  return {
    push(references, mixture) {
      const length = mixture[0]!.length
      const parts: Float32Array[][][] = []
      for (let from = 0; from < length; ) {
        const count = Math.min(hop - filled, length - from)
        for (const [c, { inputs }] of state.entries())
          for (const [j, input] of inputs.entries())
            input.set((references[j] ?? mixture)[c]!.subarray(from, from + count), size - hop + filled)
        filled += count
        received += count
        from += count
        if (filled === hop) parts.push(nextHop())
      }
      return collect(parts)
    },
    flush() {
      const parts: Float32Array[][][] = []
      while (emitted < received) parts.push(nextHop())
      return collect(parts)
    },
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Adds the masked, windowed frames of the mixture to the sums of all sources but the last. */
function createBinFilter(
  sources: number,
  size: number,
  window: Float64Array,
  mask: IdealMask,
  power: number,
): (inputs: readonly Float64Array[], sums: readonly Float64Array[]) => void {
  const fft = new FFT(size)
  const time = new Float64Array(size)
  const spectra = Array.from({ length: sources + 1 }, () => new Float64Array(2 * size))
  const masked = new Float64Array(2 * size)
  const back = new Float64Array(2 * size)
  const half = size / 2 + 1
  const levels = Array.from({ length: sources }, () => new Float64Array(half))
  const masks = Array.from({ length: sources }, () => new Float64Array(half))
  return (inputs, sums) => {
    for (const [j, input] of inputs.entries()) {
      multiply(time, window, input)
      fft.realTransform(spectra[j]!, time)
    }
    for (const [j, level] of levels.entries()) fillLevels(level, spectra[j]!, power)
    fillMasks(levels, masks, mask)
    for (const [j, sum] of sums.entries()) {
      applyMask(masked, masks[j]!, spectra[sources]!)
      fft.completeSpectrum(masked)
      fft.inverseTransform(back, masked)
      addWindowed(sum, window, back)
    }
  }
}

// The loops over samples and bins are functions of their own: variables of a closure would be fetched anew at every step.

function multiply(product: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < product.length; i++) product[i] = a[i]! * b[i]!
}

/** |S|^p from half a spectrum. */
function fillLevels(levels: Float64Array, spectrum: Float64Array, power: number): void {
  for (let k = 0; k < levels.length; k++) levels[k] = spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2
  // A power function per bin would be most of the work.
  if (power !== 2) for (let k = 0; k < levels.length; k++) levels[k] = levels[k]! ** (power / 2)
}

function applyMask(masked: Float64Array, mask: Float64Array, spectrum: Float64Array): void {
  for (let k = 0; k < mask.length; k++) {
    masked[2 * k] = mask[k]! * spectrum[2 * k]!
    masked[2 * k + 1] = mask[k]! * spectrum[2 * k + 1]!
  }
}

/** Adds the windowed real parts of complex numbers. */
function addWindowed(sum: Float64Array, window: Float64Array, numbers: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += window[i]! * numbers[2 * i]!
}

/** In bins where all sources are silent all masks are 0; the first of equally loud ones gets a binary mask's bin. */
function fillMasks(levels: readonly Float64Array[], masks: readonly Float64Array[], kind: IdealMask): void {
  const bins = levels[0]!.length
  for (let k = 0; k < bins; k++) {
    let [sum, loudest] = [0, 0]
    for (let j = 0; j < levels.length; j++) {
      const level = levels[j]![k]!
      sum += level
      if (level > levels[loudest]![k]!) loudest = j
    }
    for (let j = 0; j < masks.length; j++) {
      if (kind === 'ratio') masks[j]![k] = sum === 0 ? 0 : levels[j]![k]! / sum
      else masks[j]![k] = sum !== 0 && j === loudest ? 1 : 0
    }
  }
}

/**
 * Vocals and accompaniment by the ideal ratio mask of the true stems, per channel, with a periodic Hann window.
 *
 * @param vocals the true vocals; with `accompaniment` they make the mixture (their sum).
 * @returns estimates that sum to the mixture.
 */
export function oracleRatioMask(
  vocals: Signal,
  accompaniment: Signal,
  options: OracleOptions = {},
): { vocals: Float32Array[]; accompaniment: Float32Array[] } {
  const [v, a] = oracleMasks([vocals, accompaniment], 'ratio', options)
  return { vocals: v!, accompaniment: a! }
}

/**
 * Estimates of all sources by an ideal mask, per channel.
 *
 * @param references the true sources, of one shape; the mixture is their sum
 * @returns estimates that sum to the mixture, in single precision
 */
export function oracleMasks(references: readonly Signal[], mask: IdealMask, options: OracleOptions = {}): Float32Array[][] {
  const channels = references[0]!.length
  const mixture = references[0]!.map((_, c) =>
    references[0]![c]!.map((_, i) => references.reduce((sum, source) => sum + source[c]![i]!, 0)),
  )
  const oracle = createOracle(references.length, channels, mask, options)
  const parts = [oracle.push(references, mixture), oracle.flush()]
  return references.map((_, j) => Array.from({ length: channels }, (_, c) => joined(parts.map((part) => part[j]![c]!))))
}
