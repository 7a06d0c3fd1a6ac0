/** What a model consists of: its modules with the shapes they give, their parameters, and the multiply-adds of one forward pass. */
import { formatShape, input, type Shape, type Tensor, type TensorSpec, topologicalOrder } from '../tensor/index.ts'
import { type ForwardCall, layoutOf, type Module, modulesOf, watchForwards } from './module.ts'

export interface SummaryRow {
  /** Its first path in the model, '' for the model itself. */
  readonly path: string
  /** Name of its class. */
  readonly type: string
  /** Shapes of what it gives, in the order of its result's fields; empty where the forward pass does not reach it. */
  readonly shapes: readonly Shape[]
  /** Values of its own parameters, without those of the modules in it. Tied ones count where they come first. */
  readonly parameters: number
  /** Values of its own buffers: running statistics. */
  readonly buffers: number
  /**
   * Its own multiply-adds, without those of the modules in it: products of matrices and convolutions, each product one. Those of a loop
   * are with the module that loops.
   */
  readonly multiplyAdds: number
}

export interface Summary {
  /** The modules in the order in which they are called, then those that are not. */
  readonly rows: readonly SummaryRow[]
  readonly parameters: number
  readonly buffers: number
  readonly multiplyAdds: number
  /** As a table with a line per module and one for the totals. */
  toString(): string
}

function isTensor(value: object): value is Tensor {
  return 'node' in value && 'shape' in value
}

/** The tensors that a forward pass returns, in whatever lists and objects. */
function tensorsIn(result: unknown): Tensor[] {
  if (typeof result !== 'object' || result === null) return []
  return isTensor(result) ? [result] : Object.values(result).flatMap(tensorsIn)
}

/** The module at a place, or the nearest around it. */
function nearest(place: string, modules: ReadonlyMap<string, Module>): Module {
  let path = place
  while (!modules.has(path)) path = path.slice(0, Math.max(0, path.lastIndexOf('.')))
  return modules.get(path)!
}

const grouped = (n: number) => (n === 0 ? '' : String(n)).replace(/\B(?=(\d{3})+$)/g, ' ')

function table({ rows, parameters, buffers, multiplyAdds }: Omit<Summary, 'toString'>): string {
  const line = (row: Pick<SummaryRow, 'parameters' | 'multiplyAdds'>) => [grouped(row.parameters), grouped(row.multiplyAdds)]
  const cells = [
    ['module', 'type', 'gives', 'parameters', 'multiply-adds'],
    ...rows.map((row) => [row.path || '(model)', row.type, row.shapes.map(formatShape).join(' ') || '–', ...line(row)]),
    ['total', '', buffers ? `and ${grouped(buffers)} in buffers` : '', ...line({ parameters, multiplyAdds })],
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const pad = (text: string, column: number) => (column < 3 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

function forwardOf(model: Module, shapes: Shape | readonly (Shape | TensorSpec)[]): unknown {
  const specs = shapes.every((item) => typeof item === 'number') ? [shapes] : (shapes as readonly (Shape | TensorSpec)[])
  const given = specs.map((spec, i) => ('dtype' in spec ? input(`input ${i}`, spec.shape, spec.dtype) : input(`input ${i}`, spec)))
  return (model.forward as (...inputs: Tensor[]) => unknown)(...given)
}

/**
 * The same with a row for each of the outermost modules alone, `depth` names deep, in which all that is in them is counted; lists of modules that lie
 * there have a row, too.
 *
 * @throws RangeError for a depth that is no whole number ≥ 0
 *
 * @example
 * const model = new Sequential(new Linear(2, 3), new Sequential(new Linear(3, 4), new Linear(4, 5)))
 * const outer = foldSummary(summary(model, [1, 2]), 1)
 * outer.rows.map((row) => row.parameters) // [0, 9, 41]
 */
export function foldSummary(whole: Summary, depth: number): Summary {
  if (!Number.isInteger(depth) || depth < 0) throw new RangeError(`foldSummary: depth ${depth}; allowed are whole numbers ≥ 0`)
  const outer = ({ path }: SummaryRow) => (path === '' ? '' : path.split('.').slice(0, depth).join('.'))
  const groups = new Map<string, SummaryRow[]>()
  for (const row of whole.rows) groups.set(outer(row), [...(groups.get(outer(row)) ?? []), row])
  const total = (rows: readonly SummaryRow[], field: 'parameters' | 'buffers' | 'multiplyAdds') =>
    rows.reduce((n, row) => n + row[field], 0)
  const rows = Array.from(groups, ([path, inside]): SummaryRow => {
    const items = inside.filter((row) => row.path.split('.').length === depth + 1)
    const names = [...new Set(items.map(({ type }) => type))]
    const { type, shapes } = inside.find((row) => row.path === path) ?? {
      type: `${items.length} × ${names.join(', ')}`,
      shapes: items.at(-1)?.shapes ?? [],
    }
    const counts = {
      parameters: total(inside, 'parameters'),
      buffers: total(inside, 'buffers'),
      multiplyAdds: total(inside, 'multiplyAdds'),
    }
    return { path, type, shapes, ...counts }
  })
  const { parameters, buffers, multiplyAdds } = whole
  const folded = { rows, parameters, buffers, multiplyAdds }
  return { ...folded, toString: () => table(folded) }
}

/**
 * Traces a model in evaluation mode and tells what it consists of. Nothing is computed; a large model takes as long as tracing it.
 *
 * @param shapes of the input of `forward` (float32), or a list with the shape or the full spec of each of its inputs, or a function that calls
 * `forward` with inputs of its own
 * @throws ShapeError where the model refuses such inputs
 *
 * @example
 * const result = summary(new Conv2d(2, 4, [3, 3], { padding: 1 }), [1, 2, 8, 8])
 * result.parameters // 76
 * result.multiplyAdds // 4608
 * const text = String(result)
 * text.split('\n').length // 3
 */
export function summary(model: Module, shapes: Shape | readonly (Shape | TensorSpec)[] | (() => unknown)): Summary {
  const layout = layoutOf(model)
  const calls: ForwardCall[] = []
  watchForwards((call) => calls.push(call), typeof shapes === 'function' ? shapes : () => forwardOf(model, shapes))
  const paths = modulesOf(model)
  const rows = new Map<Module, { -readonly [K in keyof SummaryRow]: SummaryRow[K] }>()
  const byPath = new Map([['', model]])
  const byPlace = new Map([['', model]])
  for (const module of new Set([...calls.map((call) => call.module), ...paths.keys()])) {
    const path = paths.get(module)
    if (path === undefined) continue
    const result = calls.find((call) => call.module === module)?.result
    const shapes = tensorsIn(result).map(({ shape }) => shape)
    rows.set(module, { path, type: module.type, shapes, parameters: 0, buffers: 0, multiplyAdds: 0 })
    byPath.set(path, module)
  }
  for (const { place, module } of calls) if (rows.has(module)) byPlace.set(place, module)
  for (const { name, size } of layout.parameters) rows.get(nearest(name, byPath))!.parameters += size
  for (const { name, size } of layout.buffers) rows.get(nearest(name, byPath))!.buffers += size
  let multiplyAdds = 0
  for (const { operation, inputs, outputs, place } of topologicalOrder(tensorsIn(calls[0]!.result))) {
    const products = operation.products(inputs, outputs)
    rows.get(nearest(place, byPlace))!.multiplyAdds += products
    multiplyAdds += products
  }
  const whole = { rows: [...rows.values()], parameters: layout.parameterCount, buffers: layout.bufferCount, multiplyAdds }
  return { ...whole, toString: () => table(whole) }
}
