/** ONNX messages (onnx.proto3, IR version 8) as Protocol Buffers fields. */
import { type ElementType, halfBits, type OnnxAttribute, onnxElementType, type Shape, type TensorSpec } from '../tensor/index.ts'
import { bytesField, type Field, floatField, integerField } from './protobuf.ts'

const attributeType = { float: 1, int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 } as const

/** A node before its values have their final names. */
export interface OnnxNode {
  readonly name: string
  readonly opType: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** What a Subgraph holds until it is written. */
export interface OnnxBody {
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly (readonly [string, TensorSpec])[]
  readonly outputs: readonly (readonly [string, TensorSpec])[]
}

/** A constant before it is written. */
export interface ConstantTensor {
  readonly values: ArrayLike<number>
  readonly shape: Shape
  readonly type: ElementType
  /** The values in another order, in pieces, where they are to be written so: of float32 alone. */
  readonly pieces?: () => Iterable<Float32Array>
}

/** Little-endian bytes of constant values. */
function rawData(values: ArrayLike<number>, type: ElementType): Uint8Array {
  switch (type) {
    case 'bool':
      return Uint8Array.from(values)
    case 'int64':
      return new Uint8Array(BigInt64Array.from(Array.from(values), BigInt).buffer)
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer)
    case 'uint32':
      return new Uint8Array(Uint32Array.from(values).buffer)
    case 'float16':
      return new Uint8Array(Uint16Array.from(Array.from(values, halfBits)).buffer)
    case 'float32': {
      const floats = values instanceof Float32Array ? values : Float32Array.from(values)
      return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
    }
  }
}

/** A TensorProto. */
export function tensorField(field: number, name: string, { values, shape, type, pieces }: ConstantTensor): Field {
  const late = pieces && {
    length: 4 * values.length,
    pieces: function* () {
      for (const floats of pieces()) yield rawData(floats, type)
    },
  }
  return bytesField(field, [
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, onnxElementType[type]),
    bytesField(8, name),
    bytesField(9, late ?? rawData(values, type)),
  ])
}

/** A ValueInfoProto. */
function valueInfo(field: number, name: string, spec: TensorSpec): Field {
  const dims = spec.shape.map((extent) => bytesField(1, [integerField(1, extent)]))
  const type = bytesField(1, [integerField(1, onnxElementType[spec.dtype]), bytesField(2, dims)])
  return bytesField(field, [bytesField(1, name), bytesField(2, [type])])
}

function attributeField(name: string, value: OnnxAttribute, renamed: ReadonlyMap<string, string>): Field {
  const head = bytesField(1, name)
  if (typeof value === 'number') return bytesField(5, [head, integerField(3, value), integerField(20, attributeType.int)])
  if (typeof value === 'string') return bytesField(5, [head, bytesField(4, value), integerField(20, attributeType.string)])
  if ('float' in value) return bytesField(5, [head, floatField(2, value.float), integerField(20, attributeType.float)])
  if ('floats' in value) return bytesField(5, [head, ...value.floats.map((x) => floatField(7, x)), integerField(20, attributeType.floats)])
  if ('strings' in value)
    return bytesField(5, [head, ...value.strings.map((x) => bytesField(9, x)), integerField(20, attributeType.strings)])
  if ('graph' in value) {
    const body = bodyFields('body', value.graph as OnnxBody, renamed)
    return bytesField(5, [head, bytesField(6, body), integerField(20, attributeType.graph)])
  }
  return bytesField(5, [head, ...value.map((x) => integerField(8, x)), integerField(20, attributeType.ints)])
}

function nodeField(node: OnnxNode, renamed: ReadonlyMap<string, string>): Field {
  const [domain, opType] = node.opType.includes(':') ? (node.opType.split(':') as [string, string]) : ['', node.opType]
  return bytesField(1, [
    ...node.from.map((name) => bytesField(1, renamed.get(name) ?? name)),
    ...node.to.map((name) => bytesField(2, renamed.get(name) ?? name)),
    bytesField(3, node.name),
    bytesField(4, opType),
    ...Object.entries(node.attributes).map(([name, value]) => attributeField(name, value, renamed)),
    ...(domain ? [bytesField(7, domain)] : []),
  ])
}

/** The fields of a GraphProto, initializers aside. */
export function bodyFields(name: string, { nodes, inputs, outputs }: OnnxBody, renamed: ReadonlyMap<string, string>): Field[] {
  return [
    ...nodes.map((node) => nodeField(node, renamed)),
    bytesField(2, name),
    ...inputs.map(([input, spec]) => valueInfo(11, input, spec)),
    ...outputs.map(([output, spec]) => valueInfo(12, renamed.get(output) ?? output, spec)),
  ]
}
