/** TFRecord, the frame around each event (tensorflow/core/lib/io/record_writer.h): length, its check, content, its check. */
import { concatBytes } from '../bytes.ts'
import { crc32c } from '../crc32.ts'

/** A check that does not change the check of what it stands in: CRC32C turned right by 15 bits, plus a constant. */
function masked(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes)
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, true)
  return out
}

/** The bytes of a record. */
export function tfRecord(content: Uint8Array): Uint8Array {
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(content.length), true)
  return concatBytes([length, masked(length), content, masked(content)])
}
