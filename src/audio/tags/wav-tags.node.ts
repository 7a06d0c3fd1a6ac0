/**
 * Tags at the end of a WAV file: an "id3 " chunk, which holds all of them, and a LIST chunk of type INFO, which more programs read. Chunks after the
 * samples move nothing, and programs that know neither skip them.
 */

import { open } from 'node:fs/promises'
import { concatBytes } from '../../formats/bytes.ts'
import { id3Tag } from './id3-write.ts'
import { fieldNames, numberOf } from './names.ts'
import { isEmpty, type SongTags } from './types.ts'

/** A RIFF chunk: an id, the length of its body, the body, a byte more where that is odd. */
function chunk(id: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + (body.length % 2))
  bytes.set(new TextEncoder().encode(id))
  new DataView(bytes.buffer).setUint32(4, body.length, true)
  bytes.set(body, 8)
  return bytes
}

function infoChunk({ fields }: SongTags): Uint8Array {
  const text = new TextEncoder()
  const entries = fieldNames.flatMap(({ field, info }) =>
    info && fields[field]?.[0] !== undefined ? [[info, fields[field][0]] as const] : [],
  )
  const comment = fields.COMMENT?.[0]
  const track = numberOf(fields, 'TRACKNUMBER', 'TRACKTOTAL')
  if (comment !== undefined) entries.push(['ICMT', comment])
  if (track !== undefined) entries.push(['ITRK', track])
  return chunk('LIST', concatBytes([text.encode('INFO'), ...entries.map(([id, value]) => chunk(id, text.encode(`${value}\0`)))]))
}

/** Appends tags to a finished WAV file of ours, RIFF or RF64; does nothing where there are none. */
export async function appendWavTags(path: string, tags: SongTags): Promise<void> {
  if (isEmpty(tags)) return
  const chunks = concatBytes([chunk('id3 ', id3Tag(tags)), infoChunk(tags)])
  const file = await open(path, 'r+')
  try {
    const head = new Uint8Array(28)
    const view = new DataView(head.buffer)
    await file.read(head, 0, 28, 0)
    const { size } = await file.stat()
    await file.write(chunks, 0, chunks.length, size)
    const riffBytes = size + chunks.length - 8
    const long = view.getUint32(4, true) === 0xffffffff
    // In RF64 the length lies in the ds64 chunk, the first one. A file that only its tags lift above 4 GB keeps the largest length RIFF can say.
    if (long) view.setBigUint64(20, BigInt(riffBytes), true)
    else view.setUint32(4, Math.min(riffBytes, 0xfffffffe), true)
    await file.write(head, 0, 28, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}
