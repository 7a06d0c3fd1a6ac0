/**
 * Analysis windows: what scipy.signal.get_window gives with fftbins=True (periodic, for spectral analysis) and with False (symmetric, for
 * the design of filters). With x = n/N, N the length, or the length less 1 where symmetric:
 *
 * Hann 0.5 − 0.5 cos 2πx; √Hann its root; Hamming 0.54 − 0.46 cos 2πx; Blackman 0.42 − 0.5 cos 2πx + 0.08 cos 4πx;
 * Kaiser I₀(β√(1 − (2x − 1)²)) / I₀(β) (Kaiser & Schafer 1980); rectangular 1.
 */

export type WindowName = 'hann' | 'sqrt-hann' | 'hamming' | 'blackman' | 'rectangular'

/** A window by its name, Kaiser's with its β, or the values themselves. */
export type Window = WindowName | { readonly name: 'kaiser'; readonly beta: number } | Float64Array

export interface WindowSymmetry {
  /** The last value equals the first. Windows of transforms are periodic: the first value after them would. */
  readonly symmetric?: boolean
}

const hannAt = (x: number) => 0.5 - 0.5 * Math.cos(2 * Math.PI * x)

const shapes: Readonly<Record<WindowName, (x: number) => number>> = {
  hann: hannAt,
  // The sine itself: the root of what rounding leaves of a cosine would be half as exact.
  'sqrt-hann': (x) => Math.sin(Math.PI * x),
  hamming: (x) => 0.54 - 0.46 * Math.cos(2 * Math.PI * x),
  // 0 at its ends, where rounding would leave -1e-17.
  blackman: (x) => Math.max(0, 0.42 - 0.5 * Math.cos(2 * Math.PI * x) + 0.08 * Math.cos(4 * Math.PI * x)),
  rectangular: () => 1,
}

/** The modified Bessel function of the first kind and order 0, Σ ((x/2)ᵏ / k!)², whose terms have one sign. */
function besselI0(x: number): number {
  let [term, total] = [1, 1]
  for (let k = 1; term > 1e-17 * total; k++) {
    term *= (x / (2 * k)) ** 2
    total += term
  }
  return total
}

function sampled(f: (x: number) => number, length: number, { symmetric = false }: WindowSymmetry): Float64Array {
  const period = symmetric ? length - 1 : length
  return Float64Array.from({ length }, (_, n) => (length === 1 ? 1 : f(n / period)))
}

/**
 * Values of a window.
 *
 * @throws RangeError for a length that is no whole number ≥ 1, an unknown name, a β that is no number ≥ 0, and values of another
 * length or that are not finite
 *
 * @example
 * createWindow('hamming', 4) // Float64Array [0.08, 0.54, 1, 0.54]
 * createWindow({ name: 'kaiser', beta: 8 }, 3, { symmetric: true }) // Float64Array [0.0023388305, 1, 0.0023388305]
 */
export function createWindow(window: Window, length: number, symmetry: WindowSymmetry = {}): Float64Array {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`window length: ${length}; allowed are whole numbers ≥ 1`)
  if (window instanceof Float64Array) {
    if (window.length !== length) throw new RangeError(`window: ${window.length} values; needs ${length}`)
    const bad = window.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) throw new RangeError(`window: value ${bad} is ${window[bad]}; allowed are finite numbers`)
    return window
  }
  if (typeof window === 'string' && Object.hasOwn(shapes, window)) return sampled(shapes[window], length, symmetry)
  if (typeof window === 'string' || window?.name !== 'kaiser') {
    const known = Object.keys(shapes).join(', ')
    throw new RangeError(`window: ${JSON.stringify(window)}; allowed are ${known}, { name: 'kaiser', beta } and values (Float64Array)`)
  }
  const { beta } = window
  if (!(beta >= 0 && beta <= 700)) throw new RangeError(`window kaiser: beta ${beta}; allowed are numbers in 0…700`)
  return sampled((x) => besselI0(beta * Math.sqrt(Math.max(0, 1 - (2 * x - 1) ** 2))) / besselI0(beta), length, symmetry)
}

/**
 * The periodic Hann window: 0.5 − 0.5 cos(2πn/N).
 *
 * @throws RangeError for a length that is no whole number ≥ 1
 *
 * @example
 * hann(4) // Float64Array [0, 0.5, 1, 0.5]
 */
export function hann(length: number): Float64Array {
  return createWindow('hann', length)
}
