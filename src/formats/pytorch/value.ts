/** What a checkpoint holds, and the tensors in it by name. */
import { refuse, refuseUnsupported, saveWeightsAlone } from './refuse.ts'
import { PytorchTensor } from './tensor.ts'

/**
 * A value of Python: None is `null`, an integer beyond 2^53 a bigint, lists and tuples are arrays, dicts are `Map`s (their keys may be numbers, and
 * have an order), bytes are a Uint8Array; dtypes and devices of PyTorch are texts, `torch.float32`, `cuda:0`.
 */
export type PytorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PytorchTensor
  | readonly PytorchValue[]
  | ReadonlySet<PytorchValue>
  | ReadonlyMap<PytorchValue, PytorchValue>

/** Containers within containers: Python itself gives up at 1000. */
const maxDepth = 500

class Walk {
  readonly tensors = new Map<string, PytorchTensor>()
  /** Values that may still be looked at: one list in many places is looked at as many times. */
  #left: number

  constructor(maxVisits: number) {
    this.#left = maxVisits
  }

  visit(value: unknown, path: string, depth: number): void {
    if (--this.#left < 0) refuse('its lists and dicts are far more, one within another, than a file of its length needs')
    if (depth > maxDepth) refuse(`its lists and dicts are more than ${maxDepth} deep, or contain themselves`)
    const name = (key: unknown) => (path === '' ? `${key}` : `${path}.${key}`)
    if (value instanceof PytorchTensor) this.#add(path, value)
    else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) this.visit(value[i], name(i), depth + 1)
    else if (value instanceof Map) for (const [key, item] of value) this.visit(item, name(this.#key(key, depth)), depth + 1)
    else if (value instanceof Set) for (const item of value) this.#key(item, depth)
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      refuseUnsupported(`a ${path === '' ? 'value' : `value at "${path}"`} is a class or a storage of PyTorch, not data`, saveWeightsAlone)
    }
  }

  /** A key as part of a name; tuples with commas, as JavaScript writes them. */
  #key(key: unknown, depth: number): string {
    if (--this.#left < 0 || depth > maxDepth) refuse('a key of a dict is too large')
    if (Array.isArray(key)) return key.map((part) => this.#key(part, depth + 1)).join()
    if (typeof key === 'object' && key !== null && !(key instanceof Uint8Array))
      refuse('a dict or set has a key that is no text, number or tuple')
    return String(key)
  }

  #add(path: string, tensor: PytorchTensor): void {
    if (this.tensors.has(path)) refuseUnsupported(`two tensors have the name "${path}"`, 'save them under names without dots of their own')
    this.tensors.set(path, tensor)
  }
}

/**
 * All tensors in a value, named by the keys and positions that lead to them, with dots between; a tensor alone has the name ''.
 *
 * @param pickleLength of which so many values are a small multiple
 * @throws RangeError where the value is more than data, contains itself, or gives two tensors one name
 */
export function namedTensors(value: unknown, pickleLength: number): { value: PytorchValue; tensors: Map<string, PytorchTensor> } {
  const walk = new Walk(1_000_000 + 4 * pickleLength)
  walk.visit(value, '', 0)
  return { value: value as PytorchValue, tensors: walk.tensors }
}
