/** Running what lessons describe: numbers of tensors, and a plain training loop that can be read in one go. */
import { initialValues, layoutOf, type Module } from '../nn/index.ts'
import { type Backend, compile, createReferenceBackend, type HostArray, type Specs } from '../runtime/index.ts'
import { grad, type Tensor } from '../tensor/index.ts'

export type Weights = ReadonlyMap<string, Float32Array>

/** Numbers of tensors by name, computed once: in float64 on the reference unless a backend is given. A model comes with its weights. */
export async function numbersOf<Name extends string>(
  f: () => Readonly<Record<Name, Tensor>>,
  { model, backend = createReferenceBackend() }: { readonly model?: readonly [Module, Weights]; readonly backend?: Backend } = {},
): Promise<Record<Name, number[]>> {
  // Parameters get their names by it.
  if (model) layoutOf(model[0])
  const program = await compile(f, {}, model ? { backend, constants: model[1] } : { backend })
  try {
    const results = await program.run({})
    return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)])) as Record<Name, number[]>
  } finally {
    await program.dispose()
  }
}

/** Row by row. */
export function rowsOf(values: readonly number[], columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns))
}

export interface LearnOptions<Inputs extends Specs> {
  readonly model: Module
  readonly inputs: Inputs
  readonly loss: (inputs: { readonly [K in keyof Inputs]: Tensor }) => Tensor
  readonly batch: (step: number) => Readonly<Record<keyof Inputs, HostArray>>
  readonly steps: number
  readonly learningRate: number
  readonly backend: Backend
}

export interface Learned {
  readonly weights: Map<string, Float32Array>
  /** Before each step. */
  readonly losses: number[]
}

/** Adam (Kingma & Ba 2015, arXiv 1412.6980) from the initial values of seed 1: one program for the gradients, the rule by hand. */
export async function learn<const Inputs extends Specs>(options: LearnOptions<Inputs>): Promise<Learned> {
  const { model, inputs, loss, batch, steps, learningRate, backend } = options
  const { parameters } = layoutOf(model)
  const program = await compile(
    (given) => {
      const value = loss(given)
      const gradients = grad(
        value,
        parameters.map(({ parameter }) => parameter),
      )
      return { loss: value, ...Object.fromEntries(parameters.map(({ name }, i) => [`gradient/${name}`, gradients[i]!])) }
    },
    inputs,
    { backend },
  )
  const weights = initialValues(model, 1)
  const moments = parameters.map(({ size }) => ({ first: new Float64Array(size), second: new Float64Array(size) }))
  const losses: number[] = []
  for (let step = 1; step <= steps; step++) {
    const results = await program.run({ ...(batch(step - 1) as Record<string, HostArray>), ...Object.fromEntries(weights) })
    losses.push(Number(results.loss![0]))
    for (const [k, { name }] of parameters.entries()) {
      const { first, second } = moments[k]!
      const values = weights.get(name)!
      for (const [i, g] of (results[`gradient/${name}`] as Float32Array).entries()) {
        first[i] = 0.9 * first[i]! + 0.1 * g
        second[i] = 0.999 * second[i]! + 0.001 * g * g
        values[i]! -= (learningRate * (first[i]! / (1 - 0.9 ** step))) / (Math.sqrt(second[i]! / (1 - 0.999 ** step)) + 1e-8)
      }
    }
  }
  await program.dispose()
  return { weights, losses }
}
