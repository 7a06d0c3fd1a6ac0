/**
 * Samples above full scale, kept beside an integer file that can only hold them clamped. Whether a song clips is known at its end; with
 * these records the file can then be scaled as if it had never been clamped, without holding the song in memory.
 *
 * A record is two little-endian 64-bit floats: position (frame · channels + channel) and value. Records are in order of position.
 */

import { type FileHandle, open } from 'node:fs/promises'
import type { AudioBlock, SampleFormat } from '../audio/index.ts'
import { sampleRange } from '../audio/index.ts'

const recordBytes = 16
const recordsPerPage = 4096

/** How far a log is: what another one goes on from. */
export interface OversState {
  readonly records: number
  readonly peak: number
}

export interface OversLog {
  /** Largest magnitude of a recorded sample; 0 while there is none. */
  readonly peak: number
  /** Notes the samples of the next block that the format cannot hold. */
  scan(block: AudioBlock): Promise<void>
  /** Puts the recorded values back into blocks read in the order in which they were scanned. */
  restore(blocks: AsyncIterable<AudioBlock>): AsyncGenerator<Float64Array[], undefined>
  /** Brings all that was noted to the disk. */
  sync(): Promise<OversState>
  close(): Promise<void>
}

/**
 * A log for a file of `channels` channels in `format`; the file `path` is made at the first record.
 *
 * @param from where a log of this path was when `frames` frames were scanned, to go on from there
 */
export function createOversLog(
  path: string,
  format: SampleFormat,
  channels: number,
  from: OversState & { readonly frames: number } = { records: 0, peak: 0, frames: 0 },
): OversLog {
  const { low, high } = sampleRange(format)
  const page = new DataView(new ArrayBuffer(recordBytes * recordsPerPage))
  let file: FileHandle | undefined
  let inPage = 0
  let written = from.records // records in the file
  let { frames, peak } = from

  const flush = async (): Promise<void> => {
    file ??= await open(path, written > 0 ? 'r+' : 'w+')
    const bytes = new Uint8Array(page.buffer, 0, inPage * recordBytes)
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, bytes.length - done, written * recordBytes + done)).bytesWritten
    written += inPage
    inPage = 0
  }

  async function* records(): AsyncGenerator<{ position: number; value: number }> {
    if (inPage > 0 || written > 0) await flush()
    for (let first = 0; first < written; first += recordsPerPage) {
      const count = Math.min(recordsPerPage, written - first)
      await file!.read(new Uint8Array(page.buffer), 0, count * recordBytes, first * recordBytes)
      for (let r = 0; r < count; r++) {
        yield { position: page.getFloat64(r * recordBytes, true), value: page.getFloat64(r * recordBytes + 8, true) }
      }
    }
  }

  return {
    get peak() {
      return peak
    },
    async scan(block) {
      const length = block[0]?.length ?? 0
      for (let i = 0; i < length; i++) {
        for (let c = 0; c < channels; c++) {
          const value = block[c]![i]!
          if (value >= low && value <= high) continue
          if (inPage === recordsPerPage) await flush()
          page.setFloat64(inPage * recordBytes, (frames + i) * channels + c, true)
          page.setFloat64(inPage * recordBytes + 8, value, true)
          inPage++
          peak = Math.max(peak, Math.abs(value))
        }
      }
      frames += length
    },
    async *restore(blocks) {
      const overs = records()
      let over = await overs.next()
      let start = 0
      for await (const block of blocks) {
        const wide = block.map((samples) => new Float64Array(samples))
        const end = start + wide[0]!.length
        while (!over.done && over.value.position < end * channels) {
          const { position, value } = over.value
          wide[position % channels]![Math.floor(position / channels) - start] = value
          over = await overs.next()
        }
        yield wide
        start = end
      }
      return undefined
    },
    async sync() {
      if (inPage > 0) await flush()
      await file?.sync()
      return { records: written, peak }
    },
    async close() {
      await file?.close()
      file = undefined
    },
  }
}
