/** What tests of layers share: their numbers in float64. */
import { initialValues, layoutOf, type Module } from '../../src/nn/index.ts'
import { createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { constant, type Shape, sizeOf, type Tensor } from '../../src/tensor/index.ts'
import { runOnce } from '../tensor/generic.ts'

const reference = createReferenceBackend()

/** What tensors of a model are with its initial parameters, or with others by name, and with values for inputs by theirs: in float64. */
export async function computed(
  model: Module,
  trace: () => readonly Tensor[],
  values: Readonly<Record<string, HostArray>> = {},
): Promise<number[][]> {
  layoutOf(model)
  const outputs = Object.fromEntries(trace().map((y, i) => [`y${i}`, y]))
  const result = await runOnce(reference, outputs, { ...Object.fromEntries(initialValues(model, 1)), ...values })
  return Object.keys(outputs).map((name) => Array.from(result[name]!, Number))
}

/** sin(phase + 0.7 i) by index i: what test/goldens/*.py make, too. */
export function wave(shape: Shape, phase = 0.5): Tensor {
  return constant(waveValues(shape, phase), shape)
}

export function waveValues(shape: Shape, phase: number): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(phase + 0.7 * i))
}
