/**
 * Stems as WAV files that add up to the song.
 *
 * In integer formats the vocals are rounded to what the file can hold, the mixture is rounded alike (which changes nothing if the song
 * has that format), and the instrumental is the difference of the two, hence exact: the written files sum to the song. Where a stem
 * exceeds full scale, one gain on all of them keeps the balance, and they sum to the song times that gain, rounded.
 */

import type { AudioStream, SampleFormat } from '../audio/index.ts'
import { SeparationError } from './errors.ts'
import { loweredName, lowerStems } from './lower-stems.node.ts'
import type { SeparationProgress } from './progress.ts'
import { openWorkshop, type ResumeOptions, type Workshop } from './resume/workshop.node.ts'
import { gainFor, roundStems } from './round-stems.ts'
import { type SeparateOptions, separate } from './separate.ts'
import { openStemFile, type StemFile } from './stem-files.node.ts'
import { stemFormatFor } from './stem-format.ts'
import { checkStems, instrumental } from './stems.ts'
import { planWindows } from './window-plan.ts'

export interface WriteStemsOptions extends SeparateOptions {
  /** Where the files go; made where missing. */
  readonly folder: string
  /** The files are called `<base>.<stem>.wav`. */
  readonly base: string
  /** How samples are stored; default: as in the song (stemFormatFor). */
  readonly sampleFormat?: SampleFormat | undefined
  /** Replace files of the same name; default false. */
  readonly overwrite?: boolean | undefined
  /** Keep what is done when interrupted, and go on with what an interrupted run kept; default: nothing is kept. */
  readonly resume?: ResumeOptions | undefined
  /** Called as `onProgress` is, while stems that would clip are written once more, lowered. */
  readonly onLowering?: ((progress: SeparationProgress) => void) | undefined
}

export interface WrittenStems {
  /** Names of the files in the folder, by stem. */
  readonly files: Readonly<Record<string, string>>
  /** Samples per channel of each file and of the song. */
  readonly frames: number
  readonly sampleFormat: SampleFormat
  /** The common gain on all stems: 1 unless one of them would have clipped. */
  readonly gain: number
}

/**
 * Separates a song into WAV files of its rate, channel count and length. They appear together when all are complete; after an error or
 * an abort nothing is left. The source is closed in either case.
 *
 * With `resume`, an abort, or the end of the process, leaves a hidden folder `.divisi-…` beside the outputs, with which the next call for the same song
 * with the same settings goes on, to the same files bit by bit.
 *
 * @throws SeparationError for a song without a sample, one that cannot be separated, and files that exist; see also `separate`.
 * @example
 * await writeStems(await openAudio('song.mp3'), { separator, folder: '.', base: 'song' }) // song.vocals.wav, song.instrumental.wav
 */
export async function writeStems(source: AudioStream, options: WriteStemsOptions): Promise<WrittenStems> {
  const { separator, folder, base, overwrite = false, signal } = options
  const { sampleRate, channels } = source.info
  const sampleFormat = options.sampleFormat ?? stemFormatFor(source.info)
  const wav = { sampleRate, channels, sampleFormat }
  const files: StemFile[] = []
  let workshop: Workshop | undefined
  let frames = 0
  let complete = false
  try {
    const stems = checkStems(separator, options.stems)
    const needed = stems.includes(instrumental) ? [...stems, 'vocals'] : stems
    const estimated = [...new Set(needed)].filter((stem) => stem !== instrumental)
    workshop = await openWorkshop(folder, source, separator, planWindows(separator, options.overlap), { base, stems, wav }, options.resume)
    const { staging, begun } = workshop
    for (const stem of stems) files.push(await openStemFile(workshop, base, stem, wav))
    for await (const block of separate(source, { ...options, separator: workshop.separator, stems: estimated })) {
      const rounded = roundStems(block, sampleFormat)
      const known = Math.max(0, (begun?.frames ?? 0) - frames)
      frames += block.mixture[0]!.length
      await Promise.all(
        files.flatMap(({ stem, overs, writer }) => {
          const fresh = rounded[stem]!.map((samples) => samples.subarray(known))
          return [overs.scan(fresh), writer.write(fresh)]
        }),
      )
      await workshop.written(frames, files)
    }
    if (frames === 0) throw new SeparationError('holds no sound: it is 0 samples long')
    for (const { writer } of files) await writer.finish()
    const peak = Math.max(...files.map(({ overs }) => overs.peak))
    const gain = peak === 0 ? 1 : gainFor(peak, sampleFormat)
    if (gain !== 1) {
      let lowered = 0
      const onBlock = (count: number): void => {
        lowered += count
        options.onLowering?.({ doneSeconds: lowered / sampleRate, totalSeconds: frames / sampleRate })
      }
      await lowerStems(gain, files, staging, wav, onBlock, signal)
    }
    signal?.throwIfAborted()
    await staging.publish(
      files.map(({ name }) => ({ name, staged: gain === 1 ? name : loweredName(name) })),
      overwrite,
    )
    complete = true
    return { files: Object.fromEntries(files.map(({ stem, name }) => [stem, name])), frames, sampleFormat, gain }
  } finally {
    await source.close()
    const interrupted = !complete && signal?.aborted === true
    for (const { writer, overs } of files) {
      await (interrupted ? writer.leave() : writer.abort())
      await overs.close()
    }
    await (interrupted ? workshop?.leave() : workshop?.discard())
  }
}
