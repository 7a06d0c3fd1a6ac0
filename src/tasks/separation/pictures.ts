/** Held-out examples to look at and to listen to: the mixture, and each stem as it is and as it was estimated; spectrograms on one scale. */
import { magnitude, stft } from '../../dsp/index.ts'
import { spectrogramPlot } from '../../report/index.ts'
import { type Backend, compile } from '../../runtime/index.ts'
import type { Excerpt, Judgement } from '../task.ts'

type Channels = readonly Float32Array[]

export interface ExampleSounds {
  readonly mixture: Channels
  /** In the order of `stems`, and the estimates in that of the references. */
  readonly stems: readonly string[]
  readonly references: readonly Channels[]
  readonly estimates: readonly Channels[]
  readonly sampleRate: number
}

/** Length of a frame (seconds): short enough for onsets, long enough for harmonics. */
const frameSeconds = 0.064
/** More rows and columns than this are not seen. */
const [mostRows, mostColumns] = [256, 400]

function mean(channels: Channels): Float32Array {
  return channels[0]!.map((_, i) => channels.reduce((sum, channel) => sum + channel[i]! / channels.length, 0))
}

/** The greatest of neighbouring bins and frames, so that lines stay lines. */
function pooled(levels: Float32Array, bins: number, { perRow, perColumn }: { perRow: number; perColumn: number }): Float32Array[] {
  const [rows, columns] = [Math.ceil(bins / perRow), Math.ceil(levels.length / bins / perColumn)]
  const frames = Array.from({ length: columns }, () => new Float32Array(rows))
  for (let i = 0; i < levels.length; i++) {
    const [frame, bin] = [Math.floor(i / bins / perColumn), Math.floor((i % bins) / perRow)]
    const column = frames[frame]!
    column[bin] = Math.max(column[bin]!, levels[i]!)
  }
  return frames
}

/** `mixture`, `vocals-truth`, `vocals-estimate` … of the first example, `example-2-mixture` … of the second. */
function excerptsOf({ mixture, stems, references, estimates, sampleRate }: ExampleSounds, place: number): Excerpt[] {
  const [before, after] = place === 0 ? ['', ''] : [`example-${place + 1}-`, `, example ${place + 1}`]
  const excerpt = (name: string, title: string, estimated: boolean, channels: Channels): Excerpt => ({
    name: `${before}${name}`,
    title: `${title}${after}`,
    estimated,
    channels,
    sampleRate,
  })
  return [
    excerpt('mixture', 'Mixture', false, mixture),
    ...stems.flatMap((stem, s) => [
      excerpt(`${stem}-truth`, `${stem}, as it is`, false, references[s]!),
      excerpt(`${stem}-estimate`, `${stem}, estimated`, true, estimates[s]!),
    ]),
  ]
}

/**
 * Sounds, and SVG text by their names.
 *
 * @param examples all of one length and rate
 * @param backend computes the spectra
 */
export async function showExamples(
  examples: readonly ExampleSounds[],
  backend: Backend,
): Promise<Required<Pick<Judgement, 'pictures' | 'sounds'>>> {
  const perExample = examples.map(excerptsOf)
  const sounds = perExample.flat()
  const sampleRate = examples[0]!.sampleRate
  const samples = examples[0]!.mixture[0]!.length
  const nFft = Math.max(4, 2 ** Math.round(Math.log2(frameSeconds * sampleRate)))
  const hopLength = nFft / 4
  const all = new Float32Array(sounds.length * samples)
  for (const [i, { channels }] of sounds.entries()) all.set(mean(channels), i * samples)
  const program = await compile(
    ({ x }) => ({ levels: magnitude(stft(x, { nFft, hopLength })) }),
    { x: [sounds.length, samples] },
    { backend },
  )
  const levels = (await program.run({ x: all })).levels as Float32Array
  await program.dispose()
  const [bins, size] = [nFft / 2 + 1, levels.length / sounds.length]
  const pool = { perRow: Math.ceil(bins / mostRows), perColumn: Math.ceil(size / bins / mostColumns) }
  const hop = hopLength * pool.perColumn
  const pictures: Record<string, string> = {}
  let at = 0
  for (const excerpts of perExample) {
    // The first is the mixture.
    const reference = levels.subarray(at, at + size).reduce((most, x) => Math.max(most, x), 1e-6)
    for (const { name, title } of excerpts) {
      const frames = pooled(levels.subarray(at, at + size), bins, pool)
      pictures[name] = spectrogramPlot({ title, frames, sampleRate, hopLength: hop, reference, rangeDb: 60, width: 480, height: 260 })
      at += size
    }
  }
  return { pictures, sounds }
}
