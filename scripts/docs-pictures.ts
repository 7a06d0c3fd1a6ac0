/**
 * The pictures of docs/ that are drawn from the code, by their paths; run as a program, this writes them. Those of songs and trained networks are
 * made by `divisi attention`.
 *
 *     npx tsx scripts/docs-pictures.ts
 */
import { fileURLToPath } from 'node:url'
import { makeSong, writeWhole } from '../src/data/index.ts'
import {
  type FrameTransformerPreset,
  FrameTransformerSeparation,
  frameTransformerConfig,
  frameTransformerPresets,
  planOf,
} from '../src/models/index.ts'
import { createSoundColumns, frameTransformerPlot, soundPicture } from '../src/report/index.ts'

function presetPlot(preset: FrameTransformerPreset, title: string): string {
  const { network } = new FrameTransformerSeparation(frameTransformerConfig.parse(frameTransformerPresets[preset]))
  const plan = planOf(network, 4)
  const millions = (plan.parameters / 1e6).toFixed(1)
  return frameTransformerPlot({ plan, title: `${title}: ${millions} million parameters`, width: 1000 })
}

/** What `divisi separate --plot` draws, with stems that are the true ones. */
function songPicture(seed: number, seconds: number): string {
  const { mixture, stems, sampleRate } = makeSong({ seed, seconds })
  const sounds = Object.entries({ mixture, vocals: stems.vocals, instrumental: stems.instrumental }).map(([label, channels]) => {
    const builder = createSoundColumns({ sampleRate, channels: 2, frames: channels[0]!.length, columns: 480, bands: 112 })
    builder.add(channels)
    return { label, columns: builder.finish() }
  })
  return soundPicture({ title: `A song of the synthesiser, seed ${seed}`, sounds, width: 1000 })
}

export const pictures: Readonly<Record<string, () => string>> = {
  'docs/pictures/frame-transformer.svg': () => presetPlot('original', 'FrameTransformer as the original trains it'),
  'docs/pictures/frame-transformer-small.svg': () => presetPlot('small', 'The preset small'),
  'docs/pictures/song-plot.svg': () => songPicture(7, 15),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, draw] of Object.entries(pictures)) {
    await writeWhole(fileURLToPath(new URL(`../${path}`, import.meta.url)), draw())
    console.log(path)
  }
}
