/**
 * Convolution and its transpose as layers, in one, two and three dimensions: one implementation for all ranks, with PyTorch's parameter names,
 * shapes and initial values. The functional style is the tensor functions themselves, `conv1d` … `convTranspose3d`, and `addPerChannel`.
 */
import {
  add,
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type Extent,
  formatShape,
  reshape,
  ShapeError,
  sizeOf,
  type Tensor,
} from '../tensor/index.ts'
import { type Window, windowOf } from '../tensor/ops/window.ts'
import { checkExtent } from './check.ts'
import { defaultInit } from './init.ts'
import { type Init, Module, type Parameter, parameter } from './module.ts'
import { type Reach, transposedWindowReach, windowReach } from './reach.ts'
import { warnOfUnread } from './window-coverage.ts'

/**
 * One number more for each channel: x (b, c, …) + values (c), the bias of a convolution.
 *
 * @throws ShapeError where there is not one value per channel
 *
 * @example
 * const [y] = await evaluate(() => [addPerChannel(constant([1, 2, 3, 4], [1, 2, 2]), constant([10, 20]))]) // [11, 12, 23, 24]
 */
export function addPerChannel(x: Tensor, values: Tensor): Tensor {
  if (x.shape.length < 2 || values.shape.length !== 1 || values.shape[0] !== x.shape[1]) {
    throw new ShapeError('addPerChannel', `input ${formatShape(x.shape)}, values ${formatShape(values.shape)}: needs (b, c, …) and (c)`)
  }
  return add(x, reshape(values, [1, -1, ...x.shape.slice(2).map(() => 1)]))
}

interface ParameterOptions {
  /** True by default. */
  readonly bias?: boolean
  /** How the weight starts, PyTorch's ±1/√fanIn by default. */
  readonly init?: Init
}

export interface ConvLayerOptions extends Omit<ConvOptions, 'padding'>, ParameterOptions {
  /**
   * As of `conv1d`; or 'same': as many steps out as in, at stride 1, the odd one of the padding at the end; or 'causal': all padding of the
   * first spatial axis, which is time, before it (the last tap is on the present), and 'same' on the others.
   */
  readonly padding?: ConvOptions['padding'] | 'same' | 'causal'
}

export type Conv2dOptions = ConvLayerOptions

export interface ConvTransposeLayerOptions extends ConvTransposeOptions, ParameterOptions {}

function paddingOf(who: string, kernel: Extent, { padding, ...options }: ConvLayerOptions, rank: number): ConvOptions['padding'] {
  if (typeof padding !== 'string') return padding
  const { kernel: taps, stride, dilation } = windowOf(kernel, options, rank, who)
  return taps.map((count, axis) => {
    const total = dilation[axis]! * (count - 1)
    if (padding === 'causal' && axis === 0) return [total, 0] as const
    if (padding !== 'causal' && padding !== 'same') {
      throw new ShapeError(`${who} padding`, `'${padding}'; allowed are numbers, pairs, 'same' and 'causal'`)
    }
    if (stride[axis] !== 1) {
      throw new ShapeError(
        `${who} padding`,
        `'${padding}' with stride ${stride[axis]} on spatial axis ${axis} does not keep its extent; give the padding in numbers`,
      )
    }
    return [Math.floor(total / 2), Math.ceil(total / 2)] as const
  })
}

/** What both kinds have: weight, bias, and the window. */
abstract class ConvLayer extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined

  /** @param shape of the weight without its taps */
  constructor(
    who: string,
    channels: Readonly<Record<'inputs' | 'outputs' | 'groups', number>>,
    shape: number[],
    options: ParameterOptions,
  ) {
    super()
    checkExtent(who, channels)
    const { inputs, outputs, groups } = channels
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new RangeError(`${who}: ${inputs} inputs, ${outputs} outputs, groups ${groups}; groups have to divide both`)
    }
    const start = defaultInit(sizeOf(shape.slice(1)))
    this.weight = parameter(shape, options.init ?? start)
    this.bias = (options.bias ?? true) ? parameter([outputs], start) : undefined
  }

  protected biased(y: Tensor): Tensor {
    return this.bias ? addPerChannel(y, this.bias) : y
  }
}

const convolutions = { 1: conv1d, 2: conv2d, 3: conv3d } as const

abstract class Convolution extends ConvLayer {
  readonly #rank: 1 | 2 | 3
  readonly #window: Window
  readonly #groups: number

  constructor(rank: 1 | 2 | 3, inputs: number, outputs: number, kernel: Extent, options: ConvLayerOptions = {}) {
    const who = `Conv${rank}d`
    const { groups = 1 } = options
    const window = windowOf(kernel, { ...options, padding: paddingOf(who, kernel, options, rank) ?? 0 }, rank, who)
    super(who, { inputs, outputs, groups }, [outputs, inputs / groups, ...window.kernel], options)
    this.#rank = rank
    this.#window = window
    this.#groups = groups
  }

