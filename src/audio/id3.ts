/** Tags around sound that are none: ID3v2 and APEv2 before and between, ID3v1 and APEv2 after. */

import type { ByteReader } from './byte-reader.ts'

/** Length in bytes of the tag that starts here; 0 where none does. ID3v2.4 (id3.org, sections 3.1 and 3.4), APEv2 (Hydrogenaudio wiki), ID3v1. */
function tagLength(head: Uint8Array): number {
  const id = String.fromCharCode(...head.subarray(0, 8))
  if (id.startsWith('ID3') && head.length >= 10 && head.subarray(6, 10).every((byte) => byte < 0x80)) {
    const size = (head[6]! << 21) | (head[7]! << 14) | (head[8]! << 7) | head[9]!
    return 10 + size + ((head[5]! & 0x10) !== 0 ? 10 : 0)
  }
  if (id === 'APETAGEX' && head.length >= 24) {
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
    // The size counts the items and the footer; the flags say whether this is the header before them.
    const isHeader = (view.getUint32(20, true) & 0x20000000) !== 0
    return isHeader ? 32 + view.getUint32(12, true) : 32
  }
  return id.startsWith('TAG') ? 128 : 0
}

/** Zeros outside of tags are what a tag's eraser leaves; more than this is no file of sound, and may never end. */
const MOST_ZEROS = 2 ** 26
/** So many tags follow one another only where something other than sound looks like them. */
const MOST_TAGS = 1000

/** Moves past all tags and zero bytes that begin at the position. */
export async function skipTags(reader: ByteReader): Promise<void> {
  let skippedZeros = 0
  for (let tags = 0; tags < MOST_TAGS && skippedZeros < MOST_ZEROS; ) {
    const head = await reader.peek(4096)
    const zeros = head.findIndex((byte) => byte !== 0)
    const length = zeros === 0 ? tagLength(head) : zeros === -1 ? head.length : zeros
    if (length === 0) return
    if (zeros === 0) tags++
    else skippedZeros += length
    await reader.skip(length)
  }
}
