/** Check sums: the remainder of the bytes, as a polynomial over GF(2), by another one, bits reversed. */

function checksumBy(polynomial: number): (bytes: Uint8Array, before?: number) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1
    return remainder
  })
  // `before` is the sum of what comes before these bytes: pieces give what the whole would.
  return (bytes, before = 0) => {
    let remainder = ~before
    // By index: iterators take twice the time, and weights are megabytes.
    for (let i = 0; i < bytes.length; i++) remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[i]!) & 255]!
    return ~remainder >>> 0
  }
}

/** Of zip files and PNG pictures (ISO 3309). */
export const crc32 = checksumBy(0xedb88320)

/** Castagnoli's (RFC 3720, appendix B.4), of TFRecord files. */
export const crc32c = checksumBy(0x82f63b78)
