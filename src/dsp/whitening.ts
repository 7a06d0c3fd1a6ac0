/** Features of like scale for a network: by statistics of the training set, by those of each recording, or by those of the surroundings. */
import { constantInit, type Init, Module, type Parameter, parameter, pointwiseReach, type Reach } from '../nn/index.ts'
import {
  add,
  constant,
  conv2d,
  div,
  formatShape,
  maximum,
  mean,
  mul,
  reshape,
  rsqrt,
  ShapeError,
  sqrt,
  square,
  sub,
  type Tensor,
  variance,
} from '../tensor/index.ts'
import type { FeatureStatistics } from './statistics.ts'

export interface WhiteningOptions {
  /** Of the training set, from collectStatistics. Without it the statistics are 0 and 1 until a checkpoint brings others. */
  readonly statistics?: Pick<FeatureStatistics, 'mean' | 'std'>
  /** Whether scale and shift are learned on top (1 and 0 at first). */
  readonly affine?: boolean
}

function filledWith(values: Float64Array | undefined, features: number, name: string, otherwise: number): Init {
  if (!values) return constantInit(otherwise)
  if (values.length !== features) throw new RangeError(`InputWhitening: statistics.${name} has ${values.length} values; needs ${features}`)
  return (target) => target.set(values)
}

/**
 * (x − mean)/std · scale + shift for the features on the last axis, (…, features) → (…, features): the statistics of the training set are
 * buffers, which checkpoints carry and training leaves alone; scale and shift are learned (Stöter et al. 2019, Open-Unmix, whose
 * input_mean and input_scale are −mean and 1/std as initial values of what is learned).
 *
 * @example
 * const layer = new InputWhitening(2, { statistics: { mean: Float64Array.of(1, 2), std: Float64Array.of(1, 4) } })
 * layoutOf(layer).buffers.map(({ name }) => name) // ['mean', 'std']
 */
export class InputWhitening extends Module {
  readonly mean: Parameter
  readonly std: Parameter
  readonly scale: Parameter | undefined
  readonly shift: Parameter | undefined

  /** @throws RangeError for features that are no whole number ≥ 1, and statistics of another number of features, that are not finite or with a std not above 0 */
  constructor(features: number, { statistics, affine = true }: WhiteningOptions = {}) {
    super()
    if (!Number.isInteger(features) || features < 1)
      throw new RangeError(`InputWhitening: ${features} features; allowed are whole numbers ≥ 1`)
    const flat = statistics?.std.findIndex((value) => !(value > 0 && value < Infinity)) ?? -1
    if (flat >= 0)
      throw new RangeError(`InputWhitening: statistics.std[${flat}] is ${statistics!.std[flat]}; allowed are finite numbers > 0`)
    const lost = statistics?.mean.findIndex((value) => !Number.isFinite(value)) ?? -1
    if (lost >= 0) throw new RangeError(`InputWhitening: statistics.mean[${lost}] is ${statistics!.mean[lost]}; allowed are finite numbers`)
    this.mean = parameter([features], filledWith(statistics?.mean, features, 'mean', 0), 'buffer')
    this.std = parameter([features], filledWith(statistics?.std, features, 'std', 1), 'buffer')
    this.scale = affine ? parameter([features], constantInit(1)) : undefined
    this.shift = affine ? parameter([features], constantInit(0)) : undefined
  }

  forward(x: Tensor): Tensor {
    const features = this.mean.shape[0]!
    if (x.shape.at(-1) !== features) throw new ShapeError('InputWhitening', `${formatShape(x.shape)}: needs (…, ${features})`)
    const white = div(sub(x, this.mean), this.std)
    return this.scale && this.shift ? add(mul(white, this.scale), this.shift) : white
  }

  override reach(): Reach {
    return pointwiseReach
  }
}

/**
 * Every bin with zero mean and unit (population's) variance over time, each spectrogram by itself: (…, t, f) → (…, t, f).
 *
 * @param eps added to the variance, so that bins which never change become 0
 * @throws ShapeError for a tensor without a time axis, or an eps that is not above 0
 *
 * @example
 * const [y] = await evaluate(() => [whitenBins(constant([1, 10, 3, 10], [2, 2]))]) // [-1.000, 0.000, 1.000, 0.000]
 */
