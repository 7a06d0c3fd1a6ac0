/** Writes a traced graph as an ONNX model (opset 18): the format in which every computation of Divisi runs, is cached and is exported. */
import {
  type Body,
  type ElementType,
  type Emitter,
  halfValue,
  type Node,
  type OperationNode,
  onnxElementType,
  type Shape,
  type Subgraph,
  type Target,
  type Tensor,
  type TensorSpec,
  topologicalOrder,
} from '../tensor/index.ts'
import { foldWeights } from './fold-weights.ts'
import { graphInterface, type Weights } from './graph-interface.ts'
import { bodyFields, type ConstantTensor, type OnnxBody, type OnnxNode, tensorField } from './onnx-fields.ts'
import { bytesField, integerField, joinFields } from './protobuf.ts'

/** 18 is the first with bitwise operators and reductions whose axes are inputs. */
const opset = 18

export interface OnnxGraph {
  /** The serialised model. */
  readonly bytes: Uint8Array
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  readonly nodes: number
}

/** Constants of the whole model: bodies see those outside. */
function createConstants() {
  const tensors = new Map<string, ConstantTensor>()
  const known = new Map<string, string>()
  return {
    tensors,
    store: (values: ArrayLike<number>, shape: Shape, type: ElementType): string => {
      const key =
        values.length > 64 ? undefined : `${type}|${shape.join()}|${Array.from(values, (x) => (Object.is(x, -0) ? '-0' : x)).join()}`
      const before = key === undefined ? undefined : known.get(key)
      if (before !== undefined) return before
      const name = `%c${tensors.size}`
      tensors.set(name, { values, shape, type })
      if (key !== undefined) known.set(key, name)
      return name
    },
  }
}

/** What is being written: one for the model, one for each body inside it. */
interface Scope {
  readonly nodes: OnnxNode[]
  readonly names: Map<Node, readonly string[]>
  /** Names of results by operation and inputs: common subexpressions are written once. */
  readonly computed: Map<string, readonly string[]>
  /** The scope around a body, whose values it may read. */
  readonly outer?: Scope
}

function lookUp<K>(scope: Scope, table: (scope: Scope) => Map<K, readonly string[]>, key: K): readonly string[] | undefined {
  return table(scope).get(key) ?? (scope.outer ? lookUp(scope.outer, table, key) : undefined)
}

function outermost(scope: Scope): Scope {
  return scope.outer ? outermost(scope.outer) : scope
}

/** For each node that one of the roots depends on, which of its outputs are read. */
function usedOutputs(order: readonly OperationNode[], roots: readonly Tensor[]): ReadonlyMap<Node, ReadonlySet<number>> {
  const used = new Map<Node, Set<number>>()
  for (const x of [...order.flatMap(({ inputs }) => inputs), ...roots]) {
    const indices = used.get(x.node)
    if (indices) indices.add(x.index)
    else used.set(x.node, new Set([x.index]))
  }
  return used
}

/** Names that nodes read, those in their bodies included. */
function* namesRead(nodes: readonly OnnxNode[]): Generator<string> {
  for (const { from, attributes } of nodes) {
    yield* from
    for (const value of Object.values(attributes)) {
      if (typeof value !== 'object' || !('graph' in value)) continue
      const body = value.graph as OnnxBody
      yield* namesRead(body.nodes)
      for (const [name] of body.outputs) yield name
    }
  }
}

/** Nodes without those whose values nobody reads: what a fused operator replaces, outputs of a primitive that are not used. */
function withoutDead(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const read = new Set(outputs)
  const alive = [...nodes].reverse().filter((node) => {
    if (!node.to.some((name) => read.has(name))) return false
    for (const name of namesRead([node])) read.add(name)
    return true
  })
  return alive.reverse()
}

/**
 * Nodes whose values are outputs only, moved to the end, youngest first. ONNX Runtime starts from the last of these and computes what it needs
 * before it turns to the one before it. In the order of tracing the gradient of the first layer would be its first aim, and those of all
 * other layers would wait with their operands in memory to the end.
 */
