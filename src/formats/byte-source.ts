/** Bytes that are read where they are needed: of an array in memory, or of a file too large to be held twice (`readPytorchFile` of `models`). */

export interface ByteSource {
  readonly length: number
  /** The bytes from `start` up to `stop`: perhaps the source's own memory, so nothing may be written to them. */
  view(start: number, stop: number): Uint8Array
  /** Fills the whole target with the bytes from `start` on. */
  copy(start: number, target: Uint8Array): void
}

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    view: (start, stop) => bytes.subarray(start, stop),
    copy: (start, target) => target.set(bytes.subarray(start, start + target.length)),
  }
}

/** A run of a source's bytes as a source; the caller has checked that it lies inside. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  return {
    length,
    view: (from, to) => source.view(start + from, start + to),
    copy: (from, target) => source.copy(start + from, target),
  }
}
