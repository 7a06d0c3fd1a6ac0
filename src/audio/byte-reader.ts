/** Bytes of a source in order, with look-ahead: what all decoders read from, whether a file, a pipe or a browser's stream feeds it. */

export interface ByteReader {
  /** The source's name for error messages. */
  readonly name: string
  /** Length of the source in bytes; undefined for pipes. */
  readonly size: number | undefined
  /** Offset of the next byte that `read` gives. */
  readonly position: number
  /** The next `length` bytes without moving on; fewer only where the source ends. The view holds until the next call. */
  peek(length: number): Promise<Uint8Array>
  /** The next `length` bytes; fewer only where the source ends. The view holds until the next call. */
  read(length: number): Promise<Uint8Array>
  /** Moves on by `length` bytes and gives how many there were; fewer only where the source ends. */
  skip(length: number): Promise<number>
  /** The last bytes of the source, at most `length`; undefined where it cannot seek. Does not move the position. */
  tail(length: number): Promise<Uint8Array | undefined>
}

/** Where bytes come from. */
export interface ByteSource {
  readonly name: string
  readonly size: number | undefined
  /** Fills a start of `target` with the bytes at `position` and gives their number, 0 only at the end. Positions are consecutive unless `seekable`. */
  fill(target: Uint8Array, position: number): Promise<number>
  readonly seekable: boolean
}

const SMALLEST_FILL = 1 << 16

/** Look-ahead over a source; holds no more than the longest request, at least 64 KiB. */
export function createByteReader(source: ByteSource): ByteReader {
  let buffer = new Uint8Array(SMALLEST_FILL)
  let start = 0
  let end = 0
  let position = 0
  let ended = false

  const buffered = async (length: number): Promise<Uint8Array> => {
    if (end - start < length && !ended) {
      if (buffer.length - start < length) {
        const target = length > buffer.length ? new Uint8Array(length) : buffer
        target.set(buffer.subarray(start, end))
        buffer = target
        end -= start
        start = 0
      }
      while (end - start < length) {
        const count = await source.fill(buffer.subarray(end), position + end - start)
        if (count === 0) {
          ended = true
          break
        }
        end += count
      }
    }
    return buffer.subarray(start, Math.min(end, start + length))
  }

  return {
    name: source.name,
    size: source.size,
    get position() {
      return position
    },
    peek: buffered,
    async read(length) {
      const bytes = await buffered(length)
      start += bytes.length
      position += bytes.length
      return bytes
    },
    async skip(length) {
      const target = position + length
      const inBuffer = Math.min(length, end - start)
      start += inBuffer
      position += inBuffer
      if (source.seekable && source.size !== undefined) {
        if (position < target) position = Math.max(position, Math.min(target, source.size))
      } else {
        while (position < target) {
          const bytes = await buffered(Math.min(SMALLEST_FILL, target - position))
          if (bytes.length === 0) break
          start += bytes.length
          position += bytes.length
        }
      }
      return length - (target - position)
    },
    async tail(length) {
      if (!source.seekable || source.size === undefined) return undefined
      const bytes = new Uint8Array(Math.min(length, source.size))
      let filled = 0
      while (filled < bytes.length) {
        const count = await source.fill(bytes.subarray(filled), source.size - bytes.length + filled)
        if (count === 0) break
        filled += count
      }
      return bytes.subarray(0, filled)
    },
  }
}
