/** PyTorch's checkpoints (`.pth`, `.pt`, `.ckpt`), read without Python, and without running anything that is in them. */
import { type ByteSource, bytesInMemory } from '../byte-source.ts'
import { readLegacyContainer } from './legacy-container.ts'
import { Allowance, refuse, refuseUnsupported } from './refuse.ts'
import type { PytorchTensor } from './tensor.ts'
import { namedTensors, type PytorchValue } from './value.ts'
import { readZipContainer } from './zip-container.ts'

export interface PytorchOptions {
  /** The most bytes of memory that the file may make us take: default four times its length and 64 MiB. */
  readonly maxBytes?: number
}

export interface PytorchCheckpoint {
  /** All that was saved: nested lists and dicts, with tensors whose values are read when they are asked for. */
  readonly value: PytorchValue
  /** The tensors in it, by the keys and positions that lead to them: `optimizer.state.0.exp_avg`. A tensor alone has the name ''. */
  readonly tensors: ReadonlyMap<string, PytorchTensor>
}

/** Twice for float16 as float32, and that for two names of one storage. */
const growth = 4
const margin = 64 * 2 ** 20

export function allowedBytes(source: ByteSource, { maxBytes = growth * source.length + margin }: PytorchOptions): number {
  if (!(maxBytes > 0)) throw new RangeError(`maxBytes: ${maxBytes}; allowed are numbers above 0, or leave it out`)
  return maxBytes
}

export function asSource(file: Uint8Array | ByteSource): ByteSource {
  return file instanceof Uint8Array ? bytesInMemory(file) : file
}

function startsWith(source: ByteSource, at: number, text: string): boolean {
  return source.length >= at + text.length && String.fromCharCode(...source.view(at, at + text.length)) === text
}

/**
 * Reads a file of `torch.save`, of both formats: the zip file of PyTorch 1.6 and later (also where it was compressed later on) and the one before.
 * Nothing in the file is run: its pickle may name the classes of tensors, OrderedDict, and a few more; any other name ends in an error that tells it.
 *
 * @param file all its bytes, or a source that reads from a file, open as long as tensors are read
 * @throws RangeError for files that are damaged or hold more than tensors and data, telling what and the way out; where more memory than `maxBytes` is
 * asked for
 *
 * @example
 * const file = new Uint8Array(await (await fetch('https://example.org/checkpoint.pth')).arrayBuffer())
 * const { value, tensors } = readPytorch(file)
 * const epoch = value instanceof Map ? value.get('epoch') : undefined
 * for (const [name, { dtype, shape }] of tensors) console.log(name, dtype, shape)
 * const weight = tensors.get('state_dict.conv1.weight')?.read()
 */
export function readPytorch(file: Uint8Array | ByteSource, options: PytorchOptions = {}): PytorchCheckpoint {
  const source = asSource(file)
  const maxBytes = allowedBytes(source, options)
  const allowance = new Allowance(maxBytes)
  if (source.length === 0) refuse('it is empty')
  if (startsWith(source, 257, 'ustar')) {
    refuseUnsupported('it is a tar file, as PyTorch wrote before 0.1.10', 'load and save it once with a newer PyTorch')
  }
  const read = startsWith(source, 0, 'PK\x03\x04') ? readZipContainer : readLegacyContainer
  const { value, pickleLength } = read(source, allowance, maxBytes)
  return namedTensors(value, pickleLength)
}
