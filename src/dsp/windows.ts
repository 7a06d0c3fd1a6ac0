/** Analysis windows, periodic as for spectral analysis (scipy.signal.get_window with fftbins=True). */

/**
 * Hann: 0.5 − 0.5 cos(2πn/N).
 *
 * @example
 * hann(4) // Float64Array [0, 0.5, 1, 0.5]
 */
export function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length))
}
