/**
 * Modules: plain descriptions of networks. A module declares parameters (named as in PyTorch state dicts) and computes; it holds no values.
 * Values are one flat array per model, of which every parameter is a view, so that optimiser, all-reduce and checkpoints see one array.
 */
import { createRandom, foldKey, input, type Random, type Shape, sizeOf, type Tensor } from '../tensor/index.ts'

/** Fills a parameter's values. */
export type Init = (values: Float32Array, shape: Shape, random: Random) => void

/** A tensor whose values belong to a model. Buffers are state that the loss does not train: running statistics. */
export interface Parameter extends Tensor {
  readonly role: 'parameter' | 'buffer'
  readonly init: Init
}

export function parameter(shape: Shape, init: Init, role: Parameter['role'] = 'parameter'): Parameter {
  return { ...input('parameter without a name (call layoutOf(model) before tracing it)', shape), role, init }
}

/** Base of everything that has parameters: its fields are parameters, modules and lists of modules. */
export abstract class Module {
  abstract forward(x: Tensor, ...rest: never[]): unknown
}

function isParameter(value: unknown): value is Parameter {
  return typeof value === 'object' && value !== null && 'role' in value && 'node' in value
}

function* walk(value: unknown, path: string): Generator<readonly [string, Parameter]> {
  if (isParameter(value)) yield [path, value]
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* walk(item, `${path}.${i}`)
  else if (value instanceof Module) for (const [name, field] of Object.entries(value)) yield* walk(field, path ? `${path}.${name}` : name)
}

/** Where a parameter lies in its flat array. */
export interface Slot {
  readonly name: string
  readonly parameter: Parameter
  readonly offset: number
  readonly size: number
}

/** The two flat arrays of a model: what is trained and what is only carried. */
export interface Layout {
  readonly parameters: readonly Slot[]
  readonly buffers: readonly Slot[]
  readonly parameterCount: number
  readonly bufferCount: number
}

/** Names a model's parameters by their path (`encoder.0.conv.weight`; a tied one by its first) and gives each its place. */
export function layoutOf(model: Module): Layout {
  const seen = new Set<unknown>()
  const slots: Record<Parameter['role'], Slot[]> = { parameter: [], buffer: [] }
  const counts = { parameter: 0, buffer: 0 }
  for (const [name, item] of walk(model, '')) {
    if (seen.has(item.node)) continue
    seen.add(item.node)
    if (item.node.kind === 'input') item.node.name = name
    const size = sizeOf(item.shape)
    slots[item.role].push({ name, parameter: item, offset: counts[item.role], size })
    counts[item.role] += size
  }
  return { parameters: slots.parameter, buffers: slots.buffer, parameterCount: counts.parameter, bufferCount: counts.buffer }
}

/** Fresh values by name; each parameter's draw depends on the seed and its own name only. */
export function initialValues(model: Module, seed: number): Map<string, Float32Array> {
  const { parameters, buffers } = layoutOf(model)
  return new Map(
    [...parameters, ...buffers].map(({ name, parameter: { shape, init }, size }) => {
      const values = new Float32Array(size)
      init(values, shape, createRandom(seed, foldKey(...Array.from(name, (letter) => letter.codePointAt(0)!))))
      return [name, values] as const
    }),
  )
}
