/**
 * Noise that is added before samples lose depth, so that what is lost becomes a steady hiss below the last bit instead of a distortion that moves with
 * the music: the difference of two uniform values, up to one step of the format to either side.
 *
 * S. P. Lipshitz, R. A. Wannamaker, J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", J. Audio Eng. Soc. 40 (1992).
 */

import type { SampleFormat } from '../audio/index.ts'
import { createRandom, foldKey } from '../tensor/index.ts'

/** Samples that are drawn at once: noise is found by its position, so that any cut into blocks gives the same. */
const CHUNK = 4096
const SEED = 0x64697468

export interface Dither {
  /** The noise for samples [from, from + length) of a channel of a signal, which has its own whatever the others are. */
  noise(signal: string, channel: number, from: number, length: number): Float64Array
}

/** Noise for integers of a format. */
export function createDither({ bits }: SampleFormat): Dither {
  const step = 2 ** (1 - bits)
  const last = new Map<string, { readonly chunk: number; readonly values: Float64Array }>()
  const chunkOf = (signal: string, channel: number, chunk: number): Float64Array => {
    const key = `${channel} ${signal}`
    const known = last.get(key)
    if (known?.chunk === chunk) return known.values
    const random = createRandom(SEED, foldKey(...Array.from(signal, (char) => char.codePointAt(0)!)), channel, chunk)
    const values = Float64Array.from({ length: CHUNK }, () => step * (random.uniform() - random.uniform()))
    last.set(key, { chunk, values })
    return values
  }
  return {
    noise(signal, channel, from, length) {
      const out = new Float64Array(length)
      for (let at = 0; at < length; ) {
        const chunk = Math.floor((from + at) / CHUNK)
        const start = from + at - chunk * CHUNK
        const part = chunkOf(signal, channel, chunk).subarray(start, start + length - at)
        out.set(part, at)
        at += part.length
      }
      return out
    },
  }
}
