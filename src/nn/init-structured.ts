/**
 * Initial values with a structure, as in torch.nn.init: orthogonal matrices (Saxe et al. 2014, arXiv 1312.6120), identities, and convolutions that
 * pass channels through.
 */
import { formatShape, type Random, type Shape, sizeOf } from '../tensor/index.ts'
import type { Init } from './module.ts'

/** `count` orthonormal vectors of `length` ≥ count numbers, evenly drawn from all such sets. */
function orthonormal(count: number, length: number, random: Random): Float64Array[] {
  const vectors: Float64Array[] = []
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal())
    // Gram–Schmidt twice: the second pass takes off what the first one's rounding left.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors) {
        const share = vector.reduce((total, value, k) => total + value * other[k]!, 0)
        for (let k = 0; k < length; k++) vector[k]! -= share * other[k]!
      }
      const norm = Math.sqrt(vector.reduce((total, value) => total + value ** 2, 0))
      for (let k = 0; k < length; k++) vector[k]! /= norm
    }
    vectors.push(vector)
  }
  return vectors
}

/**
 * An orthogonal matrix times a gain: rows, or columns where there are fewer of them, have the length `gain` and are at right angles. Parameters of
 * more than two axes count as (first axis, all others). It is drawn evenly from all such matrices, so that recurrences neither grow nor shrink.
 *
 * @throws RangeError for parameters of less than two axes
 *
 * @example
 * const values = new Float32Array(4)
 * orthogonalInit()(values, [2, 2], createRandom(1))
 * const [a, b, c, d] = values
 * Math.abs(a! * d! - b! * c!) // 1.0000
 */
export function orthogonalInit(gain = 1): Init {
  return (values, shape, random) => {
    if (shape.length < 2) throw new RangeError(`orthogonalInit: a parameter ${formatShape(shape)} is no matrix; allowed are 2 axes or more`)
    const [rows, columns] = [shape[0]!, sizeOf(shape.slice(1))]
    const tall = rows > columns
    for (const [i, vector] of orthonormal(Math.min(rows, columns), Math.max(rows, columns), random).entries())
      for (const [k, value] of vector.entries()) values[tall ? k * columns + i : i * columns + k] = gain * value
  }
}

/**
 * Ones on the diagonal of a matrix, zeros elsewhere: a linear layer that gives what it gets.
 *
 * @throws RangeError for parameters that are no matrices
 */
export const eyeInit: Init = (values, shape) => {
  if (shape.length !== 2) throw new RangeError(`eyeInit: a parameter ${formatShape(shape)}; allowed are matrices, of 2 axes`)
  values.fill(0)
  for (let i = 0; i < Math.min(...shape); i++) values[i * shape[1]! + i] = 1
}

function checkKernel(shape: Shape, groups: number): void {
  if (shape.length < 3 || shape.length > 5) {
    throw new RangeError(`diracInit: a parameter ${formatShape(shape)}; allowed are weights of convolutions, of 3 to 5 axes`)
  }
  if (!Number.isInteger(groups) || groups < 1 || shape[0]! % groups !== 0) {
    throw new RangeError(`diracInit: ${groups} groups of ${shape[0]} outputs; allowed are divisors of the number of outputs`)
  }
}

/**
 * One tap in the middle of the kernel (of even ones: after it) from input i of a group to its output i, zeros elsewhere: a convolution with `same`
 * padding that passes as many channels through as there are.
 *
 * @throws RangeError for parameters that are no weights of convolutions, and groups that do not divide the outputs
 */
export function diracInit(groups = 1): Init {
  return (values, shape) => {
    checkKernel(shape, groups)
    const [outputs, inputs, ...kernel] = shape as readonly [number, number, ...number[]]
    const taps = sizeOf(kernel)
    const middle = kernel.reduce((at, extent) => at * extent + Math.floor(extent / 2), 0)
    const perGroup = outputs / groups
    values.fill(0)
    for (let group = 0; group < groups; group++)
      for (let i = 0; i < Math.min(perGroup, inputs); i++) values[((group * perGroup + i) * inputs + i) * taps + middle] = 1
  }
}
