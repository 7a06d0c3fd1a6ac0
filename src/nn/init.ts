/**
 * Initial values of parameters that are drawn value by value, with the definitions of torch.nn.init: what fans are, which gain suits which
 * non-linearity, and the deviations and bounds of Glorot & Bengio 2010 (Xavier) and He et al. 2015 (Kaiming, arXiv 1502.01852). Those with a structure
 * (orthogonal, identity, Dirac) are in init-structured.ts.
 */
import { formatShape, type Random, type Shape, sizeOf } from '../tensor/index.ts'
import type { Init } from './module.ts'

/** Inputs that meet in one output: all axes but the first. */
export function fanIn(shape: Shape): number {
  return sizeOf(shape.slice(1))
}

/** Outputs that one input goes to: all axes but the second. */
export function fanOut(shape: Shape): number {
  return sizeOf(shape) / shape[1]!
}

/** PyTorch has no fans for vectors; a bias wants zeros or `defaultInit`. */
function checkFans(who: string, shape: Shape): void {
  if (shape.length < 2) {
    throw new RangeError(
      `${who}: a parameter ${formatShape(shape)} has no fans; allowed are 2 axes or more, vectors take constantInit or uniformInit`,
    )
  }
}

function checkDeviation(who: string, name: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${who}: ${name} ${value}; allowed are numbers ≥ 0`)
}

/** Every value drawn by itself. */
function each(draw: (random: Random) => number): Init {
  return (values, _, random) => {
    for (let i = 0; i < values.length; i++) values[i] = draw(random)
  }
}

/** Every value the same: 1 for the gain of a normalisation, 0 for its offset. */
export function constantInit(value: number): Init {
  return (values) => {
    values.fill(value)
  }
}

export const zerosInit: Init = constantInit(0)
export const onesInit: Init = constantInit(1)

/**
 * Uniform in [low, high); with one number uniform in ±it.
 *
 * @throws RangeError for bounds that are not in order
 */
export function uniformInit(bound: number, high?: number): Init {
  const [from, to] = high === undefined ? [-bound, bound] : [bound, high]
  if (!(from <= to && Number.isFinite(to - from))) {
    throw new RangeError(`uniformInit: bounds ${from} and ${to}; allowed are finite numbers, the lower one first`)
  }
  return each((random) => random.uniform(from, to))
}

/** Normal numbers: what BERT and its kind start learned positions and tokens from, with a deviation of 0.02. */
export function normalInit(deviation: number, mean = 0): Init {
  checkDeviation('normalInit', 'deviation', deviation)
  return each((random) => mean + deviation * random.normal())
}

export interface TruncatedNormalOptions {
  readonly mean?: number
  readonly deviation?: number
  /** Bounds of the values themselves, −2 and 2 by default, as in PyTorch: they do not scale with the deviation. */
  readonly low?: number
  readonly high?: number
}

/** Density of the normal distribution that is too small to be drawn: exp(−40) of the largest within the bounds. */
const negligible = 80

/**
 * Normal numbers that lie within bounds.
 *
 * Uniform draws are kept with the probability of their density relative to the highest one between the bounds.
 *
 * @throws RangeError for bounds that are not in order
 *
 * @example
 * const values = new Float32Array(1000)
 * truncatedNormalInit({ deviation: 2, low: 0, high: 1 })(values, [1000], createRandom(1))
 * values.every((value) => value >= 0 && value <= 1) // true
 */
export function truncatedNormalInit({ mean = 0, deviation = 1, low = -2, high = 2 }: TruncatedNormalOptions = {}): Init {
  if (!(deviation > 0 && Number.isFinite(deviation)))
    throw new RangeError(`truncatedNormalInit: deviation ${deviation}; allowed are numbers above 0`)
  if (!(low < high)) throw new RangeError(`truncatedNormalInit: bounds ${low} and ${high}; the lower one comes first`)
  const standard = (value: number) => (value - mean) / deviation
  const nearest = Math.min(Math.max(0, standard(low)), standard(high))
  const reach = Math.sqrt(nearest ** 2 + negligible)
  const [from, to] = [Math.max(standard(low), -reach), Math.min(standard(high), reach)]
  return each((random) => {
    let x: number
    do x = random.uniform(from, to)
    while (!random.chance(Math.exp((nearest ** 2 - x ** 2) / 2)))
    return mean + deviation * x
  })
}

/** Non-linearities that `calculateGain` knows, by PyTorch's names. */
export type GainNonlinearity = 'linear' | 'conv' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu'

/**
 * By what factor weights before a non-linearity are larger, so that activations keep their variance: 1 for linear layers and the sigmoid, 5/3 for tanh,
 * √2 for ReLU, √(2 / (1 + slope²)) for leaky ReLU, 3/4 for SELU.
 *
 * @param slope of leaky ReLU, 0.01 by default
 * @throws RangeError for other names
 *
 * @example
 * calculateGain('leaky_relu', 0.2) // 1.3868
 */
export function calculateGain(nonlinearity: GainNonlinearity, slope = 0.01): number {
  const gains: Readonly<Record<GainNonlinearity, number>> = {
    linear: 1,
    conv: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    leaky_relu: Math.sqrt(2 / (1 + slope ** 2)),
    selu: 3 / 4,
  }
  if (!Object.hasOwn(gains, nonlinearity)) {
    throw new RangeError(`calculateGain: no gain of "${nonlinearity}" is known; allowed are ${Object.keys(gains).join(', ')}`)
  }
  return gains[nonlinearity]
}

/** Uniform in ±gain·√(6 / (fanIn + fanOut)): signals and gradients keep their variance through linear layers. */
export function xavierUniform(gain = 1): Init {
  checkDeviation('xavierUniform', 'gain', gain)
  return (values, shape, random) => {
    checkFans('xavierUniform', shape)
    uniformInit(gain * Math.sqrt(6 / (fanIn(shape) + fanOut(shape))))(values, shape, random)
  }
}

/** Normal with deviation gain·√(2 / (fanIn + fanOut)). */
export function xavierNormal(gain = 1): Init {
  checkDeviation('xavierNormal', 'gain', gain)
  return (values, shape, random) => {
    checkFans('xavierNormal', shape)
    normalInit(gain * Math.sqrt(2 / (fanIn(shape) + fanOut(shape))))(values, shape, random)
  }
}

export interface KaimingOptions {
  /** Whether signals ('fan_in', the default) or gradients ('fan_out') keep their variance. */
  readonly mode?: 'fan_in' | 'fan_out'
  /** 'leaky_relu' by default. */
  readonly nonlinearity?: GainNonlinearity
  /** Slope of leaky ReLU, 0 by default: a ReLU. */
  readonly slope?: number
}

function kaimingDeviation(who: string, shape: Shape, { mode = 'fan_in', nonlinearity = 'leaky_relu', slope = 0 }: KaimingOptions): number {
  checkFans(who, shape)
  if (mode !== 'fan_in' && mode !== 'fan_out') throw new RangeError(`${who}: mode "${mode}"; allowed are fan_in and fan_out`)
  return calculateGain(nonlinearity, slope) / Math.sqrt(mode === 'fan_in' ? fanIn(shape) : fanOut(shape))
}

/** Uniform with deviation gain/√fan: in ±√3 times that. */
export function kaimingUniform(options: KaimingOptions = {}): Init {
  return (values, shape, random) => uniformInit(Math.sqrt(3) * kaimingDeviation('kaimingUniform', shape, options))(values, shape, random)
}

/** Normal with deviation gain/√fan; without options that of rectifiers, √(2 / fanIn). */
export function kaimingNormal(options: KaimingOptions = {}): Init {
  return (values, shape, random) => normalInit(kaimingDeviation('kaimingNormal', shape, options))(values, shape, random)
}

/** PyTorch's default of linear and convolution layers: uniform in ±1/√fanIn. */
export function defaultInit(inputs: number): Init {
  return uniformInit(1 / Math.sqrt(inputs))
}
