/** From functions of tensors to programs: trace, load, run. */
import type { Weights } from '../formats/index.ts'
import { input, type Tensor, type TensorSpec } from '../tensor/index.ts'
import type { Backend, HostArray, Program } from './backend.ts'
import { createReferenceBackend } from './backends/reference.ts'

export type Specs = Readonly<Record<string, TensorSpec | readonly number[]>>

export interface CompileOptions {
  readonly backend: Backend
  /** Values of inputs that do not change, weights for example, by name; as bits of float16 they take half the room. */
  readonly constants?: Weights
}

/**
 * Traces a function of named tensors and makes it ready to run. Shapes are static: another shape is another program.
 *
 * @param f gets one tensor per spec and returns the outputs by name
 * @param specs shapes (float32) or full specs of the inputs
 * @throws ShapeError where the operations of `f` refuse their operands; RangeError for shapes that are none and for constants of a size
 * that is not their input's
 *
 * @example
 * const backend = createReferenceBackend()
 * const program = await compile(({ a, b }) => ({ y: mul(a, b) }), { a: [2], b: [2] }, { backend })
 * const { y } = await program.run({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4) })
 * y // [3, 8]
 * await program.dispose()
 */
export async function compile<S extends Specs>(
  f: (inputs: { readonly [K in keyof S]: Tensor }) => Readonly<Record<string, Tensor>>,
  specs: S,
  { backend, constants }: CompileOptions,
): Promise<Program> {
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, 'dtype' in spec ? input(name, spec.shape, spec.dtype) : input(name, spec)]),
  ) as { [K in keyof S]: Tensor }
  return backend.load(f(inputs), constants)
}

/**
 * Traces, runs once, and gives the numbers: for lessons, tests and the curious. Runs in float64 on the reference backend unless told otherwise.
 *
 * @example
 * const [y] = await evaluate(() => [mul(constant([1, 2, 3]), 2)]) // Float64Array [2, 4, 6]
 */
export async function evaluate(f: () => readonly Tensor[], backend: Backend = createReferenceBackend()): Promise<HostArray[]> {
  const outputs = f()
  const program = await backend.load(Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor])))
  try {
    const values = await program.run({})
    return outputs.map((_, i) => values[`y${i}`]!)
  } finally {
    await program.dispose()
  }
}
