/** Pooling over windows as layers, in one, two and three dimensions: maximum and mean, one implementation for all. */
import {
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type Extent,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type Tensor,
  type WindowOptions,
} from '../tensor/index.ts'
import { type Window, windowOf } from '../tensor/ops/window.ts'
import { Module } from './module.ts'
import { type Reach, windowReach } from './reach.ts'
import { warnOfUnread } from './window-coverage.ts'

type Rank = 1 | 2 | 3

abstract class Pooling extends Module {
  readonly #window: Window

  constructor(who: string, rank: Rank, kernel: Extent, options: WindowOptions) {
    super()
    this.#window = windowOf(kernel, { ...options, stride: options.stride ?? kernel }, rank, who)
  }

  protected abstract pool(x: Tensor, window: Window): Tensor

  forward(x: Tensor): Tensor {
    warnOfUnread(this.type, this.#window)
    return this.pool(x, this.#window)
  }

  override reach(): Reach {
    const { kernel, stride, padding, dilation } = this.#window
    return windowReach(kernel[0]!, stride[0]!, padding[0]![0], dilation[0]!)
  }
}

const maxPools = { 1: maxPool1d, 2: maxPool2d, 3: maxPool3d } as const

abstract class MaxPooling extends Pooling {
  readonly #rank: Rank

  constructor(rank: Rank, kernel: Extent, options: WindowOptions = {}) {
    super(`MaxPool${rank}d`, rank, kernel, options)
    this.#rank = rank
  }

  protected pool(x: Tensor, { kernel, stride, padding, dilation }: Window): Tensor {
    return maxPools[this.#rank](x, kernel, { stride, padding, dilation })
  }
}

/** The largest of each window: (b, c, t) → (b, c, t'), as `maxPool1d`. */
export class MaxPool1d extends MaxPooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: WindowOptions = {}) {
    super(1, kernel, options)
  }
}

/**
 * The largest of each window: (b, c, t, f) → (b, c, t', f'), as `maxPool2d`.
 *
 * @example
 * new MaxPool2d(2).forward(input('x', [1, 6, 28, 28])).shape // [1, 6, 14, 14]
 */
export class MaxPool2d extends MaxPooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: WindowOptions = {}) {
    super(2, kernel, options)
  }
}

/** The largest of each window: (b, c, d, h, w) → (b, c, d', h', w'), as `maxPool3d`. */
export class MaxPool3d extends MaxPooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: WindowOptions = {}) {
    super(3, kernel, options)
  }
}

const avgPools = { 1: avgPool1d, 2: avgPool2d, 3: avgPool3d } as const

abstract class AveragePooling extends Pooling {
  readonly #rank: Rank
  readonly #countIncludePad: boolean

  constructor(rank: Rank, kernel: Extent, { countIncludePad = true, ...options }: AvgPoolOptions = {}) {
    super(`AvgPool${rank}d`, rank, kernel, options)
    this.#rank = rank
    this.#countIncludePad = countIncludePad
  }

  protected pool(x: Tensor, { kernel, stride, padding }: Window): Tensor {
    return avgPools[this.#rank](x, kernel, { stride, padding, countIncludePad: this.#countIncludePad })
  }
}

/** The mean of each window: (b, c, t) → (b, c, t'), as `avgPool1d`. */
export class AvgPool1d extends AveragePooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: AvgPoolOptions = {}) {
    super(1, kernel, options)
  }
}

/** The mean of each window: (b, c, t, f) → (b, c, t', f'), as `avgPool2d`. */
export class AvgPool2d extends AveragePooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: AvgPoolOptions = {}) {
    super(2, kernel, options)
  }
}

/** The mean of each window: (b, c, d, h, w) → (b, c, d', h', w'), as `avgPool3d`. */
export class AvgPool3d extends AveragePooling {
  /** @throws ShapeError for a kernel and options that are none */
  constructor(kernel: Extent, options: AvgPoolOptions = {}) {
    super(3, kernel, options)
  }
}
