/** Writes a traced graph as an ONNX model (opset 17): the format in which every computation of Divisi runs, is cached and is exported. */
import {
  type DType,
  type Emitter,
  type Node,
  type OnnxAttribute,
  type OperationNode,
  type Shape,
  sizeOf,
  type Tensor,
  type TensorSpec,
  topologicalOrder,
} from '../tensor/index.ts'
import { concatBytes } from './bytes.ts'
import { bytesField, type Field, floatField, integerField } from './protobuf.ts'

const opset = 17
const elementType: Record<DType, number> = { float32: 1, int64: 7, bool: 9 }
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const

export interface OnnxGraph {
  /** The serialised model. */
  readonly bytes: Uint8Array
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  readonly nodes: number
}

/** Little-endian bytes of constant values. */
function rawData(values: ArrayLike<number>, dtype: DType): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(values)
  if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(Array.from(values), BigInt).buffer)
  return new Uint8Array(Float32Array.from(values).buffer)
}

function tensorField(field: number, name: string, values: ArrayLike<number>, shape: Shape, dtype: DType): Field {
  return bytesField(field, [
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, elementType[dtype]),
    bytesField(8, name),
    bytesField(9, rawData(values, dtype)),
  ])
}

function attributeField(name: string, value: OnnxAttribute): Field {
  const head = bytesField(1, name)
  if (typeof value === 'number') return bytesField(5, [head, integerField(3, value), integerField(20, attributeType.int)])
  if (typeof value === 'string') return bytesField(5, [head, bytesField(4, value), integerField(20, attributeType.string)])
  if ('float' in value) return bytesField(5, [head, floatField(2, value.float), integerField(20, attributeType.float)])
  if ('floats' in value) return bytesField(5, [head, ...value.floats.map((x) => floatField(7, x)), integerField(20, attributeType.floats)])
  return bytesField(5, [head, ...value.map((x) => integerField(8, x)), integerField(20, attributeType.ints)])
}

interface OnnxNode {
  readonly name: string
  readonly opType: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly attributes: Record<string, OnnxAttribute>
}

function nodeField(node: OnnxNode, renamed: ReadonlyMap<string, string>): Field {
  return bytesField(1, [
    ...node.from.map((name) => bytesField(1, renamed.get(name) ?? name)),
    ...node.to.map((name) => bytesField(2, renamed.get(name) ?? name)),
    bytesField(3, node.name),
    bytesField(4, node.opType),
    ...Object.entries(node.attributes).map(([name, value]) => attributeField(name, value)),
  ])
}

function valueInfo(field: number, name: string, spec: TensorSpec): Field {
  const dims = spec.shape.map((extent) => bytesField(1, [integerField(1, extent)]))
  const type = bytesField(1, [integerField(1, elementType[spec.dtype]), bytesField(2, dims)])
  return bytesField(field, [bytesField(1, name), bytesField(2, type)])
}

/**
 * Serialises the graph of named outputs; inputs whose values are given as weights are stored in it. Equal operations on equal inputs
 * are written once (common subexpressions); what no output needs is not written.
 *
 * @throws RangeError for weights of the wrong size and for one name that is input and output; Error for two inputs of one name
 *
 * @example
 * const x = input('x', [3])
 * const graph = writeOnnx({ y: mul(add(x, 1), add(x, 1)) })
 * graph.nodes // 2
 * graph.outputs.y?.shape // [3]
 */
