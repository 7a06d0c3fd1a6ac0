/**
 * Cumulative layer normalisation (Luo & Mesgarani 2019, "Conv-TasNet", arXiv 1809.07454, equation 10): every step is normalised by mean and
 * variance over channels of all steps up to it, which is what a causal network can know.
 */
import {
  add,
  constant,
  cumsum,
  div,
  formatShape,
  mean,
  mul,
  reshape,
  ShapeError,
  sizeOf,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { constantInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach } from './reach.ts'

/**
 * x (b, c, t, …) normalised over channels, earlier steps and the axes after time; weight (c), bias (c) → (b, c, t, …).
 *
 * Squares are summed around the running mean (Chan, Golub & LeVeque 1979): E[x²] − E[x]² in float32 loses all digits of a small variance
 * beside a large mean.
 *
 * @throws ShapeError where x has no time, or weight and bias have not one value per channel
 *
 * @example
 * const x = constant([1, 3, 2, 6], [1, 2, 2])
 * const [y] = await evaluate(() => [cumulativeLayerNorm(x, constant([1, 1]), constant([0, 0]), 0)]) // [-1, 0, 1, 1.604]
 */
export function cumulativeLayerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  const [, channels, steps, ...others] = x.shape
  if (steps === undefined || [weight, bias].some(({ shape }) => shape.length !== 1 || shape[0] !== channels)) {
    throw new ShapeError(
      'cumulativeLayerNorm',
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}, bias ${formatShape(bias.shape)}: needs (b, c, t, …), (c), (c)`,
    )
  }
  const options = { axes: [1, ...others.map((_, i) => i + 3)], keepDims: true }
  const perStep = channels! * sizeOf(others)
  const beside = (values: (step: number) => number) =>
    constant(
      Array.from({ length: steps }, (_, step) => values(step)),
      [1, 1, steps, ...others.map(() => 1)],
    )
  const own = mean(x, options) // (b, 1, t, 1…)
  const running = mul(
    cumsum(own, 2),
    beside((step) => 1 / (step + 1)),
  )
  const before = mul(
    cumsum(own, 2, { exclusive: true }),
    beside((step) => 1 / Math.max(1, step)),
  )
  // What a step adds to the sum of squares: its own around its mean, and its mean's distance to that of the steps before.
  const within = sum(square(sub(x, own)), options)
  const between = mul(
    square(sub(own, before)),
    beside((step) => (perStep * step) / (step + 1)),
  )
  const variance = mul(
    cumsum(add(within, between), 2),
    beside((step) => 1 / (perStep * (step + 1))),
  )
  const normal = div(sub(x, running), sqrt(add(variance, eps)))
  const perChannel = (values: Tensor) => reshape(values, [1, -1, 1, ...others.map(() => 1)])
  return add(mul(normal, perChannel(weight)), perChannel(bias))
}

/** `cumulativeLayerNorm` as a layer: `weight` and `bias` (c). Its counterpart that sees all steps is `new GroupNorm(1, channels)`. */
export class CumulativeLayerNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter
  readonly #eps: number

  /** @throws RangeError for a number of channels that is no whole number ≥ 1 */
  constructor(channels: number, { eps = 1e-5 }: { readonly eps?: number } = {}) {
    super()
    checkExtent('CumulativeLayerNorm', { channels })
    this.weight = parameter([channels], constantInit(1))
    this.bias = parameter([channels], constantInit(0))
    this.#eps = eps
  }

  forward(x: Tensor): Tensor {
    return cumulativeLayerNorm(x, this.weight, this.bias, this.#eps)
  }

  override reach(): Reach {
    return causalReach
  }
}
