/** MP3 by LAME (wasm-media-encoders), behind a tag and a frame of facts that make it gapless. */

import { id3Tag } from '../tags/id3-write.ts'
import { isEmpty } from '../tags/types.ts'
import type { AudioBlock } from '../types.ts'
import { toFloats } from './interleave.ts'
import { createFrameCutter, createMp3Info, type Mp3Info } from './mp3-info.ts'
import { openOutput } from './output-file.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

/** LAME's scale of variable bit rates: 0 is its best, about 245 kbit/s of stereo music. */
const BEST = 0

export async function createMp3Encoder(path: string, { sampleRate, channels, bitrate, tags }: EncoderOptions): Promise<Encoder> {
  const { createMp3Encoder: create } = await import('wasm-media-encoders')
  const lame = await create()
  const rate = sampleRate as 44100 // one of those that checkEncoding lets through
  lame.configure({
    sampleRate,
    channels: channels as 1 | 2,
    outputSampleRate: rate,
    ...(bitrate === undefined ? { vbrQuality: BEST } : { bitrate: (bitrate / 1000) as 128 }),
  })
  const file = await openOutput(path)
  if (!isEmpty(tags)) await file.append(id3Tag(tags))
  const infoAt = file.length
  const cut = createFrameCutter()
  let info: Mp3Info | undefined
  let frames = 0

  const append = async (bytes: Uint8Array): Promise<void> => {
    for (const frame of cut(bytes)) {
      if (!info) {
        info = createMp3Info(frame, bitrate !== undefined)
        await file.append(new Uint8Array(info.bytes))
      }
      info.add(frame)
      await file.append(frame)
    }
  }
  return {
    async write(block: AudioBlock) {
      await append(lame.encode(block.map(toFloats)))
      frames += block[0]?.length ?? 0
    },
    async finish() {
      await append(lame.finalize())
      if (!info) throw new Error('LAME gave no frame')
      await file.patch(info.frame(frames), infoAt)
      await file.sync()
    },
    release: () => file.close(),
  }
}
