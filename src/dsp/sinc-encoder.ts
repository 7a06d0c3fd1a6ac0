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
 * (b, 1, n) → (b, N, frames). Names and units are those of the authors' `sinc_conv`: cycles per sample, low cut-off minLow + |filt_b1|, high one
 * minBand + |filt_band| above it, both (N). In these units a learning rate that suits other layers moves a cut-off by a few hertz.
 *
 * Cut-offs begin as neighbours on the mel scale.
 */
export class SincEncoder extends FilterEncoder {
  readonly filt_b1: Parameter
  readonly filt_band: Parameter
  readonly #options: Required<Pick<SincOptions, 'sampleRate' | 'minLow' | 'minBand'>>
  readonly #window: Float64Array

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, an even length, a range that does not lie in 0…sampleRate/2, and a minLow and a minBand that do not fit into it */
  constructor(options: SincOptions, activation: TensorFunction) {
    super(options, activation)
    const { filters, length, sampleRate, window = 'hamming', minLow = 50, minBand = 50, fMin = 30, scale = 'mel' } = options
    if (length % 2 === 0) throw new RangeError(`sinc filters, length: ${length}; they are symmetric about a tap, use ${length + 1}`)
    if (!Number.isInteger(filters) || filters < 1) throw new RangeError(`filters: ${filters}; allowed are whole numbers ≥ 1`)
    for (const [name, value] of Object.entries({ minLow, minBand })) {
      if (!(value >= 0)) throw new RangeError(`sinc filters, ${name}: ${value} Hz; allowed are numbers ≥ 0`)
    }
    if (!(minLow + minBand <= sampleRate / 2))
      throw new RangeError(
        `sinc filters, minLow + minBand: ${minLow + minBand} Hz; allowed is half the sample rate at most, ${sampleRate / 2} Hz`,
      )
    const fMax = options.fMax ?? sampleRate / 2 - (minLow + minBand)
    const edges = spacedFrequencies(filters + 1, { sampleRate, fMin, fMax, scale })
    this.filt_b1 = parameter([filters], (values) => values.set(edges.subarray(0, filters).map((edge) => edge / sampleRate)))
    this.filt_band = parameter([filters], (values) => values.set(edges.subarray(1).map((edge, i) => (edge - edges[i]!) / sampleRate)))
    this.#options = { sampleRate, minLow, minBand }
    this.#window = createWindow(window, length, { symmetric: true })
  }

  /** Both cut-off frequencies in cycles per sample, each (N). */
  cutOffs(): { low: Tensor; high: Tensor } {
    const { sampleRate, minLow, minBand } = this.#options
    const [least, narrowest] = [minLow / sampleRate, minBand / sampleRate]
    const low = minimum(add(abs(this.filt_b1), least), 0.5 - narrowest)
    return { low, high: minimum(add(add(low, abs(this.filt_band)), narrowest), 0.5) }
  }

  filters(): Tensor {
    const [low, high] = Object.values(this.cutOffs()).map((cutOff) => reshape(cutOff, [-1, 1])) as [Tensor, Tensor]
    const half = (this.#window.length - 1) / 2
    const steps = Float64Array.from({ length: half }, (_, i) => i + 1)
    const tail = () => {
      const angles = constant(steps.map((n) => 2 * Math.PI * n))
      return div(sub(sin(mul(high, angles)), sin(mul(low, angles))), constant(steps.map((n) => Math.PI * n)))
    }
    const right = half > 0 ? [tail()] : []
    const whole = concat([...right.map((x) => flip(x, [1])), mul(sub(high, low), 2), ...right], 1)
    return reshape(mul(whole, constant(this.#window)), [-1, 1, this.#window.length])
  }
}
