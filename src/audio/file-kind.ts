/** Names kinds of files that we leave to ffmpeg, so that its absence can be explained in the words of the person who has the file. */

/** First bytes by name; a `?` stands for any byte. */
const KINDS: readonly (readonly [name: string, ...starts: string[]])[] = [
  ['is an MP4 or M4A file', '????ftyp'],
  ['is an AIFF file', 'FORM????AIF'],
  ['is a WAV file with a compressed or unusual encoding', 'RIFF????WAVE', 'RIFX????WAVE', 'RF64????WAVE', 'BW64????WAVE'],
  ['is an AVI file', 'RIFF????AVI '],
  ['is a Wave64 file', 'riff\x2e\x91\xcf\x11'],
  ['is a CAF file', 'caff'],
  ['is a FLAC file of an unusual bit depth', 'fLaC'],
  ['is an Ogg file with a codec other than Vorbis, Opus and FLAC', 'OggS'],
  ['is a WavPack file', 'wvpk'],
  ["is a Monkey's Audio file", 'MAC '],
  ['is a Sun audio file', '.snd'],
  ['is a Matroska or WebM file', '\x1a\x45\xdf\xa3'],
  ['is a WMA file', '\x30\x26\xb2\x75'],
  ['is an AAC file', '\xff\xf0', '\xff\xf1', '\xff\xf8', '\xff\xf9'],
]

/** What a file is by its first bytes, as the beginning of a sentence: "is an AIFF file". */
export function describeKind(head: Uint8Array): string {
  const text = String.fromCharCode(...head)
  const matches = (start: string): boolean => [...start].every((char, index) => char === '?' || char === text[index])
  return KINDS.find(([, ...starts]) => starts.some(matches))?.[0] ?? 'is of a kind that Divisi has no decoder for'
}
