/**
 * From the samples of whole stems to their files: lowered by one gain where one would clip, from the samples as they were before clamping; encoded where
 * the files are no WAV; tagged.
 */

import {
  type AudioBlock,
  type AudioStream,
  type AudioWriter,
  createAudioWriter,
  findPeak,
  openAudio,
  type SongTags,
} from '../audio/index.ts'
import { appendWavTags } from '../audio/tags/wav-tags.node.ts'
import { combine, round } from './round-stems.ts'
import type { Staging } from './staging.node.ts'
import type { StemFile } from './stem-files.node.ts'
import { stemFileName } from './stem-names.ts'
import type { StemTarget } from './stem-target.ts'
import { instrumental } from './stems.ts'

/** What one pass over the samples of all stems is for. */
export type FinishingPass = 'lowering' | 'encoding'

export interface FinishOptions {
  readonly base: string
  readonly template?: string | undefined
  readonly target: StemTarget
  /** Of the song. */
  readonly sampleRate: number
  readonly channels: number
  /** Bits per second of each file. */
  readonly bitrate?: number | undefined
  readonly tags: SongTags
  /** Called after each block with the samples that are done. */
  readonly onBlock: (frames: number, pass: FinishingPass) => void
  readonly signal?: AbortSignal | undefined
}

export interface FinishedStems {
  readonly gain: number
  /** Each file's final name, by stem. */
  readonly names: Readonly<Record<string, string>>
  /** Files to publish: their final names, and those that they have now. */
  readonly files: readonly { readonly name: string; readonly staged: string }[]
}

/** The staged name of a finished file: the samples that it was made from stay, for a run that is interrupted here begins the pass anew. */
function finishedName(name: string): string {
  return `finished ${name}`
}

/** Makes the final files beside the staged samples, which are complete. */
export async function finishStems(stems: readonly StemFile[], staging: Staging, options: FinishOptions): Promise<FinishedStems> {
  const { base, template, target, tags } = options
  const { format } = target
  const peak = target.sampleFormat ? Math.max(...stems.map(({ overs }) => overs.peak)) : await peakOf(stems, staging)
  const gain = target.gain(peak)
  const names = Object.fromEntries(stems.map(({ stem }) => [stem, stemFileName(base, stem, { format, template })]))
  if (gain === 1 && format === 'wav') {
    for (const { name } of stems) await appendWavTags(staging.path(name), tags)
    return { gain, names, files: stems.map(({ stem, name }) => ({ name: names[stem]!, staged: name })) }
  }
  await encode(gain, stems, names, staging, options)
  return { gain, names, files: Object.values(names).map((name) => ({ name, staged: finishedName(name) })) }
}

/** The largest sample of floating-point files, which no log of clamped samples tells. */
async function peakOf(stems: readonly StemFile[], staging: Staging): Promise<number> {
  let peak = 0
  for (const { name } of stems) {
    const source = await openAudio(staging.path(name))
    for await (const block of source.blocks) peak = Math.max(peak, findPeak(block))
  }
  return peak
}

async function encode(
  gain: number,
  stems: readonly StemFile[],
  names: Readonly<Record<string, string>>,
  staging: Staging,
  { target, sampleRate, channels, bitrate, tags, onBlock, signal }: FinishOptions,
): Promise<void> {
  const { format, sampleFormat } = target
  const sources: AudioStream[] = []
  const writers: AudioWriter[] = []
  try {
    for (const { stem, name } of stems) {
      sources.push(await openAudio(staging.path(name)))
      const path = staging.path(finishedName(names[stem]!))
      writers.push(await createAudioWriter(path, { format, sampleRate, channels, sampleFormat, bitrate, tags }))
    }
    const readers = stems.map(({ overs }, f) => overs.restore(sources[f]!.blocks))
    for (let from = 0; ; ) {
      const results = await Promise.all(readers.map((reader) => reader.next()))
      signal?.throwIfAborted()
      if (results.some(({ done }) => done)) break
      const blocks = Object.fromEntries(stems.map(({ stem }, f) => [stem, results[f]!.value!]))
      const lowered = gain === 1 ? blocks : lower(gain, blocks, from, target)
      await Promise.all(stems.map(({ stem }, f) => writers[f]!.write(lowered[stem]!)))
      const { length } = results[0]!.value![0]!
      from += length
      onBlock(length, gain === 1 ? 'encoding' : 'lowering')
    }
    for (const writer of writers) await writer.finish()
  } finally {
    for (const source of sources) await source.close()
    for (const writer of writers) await writer.abort()
  }
}

/** Stems scaled and rounded; the instrumental is the difference of scaled mixture and scaled vocals. */
function lower(
  gain: number,
  blocks: Readonly<Record<string, AudioBlock>>,
  from: number,
  { rounding }: StemTarget,
): Record<string, AudioBlock> {
  const scale = (signal: string, block: AudioBlock): AudioBlock =>
    round(
      signal,
      block.map((samples) => samples.map((sample) => gain * sample)),
      from,
      rounding,
    )
  const { vocals, [instrumental]: rest } = blocks
  const lowered = Object.fromEntries(Object.entries(blocks).map(([stem, block]) => [stem, scale(stem, block)]))
  if (!vocals || !rest) return lowered
  const mixture = scale(
    'mixture',
    rest.map((samples, c) => combine(samples, vocals[c]!, 1)),
  )
  return { ...lowered, [instrumental]: mixture.map((samples, c) => combine(samples, lowered.vocals![c]!, -1)) }
}
