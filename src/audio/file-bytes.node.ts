/** The bytes of a file, a named pipe or a device. */

import { close, fstat, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { AudioError } from './errors.ts'
import { readPipe } from './pipe.node.ts'

export interface FileBytes {
  readonly reader: ByteReader
  /** Whether the bytes have ended before the length that the file had when it was opened. */
  shrunk(): boolean
  /** Makes a read that waits for a pipe's writer end soon, with an error. */
  interrupt(): void
  close(): Promise<void>
}

async function openFile(path: string): Promise<number> {
  try {
    return await promisify(open)(path, 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EACCES' || code === 'EPERM'
          ? 'cannot be read: permission denied'
          : `cannot be opened (${String(code ?? error)})`
    throw new AudioError(reason, { path, cause: error })
  }
}

async function statFile(path: string, fd: number): Promise<Stats> {
  const stat = await promisify(fstat)(fd)
  if (stat.isDirectory()) throw new AudioError('is a folder, not a sound file', { path })
  return stat
}

/**
 * Opens a path for reading. Of pipes and devices nobody knows the size.
 *
 * @throws AudioError where it cannot be opened, or is a folder
 */
export async function openBytes(path: string, signal: AbortSignal | undefined): Promise<FileBytes> {
  // By its number: a pipe takes it over, which a FileHandle does not allow.
  const fd = await openFile(path)
  const closeFile = (): Promise<void> => promisify(close)(fd)
  const stat = await statFile(path, fd).catch(async (error: unknown) => {
    await closeFile()
    throw error
  })
  if (stat.isFIFO()) {
    const pipe = readPipe(fd, signal)
    const reader = createByteReader({ name: path, size: undefined, seekable: false, fill: pipe.read })
    return { reader, shrunk: () => false, interrupt: pipe.close, close: async () => pipe.close() }
  }
  const seekable = stat.isFile()
  let shrunk = false
  const fill = async (target: Uint8Array, position: number): Promise<number> => {
    const { bytesRead } = await promisify(read)(fd, target, 0, target.length, seekable ? position : null)
    shrunk ||= bytesRead === 0 && seekable && position < stat.size
    return bytesRead
  }
  const reader = createByteReader({ name: path, size: seekable ? stat.size : undefined, seekable, fill })
  return { reader, shrunk: () => shrunk, interrupt: () => {}, close: closeFile }
}
