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
  /** Position of the stream's first sample, known after its first page: 0 unless it was cut out of a longer one. */
  readonly start: number
  /** Samples per channel given so far. */
  readonly given: number
  /** Whether a page decoded to so much less than its granule position counts that packets must have been lost. */
  readonly lost: boolean
}

/**
 * Encoders miscount pages by part of a block and make up for it later (448 samples on one page in about 4 % of the Vorbis files
 * we have seen), so that smaller differences than the longest Vorbis block mean nothing. Only the last page's position is taken as it is.
 */
const MISCOUNT = 8192

/** @param skip - samples to drop at the start, the pre-skip of Opus */
export function createGranuleTrim(skip: number): GranuleTrim {
  let decoded = 0
  let given = 0
  let lost = false
  let start = 0
  /** Samples dropped because they lie before position 0. */
  let early = 0
  /** Granule position less samples decoded, as of the last page that had one. */
  let offset: number | undefined
  return {
    get start() {
      return start
    },
    get given() {
      return given
    },
    get lost() {
      return lost
    },
    page(block, granule, last) {
      const frames = block[0]?.length ?? 0
      let from = Math.min(frames, Math.max(0, skip - decoded))
      let to = frames
      decoded += frames
      if (granule !== undefined && frames > 0) {
        const shift = granule - decoded
        if (offset === undefined) {
          start = shift > MISCOUNT ? shift : 0
          // Samples before position 0 are no sound; but where the first page is the last too, it is its end that is cut.
          if (shift < 0 && !last) {
            early = -shift
            from = Math.min(frames, Math.max(from, early))
          }
        } else lost = shift - offset > MISCOUNT
        offset = shift
        if (last) to = Math.max(from, frames - Math.max(0, decoded - early + start - granule))
      }
      given += to - from
      return from === 0 && to === frames ? block : block.map((samples) => samples.subarray(from, to))
    },
  }
}
