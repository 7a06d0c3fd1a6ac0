/**
 * Positions added to what a transformer sees, which by itself takes its input for a set: sinusoids of fixed wavelengths (Vaswani et al.
 * 2017, arXiv 1706.03762, 3.5) and a learned vector for each step.
 */
import { add, constant, formatShape, narrow, ShapeError, type Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { normalInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { pointwiseReach, type Reach } from './reach.ts'

export interface SinusoidOptions {
  /** The longest wavelength is 2π·base steps (of an infinite number of features), 10000 by default. */
  readonly base?: number
  /** Position of the first step, 0 by default. */
  readonly offset?: number
}

/** Radians per step of each pair of features: base^(−2i/features). */
export function pairFrequencies(who: string, features: number, base: number): Float64Array {
  if (!Number.isInteger(features) || features < 2 || features % 2 !== 0)
    throw new ShapeError(who, `${features} features; positions turn pairs of them, so needs an even number ≥ 2`)
  if (!(base > 0)) throw new RangeError(`${who}: base ${base}; allowed are numbers above 0`)
  return Float64Array.from({ length: features / 2 }, (_, i) => base ** ((-2 * i) / features))
}

/**
 * PE(p, 2i) = sin(p / base^(2i/d)), PE(p, 2i + 1) = cos(p / base^(2i/d)): (steps, d). Made in float64, for an angle rounded to float32 is
 * wrong by 6·10⁻⁵ at step 1000.
 *
 * @throws ShapeError for an odd number of features, RangeError for steps that are no whole number ≥ 1
 *
 * @example
 * const [y] = await evaluate(() => [sinusoidalEncoding(2, 4)]) // [0, 1, 0, 1, 0.841471, 0.540302, 0.0099998, 0.99995]
 */
export function sinusoidalEncoding(steps: number, features: number, { base = 10000, offset = 0 }: SinusoidOptions = {}): Tensor {
  checkExtent('sinusoidalEncoding', { steps })
  const frequencies = pairFrequencies('sinusoidalEncoding', features, base)
  const values = new Float64Array(steps * features)
  for (let step = 0; step < steps; step++) {
    for (const [i, frequency] of frequencies.entries()) {
      const angle = (step + offset) * frequency
      values[step * features + 2 * i] = Math.sin(angle)
      values[step * features + 2 * i + 1] = Math.cos(angle)
    }
  }
  return constant(values, [steps, features])
}

/** x + sinusoidalEncoding: (…, t, d) → (…, t, d). */
export class SinusoidalPositions extends Module {
  readonly #options: SinusoidOptions

  constructor(options: SinusoidOptions = {}) {
    super()
    this.#options = options
  }

  forward(x: Tensor): Tensor {
    return add(x, sinusoidalEncoding(x.shape.at(-2) ?? 1, x.shape.at(-1) ?? 1, this.#options))
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/** x + a learned vector for each step: (…, t, d) → (…, t, d), t up to `steps`; weight (steps, d), from normal numbers of deviation 0.02. */
export class LearnedPositions extends Module {
  readonly weight: Parameter

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(steps: number, features: number) {
    super()
    checkExtent('LearnedPositions', { steps, features })
    this.weight = parameter([steps, features], normalInit(0.02))
  }

  /** @throws ShapeError for more steps than there are vectors, or another number of features */
  forward(x: Tensor): Tensor {
    const [steps, features] = this.weight.shape as [number, number]
    const t = x.shape.at(-2)
    if (t === undefined || t > steps || x.shape.at(-1) !== features)
      throw new ShapeError(
        'LearnedPositions',
        `input ${formatShape(x.shape)}; needs (…, t, ${features}) with t in 1…${steps}, the steps that it was made for`,
      )
    return add(x, narrow(this.weight, 0, 0, t))
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
