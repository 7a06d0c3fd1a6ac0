/** A FrameTransformer as a picture, drawn from a trace of it (`planOf`). */
import type { FrameTransformerPart, FrameTransformerPlan } from '../models/index.ts'
import type { PictureOptions } from './svg.ts'
import { type UNetPart, type UNetSide, uNetPlot } from './u-net-plot.ts'

/** Three digits: 91.4 M, 17.8 M, 365 k, 40. */
function countText(count: number): string {
  const [value, unit] = count >= 1e6 ? [count / 1e6, ' M'] : count >= 1e4 ? [count / 1e3, ' k'] : [count, '']
  return `${unit === '' ? value : value.toFixed(value >= 99.95 ? 0 : 1)}${unit}`
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

const shapeText = ({ channels, bins }: FrameTransformerPart) => `${channels} × ${bins}`

/** A transformer appends its maps to the channels that come in. */
function transformerOf(part: FrameTransformerPart, body: FrameTransformerPart): UNetPart {
  const gates = part.gates > 0 ? `, ${plural(part.gates, 'gate')}` : ''
  const lines = [
    `${shapeText(part)}: ${plural(part.channels - body.channels, 'map')} more`,
    `${plural(part.attentions, 'attention')}${gates}`,
  ]
  return { name: part.name, lines: [...lines, `${countText(part.parameters)} parameters`] }
}

const bodyOf = (part: FrameTransformerPart): UNetPart => ({ name: part.name, lines: [`${shapeText(part)}; ${countText(part.parameters)}`] })

const sideOf = (body: FrameTransformerPart, transformer: FrameTransformerPart): UNetSide => ({
  body: bodyOf(body),
  transformer: transformerOf(transformer, body),
})

/**
 * Draws the network's levels with channels × bins and parameters, its bridge, and the ways of features, skips and scores.
 *
 * @returns SVG
 * @throws RangeError for widths in which its boxes have no room
 */
export function frameTransformerPlot({ plan, ...options }: { readonly plan: FrameTransformerPlan } & PictureOptions): string {
  const { inputs, positional, levels, bridge, output } = plan
  const spectrum: UNetPart = { name: 'spectrogram', lines: [`${inputs} × ${output.bins}`] }
  const layers: UNetPart = {
    name: bridge.layers.name,
    lines: [
      plural(bridge.count, 'layer'),
      `${shapeText(bridge.layers)}, ${plural(bridge.layers.attentions, 'attention')}`,
      `${countText(bridge.layers.parameters)} parameters`,
    ],
  }
  return uNetPlot({
    ...options,
    inputs: [
      spectrum,
      ...(positional
        ? [{ name: 'positional channel', lines: [`${shapeText(positional)} more; ${countText(positional.parameters)}`] }]
        : []),
    ],
    levels: levels.map(({ bins, encoder, encoderTransformer, decoder, decoderTransformer }) => ({
      label: plural(bins, 'bin'),
      encoder: sideOf(encoder, encoderTransformer),
      decoder: sideOf(decoder, decoderTransformer),
    })),
    bridge: { label: plural(bridge.bins, 'bin'), body: bodyOf(bridge.encoder), transformer: layers },
    outputs: [bodyOf(output)],
    ways: {
      features: 'features, channels × bins in every frame',
      skips: 'what the encoder hands over: its channels, and its maps as memory',
      scores: 'scores of attention, added to the next ones',
    },
  })
}
