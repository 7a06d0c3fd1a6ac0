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

/** More than a name of a tensor ever has; a text can be in many names, and be long. */
const maxNameLength = 4096

/** Keys and positions that lead to a value. */
interface Path {
  readonly parent: Path | undefined
  readonly key: unknown
}

class Walk {
  readonly tensors = new Map<string, PytorchTensor>()
  /** Values that may still be looked at: one list in many places is looked at as many times. */
  #left: number

  constructor(maxVisits: number) {
    this.#left = maxVisits
  }

  visit(value: unknown, path: Path | undefined, depth: number): void {
    this.#count(depth)
    if (value instanceof PytorchTensor) this.#add(path, value)
    else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) this.visit(value[i], { parent: path, key: i }, depth + 1)
    else if (value instanceof Set) for (const item of value) this.#checkKey(item, depth + 1)
    else if (value instanceof Map) {
      for (const [key, item] of value) {
        this.#checkKey(key, depth + 1)
        this.visit(item, { parent: path, key }, depth + 1)
      }
    } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      const what = path === undefined ? 'a value' : `the value "${this.#nameOf(path)}"`
      refuseUnsupported(`${what} is a class or a storage of PyTorch, not data`, saveWeightsAlone)
    }
  }

  #count(depth: number): void {
    if (--this.#left < 0) refuse('its lists and dicts are far more, one within another, than a file of its length needs')
    if (depth > maxDepth) refuse(`its lists and dicts are more than ${maxDepth} deep, or contain themselves`)
  }

  #checkKey(key: unknown, depth: number): void {
    this.#count(depth)
    if (Array.isArray(key)) for (const part of key) this.#checkKey(part, depth + 1)
    else if (typeof key === 'object' && key !== null && !(key instanceof Uint8Array)) {
      refuse('a dict or set has a key that is no text, number or tuple')
    }
  }

  /** Tuples with commas, as JavaScript writes them. */
  #text(key: unknown): string {
    this.#count(0)
    if (key instanceof Uint8Array) return `${key.length} bytes`
    return Array.isArray(key) ? key.map((part) => this.#text(part)).join() : String(key)
  }

  #nameOf(path: Path | undefined): string {
    const keys: string[] = []
    let length = 0
    for (let at = path; at !== undefined; at = at.parent) {
      const text = this.#text(at.key)
      keys.push(text)
      length += text.length + 1
      if (length > maxNameLength) refuse(`a tensor has a name of more than ${maxNameLength} characters`)
    }
    return keys.reverse().join('.')
  }

  #add(path: Path | undefined, tensor: PytorchTensor): void {
    const name = this.#nameOf(path)
    if (this.tensors.has(name)) refuseUnsupported(`two tensors have the name "${name}"`, 'save them under names without dots of their own')
    this.tensors.set(name, tensor)
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
  walk.visit(value, undefined, 0)
  return { value: value as PytorchValue, tensors: walk.tensors }
}
