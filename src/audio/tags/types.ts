/** What a song file says about itself, in the words of Vorbis comments, which hold whatever the other kinds of tags hold. */

/** A picture that lies in a song file. */
export interface SongPicture {
  readonly kind: 'front' | 'back' | 'other'
  /** As in "image/jpeg". */
  readonly mimeType: string
  readonly description: string
  readonly data: Uint8Array
}

/** Tags of a song, apart from how its file stores them. */
export interface SongTags {
  /** Values by name: TITLE, ARTIST, ALBUM, ALBUMARTIST, TRACKNUMBER, TRACKTOTAL, DATE, GENRE, COMMENT, … and any other, in capital letters. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly pictures: readonly SongPicture[]
}

/** The tags of a song that has none. */
export const noTags: SongTags = { fields: {}, pictures: [] }

/** Whether there is nothing to write. */
export function isEmpty({ fields, pictures }: SongTags): boolean {
  return pictures.length === 0 && Object.values(fields).every((values) => values.length === 0)
}
