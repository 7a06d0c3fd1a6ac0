/** What tests of layers share: values by formula, as the scripts of test/goldens make them, and a run on the float64 reference. */
import { layoutOf, type Module } from '../../src/nn/index.ts'
import { createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { constant, type Shape, sizeOf, type Tensor } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'

/** sin(phase + 0.7 i) by index. */
export function filled(shape: Shape, phase: number): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(phase + 0.7 * i))
}

/** `filled` as a constant. */
export function filledTensor(shape: Shape, phase: number): Tensor {
  return constant(filled(shape, phase), shape)
}

/** Values of all parameters and buffers: `filled` with phases 1, 2, …; running variances positive. Names the parameters. */
export function filledValues(module: Module): Record<string, Float64Array> {
  const { parameters, buffers } = layoutOf(module)
  return Object.fromEntries(
    [...parameters, ...buffers].map(({ name, parameter: { shape } }, i) => {
      const values = filled(shape, i + 1)
      return [name, name.endsWith('running_var') ? values.map((value) => 1.5 + value / 2) : values]
    }),
  )
}

/** Runs tensors on the float64 reference. */
export async function run<K extends string>(
  outputs: Readonly<Record<K, Tensor>>,
  feeds: Readonly<Record<string, HostArray>> = {},
): Promise<Record<K, number[]>> {
  const results = await runOnce(createReferenceBackend(), outputs, feeds)
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)])) as Record<K, number[]>
}

/** The largest difference of two lists of equal length. */
export function worst(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
}
