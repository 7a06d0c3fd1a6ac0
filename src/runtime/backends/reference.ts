/** The reference backend: interprets the graph in float64, one primitive after the other. Slow and obvious; the oracle of all tests. */
import { graphInterface, type Weights } from '../../formats/index.ts'
import { halfBits, halfValue, interpret, type NdArray, sizeOf, type Tensor, type TensorSpec, topologicalOrder } from '../../tensor/index.ts'
import {
  type Backend,
  checkFeeds,
  checkHeld,
  checkInto,
  checkRange,
  type DeviceArray,
  type DeviceView,
  disposedBackend,
  disposedProgram,
  entryOf,
  type Feed,
  type HostArray,
  isView,
  type Program,
} from '../backend.ts'

interface ReferenceArray extends DeviceArray {
  readonly values: Float64Array
}

function allocate(length: number, arrays: Set<DeviceArray>, check: () => void): ReferenceArray {
  const values = new Float64Array(length)
  const array: ReferenceArray = {
    length,
    values,
    write: async (from, offset = 0) => {
      check()
      checkHeld('write', array, arrays)
      checkRange('write', offset, from.length, length)
      values.set(from, offset)
    },
    read: async (offset = 0, count = length - offset) => {
      check()
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

/** Uint16Array holds the bits of float16, whatever the input's dtype; numbers for a float16 input are rounded to it. */
function feedArray(feed: Feed, { shape, dtype }: TensorSpec): NdArray {
  if (isView(feed)) return { shape, data: viewed(feed).slice() }
  if (feed instanceof Uint16Array) return { shape, data: Float64Array.from(feed, halfValue) }
  const rounded = (value: number) => (dtype === 'float16' ? halfValue(halfBits(value)) : value)
  return { shape, data: Float64Array.from(feed as ArrayLike<number | bigint>, (value) => rounded(Number(value))) }
}

function hostArray({ data }: NdArray, spec: TensorSpec): HostArray {
  if (spec.dtype === 'int64') return BigInt64Array.from(Array.from(data, BigInt))
  if (spec.dtype === 'int32') return Int32Array.from(data)
  if (spec.dtype === 'bool') return Uint8Array.from(data)
  if (spec.dtype === 'float16') return Uint16Array.from(data, halfBits)
  return data.slice()
}

function load(outputs: Readonly<Record<string, Tensor>>, constants: Weights, arrays: ReadonlySet<DeviceArray>, check: () => void): Program {
  const { inputs: inputSpecs, outputs: specs, names } = graphInterface(outputs, constants)
  const inputs = Object.fromEntries(inputSpecs)
  const named = Object.entries(outputs)
  const order = topologicalOrder(Object.values(outputs))
  let disposed = false
  return {
    inputs,
    outputs: specs,
    run: async (feeds, { into = {} } = {}) => {
      check()
      if (disposed) throw disposedProgram(specs)
      checkFeeds(inputs, feeds, arrays, 'wide')
      checkInto(specs, into, arrays)
      const given = ({ node, ...spec }: Tensor) => {
        const name = names.get(node)
        return name === undefined ? undefined : feedArray(constants.get(name) ?? feeds[name]!, spec)
      }
      const values = interpret(order, Object.values(outputs), given)
      const result: Record<string, HostArray> = {}
      for (const [i, [name, tensor]] of named.entries()) {
        const view = entryOf(into, name)
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
  let disposed = false
  const check = () => {
    if (disposed) throw disposedBackend('reference')
  }
  return {
    description: 'reference, float64',
    load: async (outputs, constants = new Map()) => {
      check()
      return load(outputs, constants, arrays, check)
    },
    allocate: async (length) => {
      check()
      return allocate(length, arrays, check)
    },
    dispose: async () => {
      disposed = true
    },
  }
}
