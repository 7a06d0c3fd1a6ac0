/** A first-in, first-out store of sound, addressed by position since the start of the stream, which forgets what was dropped. */

import type { AudioBlock, Samples } from '../audio/types.ts'

export interface SampleQueue {
  /** Position of the oldest sample kept. */
  readonly start: number
  /** Position after the newest sample. */
  readonly end: number
  /** Appends a copy of a block. */
  push(block: AudioBlock): void
  /** A copy of the samples [from, to) of each channel; both within [start, end]. */
  read(from: number, to: number): Samples[]
  /** Forgets all samples before a position. */
  drop(before: number): void
}

/**
 * A queue of `channels` channels. It keeps 32-bit floats until a 64-bit block comes, then 64-bit floats.
 *
 * @throws RangeError from `read` when the range is not kept.
 */
export function createSampleQueue(channels: number): SampleQueue {
  let buffers: Samples[] = Array.from({ length: channels }, () => new Float32Array(0))
  let start = 0
  let end = 0
  let head = 0 // index of `start` in the buffers

  const reserve = (extra: number, wide: boolean): void => {
    const size = end - start
    const capacity = buffers[0]?.length ?? 0
    const widen = wide && buffers[0] instanceof Float32Array
    if (!widen && head + size + extra <= capacity) return
    if (!widen && size + extra <= capacity / 2) {
      for (const buffer of buffers) buffer.copyWithin(0, head, head + size)
    } else {
      const length = Math.max(capacity, 2 * (size + extra))
      buffers = buffers.map((buffer) => {
        const grown = widen || buffer instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
        grown.set(buffer.subarray(head, head + size))
        return grown
      })
    }
    head = 0
  }

  return {
    get start() {
      return start
    },
    get end() {
      return end
    },
    push(block) {
      const length = block[0]?.length ?? 0
      if (block.length !== channels || block.some((samples) => samples.length !== length)) {
        throw new RangeError(
          `push: the queue holds ${channels} channels of one length, got ${block.map((samples) => samples.length).join(', ')}`,
        )
      }
      reserve(
        length,
        block.some((samples) => samples instanceof Float64Array),
      )
      for (const [c, samples] of block.entries()) buffers[c]!.set(samples, head + end - start)
      end += length
    },
    read(from, to) {
      if (from < start || to > end || from > to) throw new RangeError(`read: [${from}, ${to}) is not within [${start}, ${end})`)
      return buffers.map((buffer) => buffer.slice(head + from - start, head + to - start))
    },
    drop(before) {
      if (before <= start) return
      if (before > end) throw new RangeError(`drop: ${before} is after the end, ${end}`)
      head += before - start
      start = before
    },
  }
}
