/** Bytes that come in chunks of any length, such as a stream's, read into arrays of any length. */

/** Gives a function that fills a start of its target with the next bytes, and gives their number, 0 at the end. */
export function readChunks(source: AsyncIterable<Uint8Array>): (target: Uint8Array) => Promise<number> {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  return async (target) => {
    while (rest.length === 0) {
      const { value, done } = await chunks.next()
      if (done) return 0
      rest = value
    }
    const bytes = rest.subarray(0, target.length)
    target.set(bytes)
    rest = rest.subarray(bytes.length)
    return bytes.length
  }
}
