/** Stems of songs in the cache, as 16-bit samples at the training rate. */
import { readPcm } from './pcm.node.ts'
import type { Stem, StemReader } from './songs.ts'

/** With the file that has its samples. */
export interface CachedStem extends Stem {
  readonly file: string
}

/** Reads crops of cached stems. */
export const readStem: StemReader<CachedStem> = ({ file, channels }, start, frames) => readPcm(file, channels, start, frames)
