/**
 * Stems as files that add up to the song.
 *
 * In integer formats the vocals are rounded to what the file can hold, the mixture is rounded alike (which changes nothing if the song
 * has that format), and the instrumental is the difference of the two, hence exact: the written files sum to the song. Where a stem
 * exceeds full scale, one gain on all of them keeps the balance, and they sum to the song times that gain, rounded.
 *
 * Whether one does is known at the end of the song: until then samples are staged in WAV files, which become the final ones, or are encoded.
 */

import { type AudioFormat, type AudioStream, checkEncoding, noTags, type SampleFormat, type SongTags } from '../audio/index.ts'
import { checkSpace, stagedBytes } from './disk-space.node.ts'
import { SeparationError } from './errors.ts'
import { finishStems } from './finish-stems.node.ts'
import type { SeparationProgress } from './progress.ts'
import { openWorkshop, type ResumeOptions, type Workshop } from './resume/workshop.node.ts'
import { roundStems } from './round-stems.ts'
import { checkChannels, type SeparateOptions, separate } from './separate.ts'
import { createSongPlot, type PlotOptions } from './song-plot.node.ts'
import { openStemFile, type StemFile } from './stem-files.node.ts'
import { checkTemplate, defaultTemplate, stemFileName } from './stem-names.ts'
import { stemTarget, type TargetOptions } from './stem-target.ts'
import { checkStems, instrumental } from './stems.ts'
import { planWindows } from './window-plan.ts'
import { explainWriting } from './write-error.node.ts'

export interface WriteStemsOptions extends SeparateOptions, TargetOptions {
  /** Where the files go; made where missing. */
  readonly folder: string
  /** Name of the song: the files are called `<base>.<stem>` and the ending of their kind. */
  readonly base: string
  /** How the files are called instead: a template with the places {base}, {stem} and {format}. */
  readonly template?: string | undefined
  /** Bits per second of each lossy file; default: one at which few people hear a difference. */
  readonly bitrate?: number | undefined
  /** What the files say about the song; see `readTags`. */
  readonly tags?: SongTags | undefined
  /** Also draw the song and its stems, as `<base>.plot.svg`; default false. */
  readonly plot?: PlotOptions | boolean | undefined
  /** Replace files of the same name; default false. */
  readonly overwrite?: boolean | undefined
  /** Keep what is done when interrupted, and go on with what an interrupted run kept; default: nothing is kept. */
  readonly resume?: ResumeOptions | undefined
  /** Called as `onProgress` is, while stems that would clip are written once more, lowered. */
  readonly onLowering?: ((progress: SeparationProgress) => void) | undefined
  /** Called as `onProgress` is, while stems are encoded. */
  readonly onEncoding?: ((progress: SeparationProgress) => void) | undefined
  /** Called as `onProgress` is, while complete stems are read for their picture. */
  readonly onDrawing?: ((progress: SeparationProgress) => void) | undefined
}

export interface WrittenStems {
  /** Names of the files in the folder, by stem. */
  readonly files: Readonly<Record<string, string>>
  /** Name of the picture, where one was asked for. */
  readonly plot: string | undefined
  /** Samples per channel of the song, and of each file that has its rate. */
  readonly frames: number
  readonly format: AudioFormat
  /** Of the files: that of the song where their format has it. */
  readonly sampleRate: number
  /** Of the files; undefined for lossy ones. */
  readonly sampleFormat: SampleFormat | undefined
  /** Whether noise was added where samples lost depth. */
  readonly dithered: boolean
  /** The common gain on all stems: 1 unless one of them would have clipped. */
  readonly gain: number
}

