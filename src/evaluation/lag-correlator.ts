/**
 * Correlations of long signals at few lags, Σ_t x(t − lag)·y(t) for 0 ≤ lag < L, by Fourier transforms of short segments: cross spectra are
 * summed over the segments and transformed back once (Welch's sum without its windows, so that nothing is lost at the seams).
 */
import FFT from 'fft.js'
import type { Correlations } from './block-toeplitz.ts'

export interface LagCorrelator {
  /** Segments may be this long. */
  readonly longest: number
  /** Takes the next samples: p arrays of those signals that are delayed and q arrays of others, all of one length. */
  push(delayed: readonly Float64Array[], others: readonly Float64Array[]): void
  /** Of what has been pushed: r_ij of the delayed signals with each other, and with the others at [(i·q + k)·L + lag]. */
  finish(): { readonly among: Correlations; readonly across: Float64Array }
}

/** Samples per transform: long against the lags, short enough for the processor's caches. */
export const transformSize = (lags: number): number => 2 ** Math.max(6, Math.ceil(Math.log2(8 * lags)))

export function createLagCorrelator(p: number, q: number, lags: number): LagCorrelator {
  const size = transformSize(lags)
  const longest = size - lags + 1
  const fft = new FFT(size)
  const time = new Float64Array(size)
  const spectra = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(2 * size))
  // Delayed signals lie in `past` with the L − 1 samples before the segment; `now` holds the segments alone, first p, then q.
  const past = spectra(p)
  const now = spectra(p + q)
  const sums = Array.from({ length: p * (p + q) }, () => new Float64Array(size + 2))
  const histories = Array.from({ length: p }, () => new Float64Array(lags - 1))

  const transform = (samples: Float64Array, before: Float64Array | undefined, spectrum: Float64Array): void => {
    const offset = before?.length ?? 0
    if (before) time.set(before)
    time.set(samples, offset)
    time.fill(0, offset + samples.length)
    fft.realTransform(spectrum, time)
  }

  return {
    longest,
    push(delayed, others) {
      for (const [i, samples] of delayed.entries()) {
        const history = histories[i]!
        transform(samples, history, past[i]!)
        transform(samples, undefined, now[i]!)
        const kept = Math.max(0, lags - 1 - samples.length)
        history.copyWithin(0, history.length - kept)
        history.set(samples.subarray(Math.max(0, samples.length - lags + 1)), kept)
      }
      for (const [k, samples] of others.entries()) transform(samples, undefined, now[p + k]!)
      for (let i = 0; i < p; i++) for (let k = 0; k < p + q; k++) addProduct(sums[i * (p + q) + k]!, past[i]!, now[k]!)
    },
    finish() {
      const among = new Float64Array(p * p * lags)
      const across = new Float64Array(p * q * lags)
      const spectrum = new Float64Array(2 * size)
      const correlation = new Float64Array(2 * size)
      for (let i = 0; i < p; i++) {
        for (let k = 0; k < p + q; k++) {
          spectrum.set(sums[i * (p + q) + k]!)
          fft.completeSpectrum(spectrum)
          fft.inverseTransform(correlation, spectrum)
          // A shift of L − 1 is lag 0: the delayed signals start that much earlier.
          const target = k < p ? among.subarray((i * p + k) * lags) : across.subarray((i * q + k - p) * lags)
          for (let lag = 0; lag < lags; lag++) target[lag] = correlation[2 * (lags - 1 - lag)]!
        }
      }
      return { among: { signals: p, lags, values: among }, across }
    },
  }
}

/** sum += a·conj(b), over half a spectrum. */
function addProduct(sum: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let k = 0; k < sum.length; k += 2) {
    sum[k]! += a[k]! * b[k]! + a[k + 1]! * b[k + 1]!
    sum[k + 1]! += a[k + 1]! * b[k]! - a[k]! * b[k + 1]!
  }
}
