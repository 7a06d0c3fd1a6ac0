/**
 * Filter banks in place of a Fourier transform: an encoder of N filters of L taps every hop, a decoder that adds N filters up again (Luo &
 * Mesgarani 2018, TasNet, arXiv 1711.00541: L of 16 to 40 samples, hop L/2, a rectifier after the encoder). What the filters are made of is up to
 * the encoder; see createFilterBank.
 */
import {
  defaultInit,
  type Init,
  Module,
  type Parameter,
  parameter,
  type Reach,
  type TensorFunction,
  transposedWindowReach,
  windowReach,
} from '../nn/index.ts'
import { conv1d, convTranspose1d, formatShape, pad, ShapeError, type Tensor } from '../tensor/index.ts'

export interface Framing {
  /** Taps of a filter. */
  readonly length: number
  /** Samples between frames, half the length by default. */
  readonly hop?: number
  /**
   * `full`, the default: there is a frame wherever a filter touches a sample, so that all samples are seen equally often. `center`: frame t is
   * centred on sample t·hop, ⌊n/hop⌋ + 1 of them, as those of stft are.
   */
  readonly framing?: 'full' | 'center'
}

/** A framing, checked, with what follows of it. */
export class Frames {
  readonly length: number
  readonly hop: number
  /** Samples of the first frame before the signal. */
  readonly before: number
  readonly #centred: boolean

  /** @throws RangeError for a length or a hop that is no whole number ≥ 1, a hop above the length, and a framing that is none */
  constructor({ length, hop = Math.max(1, Math.floor(length / 2)), framing = 'full' }: Framing) {
    if (!Number.isInteger(length) || length < 1) throw new RangeError(`filter bank length: ${length}; allowed are whole numbers ≥ 1`)
    if (!Number.isInteger(hop) || hop < 1 || hop > length)
      throw new RangeError(`filter bank hop: ${hop}; allowed are whole numbers in 1…length (${length})`)
    if (framing !== 'full' && framing !== 'center')
      throw new RangeError(`filter bank framing: ${String(framing)}; allowed are 'full' and 'center'`)
    this.length = length
    this.hop = hop
    this.#centred = framing === 'center'
    this.before = this.#centred ? Math.floor(length / 2) : length - hop
  }

  /** Frames of a signal. */
  count(samples: number): number {
    return Math.floor((this.#centred ? samples : samples - 1 + this.before) / this.hop) + 1
  }

  /** The longest multiple of the hop that has so many frames; the longest signal at all where none has. */
  samples(frames: number): number {
    const longest = this.#centred ? frames * this.hop - 1 : frames * this.hop - this.before
    const whole = Math.floor(longest / this.hop) * this.hop
    return whole >= 1 && this.count(whole) === frames ? whole : longest
  }

  /** (b, 1, n) with what the frames see around it. */
  surround(x: Tensor): Tensor {
    const samples = x.shape[2]!
    const after = (this.count(samples) - 1) * this.hop + this.length - this.before - samples
    return pad(x, [0, 0, this.before], [0, 0, after])
  }
}

/** What all encoders do: (b, 1, n) → (b, N, frames), cross-correlation with their filters and an activation. */
export abstract class FilterEncoder extends Module {
  readonly #frames: Frames
  readonly #activation: TensorFunction

  constructor(framing: Framing, activation: TensorFunction) {
    super()
    this.#frames = new Frames(framing)
    this.#activation = activation
  }

  /** (N, 1, L): what the signal is correlated with. */
  abstract filters(): Tensor

  /** The responses of filters, without an activation. */
  protected respond(x: Tensor, filters: Tensor): Tensor {
    if (x.shape.length !== 3 || x.shape[1] !== 1) throw new ShapeError(this.type, `input ${formatShape(x.shape)}: needs (b, 1, n)`)
    return conv1d(this.#frames.surround(x), filters, { stride: this.#frames.hop })
  }

  protected activate(response: Tensor): Tensor {
    return this.#activation(response)
  }

  forward(x: Tensor): Tensor {
    return this.activate(this.respond(x, this.filters()))
  }

  override reach(): Reach {
    return windowReach(this.#frames.length, this.#frames.hop, this.#frames.before, 1)
  }
}

export interface FilterOptions extends Framing {
  readonly filters: number
  /** (filters, length) in row-major order; drawn as PyTorch's convolutions are by default. */
  readonly initial?: Float64Array
}

/** @throws RangeError for a number of filters that is no whole number ≥ 1, and initial values that are not filters times length */
export function filterInit({ filters, length, initial }: FilterOptions): Init {
  if (!Number.isInteger(filters) || filters < 1) throw new RangeError(`filters: ${filters}; allowed are whole numbers ≥ 1`)
  if (!initial) return defaultInit(length)
  if (initial.length !== filters * length)
    throw new RangeError(`initial filters: ${initial.length} values; needs ${filters} · ${length} = ${filters * length}`)
  return (values) => values.set(initial)
}

/** Filters whose every tap is learned, from drawn ones or from others: weight (N, 1, L). */
export class FreeEncoder extends FilterEncoder {
  readonly weight: Parameter

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, a hop above the length, and initial values that do not fit */
  constructor(options: FilterOptions, activation: TensorFunction) {
    super(options, activation)
    this.weight = parameter([options.filters, 1, options.length], filterInit(options))
  }

  filters(): Tensor {
    return this.weight
  }
}

/** (b, N, frames) → (b, 1, n), the sum of N learned filters, weight (N, 1, L): with the encoder's own weight it is its adjoint. */
export class FilterDecoder extends Module {
  readonly weight: Parameter
  readonly #frames: Frames

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, a hop above the length, and initial values that do not fit */
  constructor(options: FilterOptions) {
    super()
    this.#frames = new Frames(options)
    this.weight = parameter([options.filters, 1, options.length], filterInit(options))
  }

  /**
   * @param samples n; by default the multiple of the hop that has so many frames
   * @throws ShapeError where a signal of so many samples has another number of frames
   */
  forward(y: Tensor, samples?: number): Tensor {
    const [filters] = this.weight.shape
    const frames = y.shape[2]
    if (y.shape.length !== 3 || y.shape[1] !== filters)
      throw new ShapeError('FilterDecoder', `input ${formatShape(y.shape)}: needs (b, ${filters}, frames)`)
    const n = samples ?? this.#frames.samples(frames!)
    if (!Number.isInteger(n) || n < 1 || this.#frames.count(n) !== frames)
      throw new ShapeError('FilterDecoder', `input ${formatShape(y.shape)} to ${n} samples, which have ${this.#frames.count(n)} frames`)
    const sum = convTranspose1d(y, this.weight, { stride: this.#frames.hop })
    return pad(sum, [0, 0, -this.#frames.before], [0, 0, n + this.#frames.before - sum.shape[2]!])
  }

  override reach(): Reach {
    return transposedWindowReach(this.#frames.length, this.#frames.hop, this.#frames.before, 1)
  }
}
