/** Ogg files: finds the sound among the logical streams and hands it to the decoder of its codec. */

import type { ByteReader } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, describeTime } from './errors.ts'
import { openOggFlac } from './flac.ts'
import type { OggPage, OggPlace, OggStream } from './ogg-pages.ts'
import { findLastOggPage, oggStreamPages, readOggPage } from './ogg-pages.ts'
import { openOpus } from './opus.ts'
import { openVorbis } from './vorbis.ts'

type OggCodec = 'vorbis' | 'opus' | 'flac'

function codecOf(page: OggPage): OggCodec | undefined {
  const head = String.fromCharCode(...page.bytes.subarray(27 + page.lacing.length, 27 + page.lacing.length + 8))
  if (head.startsWith('\x01vorbis')) return 'vorbis'
  if (head === 'OpusHead') return 'opus'
  return head.startsWith('\x7fFLAC') ? 'flac' : undefined
}

/** Reads the head of an Ogg file at its first "OggS"; undefined where none of its streams is one that we decode. */
export async function openOgg(reader: ByteReader): Promise<Decoder | undefined> {
  const place: OggPlace = { seconds: 0 }
  const fail = (kind: 'damaged' | 'cut', reason: string): AudioError =>
    new AudioError(`${kind === 'cut' ? 'breaks off' : 'is damaged'} at ${describeTime(place.seconds)}: ${reason}`, {
      path: reader.name,
      seconds: place.seconds,
    })
  // The first pages of all streams come before any other page.
  for (;;) {
    const page = await readOggPage(reader, fail)
    if (!page?.first) return undefined
    const codec = codecOf(page)
    if (!codec) continue
    const last = await findLastOggPage(reader, page.serial)
    const stream: OggStream = {
      name: reader.name,
      firstPacket: page.bytes.subarray(27 + page.lacing.length),
      pages: withFirst(page, oggStreamPages(reader, page.serial, fail)),
      lastGranule: last?.granule,
      place,
    }
    if (codec === 'vorbis') return openVorbis(stream)
    if (codec === 'opus') return openOpus(stream)
    return openOggFlac(stream)
  }
}

async function* withFirst(first: OggPage, rest: AsyncGenerator<OggPage>): AsyncGenerator<OggPage> {
  yield first
  yield* rest
}
