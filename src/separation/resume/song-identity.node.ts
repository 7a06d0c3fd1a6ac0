/** How a song is known again: not by its name, and without reading all of a file that may be gigabytes long. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** Bytes at either end that are looked at; headers, tags and the first and last sounds lie there. */
const edgeBytes = 65536

export interface SongIdentity {
  readonly bytes: number
  /** When the content was changed last, in milliseconds since 1970. */
  readonly modified: number
  /** SHA-256 of the first and the last 64 KiB. */
  readonly edges: string
}

/**
 * What a file's content is known by: its length, the time of its last change and a digest of both its ends.
 *
 * @throws the file system's error for what cannot be read
 */
export async function songIdentity(path: string): Promise<SongIdentity> {
  const file = await open(path, 'r')
  try {
    const { size, mtimeMs } = await file.stat()
    const hash = createHash('sha256')
    const edge = new Uint8Array(edgeBytes)
    for (const from of [0, Math.max(0, size - edgeBytes)]) {
      const { bytesRead } = await file.read(edge, 0, edgeBytes, from)
      hash.update(edge.subarray(0, bytesRead))
    }
    return { bytes: size, modified: mtimeMs, edges: hash.digest('hex') }
  } finally {
    await file.close()
  }
}
