/** Files of `torch.save` since PyTorch 1.6: a zip file with the pickle in `<name>/data.pkl` and each storage in `<name>/data/<key>`. */
import type { ByteSource } from '../byte-source.ts'
import { Cursor } from './cursor.ts'
import { callGlobal, findGlobal, StorageType, setGlobalState } from './globals.ts'
import { readPickle } from './pickle.ts'
import { type Allowance, refuse, refuseUnsupported, saveWeightsAlone } from './refuse.ts'
import { Storage } from './tensor.ts'
import { readZip, type ZipEntry } from './zip.ts'

/** The folder that all entries are in. */
function findRoot(entries: ReadonlyMap<string, ZipEntry>): string {
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? [])
  const [root] = roots
  if (root === undefined || roots.length > 1) {
    return refuseUnsupported(
      `it is a zip file with ${roots.length} entries of the form <name>/data.pkl, where torch.save writes one`,
      'give a file that torch.save wrote; an archive of several is to be unpacked first',
    )
  }
  if (entries.has(`${root}/constants.pkl`)) refuseUnsupported('it holds a program of TorchScript', saveWeightsAlone)
  return root
}

function isBigEndian(entry: ZipEntry | undefined): boolean {
  if (!entry) return false
  const order = new TextDecoder().decode(entry.open().view(0, Math.min(entry.length, 16)))
  return order === 'big' || (order === 'little' ? false : refuse(`its order of bytes is "${order}", allowed are little and big`))
}

export function readZipContainer(source: ByteSource, allowance: Allowance, maxBytes: number): { value: unknown; pickleLength: number } {
  const entries = readZip(source, allowance)
  const root = findRoot(entries)
  const bigEndian = isBigEndian(entries.get(`${root}/byteorder`))
  const storages = new Map<string, Storage>()
  const refer = (id: unknown): Storage => {
    const [tag, type, key, , count] = Array.isArray(id) ? (id as readonly unknown[]) : []
    if (tag !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !Number.isSafeInteger(count)) {
      return refuse('its pickle refers to what is no storage')
    }
    const name = `${root}/data/${key}`
    const entry = entries.get(name) ?? refuse(`it has no entry "${name}"`)
    const storage = storages.get(key) ?? new Storage(name, type.dtype, count as number, entry.open, bigEndian)
    if (storage.dtype !== type.dtype || storage.count !== count) refuse(`its storage "${name}" has two types or sizes`)
    if (!(storage.count >= 0 && storage.byteLength <= entry.length)) {
      refuse(`its storage "${name}" claims ${storage.byteLength} bytes and has ${entry.length}`)
    }
    storages.set(key, storage)
    return storage
  }
  const pickle = entries.get(`${root}/data.pkl`)!
  const host = {
    find: findGlobal,
    call: (f: unknown, args: readonly unknown[]) => callGlobal(f, args, maxBytes),
    setState: setGlobalState,
    refer,
  }
  return { value: readPickle(new Cursor(pickle.open()), host, allowance), pickleLength: pickle.length }
}
