/** ID3v2.4 tags (id3.org, "ID3 tag version 2.4.0", Main Structure and Native Frames), all text in UTF-8: for MP3 files, and for WAV files in a chunk. */

import { concatBytes } from '../../formats/bytes.ts'
import { fieldNames, numberOf } from './names.ts'
import type { SongTags } from './types.ts'

const UTF8 = 3
const PICTURE_TYPES = { other: 0, front: 3, back: 4 } as const
/** Fields that have no frame of plain text under a name of their own. */
const WITH_PLACES_OF_THEIR_OWN = new Set(['COMMENT', 'LYRICS', 'TRACKNUMBER', 'TRACKTOTAL', 'DISCNUMBER', 'DISCTOTAL'])

/** Seven bits a byte, so that no length looks like the start of a frame of sound. */
function synchsafe(value: number): Uint8Array {
  return Uint8Array.of((value >> 21) & 0x7f, (value >> 14) & 0x7f, (value >> 7) & 0x7f, value & 0x7f)
}

/** The whole tag. */
export function id3Tag({ fields, pictures }: SongTags): Uint8Array {
  const encoder = new TextEncoder()
  const frames: Uint8Array[] = []
  const frame = (id: string, ...body: readonly (string | number | Uint8Array)[]): void => {
    const bytes = concatBytes(
      body.map((part) => (typeof part === 'string' ? encoder.encode(part) : typeof part === 'number' ? Uint8Array.of(part) : part)),
    )
    frames.push(concatBytes([encoder.encode(id), synchsafe(bytes.length), new Uint8Array(2), bytes]))
  }
  const frameOf = new Map(fieldNames.map(({ field, id3 }) => [field, id3]))
  for (const [field, values] of Object.entries(fields)) {
    if (values.length === 0 || WITH_PLACES_OF_THEIR_OWN.has(field)) continue
    const id = frameOf.get(field)
    if (id === undefined) frame('TXXX', UTF8, field, 0, values.join('\0'))
    else frame(id, UTF8, values.join('\0'))
  }
  const track = numberOf(fields, 'TRACKNUMBER', 'TRACKTOTAL')
  const disc = numberOf(fields, 'DISCNUMBER', 'DISCTOTAL')
  if (track !== undefined) frame('TRCK', UTF8, track)
  if (disc !== undefined) frame('TPOS', UTF8, disc)
  // "XXX" is the language of those who do not know it.
  if (fields.COMMENT?.length) frame('COMM', UTF8, 'XXX', 0, fields.COMMENT.join('\n'))
  if (fields.LYRICS?.length) frame('USLT', UTF8, 'XXX', 0, fields.LYRICS.join('\n'))
  for (const { kind, mimeType, description, data } of pictures) frame('APIC', UTF8, mimeType, 0, PICTURE_TYPES[kind], description, 0, data)
  const body = concatBytes([new Uint8Array(0), ...frames])
  return concatBytes([encoder.encode('ID3'), Uint8Array.of(4, 0, 0), synchsafe(body.length), body])
}