function leavesLast(nodes: readonly OnnxNode[]): OnnxNode[] {
  const read = new Set(namesRead(nodes))
  const isLeaf = ({ to }: OnnxNode) => !to.some((name) => read.has(name))
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()]
}

/** Lowers everything that the roots depend on and that the scope does not know yet. `leaf` names inputs and constants. */
function createWriter(constants: ReturnType<typeof createConstants>, target: Target, leaf: (x: Tensor) => string) {
  let counter = 0
  let place = ''
  // What a reshaped value was before: two reshapes are one. ONNX Runtime would find that too, but as a new node, whose place in its order is not that of
  // the one it replaces (`leavesLast`).
  const reshaped = new Map<string, string>()

  const nameOf = (x: Tensor, scope: Scope): string => {
    const known = lookUp(scope, ({ names }) => names, x.node)?.[x.index]
    if (known !== undefined) return known
    if (x.node.kind === 'operation') throw new Error(`writeOnnx: ${x.node.operation.name} is used before it is written`)
    const name = leaf(x)
    outermost(scope).names.set(x.node, [name])
    return name
  }

  const emitterOf = (scope: Scope): Emitter => ({
    target,
    node: (opType, inputs, attributes = {}, count = 1) => {
      const to = Array.from({ length: count }, () => `%v${counter++}`)
      const source = opType === 'Reshape' ? reshaped.get(inputs[0]!) : undefined
      const from = source === undefined ? inputs : [source, ...inputs.slice(1)]
      if (opType === 'Reshape') reshaped.set(to[0]!, from[0]!)
      scope.nodes.push({ name: `${place}/${opType}_${counter}`, opType, from, to, attributes })
      return to
    },
    constant: constants.store,
    floats: (values, shape) => constants.store(values, shape, 'float32'),
    ints: (values, shape) => constants.store(values, shape ?? [values.length], 'int64'),
    subgraph: (body, captured) => writeBody(body, captured, scope),
  })

  const lower = (node: OperationNode, used: ReadonlySet<number>, scope: Scope): readonly string[] => {
    const from = node.inputs.map((x) => nameOf(x, scope))
    const shapes = node.outputs.map((spec) => `${spec.dtype}${spec.shape.join('x')}`).join()
    const key = `${node.operation.name}|${node.operation.key}|${from.join()}|${shapes}|${[...used].sort().join()}`
    const known = lookUp(scope, ({ computed }) => computed, key)
    if (known) return known
    const before = place
    place = node.place ? `${node.place}/${node.operation.name}` : node.operation.name
    const to = node.operation.lower(emitterOf(scope), from, {
      inputs: node.inputs,
      outputs: node.outputs,
      used: node.outputs.map((_, index) => used.has(index)),
    })
    place = before
    scope.computed.set(key, to)
    return to
  }

  const writeAll = (roots: readonly Tensor[], scope: Scope): void => {
    const order = topologicalOrder(roots, (node) => lookUp(scope, ({ names }) => names, node) !== undefined)
    order.sort((a, b) => a.serial - b.serial)
    const used = usedOutputs(order, roots)
    for (const node of order) scope.names.set(node, lower(node, used.get(node)!, scope))
  }

  const writeBody = (body: Body, captured: readonly (readonly [Tensor, string])[], outer: Scope): Subgraph => {
    const inputs = body.inputs.map((x) => [`%b${counter++}`, { shape: x.shape, dtype: x.dtype }] as const)
    const names = new Map<Node, readonly string[]>([
      ...body.inputs.map((x, i) => [x.node, [inputs[i]![0]]] as const),
      ...captured.map(([x, name]) => [x.node, [name]] as const),
    ])
    const scope: Scope = { nodes: [], names, computed: new Map(), outer }
    writeAll(body.outputs, scope)
    // Outputs of a body must be values that it computes, each once.
    const own = new Set(scope.nodes.flatMap(({ to }) => to))
    const emitter = emitterOf(scope)
    const outputs = body.outputs.map((x) => {
      const value = nameOf(x, scope)
      return [own.delete(value) ? value : emitter.node('Identity', [value])[0]!, { shape: x.shape, dtype: x.dtype }] as const
    })
    const nodes = withoutDead(
      scope.nodes,
      outputs.map(([name]) => name),
    )
    return { graph: { nodes, inputs, outputs } satisfies OnnxBody }
  }

  return { nameOf, writeAll }
}

