/** The picture of a song and its stems: the mixture is heard while it is separated, the stems are read once more when they are complete. */

import { writeFile } from 'node:fs/promises'
import { type AudioBlock, type AudioInfo, openAudio } from '../audio/index.ts'
import { createSoundColumns, type PicturedSound, soundPicture } from '../report/index.ts'
import type { Staging } from './staging.node.ts'
import type { StemFile } from './stem-files.node.ts'

export interface PlotOptions {
  /** What the picture is called; default: as the files are. */
  readonly title?: string | undefined
  /** Where in a song the sound begins, in seconds; default 0. */
  readonly start?: number | undefined
}

export interface SongPlot {
  /** Takes the next block of the song. */
  hear(mixture: AudioBlock): void
  /**
   * Draws into the folder of the stems.
   *
   * @param stems whose samples are complete there
   * @param gain of the final files on those samples
   * @param onBlock is called with the samples of each block that was read
   */
  write(
    name: string,
    stems: readonly StemFile[],
    staging: Staging,
    gain: number,
    onBlock: (frames: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<void>
}

/** A picture of a song of any length: memory holds its columns, not its samples. */
export function createSongPlot(info: AudioInfo, options: PlotOptions & { readonly title: string }): SongPlot {
  const mixture = createSoundColumns(info)
  return {
    hear: (block) => mixture.add(block),
    async write(name, stems, staging, gain, onBlock, signal) {
      const song = mixture.finish()
      const sounds: PicturedSound[] = [{ label: 'mixture', columns: song }]
      for (const stem of stems) {
        const source = await openAudio(staging.path(stem.name), signal ? { signal } : {})
        const columns = createSoundColumns({ ...info, frames: song.frames })
        for await (const block of source.blocks) {
          signal?.throwIfAborted()
          columns.add(block)
          onBlock(block[0]!.length)
        }
        sounds.push({ label: stem.stem, columns: columns.finish(), gain })
      }
      const start = options.start === undefined ? {} : { start: options.start }
      await writeFile(staging.path(name), soundPicture({ title: options.title, sounds, ...start }))
    },
  }
}
