/** What the tests of separation networks share: sounds, gradients by name, a run on the reference, and training on one example. */

import type { SeparationNetwork } from '../../src/models/index.ts'
import { initialValues, layoutOf, traceTraining } from '../../src/nn/index.ts'
import { createOnnxRuntimeBackend, createReferenceBackend, type HostArray } from '../../src/runtime/index.ts'
import { createRandom, grad, input, randomWords, type Tensor } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/index.ts'
import { runOnce } from '../tensor/generic.ts'

/** Noise in ±1 that neighbours share, so that magnitudes differ between frequencies. */
export function sound(length: number, seed: number): Float32Array {
  const random = createRandom(seed)
  let before = 0
  return Float32Array.from({ length }, () => {
    before = 0.6 * before + 0.4 * random.uniform(-1, 1)
    return before
  })
}

/** A mixture of one drawn sound per stem, and these. */
export function example(model: SeparationNetwork, samples: number): { mixture: Float32Array; sources: Record<string, Float32Array> } {
  const sources = Object.fromEntries(model.stems.map((stem, i) => [stem, sound(model.channels * samples, i + 1)]))
  const rest = model.stems.length === 1 ? [sound(model.channels * samples, 99)] : []
  const mixture = [...Object.values(sources), ...rest].reduce((sum, one) => sum.map((value, i) => value + one[i]!))
  return { mixture, sources }
}

/** Runs tensors of a network on the float64 reference, with its initial values where `feeds` has no others. */
export async function runModel<K extends string>(
  model: SeparationNetwork,
  outputs: Readonly<Record<K, Tensor>>,
  feeds: Readonly<Record<string, HostArray>> = {},
): Promise<Record<K, number[]>> {
  const results = await runOnce(createReferenceBackend(), outputs, { ...Object.fromEntries(initialValues(model, 1)), ...feeds })
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)])) as Record<K, number[]>
}

/** Inputs by name, the mixture and the sources. */
function inputs(model: SeparationNetwork, batch: number, samples: number) {
  const shape = [batch, model.channels, samples]
  const sources = Object.fromEntries(model.stems.map((stem) => [stem, input(stem, shape)]))
  return { mixture: input('mixture', shape), sources }
}

/** Names of parameters whose gradient of the training loss is not finite, or 0 everywhere. */
export async function withoutGradient(model: SeparationNetwork, samples: number): Promise<string[]> {
  const { parameters } = layoutOf(model)
  const { mixture, sources } = inputs(model, 2, samples)
  const { result } = traceTraining(() => model.loss(mixture, sources), { key: input('key', [2], 'int32') })
  const gradients = grad(
    result,
    parameters.map(({ parameter }) => parameter),
  )
  const drawn = Object.fromEntries(['mixture', ...model.stems].map((name, i) => [name, sound(2 * model.channels * samples, i + 1)]))
  const backend = await createOnnxRuntimeBackend({ threads: 1 })
  const feeds = { ...Object.fromEntries(initialValues(model, 1)), ...drawn, key: randomWords(1) }
  const values = await runOnce(backend, Object.fromEntries(parameters.map(({ name }, i) => [`gradient ${name}`, gradients[i]!])), feeds)
  await backend.dispose()
  return parameters
    .filter(({ name }) => {
      const numbers = Array.from(values[`gradient ${name}`]!, Number)
      return !numbers.every(Number.isFinite) || numbers.every((value) => value === 0)
    })
    .map(({ name }) => name)
}

/** The first and the last losses of training on one example. */
export async function overfit(
  model: SeparationNetwork,
  { samples, steps, rate }: { readonly samples: number; readonly steps: number; readonly rate: number },
): Promise<{ first: number; last: number }> {
  const { mixture, sources } = example(model, samples)
  const shape = [1, model.channels, samples]
  const backend = await createOnnxRuntimeBackend({ threads: 1 })
  const trainer = await createTrainer({
    model,
    task: {
      batch: { mixture: shape, ...Object.fromEntries(model.stems.map((stem) => [stem, shape])) } as Record<string, number[]>,
      loss: (batch) => model.loss(batch.mixture!, batch),
    },
    backend,
    optimizer: { name: 'adamw', betas: [0.9, 0.999], weightDecay: 0 },
    clipNorm: 10,
    averageDecay: 0,
    schedule: { peak: rate, warmup: 0, decay: steps, steps },
    seed: 1,
  })
  const losses: number[] = []
  for (let step = 0; step < steps; step++) losses.push((await trainer.train({ mixture, ...sources })).loss)
  await trainer.dispose()
  await backend.dispose()
  return { first: losses[0]!, last: losses.at(-1)! }
}

/** Shapes of the estimates as waveforms, of (batch, channels, samples). */
export function waveformShapes(model: SeparationNetwork, batch: number, samples: number): readonly (readonly number[])[] {
  const estimates = model.waveforms(input('mixture', [batch, model.channels, samples]))
  return model.stems.map((stem) => estimates[stem]!.shape)
}

/** Which input samples output sample `at` of the first stem depends on, as offsets from it: the first and the last. */
export async function measuredReach(model: SeparationNetwork, samples: number, at: number): Promise<[number, number]> {
  layoutOf(model)
  const estimate = model.waveforms(input('mixture', [1, model.channels, samples]))[model.stems[0]!]!
  const heard = sound(model.channels * samples, 1)
  const backend = createReferenceBackend()
  const program = await backend.load({ estimate })
  const values = Object.fromEntries(initialValues(model, 1))
  const run = async (mixture: Float32Array) => Number((await program.run({ ...values, mixture })).estimate![at])
  const before = await run(heard)
  const read: number[] = []
  for (let n = 0; n < samples; n++) {
    const changed = Float32Array.from(heard)
    changed[n]! += 0.5
    if ((await run(changed)) !== before) read.push(n - at)
  }
  await program.dispose()
  return [read[0]!, read.at(-1)!]
}
