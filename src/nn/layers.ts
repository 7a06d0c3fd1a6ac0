/** Linear, convolution and batch norm as modules with PyTorch's parameter names and shapes. */
import {
  add,
  batchNorm,
  batchNormInference,
  type ConvOptions,
  conv2d,
  convTranspose2d,
  matmul,
  mul,
  reshape,
  sizeOf,
  type Tensor,
  transpose,
} from '../tensor/index.ts'
import { constantInit, defaultInit, kaimingNormal } from './init.ts'
import { isTraining, updateRunning } from './mode.ts'
import { Module, type Parameter, parameter } from './module.ts'

/** y = x Wᵀ + b on the last axis, weight (out, in). */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined

  constructor(inputs: number, outputs: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super()
    this.weight = parameter([outputs, inputs], defaultInit(inputs))
    this.bias = bias ? parameter([outputs], defaultInit(inputs)) : undefined
  }

  forward(x: Tensor): Tensor {
    const y = matmul(x, transpose(this.weight, [1, 0]))
    return this.bias ? add(y, this.bias) : y
  }
}

export interface Conv2dOptions extends ConvOptions {
  readonly bias?: boolean
}

/** (b, c, h, w) → (b, o, h', w'), weight (o, c/groups, kh, kw). */
export class Conv2d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  readonly #options: ConvOptions

  constructor(inputs: number, outputs: number, kernel: readonly [number, number], { bias = true, ...options }: Conv2dOptions = {}) {
    super()
    const perGroup = inputs / (options.groups ?? 1)
    this.weight = parameter([outputs, perGroup, ...kernel], kaimingNormal())
    this.bias = bias ? parameter([outputs], defaultInit(perGroup * sizeOf(kernel))) : undefined
    this.#options = options
  }

  forward(x: Tensor): Tensor {
    const y = conv2d(x, this.weight, this.#options)
    return this.bias ? add(y, reshape(this.bias, [1, -1, 1, 1])) : y
  }
}

/** (b, c, h, w) → (b, o, h', w'), weight (c, o/groups, kh, kw): the adjoint of Conv2d. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  readonly #options: ConvOptions

  constructor(inputs: number, outputs: number, kernel: readonly [number, number], { bias = true, ...options }: Conv2dOptions = {}) {
    super()
    const perGroup = outputs / (options.groups ?? 1)
    this.weight = parameter([inputs, perGroup, ...kernel], kaimingNormal())
    this.bias = bias ? parameter([outputs], defaultInit(perGroup * sizeOf(kernel))) : undefined
    this.#options = options
  }

  forward(x: Tensor): Tensor {
    const y = convTranspose2d(x, this.weight, this.#options)
    return this.bias ? add(y, reshape(this.bias, [1, -1, 1, 1])) : y
  }
}

/** Batch normalisation over all axes but channels, with running statistics (momentum 0.1, unbiased variance) for evaluation. */
export class BatchNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter
  readonly running_mean: Parameter
  readonly running_var: Parameter
  readonly #momentum: number
  readonly #eps: number

  constructor(channels: number, { momentum = 0.1, eps = 1e-5 }: { readonly momentum?: number; readonly eps?: number } = {}) {
    super()
    this.weight = parameter([channels], constantInit(1))
    this.bias = parameter([channels], constantInit(0))
    this.running_mean = parameter([channels], constantInit(0), 'buffer')
    this.running_var = parameter([channels], constantInit(1), 'buffer')
    this.#momentum = momentum
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    if (!isTraining()) return batchNormInference(x, this.weight, this.bias, this.running_mean, this.running_var, this.#eps)
    const { y, mean, variance } = batchNorm(x, this.weight, this.bias, this.#eps)
    const count = sizeOf(x.shape) / x.shape[1]!
    updateRunning(this.running_mean, mean, this.#momentum)
    updateRunning(this.running_var, mul(variance, count / Math.max(1, count - 1)), this.#momentum)
    return y
  }
}
