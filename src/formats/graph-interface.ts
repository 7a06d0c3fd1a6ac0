/** How a traced graph is called: its inputs, outputs and weights by name, checked alike for every backend. */
import { formatShape, type Node, type Shape, sizeOf, type Tensor, type TensorSpec, topologicalOrder } from '../tensor/index.ts'

/** Values of weights; Uint16Array holds the bits of float16: half the file, and float32 again (rounded to float16) when it is loaded. */
export type Weights = ReadonlyMap<string, Float32Array | Uint16Array>

export interface GraphInterface {
  /** Inputs that the outputs depend on, without those that are weights. */
  readonly inputs: ReadonlyMap<string, TensorSpec>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  /** What inputs are called here, those that are weights included: a later trace may give them other names. */
  readonly names: ReadonlyMap<Node, string>
}

const specOf = ({ shape, dtype }: Tensor): TensorSpec => ({ shape, dtype })

/** ONNX knows no value without a name; `%` begins those of values in between; `__proto__` is no key of a plain object. */
function checkName(what: 'input' | 'output', name: string): void {
  if (name !== '' && !name.startsWith('%') && name !== '__proto__') return
  throw new RangeError(
    `load: an ${what} is named "${name}"; allowed are names that are not empty, do not start with % and are not __proto__; call it otherwise`,
  )
}

function checkWeights(name: string, values: Float32Array | Uint16Array, shape: Shape): void {
  const size = sizeOf(shape)
  if (values.length !== size)
    throw new RangeError(`load: the input "${name}" ${formatShape(shape)} needs ${size} values, its weights have ${values.length}`)
}

/**
 * @throws RangeError for no outputs, names that cannot be written, one name for two inputs or for an input and an output, and weights that do
 * not have the size of their input
 */
export function graphInterface(outputs: Readonly<Record<string, Tensor>>, weights: Weights): GraphInterface {
  const named = Object.entries(outputs)
  if (named.length === 0) throw new RangeError('load: the graph has no outputs; give at least one tensor by name')
  for (const [name] of named) checkName('output', name)
  const roots = named.map(([, tensor]) => tensor)
  const nodes = new Map<string, Node>()
  const inputs = new Map<string, TensorSpec>()
  for (const x of [...topologicalOrder(roots).flatMap((node) => node.inputs), ...roots]) {
    if (x.node.kind !== 'input' || nodes.get(x.node.name) === x.node) continue
    const { name } = x.node
    checkName('input', name)
    if (nodes.has(name))
      throw new RangeError(`load: two different inputs are named "${name}"; give each its own name, or use one of them twice`)
    nodes.set(name, x.node)
    const values = weights.get(name)
    if (values) checkWeights(name, values, x.shape)
    else if (Object.hasOwn(outputs, name)) throw new RangeError(`load: "${name}" is an input and an output; ONNX needs different names`)
    else inputs.set(name, specOf(x))
  }
  const names = new Map(Array.from(nodes, ([name, node]) => [node, name]))
  return { inputs, outputs: Object.fromEntries(named.map(([name, tensor]) => [name, specOf(tensor)])), names }
}