export function writeOnnx(outputs: Readonly<Record<string, Tensor>>, weights: ReadonlyMap<string, Float32Array> = new Map()): OnnxGraph {
  const nodes: OnnxNode[] = []
  const initializers: Field[] = []
  const constants = new Map<string, string>()
  const inputs: Record<string, TensorSpec> = {}
  const names = new Map<Node, readonly string[]>()
  const computed = new Map<string, readonly string[]>()
  let counter = 0
  let scope = ''

  const store = (values: ArrayLike<number>, shape: Shape, dtype: DType): string => {
    const key = values.length > 64 ? undefined : `${dtype}|${shape.join()}|${Array.from(values).join()}`
    const known = key === undefined ? undefined : constants.get(key)
    if (known !== undefined) return known
    const name = `%c${constants.size + initializers.length}`
    initializers.push(tensorField(5, name, values, shape, dtype))
    if (key !== undefined) constants.set(key, name)
    return name
  }
  const emitter: Emitter = {
    node: (opType, from, attributes = {}, count = 1) => {
      const to = Array.from({ length: count }, () => `%v${counter++}`)
      nodes.push({ name: `${scope}/${opType}_${nodes.length}`, opType, from, to, attributes })
      return to
    },
    floats: (values, shape) => store(values, shape, 'float32'),
    ints: (values, shape) => store(values, shape ?? [values.length], 'int64'),
  }
  const nameOf = (x: Tensor): string => {
    const known = names.get(x.node)?.[x.index]
    if (known !== undefined) return known
    if (x.node.kind === 'input') {
      const values = weights.get(x.node.name)
      if (values) {
        if (values.length !== sizeOf(x.shape))
          throw new RangeError(`writeOnnx: "${x.node.name}" needs ${sizeOf(x.shape)} values, ${values.length} are given`)
        const name = store(values, x.shape, x.dtype)
        names.set(x.node, [name])
        return name
      }
      const before = inputs[x.node.name]
      if (before) throw new Error(`writeOnnx: two different inputs are named "${x.node.name}"; names are unique`)
      inputs[x.node.name] = { shape: x.shape, dtype: x.dtype }
      names.set(x.node, [x.node.name])
      return x.node.name
    }
    if (x.node.kind === 'constant') {
      const name = store(x.node.data, x.shape, x.dtype)
      names.set(x.node, [name])
      return name
    }
    throw new Error('writeOnnx: an operation is used before it is written')
  }
  const lower = (node: OperationNode): readonly string[] => {
    const from = node.inputs.map(nameOf)
    const key = `${node.operation.name}|${node.operation.key}|${from.join()}|${node.outputs.map((spec) => spec.shape.join('x')).join()}`
    const known = computed.get(key)
    if (known) return known
    scope = node.place ? `${node.place}/${node.operation.name}` : node.operation.name
    const to = node.operation.lower(emitter, from, { inputs: node.inputs, outputs: node.outputs })
    computed.set(key, to)
    return to
  }
  const named = Object.entries(outputs)
  for (const node of topologicalOrder(named.map(([, tensor]) => tensor))) names.set(node, lower(node))
  // A computed value takes its output's name; inputs, constants and a second name for one value need a copy.
  const renamed = new Map<string, string>()
  for (const [name, tensor] of named) {
    const value = nameOf(tensor)
    if (tensor.node.kind === 'operation' && !renamed.has(value) && !inputs[value]) renamed.set(value, name)
    else nodes.push({ name: `output/${name}`, opType: 'Identity', from: [value], to: [name], attributes: {} })
  }
  for (const [name] of named) {
    if (inputs[name]) throw new RangeError(`writeOnnx: "${name}" is an input and an output; ONNX needs different names`)
  }
  const outputSpecs = Object.fromEntries(named.map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
  const graph = [
    ...nodes.map((node) => nodeField(node, renamed)),
    bytesField(2, 'divisi'),
    ...initializers,
    ...Object.entries(inputs).map(([name, spec]) => valueInfo(11, name, spec)),
    ...Object.entries(outputSpecs).map(([name, spec]) => valueInfo(12, name, spec)),
  ]
  const bytes = concatBytes([
    integerField(1, 8),
    bytesField(2, 'divisi'),
    bytesField(7, graph),
    bytesField(8, [bytesField(1, ''), integerField(2, opset)]),
  ])
  return { bytes, inputs, outputs: outputSpecs, nodes: nodes.length }
}