/**
 * Serialises the graph of named outputs; inputs whose values are given as weights are stored in it. Equal operations on equal inputs
 * are written once (common subexpressions); what no output needs is not written.
 *
 * @param target whose kernels will run it; a graph for one runs on the other, where it can be slower or refused
 * @throws RangeError for no outputs, names that cannot be written, one name for two inputs or for an input and an output, and weights of the
 * wrong size
 *
 * @example
 * const x = input('x', [3])
 * const graph = writeOnnx({ y: mul(add(x, 1), add(x, 1)) })
 * graph.nodes // 2
 * graph.outputs.y?.shape // [3]
 */
export function writeOnnx(outputs: Readonly<Record<string, Tensor>>, weights: Weights = new Map(), target: Target = 'cpu'): OnnxGraph {
  const { inputs, outputs: outputSpecs } = graphInterface(outputs, weights)
  const constants = createConstants()
  const scope: Scope = { nodes: [], names: new Map(), computed: new Map() }
  const leaf = (x: Tensor): string => {
    if (x.node.kind === 'constant') return constants.store(x.node.data, x.shape, x.dtype)
    if (x.node.kind === 'operation') throw new Error('writeOnnx: an operation is no leaf')
    const { name } = x.node
    const values = weights.get(name)
    if (!values) return name
    if (values instanceof Float32Array) return constants.store(values, x.shape, x.dtype)
    const from = [constants.store(Float32Array.from(values, halfValue), x.shape, 'float16')]
    const to = [`%w${name}`]
    scope.nodes.push({ name: `weight/${name}`, opType: 'Cast', from, to, attributes: { to: onnxElementType[x.dtype] } })
    return to[0]!
  }
  const { nameOf, writeAll } = createWriter(constants, target, leaf)
  const named = Object.entries(outputs)
  writeAll(
    named.map(([, tensor]) => tensor),
    scope,
  )
  // A computed value takes its output's name; inputs, constants and a second name for one value need a copy.
  const computed = new Set(scope.nodes.flatMap(({ to }) => to))
  const renamed = new Map<string, string>()
  const results = named.map(([name, tensor]) => {
    const value = nameOf(tensor, scope)
    if (computed.delete(value)) {
      renamed.set(value, name)
      return value
    }
    scope.nodes.push({ name: `output/${name}`, opType: 'Identity', from: [value], to: [name], attributes: {} })
    return name
  })
  const nodes = leavesLast(foldWeights(withoutDead(scope.nodes, results), constants.tensors, new Set(results)))
  const read = new Set(namesRead(nodes))
  const inputSpecs = Object.fromEntries([...inputs].filter(([name]) => read.has(name)))
  const graph = [
    ...bodyFields('divisi', { nodes, inputs: Object.entries(inputSpecs), outputs: Object.entries(outputSpecs) }, renamed),
    ...[...constants.tensors].flatMap(([name, tensor]) => (read.has(name) ? [tensorField(5, name, tensor)] : [])),
  ]
  const bytes = joinFields([
    integerField(1, 8),
    bytesField(2, 'divisi'),
    bytesField(7, graph),
    bytesField(8, [bytesField(1, ''), integerField(2, opset)]),
    bytesField(8, [bytesField(1, 'com.microsoft'), integerField(2, 1)]),
  ])
  return { bytes, inputs: inputSpecs, outputs: outputSpecs, nodes: nodes.length }
}
