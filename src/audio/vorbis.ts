/** Ogg Vorbis by libvorbis. */

import { inWavOrder } from './channel-order.ts'
import type { Decoder } from './decoder.ts'
import { AudioError, brokenOff } from './errors.ts'
import { createGranuleTrim } from './granule.ts'
import type { OggPage, OggStream } from './ogg-pages.ts'
import type { AudioBlock } from './types.ts'

const LAST_PAGE = 4
const PAGE_START = 0x4f

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
  let started = false

  const decodePage = async (page: OggPage): Promise<AudioBlock> => {
    // The decoder takes a page when the first byte of the next is there, and would cut the end by its own count of samples.
    const bytes = new Uint8Array(page.bytes.length + 1)
    bytes.set(page.bytes)
    bytes[5] = bytes[5]! & ~LAST_PAGE
    bytes[page.bytes.length] = PAGE_START
    const decoded = await decoder.decode(started ? bytes.subarray(1) : bytes)
    started = true
    // Its channel count has no meaning before the first samples.
    const channelData = decoded.samplesDecoded > 0 ? decoded.channelData : []
    const block = trim.page(channelData, page.granule, page.last)
    place.seconds = trim.given / sampleRate
    if (trim.lost) throw brokenOff(name, trim.given, sampleRate, 'packets of a page do not decode')
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
