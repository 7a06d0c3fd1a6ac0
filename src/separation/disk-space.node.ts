/** Whether there is room for the stems of a song, asked before hours are spent on them. */

import { statfs } from 'node:fs/promises'
import type { WavFormat } from '../audio/index.ts'
import { SeparationError } from './errors.ts'

const units = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

function inWords(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${power > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[power]}`
}

/** What `count` staged files take, each of `frames` frames. */
export function stagedBytes(count: number, frames: number, { channels, sampleFormat }: WavFormat): number {
  return (count * frames * channels * sampleFormat.bits) / 8
}

/**
 * Refuses work for which there is no room. It asks for what is needed at least: encoders, a second pass over stems that clip, and others who write to the
 * same disk need more.
 *
 * @param free for tests; default: what the file system has for this user
 * @throws SeparationError with both numbers
 */
export async function checkSpace(folder: string, bytes: number, free?: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const room = free ?? bavail * bsize
  if (bytes <= room) return
  throw new SeparationError(
    `needs at least ${inWords(bytes)} in ${folder}, where ${inWords(room)} are free; make room, or write elsewhere, or fewer stems`,
  )
}
