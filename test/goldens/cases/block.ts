/**
 * Cases of single blocks: explicit inputs, parameters and cotangents; outputs and gradients to compare with.
 *
 * The files have (b, c, f, t), we have (b, c, t, f): `turned` swaps the axes at the edge of the traced graph, so that gradients come out as in the
 * files.
 */
import { z } from 'zod'
import { layoutOf, loadStateDict, type Module } from '../../../src/nn/index.ts'
import type { Backend } from '../../../src/runtime/index.ts'
import { add, grad, input, mul, reshape, sum, type Tensor, transpose } from '../../../src/tensor/index.ts'
import { runOnce } from '../../tensor/generic.ts'
import { type Backends, expectClose, expectShape, type Golden, type GoldenTensor, goldenTensor, type Runner } from './support.ts'

const tensors = z.record(z.string(), goldenTensor)

const blockCase = z.object({
  config: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), goldenTensor.nullable()),
  params: tensors,
  buffers: tensors.default({}),
  outputs: tensors,
  cotangents: tensors,
  grads: tensors,
  f32_vs_f64_max_abs: z.object({ outputs: z.number(), grads: z.number() }),
})

/** Inputs of a case by name; those that it does not have are absent. */
export type Inputs = Readonly<Record<string, Tensor | undefined>>

/** (b, c, f, t) ↔ (b, c, t, f). */
export function turned(x: Tensor): Tensor {
  return transpose(x, [0, 1, 3, 2])
}

/** `turned`, of what may be absent. */
export function turnedIf(x: Tensor | undefined): Tensor | undefined {
  return x && turned(x)
}

/**
 * Scores between the positions of (f, t) in row-major order, as the files have them, or of (t, f), as we do → the other way:
 * (b, heads, rows·columns, rows·columns) → (b, heads, columns·rows, columns·rows).
 */
export function reordered(scores: Tensor, [rows, columns]: readonly [number, number]): Tensor {
  const [b, heads, queries, keys] = scores.shape as [number, number, number, number]
  if (queries !== rows * columns || keys !== rows * columns)
    throw new Error(`scores of ${queries} and ${keys} positions; expected ${rows}×${columns}`)
  return reshape(transpose(reshape(scores, [b, heads, rows, columns, rows, columns]), [0, 1, 3, 2, 5, 4]), scores.shape)
}

/** An input that every case of a kind has. */
export function given(inputs: Inputs, name: string): Tensor {
  const x = inputs[name]
  if (!x) throw new Error(`the case has no input ${name}; it has ${Object.keys(inputs).join(', ')}`)
  return x
}

/** 10 times the difference of the original's float32 to its float64 run, and 10⁻⁶: the bound that the cases come with. */
const tolerance = (noise: number) => 10 * noise + 1e-6

async function check(golden: Golden, module: Module, trace: (inputs: Inputs) => Readonly<Record<string, Tensor>>, backend: Backend) {
  const expected = blockCase.parse(golden)
  const { parameters } = layoutOf(module)
  const state = new Map(
    Object.entries({ ...expected.params, ...expected.buffers }).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  )
  const feeds: Record<string, Float32Array> = Object.fromEntries(loadStateDict(module, state))
  const inputs: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(expected.inputs)) {
    if (!tensor) continue
    inputs[name] = input(`input ${name}`, tensor.shape)
    feeds[`input ${name}`] = Float32Array.from(tensor.data)
  }
  const outputs = trace(inputs)
  const cotangents = Object.entries(expected.cotangents).map(([name, { shape, data }]) => {
    feeds[`cotangent ${name}`] = Float32Array.from(data)
    return mul(outputs[name]!, input(`cotangent ${name}`, shape))
  })
  const loss = cotangents.map((weighted) => sum(weighted)).reduce((a, b) => add(a, b))
  const leaves = new Map<string, Tensor>([
    ...Object.entries(inputs).map(([name, x]) => [`inputs.${name}`, x] as const),
    ...parameters.map(({ name, parameter }) => [`params.${name}`, parameter] as const),
  ])
  const wanted = Object.keys(expected.grads).filter((name) => leaves.has(name))
  const gradients = grad(
    loss,
    wanted.map((name) => leaves.get(name)!),
  )
  const all = { ...outputs, ...Object.fromEntries(wanted.map((name, i) => [`gradient ${name}`, gradients[i]!])) }
  const values = await runOnce(backend, all, feeds)
  const compare = (key: string, what: string, { shape, data }: GoldenTensor, noise: number) => {
    if (!all[key]) throw new Error(`${what}: the block gives none; it gives ${Object.keys(all).join(', ')}`)
    expectShape(what, all[key].shape, shape)
    expectClose(what, values[key] as Float32Array, data, tolerance(noise))
  }
  for (const [name, tensor] of Object.entries(expected.outputs)) compare(name, name, tensor, expected.f32_vs_f64_max_abs.outputs)
  for (const [name, tensor] of Object.entries(expected.grads))
    compare(`gradient ${name}`, `gradient of ${name}`, tensor, expected.f32_vs_f64_max_abs.grads)
}

/**
 * The runner of a block: in float32 on ONNX Runtime and on the float64 reference.
 *
 * @param config what of the case's configuration the block is made of
 * @param create gets the file of the original that the numbers come from beside it
 * @param call gives the outputs by the names of the case
 */
export function block<Config, M extends Module>(
  config: z.ZodType<Config>,
  create: (config: Config, source: string) => M,
  call: (module: M, inputs: Inputs) => Readonly<Record<string, Tensor>>,
): Runner {
  return async (golden: Golden, { onnxRuntime, reference }: Backends) => {
    for (const backend of [onnxRuntime, reference]) {
      const module = create(config.parse(golden.config), String(golden.source))
      await check(golden, module, (inputs) => call(module, inputs), backend)
    }
  }
}
