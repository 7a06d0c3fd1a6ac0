/**
 * Tags out of song files: ID3 (MP3, WAV, AAC), Vorbis comments and pictures (FLAC, Ogg), RIFF INFO, MP4 by Mediabunny, those of other kinds by the
 * machine's ffprobe.
 */

import type { Input, MetadataTags } from 'mediabunny'
import { AudioError } from '../errors.ts'

import { fieldOf, isKept } from './names.ts'
import { noTags, type SongPicture, type SongTags } from './types.ts'

/** FLAC's metadata blocks have lengths of 24 bits; no cover comes near that. */
const LARGEST_PICTURE = 2 ** 24 - 4096

/** What kind of tags a file's raw ones are. */
type RawKind = 'vorbis' | 'other'

/**
 * Reads the tags of a song file; a file without any gives none.
 *
 * What tells of the file and not of the song is left out: encoder, loudness (the stems have another), and pictures above 16 MB.
 *
 * @throws AudioError for a file that is missing, or whose tags cannot be read
 * @example
 * const { fields } = await readTags('song.mp3')
 * const title = fields.TITLE?.[0] ?? 'without title'
 */
export async function readTags(path: string): Promise<SongTags> {
  const { FilePathSource, Input, FLAC, MP3, MP4, OGG, QTFF, WAVE, ADTS, MATROSKA, WEBM } = await import('mediabunny')
  let input: Input | undefined
  try {
    input = new Input({ formats: [WAVE, FLAC, OGG, MP4, QTFF, MATROSKA, WEBM, ADTS, MP3], source: new FilePathSource(path) })
    if (!(await input.canRead())) {
      const { probeTags } = await import('./probe.node.ts')
      return fromProbe(await probeTags(path))
    }
    const format = await input.getFormat()
    const kind = format === FLAC || format === OGG ? 'vorbis' : 'other'
    const tags = fromMediabunny(await input.getMetadataTags(), kind)
    return format === WAVE ? withUtf8(tags) : tags
  } catch (error) {
    throw new AudioError(`its tags cannot be read (${error instanceof Error ? error.message : String(error)})`, { path, cause: error })
  } finally {
    input?.dispose()
  }
}

function fromMediabunny(tags: MetadataTags, kind: RawKind): SongTags {
  const fields: Record<string, string[]> = {}
  const put = (field: string, ...values: string[]): void => {
    const name = field.toUpperCase()
    const kept = values.map((value) => value.replaceAll('\0', ' ').trim()).filter((value) => value !== '')
    if (kept.length > 0 && isKept(name)) fields[name] ??= kept
  }
  const raw = Object.entries(tags.raw ?? {})
  if (kind === 'vorbis') for (const [key, value] of raw) if (isText(value)) put(fieldOf.get(key) ?? key, ...[value].flat())
  const { trackNumber, tracksTotal, discNumber, discsTotal, date } = tags
  // "3/12" in one field is the custom of ID3; it is taken apart here and put together where it is written.
  for (const [field, number] of Object.entries({
    TRACKNUMBER: trackNumber,
    TRACKTOTAL: tracksTotal,
    DISCNUMBER: discNumber,
    DISCTOTAL: discsTotal,
  }))
    if (number !== undefined) fields[field] = [String(number)]
  if (tags.genre !== undefined) put('GENRE', tags.genre)
  for (const [key, value] of raw) {
    const field = fieldOf.get(key)
    if (field !== undefined && typeof value === 'string') put(field, value)
    if (key === 'TXXX' && isRecord(value)) for (const [name, text] of Object.entries(value)) put(name, text)
  }
  const { title, artist, album, albumArtist, description, comment, lyrics, beatsPerMinute } = tags
  const common = { title, artist, album, albumArtist, description, comment, lyrics, bpm: beatsPerMinute?.toString() }
  for (const [field, value] of Object.entries(common)) if (value !== undefined) put(field, value)
  if (date) put('DATE', date.toISOString().slice(0, 10))
  return { fields, pictures: (tags.images ?? []).map(toPicture).filter(({ data }) => data.length > 0 && data.length <= LARGEST_PICTURE) }
}

function isText(value: unknown): value is string | string[] {
  return typeof value === 'string' || Array.isArray(value)
}

function isRecord(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string')
}

function toPicture({ data, mimeType, kind, description = '' }: NonNullable<MetadataTags['images']>[number]): SongPicture {
  return { kind: kind === 'coverFront' ? 'front' : kind === 'coverBack' ? 'back' : 'other', mimeType, description, data }
}

/** RIFF INFO has no stated encoding: what is UTF-8 is read so, the rest stays the Latin-1 that it was taken for. */
function withUtf8({ fields, pictures }: SongTags): SongTags {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const repair = (text: string): string => {
    const codes = Array.from(text, (char) => char.codePointAt(0)!)
    if (codes.every((code) => code < 0x80) || codes.some((code) => code > 0xff)) return text
    try {
      return decoder.decode(Uint8Array.from(codes))
    } catch {
      return text
    }
  }
  return { fields: Object.fromEntries(Object.entries(fields).map(([field, values]) => [field, values.map(repair)])), pictures }
}

/** ffprobe's names, by which it calls the same thing alike in all kinds of files. */
const PROBED: Readonly<Record<string, string>> = {
  ALBUM_ARTIST: 'ALBUMARTIST',
  PUBLISHER: 'ORGANIZATION',
  YEAR: 'DATE',
  SUBTITLE: 'DESCRIPTION',
}

function fromProbe(probed: Readonly<Record<string, string>>): SongTags {
  const fields: Record<string, string[]> = {}
  for (const [key, value] of Object.entries(probed)) {
    const name = PROBED[key.toUpperCase()] ?? key.toUpperCase()
    const pair = /^(TRACK|DISC)$/.test(name) ? value.split('/') : undefined
    if (pair?.[0]) fields[`${name}NUMBER`] = [pair[0]]
    if (pair?.[1]) fields[`${name}TOTAL`] = [pair[1]]
    if (!pair && value.trim() !== '' && isKept(name) && !/^(MAJOR_BRAND|MINOR_VERSION|COMPATIBLE_BRANDS|CREATION_TIME)$/.test(name))
      fields[name] = [value]
  }
  return Object.keys(fields).length === 0 ? noTags : { fields, pictures: [] }
}
