/** The weights of a PyTorch checkpoint, in the form in which safetensors files give theirs. */
import type { ByteSource } from '../byte-source.ts'
import type { StoredIntegers, StoredTensor } from '../safetensors.ts'
import { allowedBytes, asSource, type PytorchOptions, readPytorch } from './checkpoint.ts'
import { Allowance } from './refuse.ts'
import type { PytorchTensor } from './tensor.ts'

export interface PytorchStateDictOptions extends PytorchOptions {
  /** What the names of the tensors that are wanted begin with, which is taken off: `state_dict.`, `generator.`. Others are left alone. */
  readonly prefix?: string
  /** False: `module.`, which DataParallel puts before all names, stays there. */
  readonly stripModule?: boolean
}

export interface PytorchStateDict {
  /** Floats of every width, as the float32 nearest to them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Whole numbers, those of 8 and 16 bits as 32, and truth values: counters, indices, masks. */
  readonly integers: ReadonlyMap<string, StoredIntegers>
}

const wrapper = 'module.'

function select(all: ReadonlyMap<string, PytorchTensor>, prefix: string, stripModule: boolean): [string, PytorchTensor][] {
  const chosen = [...all].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []))
  if (chosen.length === 0 && prefix !== '') {
    const beginnings = [...new Set(Array.from(all.keys(), (name) => name.split('.')[0]))].slice(0, 20)
    throw new RangeError(`readPytorchStateDict: prefix: "${prefix}"; no tensor's name begins so, they begin with ${beginnings.join(', ')}`)
  }
  const wrapped = stripModule && chosen.every(([name]) => name.startsWith(wrapper))
  return chosen.map(([name, tensor]) => [wrapped ? name.slice(wrapper.length) : name, tensor])
}

/**
 * The tensors of a file of `torch.save` with their values, for `loadStateDict`; `writeSafetensors` makes a safetensors file of both maps together.
 *
 * @param file as for `readPytorch`
 * @throws RangeError as `readPytorch`, and where no name begins with the prefix
 *
 * @example
 * // torch.save({'epoch': 7, 'state_dict': nn.DataParallel(nn.Linear(2, 1)).state_dict()}, 'checkpoint.pth')
 * const file = new Uint8Array(await (await fetch('https://example.org/checkpoint.pth')).arrayBuffer())
 * const { tensors } = readPytorchStateDict(file, { prefix: 'state_dict.' })
 * const values = loadStateDict(new Linear(2, 1), tensors)
 */
export function readPytorchStateDict(file: Uint8Array | ByteSource, options: PytorchStateDictOptions = {}): PytorchStateDict {
  const { prefix = '', stripModule = true } = options
  const source = asSource(file)
  const chosen = select(readPytorch(source, options).tensors, prefix, stripModule)
  const allowance = new Allowance(allowedBytes(source, options))
  for (const [name, tensor] of chosen) allowance.take(tensor.byteLength, () => `"${name}" and the tensors before it`)
  const content = { tensors: new Map<string, StoredTensor>(), integers: new Map<string, StoredIntegers>() }
  for (const [name, tensor] of chosen) {
    const { shape } = tensor
    const data = tensor.read()
    if (data instanceof Float32Array) content.tensors.set(name, { shape, data })
    else if (data instanceof Float64Array) content.tensors.set(name, { shape, data: new Float32Array(data) })
    else if (data instanceof Int32Array || data instanceof BigInt64Array || tensor.dtype === 'bool') {
      content.integers.set(name, { shape, data: data as StoredIntegers['data'] })
    } else content.integers.set(name, { shape, data: new Int32Array(data as Int16Array | Int8Array | Uint8Array) })
  }
  return content
}
