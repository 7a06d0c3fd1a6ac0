/** Activations that are made of other functions; `relu`, `leakyRelu`, `sigmoid`, `tanh`, `softplus` and `softmax` are tensor functions. */
import { add, erf, exp, maximum, minimum, mul, relu, reshape, sigmoid, square, sub, type Tensor } from '../tensor/index.ts'
import { constantInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

/** x as it is. */
export function identity(x: Tensor): Tensor {
  return x
}

/**
 * x above 0, α(eˣ − 1) below (Clevert, Unterthiner & Hochreiter 2016, arXiv 1511.07289).
 *
 * @example
 * const [y] = await evaluate(() => [elu(constant([-1, 0, 2]))]) // [-0.632, 0.0, 2.0]
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  // The exponential of positive numbers would be infinite where it is not used, and its derivative no number.
  return add(relu(x), mul(sub(exp(minimum(x, 0)), 1), alpha))
}

/**
 * x·Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016, arXiv 1606.08415), by the error function and not by tanh.
 *
 * @example
 * const [y] = await evaluate(() => [gelu(constant([-1, 0, 1]))]) // [-0.1587, 0.0, 0.8413]
 */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
}

/**
 * x·σ(x) (Elfwing, Uchibe & Doya 2018, arXiv 1702.03118).
 *
 * @example
 * const [y] = await evaluate(() => [silu(constant([-1, 0, 1]))]) // [-0.2689, 0.0, 0.7311]
 */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x))
}

/**
 * relu(x)² (So et al. 2021, "Primer", arXiv 2109.08668).
 *
 * @example
 * const [y] = await evaluate(() => [squaredRelu(constant([-3, 3]))]) // [0, 9]
 */
export function squaredRelu(x: Tensor): Tensor {
  return square(relu(x))
}

/** x above 0, a·x below, with a learned a for all channels or for each (He et al. 2015, arXiv 1502.01852): x (b, c, …). */
export class PReLU extends Module {
  readonly weight: Parameter

  /** @param channels 1 for one slope, or the extent of axis 1 */
  constructor(channels = 1, { init = 0.25 }: { readonly init?: number } = {}) {
    super()
    this.weight = parameter([channels], constantInit(init))
  }

  forward(x: Tensor): Tensor {
    const perChannel = this.weight.shape[0] === 1 ? this.weight : reshape(this.weight, [-1, ...x.shape.slice(2).map(() => 1)])
    return add(maximum(x, 0), mul(perChannel, minimum(x, 0)))
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