/**
 * Separates a song into files of its rate, channel count and length: WAV, or what `format` asks for. They appear together when all are complete; after an error or
 * an abort nothing is left. The source is closed in either case.
 *
 * With `resume`, an abort, the end of the process, or an error after the last window, leaves a hidden folder `.divisi-…` beside the outputs, with which the next call for the same song
 * with the same settings goes on, to the same files bit by bit.
 *
 * @throws SeparationError for a song without a sample, one that cannot be separated, and files that exist; see also `separate`.
 * @example
 * await writeStems(await openAudio('song.mp3'), { separator, folder: '.', base: 'song' }) // song.vocals.wav, song.instrumental.wav
 */
export async function writeStems(source: AudioStream, options: WriteStemsOptions): Promise<WrittenStems> {
  const { separator, folder, base, overwrite = false, signal } = options
  const { sampleRate, channels } = source.info
  const target = stemTarget(source.info, options)
  const { rounding } = target
  const wav = { sampleRate, channels, sampleFormat: rounding.format }
  const asked = typeof options.plot === 'object' ? options.plot : {}
  const plot = options.plot ? createSongPlot(source.info, { ...asked, title: asked.title ?? base }) : undefined
  const files: StemFile[] = []
  let workshop: Workshop | undefined
  let frames = 0
  let separated = false
  let complete = false
  try {
    checkChannels(channels)
    const stems = checkStems(separator, options.stems)
    checkTemplate(options.template ?? defaultTemplate)
    checkEncoding(target.format, { ...wav, sampleFormat: target.sampleFormat ?? wav.sampleFormat, bitrate: options.bitrate })
    const needed = stems.includes(instrumental) ? [...stems, 'vocals'] : stems
    const estimated = [...new Set(needed)].filter((stem) => stem !== instrumental)
    workshop = await openWorkshop(
      folder,
      source,
      separator,
      planWindows(separator, options.overlap),
      { base, stems, wav, dithered: rounding.dither !== undefined },
      options.resume,
    )
    const { staging, begun } = workshop
    await checkSpace(folder, stagedBytes(stems.length, (source.info.frames ?? 0) - (begun?.frames ?? 0), wav))
    for (const stem of stems) files.push(await openStemFile(workshop, stem, wav))
    for await (const block of separate(source, { ...options, separator: workshop.separator, stems: estimated })) {
      const rounded = roundStems(block, frames, rounding)
      plot?.hear(block.mixture)
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
    separated = true
    let done = 0
    const finished = await finishStems(files, staging, {
      ...options,
      target,
      sampleRate,
      channels,
      tags: options.tags ?? noTags,
      onBlock: (count, pass) => {
        done += count
        const tell = pass === 'lowering' ? options.onLowering : options.onEncoding
        tell?.({ doneSeconds: done / sampleRate, totalSeconds: frames / sampleRate })
      },
    })
    const picture = plot && stemFileName(base, 'plot', { format: 'svg', template: options.template })
    if (plot && picture) {
      let drawn = 0
      const totalSeconds = (files.length * frames) / sampleRate
      const onBlock = (count: number): void => {
        drawn += count
        options.onDrawing?.({ doneSeconds: drawn / sampleRate, totalSeconds })
      }
      await plot.write(picture, files, staging, finished.gain, onBlock, signal)
    }
    signal?.throwIfAborted()
    await staging.publish(picture ? [...finished.files, { name: picture }] : finished.files, overwrite)
    complete = true
    const { format, sampleFormat } = target
    const { gain, names } = finished
    return {
      files: names,
      plot: picture,
      frames,
      format,
      sampleRate: target.sampleRate,
      sampleFormat,
      dithered: rounding.dither !== undefined,
      gain,
    }
  } catch (error) {
    throw explainWriting(error, folder)
  } finally {
    await source.close()
    // All that is left to do is quick: what fails there, a full disk or a file that came meanwhile, must not cost what the network did.
    const interrupted = !complete && (separated || signal?.aborted === true)
    for (const { writer, overs } of files) {
      await (interrupted ? writer.leave() : writer.abort())
      await overs.close()
    }
    await (interrupted ? workshop?.leave() : workshop?.discard())
  }
}
