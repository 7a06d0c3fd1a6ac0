/**
 * Modules: plain descriptions of networks. A module declares parameters (named as in PyTorch state dicts) and computes; it holds no values.
 * Values are one flat array per model, of which every parameter is a view, so that optimiser, all-reduce and checkpoints see one array.
 */
import type { StoredTensor } from '../formats/index.ts'
import { atPlace, createRandom, currentPlace, foldKey, input, type Random, type Shape, sizeOf, type Tensor } from '../tensor/index.ts'
import { chainReach, type Reach } from './reach.ts'

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

/**
 * Base of everything that has parameters: its fields are parameters, modules and lists of modules.
 *
 * What `forward` traces knows its place in the model, `encoder.2.conv`: errors and ONNX nodes are named by it. The place is the module's
 * path below the module that calls it, so one that two modules share is named by the caller of the moment. Where the caller does not hold
 * it (it was handed in), its place is that in the nearest module around the caller that does. The outermost module has none.
 */
export abstract class Module {
  constructor() {
    const forward = this.forward
    // On the object itself, where a subclass's method cannot pass it by; not enumerable, for it is no field.
    Object.defineProperty(this, 'forward', {
      value: (...inputs: Parameters<typeof forward>) => callAt(this, () => forward.apply(this, inputs)),
      configurable: true,
      writable: true,
    })
  }

  abstract forward(x: Tensor, ...rest: never[]): unknown

  /** What it is called in summaries: the name of its class. */
  get type(): string {
    return this.constructor.name
  }

  /**
   * Which input steps one output step depends on along time. Of a module that is made of modules: that of its fields one after the other, which
   * is right where `forward` calls each once, in their order, and else works on each step by itself; others override it.
   *
   * @throws Error for a module without modules that does not say
   */
  reach(): Reach {
    const fields = Object.values(this)
      .flat()
      .filter((field) => field instanceof Module)
    if (fields.length === 0) throw new Error(`${this.constructor.name}: which steps it reads is not known; override reach()`)
    return chainReach(fields.map((field) => field.reach()))
  }

  /**
   * What PyTorch's state of such a module holds and ours computes, by name: sinusoids, frequencies. A state that is loaded may have these
   * entries, if they say the same; they are no parameters and no buffers.
   */
  computed(): Readonly<Record<string, () => StoredTensor>> {
    return {}
  }

  /** Whether no output step depends on a later step of the input: what work on a live signal needs. */
  get isCausal(): boolean {
    return this.reach().last <= 0
  }
}

/** A call of `forward`, as those who watch see it: when it begins, and what it gave. */
export interface ForwardCall {
  readonly module: Module
  readonly place: string
  result?: unknown
}

/** Calls that are under way, outermost first, and where each one's modules are. */
const calls: (ForwardCall & { readonly paths: () => ReadonlyMap<Module, string> })[] = []
let watcher: ((call: ForwardCall) => void) | undefined

function placeOf(module: Module): string {
  let around = currentPlace()
  for (let i = calls.length - 1; i >= 0; i--) {
    const path = calls[i]!.paths().get(module)
    if (path !== undefined) return join(around, path)
    around = calls[i - 1]?.place ?? ''
  }
  return currentPlace()
}

function callAt<T>(module: Module, forward: () => T): T {
  const place = placeOf(module)
  let paths: ReadonlyMap<Module, string> | undefined
  const call = {
    module,
    place,
    result: undefined as unknown,
    paths: () => {
      paths ??= modulesOf(module)
      return paths
    },
  }
  watcher?.(call)
  calls.push(call)
  try {
    const result = atPlace(place, forward)
    call.result = result
    return result
  } finally {
    calls.pop()
  }
}

/** Traces, and shows every call of a module's `forward` in the order in which they begin. */
export function watchForwards<T>(watch: (call: ForwardCall) => void, trace: () => T): T {
  const before = watcher
  watcher = watch
  try {
    return trace()
  } finally {
    watcher = before
  }
}

/** Whether someone watches the calls, who wants to use what they give; that of a loop's body is of no use outside. */
export function isWatched(): boolean {
  return watcher !== undefined
}

function isParameter(value: unknown): value is Parameter {
  return typeof value === 'object' && value !== null && 'role' in value && 'node' in value
}

function join(path: string, name: string): string {
  return path && name ? `${path}.${name}` : path || name
}

/** Parameters and modules below a value, each before what it holds. */
function* walk(value: unknown, path: string): Generator<readonly [string, Parameter | Module]> {
  if (isParameter(value)) yield [path, value]
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* walk(item, join(path, String(i)))
  else if (value instanceof Module) {
    yield [path, value]
    for (const [name, field] of Object.entries(value)) yield* walk(field, join(path, name))
  }
}

/** All modules of a model by their first path, the model itself with ''. */
export function modulesOf(model: Module): ReadonlyMap<Module, string> {
  const paths = new Map<Module, string>()
  for (const [path, item] of walk(model, '')) if (item instanceof Module && !paths.has(item)) paths.set(item, path)
  return paths
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
    if (item instanceof Module || seen.has(item.node)) continue
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
