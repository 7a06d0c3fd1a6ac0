/**
 * Cases of networks: inputs, parameters and cotangents that are generated from seeds; digests and samples of outputs, of what modules gave on the way,
 * and of gradients.
 */
import { z } from 'zod'
import { layoutOf, loadStateDict, type Module } from '../../../src/nn/index.ts'
import { watchForwards } from '../../../src/nn/module.ts'
import type { Backend } from '../../../src/runtime/index.ts'
import { add, grad, input, mul, sum, type Tensor } from '../../../src/tensor/index.ts'
import { runOnce } from '../../tensor/generic.ts'
import { reordered, turned } from './block.ts'
import { expectClose, expectShape, type Golden, generated, generatedValues, largest, type Runner, uniformNumbers } from './support.ts'

const digest = z.object({
  shape: z.array(z.number().int()),
  sum: z.number(),
  sumabs: z.number(),
  dot: z.number(),
  head: z.array(z.number()),
  tail: z.array(z.number()),
  sample: z.object({ stride: z.number().int(), data: z.array(z.number()) }).optional(),
})
type Digest = z.output<typeof digest>

const networkCase = z.object({
  config: z.unknown(),
  param_count: z.number().int(),
  inputs_gen: z.record(z.string(), generated),
  params_gen: z.record(z.string(), generated),
  cotangents_gen: z.record(z.string(), generated),
  outputs: z.record(z.string(), digest),
  taps: z.record(z.string(), digest).default({}),
  loss: z.number(),
  input_grads: z.record(z.string(), digest),
  /** Sum, sum of absolute values, product with the weights of digests, first element, and how far float32 is from float64. */
  param_grads: z.record(z.string(), z.tuple([z.number(), z.number(), z.number(), z.number(), z.number().nullable()])),
  params_without_grad: z.array(z.string()).default([]),
  /** Relative to the largest magnitude of a tensor. */
  f32_vs_f64: z.object({ outputs_max_rel_to_max: z.number(), input_grads_max_rel_to_max: z.number() }).nullable(),
})

/** The weights of digests' products, as many as needed. */
const weights: number[] = []
const nextWeight = uniformNumbers(12345)

function sums(values: ArrayLike<number>): readonly [sum: number, sumabs: number, dot: number] {
  while (weights.length < values.length) weights.push(2 * nextWeight() - 1)
  let [total, absolute, dot] = [0, 0, 0]
  for (let i = 0; i < values.length; i++) {
    total += values[i]!
    absolute += Math.abs(values[i]!)
    dot += values[i]! * weights[i]!
  }
  return [total, absolute, dot]
}

/** @param relative bound, of the largest magnitude for elements and of the sum of magnitudes for sums */
function expectDigest(what: string, { shape }: Tensor, values: ArrayLike<number>, expected: Digest, relative: number): void {
  expectShape(what, shape, expected.shape)
  expectClose(`${what}: sums`, sums(values), [expected.sum, expected.sumabs, expected.dot], relative * expected.sumabs)
  const all = Array.from(values)
  const bound = relative * largest(values)
  expectClose(`${what}: first elements`, all.slice(0, expected.head.length), expected.head, bound)
  expectClose(`${what}: last elements`, all.slice(-expected.tail.length), expected.tail, bound)
  const { stride, data } = expected.sample ?? { stride: 1, data: [] }
  expectClose(`${what}: each ${stride}th element`, all.filter((_, i) => i % stride === 0).slice(0, data.length), data, bound)
}

/** What a module gave, in the order and the axes of the original: maps, then scores. */
function outputsOf(result: unknown): readonly Tensor[] {
  const record = result as Readonly<Record<string, Tensor>>
  if ('node' in record) return [turned(result as Tensor)]
  if ('joined' in record && 'maps' in record) return [turned(record.joined!), turned(record.maps!), record.scores!]
  if ('joined' in record) {
    const { self, cross } = record.scores as unknown as Readonly<Record<'self' | 'cross', Tensor>>
    return [turned(record.joined!), self, cross]
  }
  const [, , frames, bins] = record.output!.shape
  return [turned(record.output!), reordered(record.scores!, [frames!, bins!])]
}

