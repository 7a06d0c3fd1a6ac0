/**
 * Convolution written by hand: windows as columns (im2col), one matrix product, and back to a grid. The way to make layers of one's own: no
 * derivative is written, those of unfold and of the product are known. `Conv2d` does the same, faster.
 */
import { type Extent, formatShape, matmul, reshape, ShapeError, type Tensor, unfold, type WindowOptions } from '../tensor/index.ts'
import { type Window, windowCounts, windowOf } from '../tensor/ops/window.ts'
import { checkExtent } from './check.ts'
import { addPerChannel } from './conv.ts'
import { defaultInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { type Reach, windowReach } from './reach.ts'

/**
 * (b, c, …) ⋆ (o, c, …taps) → (b, o, …), ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1 windows along each of one to three spatial axes.
 *
 * @throws ShapeError where shapes and options do not fit each other
 *
 * @example
 * const image = constant([1, 2, 3, 4], [1, 1, 2, 2])
 * const [y] = await evaluate(() => [convByUnfold(image, constant([1, 0, 0, 10], [1, 1, 2, 2]))]) // [41]
 */
export function convByUnfold(x: Tensor, weight: Tensor, options: WindowOptions = {}): Tensor {
  const [outputs, channels, ...kernel] = weight.shape as [number, number, ...number[]]
  if (x.shape.length !== weight.shape.length || x.shape.length < 3 || x.shape[1] !== channels) {
    throw new ShapeError(
      'convByUnfold',
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}: needs (b, c, …) and (o, c, …)`,
    )
  }
  const columns = unfold(x, kernel, options) // (b, c·taps, windows)
  const y = matmul(reshape(weight, [outputs, -1]), columns) // (b, o, windows)
  const grid = windowCounts(windowOf(kernel, options, kernel.length, 'convByUnfold'), x.shape.slice(2), 'convByUnfold')
  return reshape(y, [x.shape[0]!, outputs, ...grid])
}

export interface UnfoldConv2dOptions extends WindowOptions {
  /** True by default. */
  readonly bias?: boolean
}

/** (b, c, h, w) → (b, o, h', w') by `convByUnfold`, with the parameters of Conv2d: `weight` (o, c, kh, kw), `bias` (o). */
export class UnfoldConv2d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  readonly #window: Window

  /** @throws RangeError for channels, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, { bias = true, ...options }: UnfoldConv2dOptions = {}) {
    super()
    checkExtent('UnfoldConv2d', { inputs, outputs })
    this.#window = windowOf(kernel, options, 2, 'UnfoldConv2d')
    const [height, width] = this.#window.kernel as [number, number]
    const start = defaultInit(inputs * height * width)
    this.weight = parameter([outputs, inputs, height, width], start)
    this.bias = bias ? parameter([outputs], start) : undefined
  }

  forward(x: Tensor): Tensor {
    const y = convByUnfold(x, this.weight, this.#window)
    return this.bias ? addPerChannel(y, this.bias) : y
  }

  override reach(): Reach {
    const { kernel, stride, padding, dilation } = this.#window
    return windowReach(kernel[0]!, stride[0]!, padding[0]![0], dilation[0]!)
  }
}
