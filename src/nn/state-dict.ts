/**
 * Values of a model by PyTorch's names, out of files and into them. Modules hold no values: what fits a model is a map of arrays, which programs take
 * as constants or feeds and trainers as their start.
 */
import type { StoredTensor } from '../formats/index.ts'
import { formatShape } from '../tensor/index.ts'
import { layoutOf, type Module, modulesOf, type Slot } from './module.ts'

function slotsOf(model: Module): readonly Slot[] {
  const { parameters, buffers } = layoutOf(model)
  return [...parameters, ...buffers]
}

/** Counts that PyTorch's batch norms keep and do not compute with. */
const uncounted = /(^|\.)num_batches_tracked$/

/** PyTorch's float32 sinusoids of step 4000 are wrong by 2·10⁻⁴; other wavelengths or positions differ by more than this. */
const computedTolerance = 1e-3

/** What modules compute and states may hold, by full name. */
function computedOf(model: Module): ReadonlyMap<string, () => StoredTensor> {
  return new Map(
    Array.from(modulesOf(model)).flatMap(([module, path]) =>
      Object.entries(module.computed()).map(([name, make]) => [path ? `${path}.${name}` : name, make] as const),
    ),
  )
}

/** What is wrong with a stored entry that the model computes by itself. */
function computedProblem(name: string, stored: StoredTensor, { shape, data }: StoredTensor): string | undefined {
  if (stored.shape.join() !== shape.join() || stored.data.length !== data.length)
    return `"${name}" has the shape ${formatShape(stored.shape)}, the model computes ${formatShape(shape)}`
  const at = stored.data.findIndex((value, i) => !(Math.abs(value - data[i]!) <= computedTolerance))
  return at < 0 ? undefined : `"${name}" has ${stored.data[at]} at ${at}, the model computes ${data[at]}; it was made with other settings`
}

export interface LoadStateOptions {
  /** Values, by name, of what the state does not have: those of `initialValues`, for a model that is larger than the one that was trained. */
  readonly base?: ReadonlyMap<string, Float32Array>
  /** Entries that the model does not have are left out instead of refused. */
  readonly ignoreUnexpected?: boolean
  /** Who is told to have asked, in errors. */
  readonly who?: string
}

/** What a wrapper around the model put before all its names: `module.` of PyTorch's DataParallel. */
function commonPrefix(unexpected: readonly string[], missing: ReadonlySet<string>): string | undefined {
  const prefix = unexpected[0]?.split('.')[0]
  return prefix !== undefined && unexpected.every((name) => name.startsWith(`${prefix}.`) && missing.has(name.slice(prefix.length + 1)))
    ? `${prefix}.`
    : undefined
}

/**
 * The values of a model's parameters and buffers, in its order, taken from arrays with PyTorch's names: a state dict, read by
 * `readSafetensors` or, from PyTorch's own files, by `readPytorchStateDict`.
 * Every name and shape is checked, and all that is wrong is told at once. PyTorch's `num_batches_tracked` is left out, and so is what modules
 * compute by themselves (`Module.computed`), which has to be right where it is there.
 *
 * @throws RangeError that lists everything that is missing, unexpected, of another shape, or computed otherwise
 *
 * @example
 * const model = new Linear(2, 1)
 * const state = new Map([
 *   ['weight', { shape: [1, 2], data: Float32Array.of(3, 4) }],
 *   ['bias', { shape: [1], data: Float32Array.of(0.5) }],
 * ])
 * const values = loadStateDict(model, state)
 * const program = await compile(({ x }) => ({ y: model.forward(x) }), { x: [1, 2] }, { backend: createReferenceBackend(), constants: values })
 * const { y } = await program.run({ x: Float32Array.of(1, 1) })
 * y // [7.5]
 */
export function loadStateDict(
  model: Module,
  state: ReadonlyMap<string, StoredTensor>,
  { base, ignoreUnexpected = false, who = 'loadStateDict' }: LoadStateOptions = {},
): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>()
  const missing: string[] = []
  const problems: string[] = []
  for (const { name, parameter, size } of slotsOf(model)) {
    const needs = `the model needs ${formatShape(parameter.shape)}`
    const stored = state.get(name)
    const data = stored?.data ?? base?.get(name)
    if (!data) {
      missing.push(name)
      problems.push(`"${name}" is missing, ${needs}`)
    } else if (stored && stored.shape.join() !== parameter.shape.join()) {
      problems.push(`"${name}" has the shape ${formatShape(stored.shape)}, ${needs}`)
    } else if (data.length !== size) {
      problems.push(`"${name}" has ${data.length} values, ${needs}`)
    } else values.set(name, data)
  }
  const computed = computedOf(model)
  for (const [name, make] of computed) {
    const stored = state.get(name)
    const problem = stored && computedProblem(name, stored, make())
    if (problem) problems.push(problem)
  }
  const known = new Set([...slotsOf(model).map(({ name }) => name), ...computed.keys()])
  const unexpected = [...state.keys()].filter((name) => !known.has(name) && !uncounted.test(name))
  if (!ignoreUnexpected) problems.push(...unexpected.map((name) => `the model has no "${name}"`))
  if (problems.length === 0) return values
  const prefix = commonPrefix(unexpected, new Set([...missing, ...computed.keys()]))
  const way = prefix === undefined ? '' : `; the names fit without the "${prefix}" that they begin with`
  throw new RangeError(`${who}: ${problems.join('; ')}${way}`)
}

/**
 * A model's values with their shapes, as `writeSafetensors` and PyTorch take them.
 *
 * @param values of all parameters and buffers, by name
 * @throws RangeError that lists everything that is missing or of another size
 *
 * @example
 * const model = new Linear(2, 1)
 * const state = stateDict(model, initialValues(model, 1))
 * const shapes = Array.from(state, ([name, { shape }]) => `${name} ${shape.join('×')}`)
 * shapes.join(', ') // 'weight 1×2, bias 1'
 */
export function stateDict(model: Module, values: ReadonlyMap<string, Float32Array>): Map<string, StoredTensor> {
  const checked = loadStateDict(model, new Map(), { base: values, who: 'stateDict' })
  return new Map(slotsOf(model).map(({ name, parameter: { shape } }) => [name, { shape, data: checked.get(name)! }] as const))
}
