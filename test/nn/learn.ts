/** A plain training loop for tests of what networks can learn: gradients as a program, Adam (Kingma & Ba 2015) on the host. */
import { initialValues, layoutOf, type Module } from '../../src/nn/index.ts'
import { type Backend, compile, type HostArray, type Specs } from '../../src/runtime/index.ts'
import { grad, type Tensor } from '../../src/tensor/index.ts'

export interface LearnOptions<Inputs extends Specs> {
  readonly model: Module
  readonly inputs: Inputs
  readonly loss: (inputs: { readonly [K in keyof Inputs]: Tensor }) => Tensor
  readonly batch: (step: number) => Readonly<Record<keyof Inputs, HostArray>>
  readonly steps: number
  readonly learningRate: number
  readonly seed: number
  readonly backend: Backend
}

/** Trains from initial values of the seed; gradients are scaled down to the norm 1. Gives the weights by name. */
export async function learn<const Inputs extends Specs>({
  model,
  inputs,
  loss,
  batch,
  steps,
  learningRate,
  seed,
  backend,
}: LearnOptions<Inputs>): Promise<Record<string, Float32Array>> {
  const { parameters } = layoutOf(model)
  const program = await compile(
    (given) => {
      const gradients = grad(
        loss(given),
        parameters.map(({ parameter }) => parameter),
      )
      return Object.fromEntries(parameters.map(({ name }, i) => [`gradient/${name}`, gradients[i]!]))
    },
    inputs,
    { backend },
  )
  const weights = Object.fromEntries(initialValues(model, seed))
  const moments = parameters.map(({ size }) => ({ first: new Float64Array(size), second: new Float64Array(size) }))
  for (let step = 0; step < steps; step++) {
    const results = await program.run({ ...(batch(step) as Record<string, HostArray>), ...weights })
    const gradients = parameters.map(({ name }) => results[`gradient/${name}`] as Float32Array)
    const scale = 1 / Math.max(1, Math.hypot(...gradients.map((values) => Math.hypot(...values))))
    for (const [k, { name }] of parameters.entries()) {
      const [values, { first, second }] = [weights[name]!, moments[k]!]
      for (const [i, raw] of gradients[k]!.entries()) {
        const g = raw * scale
        first[i] = 0.9 * first[i]! + 0.1 * g
        second[i] = 0.999 * second[i]! + 0.001 * g * g
        const [mean, power] = [first[i]! / (1 - 0.9 ** (step + 1)), second[i]! / (1 - 0.999 ** (step + 1))]
        values[i]! -= (learningRate * mean) / (Math.sqrt(power) + 1e-8)
      }
    }
  }
  await program.dispose()
  return weights
}