export interface NetworkOptions<M extends Module> {
  /** Outputs in the order of the case, of (b, c, t, f); what `forward` gives by default. */
  readonly call?: (module: M, x: Tensor) => readonly Tensor[]
  /** What stands before all names in the files. */
  readonly prefix?: string
  /** Whether modules may have other names in the file: their parameters are found by the rest of the name, and then by their order. */
  readonly renamed?: boolean
}

/** Names of the model's parameters → those in the file. */
function namesOf(model: Module, originals: readonly string[], prefix: string, renamed: boolean): ReadonlyMap<string, string> {
  const own = layoutOf(model).parameters.map(({ name }) => name)
  const names = new Map(originals.map((name) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, name] as const))
  if (!renamed) return names
  const missing = own.filter((name) => !names.has(name))
  const rest = (name: string) => name.slice(name.indexOf('.') + 1)
  for (const unknown of [...names.keys()].filter((name) => !own.includes(name))) {
    const same = Math.max(
      0,
      missing.findIndex((name) => rest(name) === rest(unknown)),
    )
    const [name] = missing.splice(same, 1)
    if (name === undefined) continue
    names.set(name, names.get(unknown)!)
    names.delete(unknown)
  }
  return names
}

/** The model's place of a module of the file: what is left of a parameter's name before what both have in common. */
function placeOf(module: string, names: ReadonlyMap<string, string>): string {
  for (const [own, original] of names) {
    const below = original.slice(module.length)
    if (original.startsWith(`${module}.`) && own.endsWith(below)) return own.slice(0, own.length - below.length)
  }
  return module
}

/** All that a case asks for, traced: by `output …`, `tap …`, `gradient of …`. */
interface TracedCase {
  readonly traced: Readonly<Record<string, Tensor>>
  readonly feeds: Readonly<Record<string, Float32Array>>
}

function trace<M extends Module & { forward(x: Tensor): Tensor }>(
  model: M,
  expected: z.output<typeof networkCase>,
  { call = (module, x) => [module.forward(x) as Tensor], prefix = '', renamed = false }: NetworkOptions<M>,
): TracedCase {
  const { parameters } = layoutOf(model)
  const names = namesOf(model, Object.keys(expected.params_gen), prefix, renamed)
  const state = Array.from(names, ([name, original]) => {
    const recipe = expected.params_gen[original]!
    return [name, { shape: recipe[0], data: generatedValues(recipe) }] as const
  })
  const feeds: Record<string, Float32Array> = Object.fromEntries(loadStateDict(model, new Map(state)))
  const x = input('input x', expected.inputs_gen.x![0])
  feeds['input x'] = generatedValues(expected.inputs_gen.x!)

  const calls: { readonly place: string; result?: unknown }[] = []
  const given = watchForwards(
    (made) => void calls.push(made),
    () => call(model, turned(x)),
  )
  const outputNames = Object.keys(expected.outputs)
  const outputs = new Map(outputNames.map((name, i) => [name, turned(given[i]!)] as const))
  /** `enc1_transformer.2`: the third of what the module gave. */
  const tap = (name: string): Tensor => {
    const dot = name.lastIndexOf('.')
    const [module, index] = [name.slice(0, dot), Number(name.slice(dot + 1))]
    const made = calls.find(({ place }) => place === placeOf(module, names))
    // A list of modules that the network calls one by one is none of ours: what comes out of it, the network gives.
    const all = made ? outputsOf(made.result) : outputs.has(module) ? [outputs.get(module)!] : []
    if (!all[index]) throw new Error(`tap ${name}: no module of that name gave as much`)
    return all[index]
  }

  const cotangents = Object.entries(expected.cotangents_gen).map(([name, recipe]) => {
    feeds[`cotangent ${name}`] = generatedValues(recipe)
    return sum(mul(outputs.get(name)!, input(`cotangent ${name}`, recipe[0])))
  })
  const loss = cotangents.reduce((a, b) => add(a, b))
  const [dx, ...gradients] = grad(loss, [x, ...parameters.map(({ parameter }) => parameter)])
  const traced: Record<string, Tensor> = { loss, 'gradient of input x': dx! }
  for (const [name, y] of outputs) traced[`output ${name}`] = y
  for (const name of Object.keys(expected.taps)) traced[`tap ${name}`] = tap(name)
  for (const [i, { name }] of parameters.entries()) traced[`gradient of ${names.get(name)}`] = gradients[i]!
  return { traced, feeds }
}

