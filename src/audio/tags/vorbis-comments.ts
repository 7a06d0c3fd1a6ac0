/** Vorbis comments and the pictures beside or within them: what FLAC, Ogg Vorbis and Opus files are tagged with (Vorbis I, section 5; RFC 9639, section 8.8). */

import { concatBytes } from '../../formats/bytes.ts'
import type { SongPicture, SongTags } from './types.ts'

const PICTURE_TYPES = { other: 0, front: 3, back: 4 } as const
const VENDOR = 'divisi'

function withLength(bytes: Uint8Array, littleEndian: boolean): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length, littleEndian)
  return concatBytes([length, bytes])
}

/** The comments, without the framing bit that Vorbis alone puts after them. */
export function vorbisComments({ fields }: Pick<SongTags, 'fields'>, extra: readonly string[] = []): Uint8Array {
  const text = new TextEncoder()
  const comments = Object.entries(fields).flatMap(([field, values]) => values.map((value) => `${field}=${value}`))
  const all = [...comments, ...extra]
  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, all.length, true)
  return concatBytes([withLength(text.encode(VENDOR), true), count, ...all.map((comment) => withLength(text.encode(comment), true))])
}

/** The body of a FLAC picture block; width, height and colours are left open, as players read them from the picture. */
export function flacPicture({ kind, mimeType, description, data }: SongPicture): Uint8Array {
  const text = new TextEncoder()
  const type = new Uint8Array(4)
  new DataView(type.buffer).setUint32(0, PICTURE_TYPES[kind])
  return concatBytes([
    type,
    withLength(text.encode(mimeType), false),
    withLength(text.encode(description), false),
    new Uint8Array(16),
    withLength(data, false),
  ])
}

/** Pictures as comments, the custom in Ogg files. */
export function pictureComments({ pictures }: Pick<SongTags, 'pictures'>): string[] {
  return pictures.map((picture) => `METADATA_BLOCK_PICTURE=${base64(flacPicture(picture))}`)
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(binary)
}
