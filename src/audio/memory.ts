/** Sound in memory as a stream, so that it goes the way that files go. */

import type { AudioBlock, AudioStream } from './types.ts'

/**
 * A stream of one block, which can be opened again.
 *
 * @param channels one array per channel, of equal lengths
 *
 * @example
 * const stream = streamOf([Float32Array.of(0, 0.5, 1)], 44100)
 * stream.info.frames // 3
 */
export function streamOf(channels: AudioBlock, sampleRate: number): AudioStream {
  return {
    info: { sampleRate, channels: channels.length, frames: channels[0]?.length ?? 0, format: 'memory', sampleFormat: undefined },
    blocks: (async function* () {
      yield channels
    })(),
    reopen: async () => streamOf(channels, sampleRate),
    close: async () => {},
  }
}
