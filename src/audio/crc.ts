/** Cyclic redundancy checks as audio containers use them: most significant bit first, start value 0, no final inversion. */

function table(width: 8 | 16 | 32, polynomial: number): Uint32Array {
  const top = 2 ** (width - 1)
  const mask = 2 ** width - 1
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = (byte * 2 ** (width - 8)) >>> 0
    for (let bit = 0; bit < 8; bit++) crc = (((crc & top) !== 0 ? (crc << 1) ^ polynomial : crc << 1) & mask) >>> 0
    return crc
  })
}

const CRC8 = table(8, 0x07)
const CRC16 = table(16, 0x8005)
const CRC32 = table(32, 0x04c11db7)

/** The check of FLAC frame headers (RFC 9639, section 9.1.8). */
export function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = CRC8[crc ^ bytes[i]!]!
  return crc
}

/** One more byte of the check of FLAC frames (RFC 9639, section 9.3); 0 after a whole frame with its check. */
export function crc16Step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ byte]!
}

/** The check of Ogg pages (RFC 3533, section 6), taking the four bytes at `hole` as zeros. */
export function crc32WithHole(bytes: Uint8Array, hole: number): number {
  let crc = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = i >= hole && i < hole + 4 ? 0 : bytes[i]!
    crc = ((crc << 8) ^ CRC32[(crc >>> 24) ^ byte]!) >>> 0
  }
  return crc
}