type Values = Readonly<Record<string, ArrayLike<number>>>

/** The numbers that the files have of a gradient. */
const fourOf = (values: ArrayLike<number>) => [...sums(values), values[0]!]

/** How far float32 is from float64, relative to the largest magnitude for whole tensors. */
interface Noise {
  readonly outputs: number
  readonly inputGradients: number
  readonly parameter: (name: string) => number
}

/** As recorded; where it is not, ours stands for it. */
async function noiseOf(
  expected: z.output<typeof networkCase>,
  { traced, feeds }: TracedCase,
  values: Values,
  reference: Backend,
): Promise<Noise> {
  if (expected.f32_vs_f64) {
    const { outputs_max_rel_to_max: outputs, input_grads_max_rel_to_max: inputGradients } = expected.f32_vs_f64
    return { outputs, inputGradients, parameter: (name) => expected.param_grads[name]![4] ?? 0 }
  }
  const exact: Values = (await runOnce(reference, traced, feeds)) as Record<string, Float64Array>
  const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => largest(Array.from(a, (value, i) => value - b[i]!))
  const relative = (name: string) => difference(values[name]!, exact[name]!) / largest(exact[name]!)
  return {
    outputs: Math.max(...Object.keys(expected.outputs).map((name) => relative(`output ${name}`))),
    inputGradients: relative('gradient of input x'),
    parameter: (name) => difference(fourOf(values[`gradient of ${name}`]!), fourOf(exact[`gradient of ${name}`]!)),
  }
}

function compare(expected: z.output<typeof networkCase>, traced: Readonly<Record<string, Tensor>>, values: Values, noise: Noise): void {
  const whole = (name: string, digests: Digest, relative: number) => expectDigest(name, traced[name]!, values[name]!, digests, relative)
  const forward = 10 * noise.outputs + 1e-5
  for (const [name, one] of Object.entries(expected.outputs)) whole(`output ${name}`, one, forward)
  for (const [name, one] of Object.entries(expected.taps)) whole(`tap ${name}`, one, forward)
  const magnitudes = Object.values(expected.outputs).reduce((total, { sumabs }) => total + sumabs, 0)
  expectClose('loss', values.loss!, [expected.loss], forward * magnitudes)
  for (const [name, one] of Object.entries(expected.input_grads)) whole(`gradient of input ${name}`, one, 10 * noise.inputGradients + 1e-5)
  const most = Math.max(...Object.values(expected.param_grads).map(([, sumabs]) => sumabs))
  for (const [name, [total, absolute, dot, first]] of Object.entries(expected.param_grads)) {
    const found = fourOf(values[`gradient of ${name}`]!)
    expectClose(`gradient of ${name}`, found, [total, absolute, dot, first], 10 * noise.parameter(name) + 1e-4 * most)
  }
  for (const name of expected.params_without_grad) expectClose(`gradient of ${name}`, [largest(values[`gradient of ${name}`]!)], [0], 0)
}

/** The runner of a network, in float32 on ONNX Runtime. */
export function network<Config, M extends Module & { forward(x: Tensor): Tensor }>(
  config: z.ZodType<Config>,
  create: (config: Config) => M,
  options: NetworkOptions<M> = {},
): Runner {
  return async (golden: Golden, { onnxRuntime, reference }) => {
    const expected = networkCase.parse(golden)
    const model = create(config.parse(expected.config))
    const { parameterCount } = layoutOf(model)
    if (parameterCount !== expected.param_count) throw new Error(`${parameterCount} parameters; expected ${expected.param_count}`)
    const prepared = trace(model, expected, options)
    const values: Values = (await runOnce(onnxRuntime, prepared.traced, prepared.feeds)) as Record<string, Float32Array>
    compare(expected, prepared.traced, values, await noiseOf(expected, prepared, values, reference))
  }
}
