/** Initial values of parameters, with PyTorch's definitions of fan. */
import { type Shape, sizeOf } from '../tensor/index.ts'
import type { Init } from './module.ts'

/** Inputs that meet in one output: all axes but the first. */
export function fanIn(shape: Shape): number {
  return sizeOf(shape.slice(1))
}

/** Every value the same: 1 for the gain of a normalisation, 0 for its offset. */
export function constantInit(value: number): Init {
  return (values) => {
    values.fill(value)
  }
}

/** Uniform in ±bound. */
export function uniformInit(bound: number): Init {
  return (values, _, random) => {
    for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound)
  }
}

/** Normal numbers of mean 0: what BERT and its kind start learned positions and tokens from, with a deviation of 0.02. */
export function normalInit(deviation: number): Init {
  return (values, _, random) => {
    for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal()
  }
}

/** Normal with deviation gain/√fanIn (He et al. 2015, arXiv 1502.01852); gain √2 suits rectifiers. */
export function kaimingNormal(gain = Math.SQRT2): Init {
  return (values, shape, random) => {
    const deviation = gain / Math.sqrt(fanIn(shape))
    for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal()
  }
}

/** PyTorch's default of linear and convolution layers: uniform in ±1/√fanIn. */
export function defaultInit(inputs: number): Init {
  return uniformInit(1 / Math.sqrt(inputs))
}
