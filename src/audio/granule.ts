/**
 * Which of the decoded samples of an Ogg stream are sound: the granule positions of its pages count them, from the first page (a stream cut
 * out of a longer one starts late) to the last (which may end before its packets do).
 *
 * Vorbis I specification, appendix A.2; RFC 7845, section 4.
 */

import type { AudioBlock } from './types.ts'

export interface GranuleTrim {
  /** Takes what a page decoded to and gives the sound in it. */
  page(block: AudioBlock, granule: number | undefined, last: boolean): AudioBlock
  /** Position of the stream's first sample, known after its first page. */
  readonly start: number
  /** Samples per channel given so far. */
  readonly given: number
  /** Samples that the page's granule position promised and the decoder did not give; 0 in a sound stream. */
  readonly missing: number
}

/** @param skip - samples to drop at the start, the pre-skip of Opus */
export function createGranuleTrim(skip: number): GranuleTrim {
  let decoded = 0
  /** Granule position less samples decoded, the same for every page but the last; below 0 the stream begins with samples that are no sound. */
  let start: number | undefined
  let given = 0
  let missing = 0
  return {
    get start() {
      return Math.max(0, start ?? 0)
    },
    get given() {
      return given
    },
    get missing() {
      return missing
    },
    page(block, granule, last) {
      const frames = block[0]?.length ?? 0
      const before = decoded
      decoded += frames
      // Where the first page is the last too, it is its end that is cut.
      if (granule !== undefined) start ??= last ? Math.max(0, granule - decoded) : granule - decoded
      const dropped = Math.max(skip, -(start ?? 0))
      const surplus = granule === undefined ? 0 : decoded + (start ?? 0) - granule
      missing = Math.max(0, -surplus)
      const from = Math.min(frames, Math.max(0, dropped - before))
      const to = last ? Math.max(from, frames - Math.max(0, surplus)) : frames
      given += to - from
      return from === 0 && to === frames ? block : block.map((samples) => samples.subarray(from, to))
    },
  }
}
