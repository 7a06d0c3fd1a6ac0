/** The check sum of zip files and PNG pictures: the remainder of the bytes, as a polynomial over GF(2), by 0xEDB88320 (ISO 3309, bits reversed). */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
})

export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff
  for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 255]!
  return ~remainder >>> 0
}
