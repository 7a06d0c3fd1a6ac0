/** Memory of arrays given back at once: the garbage collector sees only how small an array's object is, and may leave gigabytes waiting. */
import type { HostArray } from './backend.ts'

/** Bytes. What is smaller waits for the collector: Node has small buffers together in one piece of memory, its pool of 8 KiB, later 64. */
const worthwhile = 1 << 17

let grave: ReturnType<typeof openGrave> | undefined

/** What is posted to a closed port is taken from here and arrives nowhere. */
function openGrave() {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return port1
}

/**
 * Frees the memory of arrays, and of all that share it; they are empty afterwards. Small ones stay as they are, and so do arrays on shared memory, which
 * cannot be given away.
 */
export function shred(values: Iterable<HostArray>): void {
  const buffers = new Set(Array.from(values, ({ buffer }) => buffer))
  grave ??= openGrave()
  grave.postMessage(
    null,
    [...buffers].filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer && buffer.byteLength >= worthwhile),
  )
}