  forward(x: Tensor): Tensor {
    warnOfUnread(`Conv${this.#rank}d`, this.#window)
    const { stride, padding, dilation } = this.#window
    return this.biased(convolutions[this.#rank](x, this.weight, { stride, padding, dilation, groups: this.#groups }))
  }

  override reach(): Reach {
    const { kernel, stride, padding, dilation } = this.#window
    return windowReach(kernel[0]!, stride[0]!, padding[0]![0], dilation[0]!)
  }
}

/**
 * (b, c, t) → (b, o, t'), `weight` (o, c/groups, k), `bias` (o).
 *
 * @example
 * const layer = new Conv1d(2, 4, 3, { padding: 'causal', dilation: 2 })
 * layer.forward(input('x', [1, 2, 10])).shape // [1, 4, 10]
 * layer.isCausal // true
 */
export class Conv1d extends Convolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvLayerOptions = {}) {
    super(1, inputs, outputs, kernel, options)
  }
}

/**
 * (b, c, t, f) → (b, o, t', f'), `weight` (o, c/groups, kt, kf), `bias` (o); where the first spatial axis is not time, `reach` is of that one.
 *
 * @example
 * new Conv2d(3, 6, 5).forward(input('x', [1, 3, 32, 30])).shape // [1, 6, 28, 26]
 */
export class Conv2d extends Convolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvLayerOptions = {}) {
    super(2, inputs, outputs, kernel, options)
  }
}

/**
 * (b, c, d, h, w) → (b, o, d', h', w'), `weight` (o, c/groups, kd, kh, kw), `bias` (o).
 *
 * @example
 * new Conv3d(2, 4, [1, 3, 3], { padding: 'same' }).forward(input('x', [1, 2, 5, 6, 7])).shape // [1, 4, 5, 6, 7]
 */
export class Conv3d extends Convolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvLayerOptions = {}) {
    super(3, inputs, outputs, kernel, options)
  }
}

const transposes = { 1: convTranspose1d, 2: convTranspose2d, 3: convTranspose3d } as const

abstract class TransposedConvolution extends ConvLayer {
  readonly #rank: 1 | 2 | 3
  readonly #window: Window
  readonly #options: Pick<ConvTransposeOptions, 'groups' | 'outputPadding'>

  constructor(rank: 1 | 2 | 3, inputs: number, outputs: number, kernel: Extent, options: ConvTransposeLayerOptions = {}) {
    const who = `ConvTranspose${rank}d`
    const { groups = 1, outputPadding = 0 } = options
    const window = windowOf(kernel, options, rank, who)
    super(who, { inputs, outputs, groups }, [inputs, outputs / groups, ...window.kernel], options)
    this.#rank = rank
    this.#window = window
    this.#options = { groups, outputPadding }
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, dilation } = this.#window
    return this.biased(transposes[this.#rank](x, this.weight, { stride, padding, dilation, ...this.#options }))
  }

  override reach(): Reach {
    const { kernel, stride, padding, dilation } = this.#window
    return transposedWindowReach(kernel[0]!, stride[0]!, padding[0]![0], dilation[0]!)
  }
}

/**
 * (b, c, t) → (b, o, (t−1)s − 2p + d(k−1) + outputPadding + 1), `weight` (c, o/groups, k), `bias` (o): the adjoint of Conv1d. It is causal
 * where nothing is cut off its start, and then `padding: [[0, k − s]]` leaves s steps out per step in.
 *
 * @example
 * const up = new ConvTranspose1d(4, 2, 6, { stride: 3, padding: [[0, 3]] })
 * up.forward(input('x', [1, 4, 10])).shape // [1, 2, 30]
 * up.isCausal // true
 */
export class ConvTranspose1d extends TransposedConvolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvTransposeLayerOptions = {}) {
    super(1, inputs, outputs, kernel, options)
  }
}

/**
 * (b, c, t, f) → (b, o, t', f'), `weight` (c, o/groups, kt, kf), `bias` (o): the adjoint of Conv2d.
 *
 * @example
 * new ConvTranspose2d(4, 2, 2, { stride: 2 }).forward(input('x', [1, 4, 3, 5])).shape // [1, 2, 6, 10]
 */
export class ConvTranspose2d extends TransposedConvolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvTransposeLayerOptions = {}) {
    super(2, inputs, outputs, kernel, options)
  }
}

/**
 * (b, c, d, h, w) → (b, o, d', h', w'), `weight` (c, o/groups, kd, kh, kw), `bias` (o): the adjoint of Conv3d.
 *
 * @example
 * new ConvTranspose3d(2, 1, [1, 2, 2], { stride: [1, 2, 2] }).forward(input('x', [1, 2, 3, 3, 3])).shape // [1, 1, 3, 6, 6]
 */
export class ConvTranspose3d extends TransposedConvolution {
  /** @throws RangeError for channels and groups, ShapeError for a kernel and options that are none */
  constructor(inputs: number, outputs: number, kernel: Extent, options: ConvTransposeLayerOptions = {}) {
    super(3, inputs, outputs, kernel, options)
  }
}
