/** Sound files side by side as material: decoded together, block by block, anew for every pass. */
import { type AudioStream, openAudio, type Samples } from '../audio/index.ts'
import type { MixedBlock, MixedMaterial } from './baselines.ts'
import type { StemFiles } from './stems.node.ts'

export interface StemMaterial extends MixedMaterial {
  /** Hz */
  readonly sampleRate: number
}

export interface StemMaterialOptions {
  /** Files of different lengths are measured as far as the shortest goes. */
  readonly trim?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the files once, to see whether they fit together.
 *
 * @throws AudioError for files that cannot be read; Error, one line, where rates, channels or (without `trim`) lengths differ. Lengths that no
 * header tells show while reading.
 */
export async function openStems(files: StemFiles, options: StemMaterialOptions = {}): Promise<StemMaterial> {
  const { trim = false, signal } = options
  const paths = [...files.references, ...files.estimates, ...(files.mixture === undefined ? [] : [files.mixture])]
  const infos = []
  for (const path of paths) {
    const stream = await openAudio(path, signal ? { signal } : {})
    infos.push(stream.info)
    await stream.close()
  }
  const [first] = infos
  const { sampleRate, channels } = first!
  for (const [i, info] of infos.entries()) {
    const path = paths[i]!
    if (info.sampleRate !== sampleRate)
      throw new Error(
        `${path}: ${info.sampleRate} Hz, and ${paths[0]} has ${sampleRate} Hz; all files must have one rate, because what resampling changes would count as error. Resample one side first`,
      )
    if (info.channels !== channels)
      throw new Error(`${path}: ${info.channels} channel(s), and ${paths[0]} has ${channels}; all files must have as many channels`)
    if (!trim && info.frames !== undefined && first!.frames !== undefined && info.frames !== first!.frames)
      throw new Error(differentLengths(path, info.frames, paths[0]!, first!.frames))
  }
  const lengths = infos.map((info) => info.frames)
  const [references, estimates] = [files.references.length, files.estimates.length]
  return {
    sampleRate,
    references,
    estimates,
    channels,
    expectedLength: lengths.includes(undefined) ? undefined : Math.min(...lengths.map((length) => length!)),
    async *blocks() {
      for await (const signals of together(paths, trim, signal)) {
        const block: MixedBlock = {
          references: signals.slice(0, references),
          estimates: signals.slice(references, references + estimates),
          mixture: signals[references + estimates],
        }
        yield block
      }
    },
  }
}

function differentLengths(path: string, frames: number, other: string, otherFrames: number): string {
  return `${path}: ${frames} samples, and ${other} has ${otherFrames}; all files must have one length. --trim measures what all of them have`
}

/** One file being read: the rest of its newest block. */
interface Reading {
  readonly path: string
  readonly stream: AudioStream
  readonly iterator: AsyncIterator<readonly Samples[]>
  block: readonly Samples[]
  /** Samples of the block that are used up. */
  used: number
  /** Samples read before. */
  total: number
  ended: boolean
}

async function* together(paths: readonly string[], trim: boolean, signal: AbortSignal | undefined): AsyncGenerator<(readonly Samples[])[]> {
  const readings: Reading[] = []
  try {
    for (const path of paths) {
      const stream = await openAudio(path, signal ? { signal } : {})
      const iterator = stream.blocks[Symbol.asyncIterator]()
      readings.push({ path, stream, iterator, block: [], used: 0, total: 0, ended: false })
    }
    for (;;) {
      for (const reading of readings) await refill(reading)
      const ended = readings.filter((reading) => reading.ended)
      if (ended.length > 0) {
        const longer = readings.find((reading) => !reading.ended)
        const [shortest] = ended
        if (longer && !trim)
          throw new Error(
            `${shortest!.path}: ends after ${shortest!.total} samples, and ${longer.path} goes on; all files must have one length. --trim measures what all of them have`,
          )
        return
      }
      const count = Math.min(...readings.map(({ block, used }) => block[0]!.length - used))
      yield readings.map(({ block, used }) => block.map((samples) => samples.subarray(used, used + count)))
      for (const reading of readings) {
        reading.used += count
        reading.total += count
      }
    }
  } finally {
    for (const { stream } of readings) await stream.close()
  }
}

async function refill(reading: Reading): Promise<void> {
  while (!reading.ended && reading.used === (reading.block[0]?.length ?? 0)) {
    const next = await reading.iterator.next()
    reading.ended = next.done === true
    reading.block = next.done ? [] : next.value
    reading.used = 0
  }
}
