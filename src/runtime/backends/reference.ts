/** The reference backend: interprets the graph in float64, one primitive after the other. Slow and obvious; the oracle of all tests. */
import type { Weights } from '../../formats/index.ts'
import { halfBits, halfValue, interpret, type NdArray, sizeOf, type Tensor, type TensorSpec, topologicalOrder } from '../../tensor/index.ts'
import {
  type Backend,
  checkFeeds,
  checkHeld,
  checkInto,
  checkRange,
  type DeviceArray,
  type DeviceView,
  disposedProgram,
  type Feed,
  type HostArray,
  isView,
  type Program,
} from '../backend.ts'

interface ReferenceArray extends DeviceArray {
  readonly values: Float64Array
}

function allocate(length: number, arrays: Set<DeviceArray>): ReferenceArray {
  const values = new Float64Array(length)
  const array: ReferenceArray = {
    length,
    values,
    write: async (from, offset = 0) => {
      checkHeld('write', array, arrays)
      checkRange('write', offset, from.length, length)
      values.set(from, offset)
    },
    read: async (offset = 0, count = length - offset) => {
      checkHeld('read', array, arrays)
      checkRange('read', offset, count, length)
      return Float32Array.from(values.subarray(offset, offset + count))
    },
    view: (offset, shape) => {
      checkRange('view', offset, sizeOf(shape), length)
      return { array, offset, shape }
    },
    free: async () => {
      arrays.delete(array)
    },
  }
  arrays.add(array)
  return array
}

function viewed({ array, offset, shape }: DeviceView): Float64Array {
  return (array as ReferenceArray).values.subarray(offset, offset + sizeOf(shape))
}

function feedArray(feed: Feed, spec: TensorSpec): NdArray {
  if (isView(feed)) return { shape: spec.shape, data: viewed(feed).slice() }
  const numberOf = spec.dtype === 'float16' ? (bits: number | bigint) => halfValue(Number(bits)) : Number
  return { shape: spec.shape, data: Float64Array.from(feed as ArrayLike<number | bigint>, numberOf) }
}

function hostArray({ data }: NdArray, spec: TensorSpec): HostArray {
  if (spec.dtype === 'int64') return BigInt64Array.from(Array.from(data, BigInt))
  if (spec.dtype === 'int32') return Int32Array.from(data)
  if (spec.dtype === 'bool') return Uint8Array.from(data)
  if (spec.dtype === 'float16') return Uint16Array.from(data, halfBits)
  return data.slice()
}

function load(outputs: Readonly<Record<string, Tensor>>, constants: Weights, arrays: ReadonlySet<DeviceArray>): Program {
  const named = Object.entries(outputs)
  const order = topologicalOrder(Object.values(outputs))
  const inputs: Record<string, TensorSpec> = {}
  for (const x of [...order.flatMap((node) => node.inputs), ...Object.values(outputs)]) {
    if (x.node.kind === 'input' && !constants.has(x.node.name)) inputs[x.node.name] = { shape: x.shape, dtype: x.dtype }
  }
  const specs = Object.fromEntries(named.map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
  let disposed = false
  return {
    inputs,
    outputs: specs,
    run: async (feeds, { into = {} } = {}) => {
      if (disposed) throw disposedProgram(specs)
      checkFeeds(inputs, feeds, arrays)
      checkInto(specs, into, arrays)
      const given = ({ node, ...spec }: Tensor) => {
        if (node.kind !== 'input') return undefined
        const fixed = constants.get(node.name)
        return feedArray(fixed ?? feeds[node.name]!, fixed instanceof Uint16Array ? { ...spec, dtype: 'float16' } : spec)
      }
      const values = interpret(order, Object.values(outputs), given)
      const result: Record<string, HostArray> = {}
      for (const [i, [name, tensor]] of named.entries()) {
        const view = into[name]
        if (view) viewed(view).set(values[i]!.data)
        else result[name] = hostArray(values[i]!, tensor)
      }
      return result
    },
    dispose: async () => {
      disposed = true
    },
  }
}

/** A backend that needs nothing but this program. */
export function createReferenceBackend(): Backend {
  const arrays = new Set<DeviceArray>()
  return {
    description: 'reference, float64',
    load: async (outputs, constants = new Map()) => load(outputs, constants, arrays),
    allocate: async (length) => allocate(length, arrays),
    dispose: async () => {},
  }
}
