/**
 * Heads of separation networks: the layer that turns features of frames into masks over the spectrogram, of one source or of several, or into
 * an embedding of every bin (Hershey et al. 2016, "Deep clustering", arXiv 1508.04306).
 */
import { div, formatShape, maximum, reshape, ShapeError, sigmoid, softmax, sqrt, square, sum, type Tensor, tanh } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'
import type { TensorFunction } from './sequential.ts'

/**
 * x over its Euclidean length along an axis, as PyTorch's `normalize`; a vector of zeros stays one, with a finite gradient.
 *
 * @param eps least length to divide by
 * @throws RangeError for an axis that the tensor does not have
 *
 * @example
 * const [y] = await evaluate(() => [unitNorm(constant([3, 4, 0, 0], [2, 2]))]) // [0.6, 0.8, 0, 0]
 */
export function unitNorm(x: Tensor, axis = -1, eps = 1e-12): Tensor {
  // The bound inside the root: the derivative of a root at 0 is infinite.
  return div(x, sqrt(maximum(sum(square(x), { axes: [axis], keepDims: true }), eps ** 2)))
}

/** (…, f · n) → (…, f, n). */
function splitLast(who: string, x: Tensor, n: number): Tensor {
  checkExtent(who, { parts: n })
  const last = x.shape.at(-1)
  if (last === undefined || last % n !== 0) {
    throw new ShapeError(who, `last axis of ${formatShape(x.shape)} for ${n} values per bin; it needs to be a multiple of them`)
  }
  return reshape(x, [...x.shape.slice(0, -1), last / n, n])
}

/**
 * One vector as the masks of several sources: (b, t, f·n) → (b, t, f, n), where out[b, t, f, s] = x[b, t, f·n + s]: the sources of a bin are
 * neighbours.
 *
 * @throws ShapeError where n does not divide the last axis
 *
 * @example
 * const [y] = await evaluate(() => [narrow(splitSources(constant([1, 2, 3, 4, 5, 6], [1, 1, 6]), 2), 3, 1, 2)]) // [2, 4, 6]
 */
export function splitSources(x: Tensor, sources: number): Tensor {
  return splitLast('splitSources', x, sources)
}

/**
 * One vector as embeddings of bins, of length 1: (b, t, f·d) → (b, t·f, d), where bin (t, f) is row t·F + f and its vector x[b, t, f·d …].
 *
 * @throws ShapeError where x is not (b, t, f·d)
 *
 * @example
 * const [v] = await evaluate(() => [binEmbeddings(constant([3, 4, 0, 2], [1, 1, 4]), 2)]) // [0.6, 0.8, 0, 1]
 */
export function binEmbeddings(x: Tensor, dimension: number): Tensor {
  if (x.shape.length !== 3) throw new ShapeError('binEmbeddings', `input ${formatShape(x.shape)}; needs (b, t, f·d)`)
  return unitNorm(reshape(splitLast('binEmbeddings', x, dimension), [x.shape[0]!, -1, dimension]))
}

export interface MaskHeadOptions {
  /** How many masks there are, in a last axis of their own; without it one, without such an axis. */
  readonly sources?: number
  /** `sigmoid` by default; `softmax` is over the sources, so that the masks of a bin add up to one; `relu` for masks above one. */
  readonly activation?: TensorFunction
}

/**
 * Features of frames to masks: (b, t, h) → (b, t, f), or (b, t, f, sources) in the order of `splitSources`. A linear layer, `linear`, and an
 * activation.
 *
 * @example
 * new MaskHead(400, 513).forward(input('h', [16, 40, 400])).shape // [16, 40, 513]
 * new MaskHead(400, 513, { sources: 2, activation: softmax }).forward(input('h', [16, 40, 400])).shape // [16, 40, 513, 2]
 */
export class MaskHead extends Module {
  readonly linear: Linear
  readonly #sources: number | undefined
  readonly #activation: TensorFunction

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and for a softmax over one source */
  constructor(inputs: number, bins: number, { sources, activation = sigmoid }: MaskHeadOptions = {}) {
    super()
    checkExtent('MaskHead', { inputs, bins, sources: sources ?? 1 })
    if (activation === softmax && (sources ?? 1) === 1) {
      throw new RangeError(
        `MaskHead: softmax over ${sources ?? 'no'} source(s), which is 1 everywhere or over frequencies; give sources ≥ 2`,
      )
    }
    this.linear = new Linear(inputs, bins * (sources ?? 1))
    this.#sources = sources
    this.#activation = activation
  }

  forward(x: Tensor): Tensor {
    const y = this.linear.forward(x)
    return this.#activation(this.#sources === undefined ? y : splitSources(y, this.#sources))
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/**
 * Features of frames to an embedding of every bin, of length 1: (b, t, h) → (b, t·f, d) in the order of `binEmbeddings`. A linear layer,
 * `linear`, an activation, the norm. `reach` counts frames, of which each is f rows.
 *
 * @example
 * new EmbeddingHead(600, 129, 20).forward(input('h', [2, 10, 600])).shape // [2, 1290, 20]
 */
export class EmbeddingHead extends Module {
  readonly linear: Linear
  readonly #dimension: number
  readonly #activation: TensorFunction

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(inputs: number, bins: number, dimension: number, { activation = tanh }: Pick<MaskHeadOptions, 'activation'> = {}) {
    super()
    checkExtent('EmbeddingHead', { inputs, bins, dimension })
    this.linear = new Linear(inputs, bins * dimension)
    this.#dimension = dimension
    this.#activation = activation
  }

  forward(x: Tensor): Tensor {
    return binEmbeddings(this.#activation(this.linear.forward(x)), this.#dimension)
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
