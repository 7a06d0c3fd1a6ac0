/**
 * What a FrameTransformer consists of, level by level, as it is and not as it was planned: shapes and counts are those of a trace. For pictures of it.
 */

import { summary } from '../../nn/index.ts'
import { modulesOf } from '../../nn/module.ts'
import { input } from '../../tensor/index.ts'
import { binsAt } from './body-config.ts'
import { BridgeBlock } from './bridge-block.ts'
import { ConvolutionalAttention } from './convolutional-attention.ts'
import { ScoreGate } from './gate.ts'
import type { FrameTransformer } from './generator.ts'
import { MultichannelAttention } from './multichannel-attention.ts'

/** A part of the network; sums are over all that is in it. */
export interface FrameTransformerPart {
  /** Where it is in the network: `enc1_transformer`. */
  readonly name: string
  /** Channels and bins of what it gives, those that it appends included. */
  readonly channels: number
  readonly bins: number
  readonly parameters: number
  readonly multiplyAdds: number
  /** Layers of attention, and gates between scores of two of them. */
  readonly attentions: number
  readonly gates: number
}

export interface FrameTransformerLevel {
  readonly bins: number
  readonly encoder: FrameTransformerPart
  readonly encoderTransformer: FrameTransformerPart
  readonly decoder: FrameTransformerPart
  readonly decoderTransformer: FrameTransformerPart
}

export interface FrameTransformerPlan {
  readonly inputs: number
  readonly positional: FrameTransformerPart | undefined
  /** The finest first. */
  readonly levels: readonly FrameTransformerLevel[]
  readonly bridge: {
    readonly bins: number
    readonly encoder: FrameTransformerPart
    readonly layers: FrameTransformerPart
    readonly count: number
  }
  readonly output: FrameTransformerPart
  readonly parameters: number
  readonly multiplyAdds: number
}

/**
 * Traces a network over some frames and tells its parts.
 *
 * @throws ShapeError for more frames than its maxFrames
 *
 * @example
 * const sizes = { nFft: 32, multipliers: [1, 2, 3], width: 2, heads: 2, expansion: 8, bridgeLayers: 1 }
 * const plan = planOf(new FrameTransformer(bodyConfig.parse(sizes)), 5)
 * const channels = plan.levels.map((level) => level.encoderTransformer.channels)
 * channels // [3, 5]
 */
export function planOf(network: FrameTransformer, frames: number): FrameTransformerPlan {
  const { config } = network
  const x = input('x', [1, config.inputs, frames, binsAt(config, 1)])
  const { rows, parameters, multiplyAdds } = summary(network, () => network.forward(x))
  const modules = [...modulesOf(network)]
  const part = (name: string): FrameTransformerPart => {
    const inside = (path: string) => path === name || path.startsWith(`${name}.`)
    const own = rows.filter(({ path }) => inside(path))
    const [, channels, , bins] = (own.find(({ path }) => path === name) ?? own.find(({ shapes }) => shapes[0]?.length === 4))!.shapes[0]!
    const count = (is: (module: unknown) => boolean) => modules.filter(([module, path]) => inside(path) && is(module)).length
    return {
      name,
      channels: channels!,
      bins: bins!,
      parameters: own.reduce((sum, row) => sum + row.parameters, 0),
      multiplyAdds: own.reduce((sum, row) => sum + row.multiplyAdds, 0),
      attentions: count((module) => module instanceof MultichannelAttention || module instanceof ConvolutionalAttention),
      gates: count((module) => module instanceof ScoreGate),
    }
  }
  const depth = config.multipliers.length
  return {
    inputs: config.inputs,
    positional: network.positional_embedding ? part('positional_embedding') : undefined,
    levels: Array.from({ length: depth - 1 }, (_, i) => ({
      bins: binsAt(config, i + 1),
      encoder: part(`enc${i + 1}`),
      encoderTransformer: part(`enc${i + 1}_transformer`),
      decoder: part(`dec${i + 1}`),
      decoderTransformer: part(`dec${i + 1}_transformer`),
    })),
    bridge: {
      bins: binsAt(config, depth),
      encoder: part(`enc${depth}`),
      layers: part(`enc${depth}_transformer`),
      count: modules.filter(([module, path]) => module instanceof BridgeBlock && path.startsWith('enc')).length,
    },
    output: part('out'),
    parameters,
    multiplyAdds,
  }
}
