/** The file under an encoder: appended to, and patched where a header tells what is known at the end only. */

import { type FileHandle, open } from 'node:fs/promises'

export interface OutputFile {
  /** Bytes appended so far. */
  readonly length: number
  append(bytes: Uint8Array): Promise<void>
  /** Writes over bytes that are there, or beyond the end. */
  patch(bytes: Uint8Array, position: number): Promise<void>
  /** Brings all of it to the disk. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Opens a new file; encoders give small packets, which are gathered to 64 KiB before they are written. */
export async function openOutput(path: string): Promise<OutputFile> {
  const file: FileHandle = await open(path, 'wx')
  const buffer = new Uint8Array(1 << 16)
  let inBuffer = 0
  let onDisk = 0
  const writeAt = async (bytes: Uint8Array, position: number): Promise<void> => {
    for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
  const flush = async (): Promise<void> => {
    const count = inBuffer
    inBuffer = 0
    await writeAt(buffer.subarray(0, count), onDisk)
    onDisk += count
  }
  return {
    get length() {
      return onDisk + inBuffer
    },
    async append(bytes) {
      if (inBuffer + bytes.length > buffer.length) await flush()
      if (bytes.length > buffer.length) {
        await writeAt(bytes, onDisk)
        onDisk += bytes.length
      } else {
        buffer.set(bytes, inBuffer)
        inBuffer += bytes.length
      }
    },
    async patch(bytes, position) {
      await flush()
      await writeAt(bytes, position)
      onDisk = Math.max(onDisk, position + bytes.length)
    },
    async sync() {
      await flush()
      await file.sync()
    },
    close: () => file.close(),
  }
}
