/**
 * Cases of networks: inputs, parameters and cotangents that are generated from seeds; digests and samples of outputs, of what modules gave on the way,
 * and of gradients.
 */
import { z } from 'zod'
import { layoutOf, loadStateDict, type Module } from '../../../src/nn/index.ts'
import { watchForwards } from '../../../src/nn/module.ts'
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
  /** Outputs by the names of the case, of (b, c, t, f); as `forward` gives it, by the name of the only output, by default. */
  readonly call?: (module: M, x: Tensor) => Readonly<Record<string, Tensor>>
  /** What stands before all names in the files. */
  readonly prefix?: string
  /** Whether names that the model does not have are those of its further parameters, in their order. */
  readonly namesByOrder?: boolean
}

/** The generated values by the names of the model. */
function stateOf(
  model: Module,
  params: Readonly<Record<string, z.output<typeof generated>>>,
  options: NetworkOptions<never>,
): Map<string, string> {
  const { prefix = '', namesByOrder = false } = options
  const own = new Set(layoutOf(model).parameters.map(({ name }) => name))
  const names = new Map(Object.keys(params).map((name) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, name] as const))
  if (!namesByOrder) return names
  const unknown = [...names].filter(([name]) => !own.has(name))
  const further = [...own].filter((name) => !names.has(name))
  for (const [i, [name, original]] of unknown.entries()) {
    names.delete(name)
    names.set(further[i] ?? name, original)
  }
  return names
}

/** The runner of a network, in float32 on ONNX Runtime. */
export function network<Config, M extends Module & { forward(x: Tensor): Tensor }>(
  config: z.ZodType<Config>,
  create: (config: Config) => M,
  options: NetworkOptions<M> = {},
): Runner {
  return async (golden: Golden, { onnxRuntime }) => {
    const expected = networkCase.parse(golden)
    const model = create(config.parse(expected.config))
    const { parameters, parameterCount } = layoutOf(model)
    if (parameterCount !== expected.param_count) throw new Error(`${parameterCount} parameters; expected ${expected.param_count}`)
    const names = stateOf(model, expected.params_gen, options as NetworkOptions<never>)
    const state = new Map(
      Array.from(names, ([name, original]) => {
        const recipe = expected.params_gen[original]!
        return [name, { shape: recipe[0], data: generatedValues(recipe) }] as const
      }),
    )
    const feeds: Record<string, Float32Array> = Object.fromEntries(loadStateDict(model, state))
    const x = input('input x', expected.inputs_gen.x![0])
    feeds['input x'] = generatedValues(expected.inputs_gen.x!)
    const taps = new Map<string, readonly Tensor[]>()
    const calls: { readonly place: string; result?: unknown }[] = []
    const [only] = Object.keys(expected.outputs)
    const call = options.call ?? ((module, turnedX) => ({ [only!]: module.forward(turnedX) }))
    const given = watchForwards(
      (made) => void calls.push(made),
      () => call(model, turned(x)),
    )
    const outputs = Object.fromEntries(Object.entries(given).map(([name, y]) => [name, turned(y)]))
    for (const [name, y] of Object.entries(outputs)) taps.set(name, [y])
    for (const { place, result } of calls) if (place !== '' && wanted(expected.taps, place)) taps.set(place, outputsOf(result))

    const cotangents = Object.entries(expected.cotangents_gen).map(([name, recipe]) => {
      feeds[`cotangent ${name}`] = generatedValues(recipe)
      return sum(mul(outputs[name]!, input(`cotangent ${name}`, recipe[0])))
    })
    const loss = cotangents.reduce((a, b) => add(a, b))
    const [dx, ...gradients] = grad(loss, [x, ...parameters.map(({ parameter }) => parameter)])
    const traced: Record<string, Tensor> = { loss, 'gradient of x': dx! }
    for (const [i, { name }] of parameters.entries()) traced[`gradient of ${names.get(name)}`] = gradients[i]!
    for (const [name, y] of Object.entries(outputs)) traced[name] = y
    for (const name of Object.keys(expected.taps)) traced[`tap ${name}`] = tapOf(taps, name)
    const values = (await runOnce(onnxRuntime, traced, feeds)) as Record<string, Float32Array>

    const noise = expected.f32_vs_f64 ?? { outputs_max_rel_to_max: 0, input_grads_max_rel_to_max: 0 }
    const forward = 10 * noise.outputs_max_rel_to_max + 1e-5
    for (const [name, one] of Object.entries(expected.outputs)) expectDigest(name, traced[name]!, values[name]!, one, forward)
    for (const [name, one] of Object.entries(expected.taps))
      expectDigest(`tap ${name}`, traced[`tap ${name}`]!, values[`tap ${name}`]!, one, forward)
    const magnitudes = Object.values(expected.outputs).reduce((total, { sumabs }) => total + sumabs, 0)
    expectClose('loss', values.loss!, [expected.loss], forward * magnitudes)
    expectDigest('gradient of x', dx!, values['gradient of x']!, expected.input_grads.x!, 10 * noise.input_grads_max_rel_to_max + 1e-5)
    const most = Math.max(...Object.values(expected.param_grads).map(([, sumabs]) => sumabs))
    for (const [name, [total, absolute, dot, first, deviation]] of Object.entries(expected.param_grads)) {
      const what = `gradient of ${name}`
      const found = values[what]!
      expectClose(what, [...sums(found), found[0]!], [total, absolute, dot, first], 10 * (deviation ?? 0) + 1e-4 * most)
    }
    for (const name of expected.params_without_grad) expectClose(`gradient of ${name}`, [largest(values[`gradient of ${name}`]!)], [0], 0)
  }
}

/** Whether a case has taps of the module of that place. */
function wanted(taps: Readonly<Record<string, unknown>>, place: string): boolean {
  return Object.keys(taps).some((name) => name.slice(0, name.lastIndexOf('.')) === place)
}

/** `enc1_transformer.2`: the third of what the module gave. */
function tapOf(taps: ReadonlyMap<string, readonly Tensor[]>, name: string): Tensor {
  const dot = name.lastIndexOf('.')
  const tap = taps.get(name.slice(0, dot))?.[Number(name.slice(dot + 1))]
  if (!tap) throw new Error(`tap ${name}: no module of that name gave as much`)
  return tap
}
