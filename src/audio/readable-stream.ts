/** Sound from a Web Stream (WHATWG Streams): a response that is decoded elsewhere, a microphone, the other end of a pipe. */

import { AudioError } from './errors.ts'
import type { AudioBlock, AudioInfo, AudioStream } from './types.ts'

/** What a stream of blocks does not say by itself. */
export type ReadableSound = Pick<AudioInfo, 'sampleRate' | 'channels'> & Partial<AudioInfo>

function checkBlock(block: unknown, channels: number, position: number, sampleRate: number): asserts block is AudioBlock {
  const arrays = Array.isArray(block) && block.every((samples) => samples instanceof Float32Array || samples instanceof Float64Array)
  const lengths = arrays ? [...new Set((block as AudioBlock).map(({ length }) => length))] : []
  if (arrays && block.length === channels && lengths.length === 1) return
  const found = arrays ? `${block.length} of ${lengths.join(' and ') || 'no'} samples` : `${typeof block}`
  throw new AudioError(
    `a chunk at ${(position / sampleRate).toFixed(3)} s is no block: needed are ${channels} arrays of floats of one length, it has ${found}`,
  )
}

/**
 * A stream of planar blocks as a source of sound. It is read only as far as it is used, one block at a time, and cancelled when the source is closed
 * before its end.
 *
 * @param readable chunks of one Float32Array or Float64Array per channel, full scale ±1
 * @param sound its rate and channels, and what else is known of it, `frames` for progress
 * @throws RangeError for a rate or a number of channels that is none, TypeError for a stream that is locked; AudioError from the blocks for other chunks
 * @example
 * const chunks = [[Float32Array.of(0, 0.5)], [Float32Array.of(1)]]
 * const readable = new ReadableStream({
 *   pull: (controller) => {
 *     const chunk = chunks.shift()
 *     if (chunk) controller.enqueue(chunk)
 *     else controller.close()
 *   },
 * })
 * let samples = 0
 * for await (const [mono] of fromReadableStream(readable, { sampleRate: 44100, channels: 1 }).blocks) samples += mono!.length
 * samples // 3
 */
export function fromReadableStream(readable: ReadableStream<AudioBlock>, sound: ReadableSound): AudioStream {
  const { sampleRate, channels } = sound
  for (const [name, value] of Object.entries({ sampleRate, channels }))
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name}: ${value}; allowed are whole numbers ≥ 1`)
  const reader = readable.getReader()
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    // A stream that has failed has told its error to whoever read it.
    closing ??= reader.cancel().catch(() => {})
    return closing
  }
  async function* blocks(): AsyncGenerator<AudioBlock> {
    let position = 0
    try {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        checkBlock(value, channels, position, sampleRate)
        position += value[0]!.length
        yield value
      }
    } finally {
      await close()
    }
  }
  return {
    info: { frames: undefined, format: 'stream', sampleFormat: undefined, ...sound },
    blocks: { [Symbol.asyncIterator]: blocks },
    close,
  }
}
