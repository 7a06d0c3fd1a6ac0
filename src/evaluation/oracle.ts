/**
 * The ideal ratio mask |V|² / (|V|² + |A|²) ("IRM2" of the SiSEC 2018 campaign, Stöter et al.; a Wiener filter that knows the answer): about what
 * a network that only weights the mixture's time-frequency bins could reach. A reference for scores, never a method.
 */
import FFT from 'fft.js'
import type { Signal } from './metrics.ts'

export interface OracleOptions {
  /** Samples per frame, a power of two. */
  readonly size?: number
  /** Samples from frame to frame. */
  readonly hop?: number
  /** Exponent of the magnitudes in |V|^p / (|V|^p + |A|^p). */
  readonly power?: number
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
  { size = 2048, hop = 512, power = 2 }: OracleOptions = {},
): { vocals: Float32Array[]; accompaniment: Float32Array[] } {
  const estimate = vocals.map((v, c) => maskChannel(v, accompaniment[c]!, size, hop, power))
  return {
    vocals: estimate,
    accompaniment: estimate.map((e, c) => e.map((x, i) => vocals[c]![i]! + accompaniment[c]![i]! - x)),
  }
}

function maskChannel(
  vocals: Signal[number],
  accompaniment: Signal[number],
  size: number,
  hop: number,
  power: number,
): Float32Array<ArrayBuffer> {
  const fft = new FFT(size)
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const frames = vocals.length
  const sum = new Float64Array(frames)
  const weight = new Float64Array(frames)
  const packed = fft.createComplexArray()
  const spectrum = fft.createComplexArray()
  const masked = fft.createComplexArray()
  const back = fft.createComplexArray()
  // Frames hang over both ends, so that every sample lies under full windows.
  for (let start = -size + hop; start < frames; start += hop) {
    // Two real signals in one complex transform: vocals as the real part, accompaniment as the imaginary part.
    for (let i = 0; i < size; i++) {
      const n = start + i
      const inside = n >= 0 && n < frames
      packed[2 * i] = inside ? window[i]! * vocals[n]! : 0
      packed[2 * i + 1] = inside ? window[i]! * accompaniment[n]! : 0
    }
    fft.transform(spectrum, packed)
    for (let k = 0; k < size; k++) {
      const m = (size - k) % size
      const vr = (spectrum[2 * k]! + spectrum[2 * m]!) / 2
      const vi = (spectrum[2 * k + 1]! - spectrum[2 * m + 1]!) / 2
      const nr = (spectrum[2 * k + 1]! + spectrum[2 * m + 1]!) / 2
      const ni = (spectrum[2 * m]! - spectrum[2 * k]!) / 2
      const v = (vr * vr + vi * vi) ** (power / 2)
      const a = (nr * nr + ni * ni) ** (power / 2)
      const mask = v + a > 0 ? v / (v + a) : 0
      masked[2 * k] = mask * (vr + nr)
      masked[2 * k + 1] = mask * (vi + ni)
    }
    fft.inverseTransform(back, masked)
    for (let i = Math.max(0, -start); i < size && start + i < frames; i++) {
      sum[start + i]! += window[i]! * back[2 * i]!
      weight[start + i]! += window[i]! * window[i]!
    }
  }
  return Float32Array.from(sum, (x, i) => x / weight[i]!)
}
