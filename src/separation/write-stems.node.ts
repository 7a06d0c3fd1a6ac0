/**
 * Stems as WAV files that add up to the song.
 *
 * In integer formats the vocals are rounded to what the file can hold, the mixture is rounded alike (which changes nothing if the song
 * has that format), and the instrumental is the difference of the two, hence exact: the written files sum to the song. Where a stem
 * exceeds full scale, one gain on all of them keeps the balance, and they sum to the song times that gain, rounded.
 */

import type { AudioBlock, AudioStream, SampleFormat, Samples, WavFormat, WavWriter } from '../audio/index.ts'
import { createWavWriter, openAudio, quantise, sampleRange } from '../audio/index.ts'
import { SeparationError } from './errors.ts'
import { createOversLog, type OversLog } from './overs.node.ts'
import type { SeparationProgress } from './progress.ts'
import { type SeparateOptions, separate } from './separate.ts'
import { createStaging, type Staging } from './staging.node.ts'
import type { SeparatedBlock } from './stem-assembler.ts'
import { stemFormatFor } from './stem-format.ts'
import { checkStems, instrumental } from './stems.ts'

export interface WriteStemsOptions extends SeparateOptions {
  /** Where the files go; made where missing. */
  readonly folder: string
  /** The files are called `<base>.<stem>.wav`. */
  readonly base: string
  /** How samples are stored; default: as in the song (stemFormatFor). */
  readonly sampleFormat?: SampleFormat | undefined
  /** Replace files of the same name; default false. */
  readonly overwrite?: boolean | undefined
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

/** The name of the file of a stem. */
export function stemFileName(base: string, stem: string): string {
  return `${base}.${stem}.wav`
}

/** In 64 bits, where sums and differences of integer samples are exact. */
function combine(a: Samples, b: Samples, sign: 1 | -1): Float64Array {
  const out = new Float64Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = a[i]! + sign * b[i]!
  return out
}

interface StemFile {
  readonly stem: string
  readonly name: string
  readonly writer: WavWriter
  readonly overs: OversLog
}

async function openStemFile(staging: Staging, base: string, stem: string, wav: WavFormat): Promise<StemFile> {
  const name = stemFileName(base, stem)
  const overs = createOversLog(staging.path(`${stem}.overs`), wav.sampleFormat, wav.channels)
  return { stem, name, writer: await createWavWriter(staging.path(name), wav), overs }
}

/** What is written of a block: each stem rounded to the format, the instrumental as the difference of rounded mixture and vocals. */
function roundStems({ mixture, stems }: SeparatedBlock, format: SampleFormat): Record<string, AudioBlock> {
  const round = (block: AudioBlock): AudioBlock => block.map((samples) => quantise(samples, format))
  const rounded = Object.fromEntries(Object.entries(stems).map(([stem, block]) => [stem, round(block)]))
  const { vocals } = rounded
  if (vocals) rounded[instrumental] = round(mixture).map((samples, c) => combine(samples, vocals[c]!, -1))
  return rounded
}

/**
 * The gain that brings a peak below full scale. The instrumental is the difference of two rounded signals, which may lie a step above
 * its own scaled value: one step is left for that.
 */
function gainFor(peak: number, format: SampleFormat): number {
  return (2 * sampleRange(format).high - 1) / peak
}

/** Writes the finished files anew, scaled: stems are rounded, the instrumental is the difference of scaled mixture and vocals. */
async function applyGain(
  gain: number,
  files: readonly StemFile[],
  staging: Staging,
  wav: WavFormat,
  onBlock: (frames: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sampleFormat } = wav
  const scale = (block: AudioBlock): AudioBlock =>
    block.map((samples) =>
      quantise(
        samples.map((sample) => gain * sample),
        sampleFormat,
      ),
    )
  const sources: AudioStream[] = []
  const writers: WavWriter[] = []
  try {
    for (const { name } of files) {
      sources.push(await openAudio(staging.path(name)))
      writers.push(await createWavWriter(staging.path(name), wav))
    }
    const readers = files.map(({ overs }, f) => overs.restore(sources[f]!.blocks))
    for (;;) {
      const results = await Promise.all(readers.map((reader) => reader.next()))
      signal?.throwIfAborted()
      const blocks = new Map(files.map(({ stem }, f) => [stem, results[f]!.value]))
      if (results.some(({ done }) => done)) break
      const vocals = blocks.get('vocals')
      const rest = blocks.get(instrumental)
      const scaledVocals = vocals && scale(vocals)
      await Promise.all(
        files.map(({ stem }, f) => {
          if (stem === 'vocals') return writers[f]!.write(scaledVocals!)
          if (stem !== instrumental || !vocals || !rest) return writers[f]!.write(scale(blocks.get(stem)!))
          const mixture = scale(rest.map((samples, c) => combine(samples, vocals[c]!, 1)))
          return writers[f]!.write(mixture.map((samples, c) => combine(samples, scaledVocals![c]!, -1)))
        }),
      )
      onBlock(results[0]!.value![0]!.length)
    }
    for (const writer of writers) await writer.finish()
  } finally {
    for (const source of sources) await source.close()
    for (const writer of writers) await writer.abort()
  }
}

/**
 * Separates a song into WAV files of its rate, channel count and length. They appear together when all are complete; after an error or
 * an abort nothing is left. The source is closed in either case.
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
  let staging: Staging | undefined
  let frames = 0
  try {
    const stems = checkStems(separator, options.stems)
    const needed = stems.includes(instrumental) ? [...stems, 'vocals'] : stems
    const estimated = [...new Set(needed)].filter((stem) => stem !== instrumental)
    for await (const block of separate(source, { ...options, stems: estimated })) {
      if (!staging) {
        staging = await createStaging(folder)
        for (const stem of stems) files.push(await openStemFile(staging, base, stem, wav))
      }
      const rounded = roundStems(block, sampleFormat)
      await Promise.all(files.flatMap(({ stem, overs, writer }) => [overs.scan(rounded[stem]!), writer.write(rounded[stem]!)]))
      frames += block.mixture[0]!.length
    }
    if (!staging) throw new SeparationError('holds no sound: it is 0 samples long')
    for (const { writer } of files) await writer.finish()
    const peak = Math.max(...files.map(({ overs }) => overs.peak))
    const gain = peak === 0 ? 1 : gainFor(peak, sampleFormat)
    if (gain !== 1) {
      let lowered = 0
      const onBlock = (count: number): void => {
        lowered += count
        options.onLowering?.({ doneSeconds: lowered / sampleRate, totalSeconds: frames / sampleRate })
      }
      await applyGain(gain, files, staging, wav, onBlock, signal)
    }
    signal?.throwIfAborted()
    await staging.publish(
      files.map(({ name }) => name),
      overwrite,
    )
    return { files: Object.fromEntries(files.map(({ stem, name }) => [stem, name])), frames, sampleFormat, gain }
  } finally {
    await source.close()
    for (const { writer, overs } of files) {
      await writer.abort()
      await overs.close()
    }
    await staging?.discard()
  }
}