export function whitenBins(x: Tensor, eps = 1e-8): Tensor {
  if (x.shape.length < 2) throw new ShapeError('whitenBins', `${formatShape(x.shape)}: needs (…, t, f)`)
  if (!(eps > 0)) throw new ShapeError('whitenBins', `eps ${eps}; allowed are numbers > 0`)
  const over = { axes: [-2], keepDims: true }
  return mul(sub(x, mean(x, over)), rsqrt(add(variance(x, { ...over, correction: 0 }), eps)))
}

export interface ContrastOptions {
  /** Frames and bins of the neighbourhood, odd; 9 by 9 by default. */
  readonly size?: readonly [number, number]
  /** Standard deviation of its Gaussian, as a part of the size: 0.25 by default. */
  readonly width?: number
}

/**
 * Local contrast normalisation (Jarrett et al. 2009, "What is the best multi-stage architecture for object recognition?"): v = x − Σ w x over
 * the neighbourhood, then v / max(c, σ), σ² = Σ w v² and c the mean of σ over the spectrogram. Weights are Gaussian; at the border those that
 * are inside count. (…, t, f) → (…, t, f).
 *
 * @throws ShapeError for a tensor without a time axis, a size that is not odd, or a width that is not above 0
 *
 * @example
 * localContrastNormalize(constant(new Float32Array(200), [10, 20]), { size: [5, 5] }).shape // [10, 20]
 */
export function localContrastNormalize(x: Tensor, { size = [9, 9], width = 0.25 }: ContrastOptions = {}): Tensor {
  if (x.shape.length < 2) throw new ShapeError('localContrastNormalize', `${formatShape(x.shape)}: needs (…, t, f)`)
  if (size.length !== 2 || size.some((n) => !Number.isInteger(n) || n < 1 || n % 2 === 0)) {
    throw new ShapeError('localContrastNormalize', `size [${size}]; allowed are two odd whole numbers`)
  }
  if (!(width > 0)) throw new ShapeError('localContrastNormalize', `width ${width}; allowed are numbers > 0`)
  const [frames, bins] = x.shape.slice(-2) as [number, number]
  const around = localMean(frames, bins, size, width)
  const images = reshape(x, [-1, 1, frames, bins])
  const centred = sub(images, around(images))
  // The root has no derivative at 0, where all around is equal.
  const deviation = sqrt(add(around(square(centred)), 1e-12))
  const typical = mean(deviation, { axes: [-2, -1], keepDims: true })
  return reshape(div(centred, maximum(deviation, typical)), x.shape)
}

/** Gaussian means of (b, 1, frames, bins). */
function localMean(frames: number, bins: number, [height, breadth]: readonly [number, number], width: number): (x: Tensor) => Tensor {
  const bell = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.exp(-0.5 * ((i - (n - 1) / 2) / (width * n)) ** 2))
  /** Σ of the bell's part that lies inside, for each place along an axis. */
  const inside = (weights: Float64Array, extent: number) =>
    Float64Array.from({ length: extent }, (_, at) => {
      const half = (weights.length - 1) / 2
      return weights.reduce((sum, weight, i) => (at + i - half >= 0 && at + i - half < extent ? sum + weight : sum), 0)
    })
  const [down, across] = [bell(height), bell(breadth)]
  const sums = [inside(down, frames), inside(across, bins)] as const
  const coverage = constant(
    Float64Array.from({ length: frames * bins }, (_, i) => 1 / (sums[0][Math.floor(i / bins)]! * sums[1][i % bins]!)),
    [frames, bins],
  )
  return (x) => {
    const columns = conv2d(x, constant(down, [1, 1, height, 1]), { padding: [(height - 1) / 2, 0] })
    const total = conv2d(columns, constant(across, [1, 1, 1, breadth]), { padding: [0, (breadth - 1) / 2] })
    return mul(total, coverage)
  }
}
