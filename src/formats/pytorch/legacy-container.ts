/**
 * Files of `torch.save` before PyTorch 1.6, and since then with `_use_new_zipfile_serialization=False`: five pickles (a magic number, the version,
 * facts of the machine, the value, the keys of the storages), and then the storages in the order of their keys, each after the count of its numbers.
 */
import { type ByteSource, partOf } from '../byte-source.ts'
import { Cursor } from './cursor.ts'
import { factsOf } from './dtypes.ts'
import { callGlobal, findGlobal, StorageType, setGlobalState } from './globals.ts'
import { readPickle } from './pickle.ts'
import { type Allowance, refuse, refuseUnsupported, saveWeightsAlone } from './refuse.ts'
import { Storage } from './tensor.ts'

const magicNumber = 0x1950a86a20f9469cfc6cn
const version = 1001

/** Storages by key, whose places in the file are known only after the pickles. */
class Storages {
  readonly #roots = new Map<string, Storage>()
  readonly #places = new Map<string, ByteSource>()

  /** What a persistent id stands for: ('storage', type, key, device, count, view), where a view is None or (key, offset, count). */
  readonly refer = (id: unknown): Storage => {
    const [tag, type, key, , count, view] = Array.isArray(id) ? (id as readonly unknown[]) : []
    const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0
    if (tag === 'module') return refuseUnsupported('it holds a whole model with its code', saveWeightsAlone)
    if (tag !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(count)) {
      return refuse('its pickle refers to what is no storage')
    }
    const root = this.#roots.get(key) ?? new Storage(key, type.dtype, count, () => this.#open(key))
    if (root.dtype !== type.dtype || root.count !== count) refuse(`its storage "${key}" has two types or sizes`)
    this.#roots.set(key, root)
    if (view === null || view === undefined) return root
    const [name, offset, length] = Array.isArray(view) ? (view as readonly unknown[]) : []
    if (typeof name !== 'string' || !isCount(offset) || !isCount(length) || offset + length > count) {
      return refuse(`its storage "${key}" has a view that is not in it`)
    }
    const { width } = factsOf(type.dtype)
    return new Storage(name, type.dtype, length, () => partOf(this.#open(key), offset * width, length * width))
  }

  #open(key: string): ByteSource {
    return this.#places.get(key) ?? refuse(`it has no numbers of the storage "${key}"`)
  }

  /** Finds the storages that follow the pickles. */
  locate(source: ByteSource, cursor: Cursor, keys: unknown): void {
    if (!Array.isArray(keys)) refuse('it has no list of its storages')
    for (const key of keys as readonly unknown[]) {
      const root = typeof key === 'string' ? this.#roots.get(key) : undefined
      if (!root) refuse('it lists a storage that nothing refers to, whose length is unknown')
      const count = cursor.uint64()
      if (count !== root.count) refuse(`its storage "${root.name}" has ${count} numbers, where its pickle says ${root.count}`)
      const start = cursor.position
      cursor.skip(root.byteLength)
      this.#places.set(root.name, partOf(source, start, root.byteLength))
    }
    for (const key of this.#roots.keys()) this.#open(key)
  }
}

export function readLegacyContainer(source: ByteSource, allowance: Allowance, maxBytes: number): { value: unknown; pickleLength: number } {
  const cursor = new Cursor(source)
  const storages = new Storages()
  const host = {
    find: findGlobal,
    call: (f: unknown, args: readonly unknown[]) => callGlobal(f, args, maxBytes),
    setState: setGlobalState,
    refer: storages.refer,
  }
  const next = () => readPickle(cursor, host, allowance)
  if (next() !== magicNumber) {
    refuseUnsupported('it is neither a zip file nor begins with the magic number of torch.save', 'give a file that torch.save wrote')
  }
  const found = next()
  if (found !== version) refuse(`its format has the version ${typeof found === 'number' ? found : typeof found}, read is ${version}`)
  next()
  const start = cursor.position
  const value = next()
  const pickleLength = cursor.position - start
  storages.locate(source, cursor, next())
  return { value, pickleLength }
}
