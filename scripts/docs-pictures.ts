/**
 * The pictures of docs/ that are drawn from the code, by their paths; run as a program, this writes them. Those of songs and trained networks are
 * made by `divisi attention`.
 *
 *     npx tsx scripts/docs-pictures.ts
 */
import { fileURLToPath } from 'node:url'
import { writeWhole } from '../src/data/index.ts'
import {
  type FrameTransformerPreset,
  FrameTransformerSeparation,
  frameTransformerConfig,
  frameTransformerPresets,
  planOf,
} from '../src/models/index.ts'
import { frameTransformerPlot } from '../src/report/index.ts'

function presetPlot(preset: FrameTransformerPreset, title: string): string {
  const { network } = new FrameTransformerSeparation(frameTransformerConfig.parse(frameTransformerPresets[preset]))
  const plan = planOf(network, 4)
  const millions = (plan.parameters / 1e6).toFixed(1)
  return frameTransformerPlot({ plan, title: `${title}: ${millions} million parameters`, width: 1000 })
}

export const pictures: Readonly<Record<string, () => string>> = {
  'docs/pictures/frame-transformer.svg': () => presetPlot('original', 'FrameTransformer as the original trains it'),
  'docs/pictures/frame-transformer-small.svg': () => presetPlot('small', 'The preset small'),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, draw] of Object.entries(pictures)) {
    await writeWhole(fileURLToPath(new URL(`../${path}`, import.meta.url)), draw())
    console.log(path)
  }
}
