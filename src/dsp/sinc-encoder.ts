/**
 * SincNet (Ravanelli & Bengio 2018, arXiv 1808.00158): band-pass filters of which only the two cut-off frequencies are learned,
 * g[n] = 2f₂ sinc(2πf₂n) − 2f₁ sinc(2πf₁n), times a window, sinc(x) = sin(x)/x. The gain in the band is 1, at the cut-offs ½ (−6 dB).
 */
import { type Parameter, parameter, type TensorFunction } from '../nn/index.ts'
import { abs, add, concat, constant, div, flip, minimum, mul, reshape, sin, sub, type Tensor } from '../tensor/index.ts'
import { FilterEncoder, type FilterOptions } from './filter-bank.ts'
import { type SpacingOptions, spacedFrequencies } from './filter-shapes.ts'
import { createWindow, type Window } from './windows.ts'

export interface SincOptions extends Omit<FilterOptions, 'initial'>, SpacingOptions {
  /** Hamming by default, symmetric. */
  readonly window?: Window
  /** Lowest cut-off frequency that learning can reach (Hz), 50 by default. */
  readonly minLow?: number
  /** Least distance of the cut-off frequencies (Hz), 50 by default. */
  readonly minBand?: number
}

/**
 * (b, 1, n) → (b, N, frames). The names are those of the authors' code: low cut-off minLow + |low_hz_|, high cut-off minBand + |band_hz_|
 * above, both (N, 1) in Hz. Its filters are divided by twice their bandwidth in hertz; these are not.
 *
 * Cut-offs begin as neighbours on the mel scale.
 */
export class SincEncoder extends FilterEncoder {
  readonly low_hz_: Parameter
  readonly band_hz_: Parameter
  readonly #options: Required<Pick<SincOptions, 'sampleRate' | 'minLow' | 'minBand'>>
  readonly #window: Float64Array

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, an even length, and a range that does not lie in 0…sampleRate/2 */
  constructor(options: SincOptions, activation: TensorFunction) {
    super(options, activation)
    const { filters, length, sampleRate, window = 'hamming', minLow = 50, minBand = 50, fMin = 30, scale = 'mel' } = options
    if (length % 2 === 0) throw new RangeError(`sinc filters, length: ${length}; they are symmetric about a tap, use ${length + 1}`)
    if (!Number.isInteger(filters) || filters < 1) throw new RangeError(`filters: ${filters}; allowed are whole numbers ≥ 1`)
    const fMax = options.fMax ?? sampleRate / 2 - (minLow + minBand)
    const edges = spacedFrequencies(filters + 1, { sampleRate, fMin, fMax, scale })
    this.low_hz_ = parameter([filters, 1], (values) => values.set(edges.subarray(0, filters)))
    this.band_hz_ = parameter([filters, 1], (values) => values.set(edges.subarray(1).map((edge, i) => edge - edges[i]!)))
    this.#options = { sampleRate, minLow, minBand }
    this.#window = createWindow(window, length, { symmetric: true })
  }

  /** Both cut-off frequencies (Hz), each (N, 1). */
  cutOffs(): { low: Tensor; high: Tensor } {
    const { sampleRate, minLow, minBand } = this.#options
    const low = minimum(add(abs(this.low_hz_), minLow), sampleRate / 2 - minBand)
    return { low, high: minimum(add(add(low, abs(this.band_hz_)), minBand), sampleRate / 2) }
  }

  filters(): Tensor {
    const { low, high } = this.cutOffs()
    const { sampleRate } = this.#options
    const half = (this.#window.length - 1) / 2
    const [count] = low.shape as [number, number]
    const shape = [count, 1, 2 * half + 1]
    const centre = mul(sub(high, low), 2 / sampleRate)
    const tail = (): Tensor => {
      const steps = Float64Array.from({ length: half }, (_, i) => i + 1)
      const angles = constant(steps.map((n) => (2 * Math.PI * n) / sampleRate))
      return div(sub(sin(mul(high, angles)), sin(mul(low, angles))), constant(steps.map((n) => Math.PI * n)))
    }
    const right = half > 0 ? [tail()] : []
    const whole = concat([...right.map((x) => flip(x, [1])), centre, ...right], 1)
    return reshape(mul(whole, constant(this.#window)), shape)
  }
}
