/** PyTorch's checkpoints on disk, read where their tensors lie: of a large file nothing is in memory but the arrays that it gives. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type ByteSource, type PytorchStateDict, type PytorchStateDictOptions, readPytorchStateDict } from '../formats/index.ts'

/** Node reads no more than 2^31 - 1 bytes at a time. */
const maxRead = 2 ** 30

function bytesOfFile(descriptor: number, length: number): ByteSource {
  const copy = (start: number, target: Uint8Array): void => {
    for (let at = 0; at < target.length; ) {
      const count = readSync(descriptor, target, at, Math.min(maxRead, target.length - at), start + at)
      if (count === 0) throw new RangeError(`it became shorter while it was read: it ends at byte ${start + at} of ${length}`)
      at += count
    }
  }
  const view = (start: number, stop: number): Uint8Array => {
    const bytes = new Uint8Array(Math.min(stop, length) - start)
    copy(start, bytes)
    return bytes
  }
  return { length, view, copy }
}

/**
 * `readPytorchStateDict` of a file: its arrays are filled from the disk, one after the other.
 *
 * @throws RangeError, with the path, for what `readPytorchStateDict` refuses and what is no file; the system's error where it cannot be opened
 *
 * @example
 * const { tensors } = readPytorchFile('checkpoint.pth', { prefix: 'state_dict.' })
 * const values = loadStateDict(new Linear(2, 1), tensors)
 */
export function readPytorchFile(path: string, options: PytorchStateDictOptions = {}): PytorchStateDict {
  const descriptor = openSync(path, 'r')
  try {
    const about = fstatSync(descriptor)
    if (!about.isFile()) throw new RangeError('it is no ordinary file; write it to one first')
    return readPytorchStateDict(bytesOfFile(descriptor, about.size), options)
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`) : error
  } finally {
    closeSync(descriptor)
  }
}
