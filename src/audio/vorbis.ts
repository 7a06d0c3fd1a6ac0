/** Ogg Vorbis by libvorbis. */

import { concatBytes } from '../formats/bytes.ts'
import { quietly } from './batch.ts'
import { inWavOrder } from './channel-order.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, damaged } from './errors.ts'
import { createGranuleTrim } from './granule.ts'
import type { OggPage, OggStream } from './ogg-pages.ts'
import type { AudioBlock } from './types.ts'

const LAST_PAGE = 4
const PAGE_START = 0x4f
/** Pictures in comments may be some megabytes long. */
const LONGEST_HEADER = 2 ** 26

/** Reads up to the first page of sound. */
export async function openVorbis(stream: OggStream): Promise<Decoder> {
  const { name, firstPacket, pages, lastGranule, place } = stream
  if (firstPacket.length < 30) throw new AudioError('is an Ogg Vorbis file with a broken header', { path: name })
  const channels = firstPacket[11]!
  const sampleRate = new DataView(firstPacket.buffer, firstPacket.byteOffset).getUint32(12, true)
  if (channels === 0 || sampleRate === 0)
    throw new AudioError(`is an Ogg Vorbis file with a broken header: ${channels} channels at ${sampleRate} Hz`, { path: name })
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis')
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  const trim = createGranuleTrim(0)
  /** Pages of the header, until the first page of sound comes. */
  let header: Uint8Array[] = []
  let started = false

  const decodePage = async (page: OggPage): Promise<AudioBlock> => {
    const bytes = page.bytes.slice()
    // It would cut the end by its own count of samples.
    bytes[5] = bytes[5]! & ~LAST_PAGE
    if (!started) {
      header.push(bytes)
      if (header.reduce((sum, { length }) => sum + length, 0) > LONGEST_HEADER)
        throw new AudioError('is an Ogg Vorbis file with a broken header: it does not come to an end', { path: name })
      // Given alone, it would make the decoder answer with as many empty channels as some number in its memory says.
      if (!page.last && (page.granule ?? 0) <= 0) return []
    }
    // The decoder takes a page when the first byte of the next is there.
    const pages = concatBytes([...(started ? [bytes] : header), Uint8Array.of(PAGE_START)])
    const decoded = await quietly(() => decoder.decode(started ? pages.subarray(1) : pages))
    started = true
    header = []
    const channelData = decoded.samplesDecoded > 0 ? decoded.channelData : []
    if (channelData.length > 0 && channelData.length !== channels)
      throw damaged(name, trim.given, sampleRate, `its header tells ${channels} channels, and ${channelData.length} are decoded`)
    const block = trim.page(channelData, page.granule, page.last)
    place.seconds = trim.given / sampleRate
    if (trim.lost) throw damaged(name, trim.given, sampleRate, 'packets of a page do not decode')
    return block
  }

  let pending: AudioBlock = []
  try {
    while ((pending[0]?.length ?? 0) === 0) {
      const { value: page, done } = await pages.next()
      if (done) break
      pending = await decodePage(page)
    }
  } catch (error) {
    decoder.free()
    throw error
  }

  async function* blocks(): AsyncGenerator<AudioBlock> {
    if ((pending[0]?.length ?? 0) > 0) yield inWavOrder(pending)
    pending = []
    for await (const page of pages) {
      const block = await decodePage(page)
      if ((block[0]?.length ?? 0) > 0) yield inWavOrder(block)
    }
  }
  return {
    info: {
      sampleRate,
      channels,
      frames: lastGranule === undefined ? undefined : Math.max(0, lastGranule - trim.start),
      format: 'ogg-vorbis',
      sampleFormat: undefined,
    },
    blocks,
    release: () => decoder.free(),
  }
}
