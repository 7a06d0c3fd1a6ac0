/** WAV, and RF64 above 4 GB, with tags in chunks behind the samples. */

import { appendWavTags } from '../tags/wav-tags.node.ts'
import { createWavWriter } from '../wav-writer.node.ts'
import type { Encoder, EncoderOptions } from './types.ts'

export async function createWavEncoder(path: string, { sampleRate, channels, sampleFormat, tags }: EncoderOptions): Promise<Encoder> {
  const writer = await createWavWriter(path, { sampleRate, channels, sampleFormat }, { part: path })
  return {
    write: (block) => writer.write(block),
    async finish() {
      await writer.finish()
      await appendWavTags(path, tags)
    },
    release: () => writer.abort(),
  }
}
