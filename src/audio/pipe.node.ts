/**
 * Bytes of a named pipe without a thread: a thread that reads from a pipe whose writer stalls can neither be called back nor left behind
 * when the process ends.
 */

import { Socket } from 'node:net'
import { readChunks } from './chunks.ts'

export interface PipeBytes {
  /** Fills a start of `target` with the next bytes and gives their number, 0 at the end. */
  read(target: Uint8Array): Promise<number>
  /** Ends a read that waits, with an error, and closes the pipe. */
  close(): void
}

/**
 * Reads from a pipe that is open, which belongs to it from then on. To open it a second time would not do: where the writer has left by then, Linux tells
 * that one nothing of an end.
 */
export function readPipe(fd: number, signal: AbortSignal | undefined): PipeBytes {
  const socket = new Socket({ fd, readable: true, writable: false, ...(signal ? { signal } : {}) })
  const read = readChunks(socket)
  // Reads tell their errors; an abort before the first of them has nobody else to listen.
  socket.on('error', () => {})
  return { read, close: () => void socket.destroy() }
}
