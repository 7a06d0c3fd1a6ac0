/** A stretch of a stream as a stream of its own: what lies before it is decoded and dropped, what lies after it is never read. */

import type { AudioBlock, AudioStream } from './types.ts'

/**
 * The samples [from, to) of a stream, as `Array.prototype.slice` cuts arrays: to its end where it is shorter. The source belongs to the slice from
 * then on and is closed with it; a slice can be opened again where its source can.
 *
 * @param from the first sample
 * @param to the sample behind the last one, default the stream's end
 * @throws RangeError where not 0 ≤ from ≤ to in whole numbers
 * @example
 * const song = await openAudio('song.mp3')
 * const { sampleRate } = song.info
 * const chorus = slice(song, 60 * sampleRate, 75 * sampleRate) // from 1:00 to 1:15
 */
export function slice(source: AudioStream, from: number, to: number = Number.POSITIVE_INFINITY): AudioStream {
  const whole = Number.isSafeInteger(from) && (Number.isSafeInteger(to) || to === Number.POSITIVE_INFINITY)
  if (!whole || from < 0 || to < from) throw new RangeError(`slice: samples ${from} to ${to}; allowed are whole numbers, 0 ≤ from ≤ to`)
  const { info, reopen } = source
  const end = info.frames === undefined ? undefined : Math.min(to, info.frames)

  async function* blocks(): AsyncGenerator<AudioBlock> {
    try {
      let position = 0
      if (to > from) {
        for await (const block of source.blocks) {
          const [start, length] = [position, block[0]?.length ?? 0]
          position += length
          if (position > from) yield block.map((samples) => samples.subarray(Math.max(0, from - start), Math.min(length, to - start)))
          if (position >= to) break
        }
      }
    } finally {
      await source.close()
    }
  }

  return {
    info: { ...info, frames: end === undefined ? undefined : Math.max(0, end - from) },
    blocks: { [Symbol.asyncIterator]: blocks },
    ...(reopen ? { reopen: async () => slice(await reopen(), from, to) } : {}),
    get brokenOff() {
      return source.brokenOff
    },
    close: () => source.close(),
  }
}
