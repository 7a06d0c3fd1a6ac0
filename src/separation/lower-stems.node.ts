/** A second pass over finished stems where one would clip: all are written anew at one gain, from the samples as they were before clamping. */

import type { AudioBlock, AudioStream, WavFormat, WavWriter } from '../audio/index.ts'
import { createWavWriter, openAudio, quantise } from '../audio/index.ts'
import { combine } from './round-stems.ts'
import type { Staging } from './staging.node.ts'
import type { StemFile } from './stem-files.node.ts'
import { instrumental } from './stems.ts'

/** The staged name of a lowered file: the one that it was made from stays, for a run that is interrupted here begins the pass anew. */
export function loweredName(name: string): string {
  return `lowered ${name}`
}

/** Writes the finished files anew, scaled: stems are rounded, the instrumental is the difference of scaled mixture and vocals. */
export async function lowerStems(
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
      writers.push(await createWavWriter(staging.path(loweredName(name)), wav))
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
