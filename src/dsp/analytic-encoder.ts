/**
 * Analytic filters (Pariente et al. 2020, "Filterbank design for end-to-end speech separation", arXiv 1910.10400): each learned filter has its
 * Hilbert transform, the same with every phase a quarter turn later, as imaginary part. The modulus of the pair's response follows the envelope
 * and not the phase, as the magnitude of a Fourier transform does.
 */
import { type Parameter, parameter, type TensorFunction } from '../nn/index.ts'
import { type Complex, complex, constant, matmul, reshape, type Tensor } from '../tensor/index.ts'
import { FilterEncoder, type FilterOptions, filterInit } from './filter-bank.ts'

/**
 * The matrix of the Hilbert transform of n numbers taken as periodic, by which rows are multiplied: what makes Σ over positive frequencies only
 * of x + i·H(x). Row-major.
 */
function hilbertMatrix(n: number): Float64Array {
  // The response to a one at 0: (2/n) Σ sin(2πkj/n) over frequencies strictly between 0 and half the rate.
  const response = Float64Array.from({ length: n }, (_, j) => {
    let total = 0
    for (let k = 1; 2 * k < n; k++) total += Math.sin((2 * Math.PI * ((k * j) % n)) / n)
    return (2 / n) * total
  })
  return Float64Array.from({ length: n * n }, (_, at) => response[((at % n) - Math.floor(at / n) + n) % n]!)
}

/** (b, 1, n) → (b, N, frames): moduli of the pairs; `encode` gives the pairs themselves. The real parts are learned, weight (N, 1, L). */
export class AnalyticEncoder extends FilterEncoder {
  readonly weight: Parameter
  readonly #length: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, a hop above the length, and initial values that do not fit */
  constructor(options: FilterOptions, activation: TensorFunction) {
    super(options, activation)
    this.weight = parameter([options.filters, 1, options.length], filterInit(options))
    this.#length = options.length
  }

  /** The real parts. */
  filters(): Tensor {
    return this.weight
  }

  /** The imaginary parts (N, 1, L). */
  quadratureFilters(): Tensor {
    const rows = reshape(this.weight, [-1, this.#length])
    return reshape(matmul(rows, constant(hilbertMatrix(this.#length), [this.#length, this.#length])), this.weight.shape)
  }

  /** Responses of the pairs: (b, 1, n) → re and im, each (b, N, frames). */
  encode(x: Tensor): Complex {
    return { re: this.respond(x, this.filters()), im: this.respond(x, this.quadratureFilters()) }
  }

  override forward(x: Tensor): Tensor {
    return this.activate(complex.abs(this.encode(x)))
  }
}
