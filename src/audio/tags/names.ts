/**
 * What the kinds of tags call the same thing. The names of fields are those of Vorbis comments as Xiph's and MusicBrainz Picard's lists have them;
 * ID3v2.4 (id3.org, "Native Frames"), RIFF INFO (Microsoft & IBM 1991), MP4 (the atoms that iTunes writes).
 */

interface FieldName {
  readonly field: string
  readonly id3?: string
  /** Frames of ID3v2.2 and 2.3 with the same meaning. */
  readonly olderId3?: readonly string[]
  readonly info?: string
  readonly mp4?: string
}

/** All fields with a place of their own in more than one kind; TRACKNUMBER and DISCNUMBER with their totals are put together by each writer. */
export const fieldNames: readonly FieldName[] = [
  { field: 'TITLE', id3: 'TIT2', olderId3: ['TT2'], info: 'INAM', mp4: '©nam' },
  { field: 'ARTIST', id3: 'TPE1', olderId3: ['TP1'], info: 'IART', mp4: '©ART' },
  { field: 'ALBUM', id3: 'TALB', olderId3: ['TAL'], info: 'IPRD', mp4: '©alb' },
  { field: 'ALBUMARTIST', id3: 'TPE2', olderId3: ['TP2'], mp4: 'aART' },
  { field: 'DATE', id3: 'TDRC', olderId3: ['TYER', 'TYE'], info: 'ICRD', mp4: '©day' },
  { field: 'GENRE', id3: 'TCON', olderId3: ['TCO'], info: 'IGNR', mp4: '©gen' },
  { field: 'COMPOSER', id3: 'TCOM', olderId3: ['TCM'], info: 'IMUS', mp4: '©wrt' },
  { field: 'COPYRIGHT', id3: 'TCOP', olderId3: ['TCR'], info: 'ICOP', mp4: 'cprt' },
  { field: 'GROUPING', id3: 'TIT1', olderId3: ['TT1'], mp4: '©grp' },
  { field: 'DESCRIPTION', id3: 'TIT3', olderId3: ['TT3'], info: 'ISBJ', mp4: 'desc' },
  { field: 'LYRICIST', id3: 'TEXT', olderId3: ['TXT'] },
  { field: 'CONDUCTOR', id3: 'TPE3', olderId3: ['TP3'] },
  { field: 'REMIXER', id3: 'TPE4', olderId3: ['TP4'] },
  { field: 'ORGANIZATION', id3: 'TPUB', olderId3: ['TPB'] },
  { field: 'ISRC', id3: 'TSRC', olderId3: ['TRC'] },
  { field: 'INITIALKEY', id3: 'TKEY', olderId3: ['TKE'] },
  { field: 'LANGUAGE', id3: 'TLAN', olderId3: ['TLA'], info: 'ILNG' },
  { field: 'BPM', id3: 'TBPM', olderId3: ['TBP'] },
  { field: 'ARTISTSORT', id3: 'TSOP', mp4: 'soar' },
  { field: 'ALBUMSORT', id3: 'TSOA', mp4: 'soal' },
  { field: 'TITLESORT', id3: 'TSOT', mp4: 'sonm' },
]

/** The field that a frame, chunk or atom holds. */
export const fieldOf: ReadonlyMap<string, string> = new Map(
  fieldNames.flatMap(({ field, id3, olderId3 = [], info, mp4 }) =>
    [id3, ...olderId3, info, mp4].filter((name) => name !== undefined).map((name) => [name, field] as const),
  ),
)

/** Fields that tell of the file they lie in and not of the song: untrue of any other, and so never handed on. */
const OF_THE_FILE =
  /^(REPLAYGAIN_|R128_|ENCODER|ENCODED|ENCODING|ITUNSMPB|ITUNNORM|ITUNES_|METADATA_BLOCK_PICTURE|COVERART|LENGTH$|VENDOR$)/

/** Whether a field may go from a song to its stems: by its name, which must be one that all kinds can hold. */
export function isKept(field: string): boolean {
  return /^[\x20-\x3c\x3e-\x7d]+$/.test(field) && !OF_THE_FILE.test(field)
}

/** "3/12" of a number and its total, "3" where that is not known; undefined where there is no number. */
export function numberOf(fields: Readonly<Record<string, readonly string[]>>, number: string, total: string): string | undefined {
  const value = fields[number]?.[0]
  const of = fields[total]?.[0]
  return value === undefined ? undefined : of === undefined ? value : `${value}/${of}`
}
