/** Runners of the blocks of FrameTransformer (carperbr, 2023). */
import { z } from 'zod'
import { type BridgeBlock, EvolvedBridgeBlock, PlainBridgeBlock } from '../../../src/models/frame-transformer/bridge-block.ts'
import { ConvolutionalAttention } from '../../../src/models/frame-transformer/convolutional-attention.ts'
import {
  EvolvedDecoderBlock,
  type FrameDecoderBlock,
  type FrameDecoderBlockOptions,
  PlainDecoderBlock,
} from '../../../src/models/frame-transformer/decoder-block.ts'
import { EvolvedEncoderBlock, type FrameEncoderBlock, PlainEncoderBlock } from '../../../src/models/frame-transformer/encoder-block.ts'
import { FrameConv } from '../../../src/models/frame-transformer/frame-conv.ts'
import { PairGate } from '../../../src/models/frame-transformer/gate.ts'
import { FrameDecoder, FrameEncoder } from '../../../src/models/frame-transformer/levels.ts'
import { MultichannelAttention, type Projection } from '../../../src/models/frame-transformer/multichannel-attention.ts'
import { MultichannelLinear } from '../../../src/models/frame-transformer/multichannel-linear.ts'
import { ChannelNorm, MultichannelLayerNorm } from '../../../src/models/frame-transformer/norms.ts'
import type { FrameBlockOptions } from '../../../src/models/frame-transformer/options.ts'
import { ResBlock } from '../../../src/models/frame-transformer/res-block.ts'
import type { ResidualAttended } from '../../../src/models/frame-transformer/residual-attention.ts'
import { RotaryEmbedding } from '../../../src/models/frame-transformer/rotary-embedding.ts'
import { wholeScores } from '../../../src/models/frame-transformer/scores.ts'
import { Apply, gelu, pointwiseReach, squaredRelu } from '../../../src/nn/index.ts'
import { interpolate, type Tensor } from '../../../src/tensor/index.ts'
import { block, given, type Inputs, reordered, turned, turnedIf } from './block.ts'
import type { Runner } from './support.ts'

const count = z.number().int()
/** One number for both axes, or those of bins and frames. */
const perAxis = z.union([count, z.tuple([count, count])])

/** The first of the names that the case has. */
function either(inputs: Inputs, ...names: readonly string[]): Tensor | undefined {
  return names.map((name) => inputs[name]).find((x) => x !== undefined)
}

const memoryOf = (inputs: Inputs) => turnedIf(either(inputs, 'mem', 'memory'))
const previousOf = (inputs: Inputs) => either(inputs, 'prev_qk', 'prev')

const multichannelSizes = z.object({ in_channels: count, out_channels: count, in_features: count, out_features: count })
const sizesOf = (config: z.output<typeof multichannelSizes>) => ({
  inputs: config.in_channels,
  outputs: config.out_channels,
  inputBins: config.in_features,
  outputBins: config.out_features,
})

const resBlock = z.object({
  in_channels: count,
  out_channels: count,
  features: count,
  kernel_size: count.default(3),
  padding: count.default(1),
  downsample: z.boolean().default(false),
  stride: perAxis.default([2, 1]),
  dropout: z.number().default(0),
})

function resBlockOptions({ kernel_size: kernel, padding, downsample, stride, dropout }: z.output<typeof resBlock>) {
  return { kernel, padding, downsample, stride, dropout }
}

const plane = (module: { forward(x: Tensor): Tensor }, inputs: Inputs) => ({ y: turned(module.forward(turned(given(inputs, 'x')))) })

function attention(projection: Projection): Runner {
  return block(
    z.object({ channels: count, num_heads: count, features: count, kernel_size: count.default(3), padding: count.default(1) }),
    (config) => {
      const { kernel_size: kernel, padding } = config
      return new MultichannelAttention(config.channels, config.num_heads, config.features, { kernel, padding, projection })
    },
    (module, inputs) => {
      const { output, scores } = module.forward(turned(given(inputs, 'x')), { memory: memoryOf(inputs), previous: previousOf(inputs) })
      return { y: turned(output), qk: wholeScores(scores) }
    },
  )
}

/** Convolutional attention and blocks of it: x and the scores before in, output and scores out. */
function overPositions(forward: (x: Tensor, previous: Tensor | undefined) => ResidualAttended, inputs: Inputs): Record<string, Tensor> {
  const x = given(inputs, 'x')
  const [bins, frames] = x.shape.slice(2) as [number, number]
  const previous = previousOf(inputs)
  const { output, scores } = forward(turned(x), previous && reordered(previous, [bins, frames]))
  return { y: turned(output), qk: reordered(wholeScores(scores), [frames, bins]) }
}

const frameBlock = z.object({
  channels: count,
  out_channels: count.default(1),
  features: count,
  expansion: count.default(4),
  num_heads: count.default(8),
  has_prev_skip: z.boolean().default(true),
})

function frameBlockOptions(config: z.output<typeof frameBlock>, projection: Projection): FrameDecoderBlockOptions {
  const { out_channels: maps, num_heads: heads, expansion, has_prev_skip: hasPrevious } = config
  return { maps, heads, expansion, projection, hasPrevious }
}

function encoderBlock(
  Block: new (channels: number, bins: number, options: FrameBlockOptions) => FrameEncoderBlock,
  projection: Projection = 'conv-linear',
): Runner {
  return block(
    frameBlock,
    (config) => {
      const { hasPrevious: _, ...options } = frameBlockOptions(config, projection)
      return new Block(config.channels, config.features, options)
    },
    (module, inputs) => {
      const { joined, maps, scores } = module.forward(turned(given(inputs, 'x')), previousOf(inputs))
      return { cat: turned(joined), h: turned(maps), qk: wholeScores(scores) }
    },
  )
}

function decoderBlock(
  Block: new (channels: number, bins: number, options: FrameDecoderBlockOptions) => FrameDecoderBlock,
  projection: Projection = 'conv-linear',
): Runner {
  return block(
    frameBlock,
    (config) => new Block(config.channels, config.features, frameBlockOptions(config, projection)),
    (module, inputs) => {
      const encoder = { maps: turned(given(inputs, 'skip')), scores: given(inputs, 'skip_qk') }
      const { prev_qk1: self, prev_qk2: cross } = inputs
      const { joined, scores } = module.forward(turned(given(inputs, 'x')), encoder, { ...(self && { self }), ...(cross && { cross }) })
      return { cat: turned(joined), qk1: wholeScores(scores.self), qk2: wholeScores(scores.cross) }
    },
  )
}

const bridge = z.object({
  channels: count,
  expansion: count.default(4),
  num_heads: count.default(8),
  kernel_size: count.default(3),
  padding: count.default(1),
})

function bridgeBlock(
  Block: new (channels: number, options: { heads: number; expansion: number; kernel: number; padding: number }) => BridgeBlock,
): Runner {
  return block(
    bridge,
    ({ channels, expansion, num_heads: heads, kernel_size: kernel, padding }) => new Block(channels, { heads, expansion, kernel, padding }),
    (module, inputs) => overPositions((x, previous) => module.forward(x, previous), inputs),
  )
}

export const blockCases: Readonly<Record<string, Runner>> = {
  squared_relu: block(
    z.object({}),
    () => new Apply(squaredRelu, pointwiseReach),
    (module, inputs) => ({ y: module.forward(given(inputs, 'x')) }),
  ),
  rotary: block(
    z.object({ dim: count }),
    ({ dim }) => new RotaryEmbedding(dim),
    (module, inputs) => ({ y: module.forward(given(inputs, 't')) }),
  ),
  multichannel_linear: block(
    multichannelSizes.extend({
      positionwise: z.boolean().default(true),
      depthwise: z.boolean().default(false),
      bias: z.boolean().default(false),
    }),
    (config) => new MultichannelLinear(sizesOf(config), config),
    (module, inputs) => plane(module, inputs),
  ),
  multichannel_layernorm: block(
    z.object({ channels: count, features: count, eps: z.number().default(1e-8), trainable: z.boolean().default(true) }),
    ({ channels, features, ...options }) => new MultichannelLayerNorm(channels, features, options),
    (module, inputs) => plane(module, inputs),
  ),
  channel_norm: block(
    z.object({ channels: count }),
    ({ channels }) => new ChannelNorm(channels),
    (module, inputs) => plane(module, inputs),
  ),
  frame_conv: block(
    multichannelSizes.extend({
      kernel_size: count.default(3),
      padding: count.default(1),
      groups: count.default(1),
      bias: z.boolean().default(false),
    }),
    (config) =>
      new FrameConv(sizesOf(config), { kernel: config.kernel_size, padding: config.padding, groups: config.groups, bias: config.bias }),
    (module, inputs) => plane(module, inputs),
  ),
  res_block: block(
    resBlock,
    (config) => new ResBlock(config.in_channels, config.out_channels, config.features, resBlockOptions(config)),
    (module, inputs) => plane(module, inputs),
  ),
  frame_encoder: block(
    resBlock.extend({ downsample: z.boolean().default(true) }),
    ({ in_channels, out_channels, features, downsample, stride }) =>
      new FrameEncoder(in_channels, out_channels, features, { downsample, stride }),
    (module, inputs) => plane(module, inputs),
  ),
  frame_decoder: block(
    resBlock,
    ({ in_channels, out_channels, features, dropout }) => {
      // The files give the channels of the first input; those of the second are as many as come out.
      return new FrameDecoder(in_channels + out_channels, out_channels, features, { dropout })
    },
    (module, inputs) => ({ y: turned(module.forward(turned(given(inputs, 'x')), turned(given(inputs, 'skip')))) }),
  ),
  frame_decoder_upsample: block(
    z.object({ scale: z.tuple([z.number(), z.number()]), mode: z.enum(['bilinear', 'nearest']), align_corners: z.boolean() }),
    ({ scale: [bins, frames], mode, align_corners: alignCorners }) =>
      new Apply((x) => interpolate(x, { scale: [frames, bins], mode, alignCorners }), pointwiseReach),
    (module, inputs) => plane(module, inputs),
  ),
  multichannel_mha_app: attention('conv-linear'),
  multichannel_mha_snap: attention('linear-conv'),
  convolutional_mha: block(
    bridge.omit({ expansion: true }),
    ({ channels, num_heads: heads, kernel_size: kernel, padding }) => new ConvolutionalAttention(channels, heads, { kernel, padding }),
    (module, inputs) => overPositions((x, previous) => module.forward(x, { memory: memoryOf(inputs), previous }), inputs),
  ),
  residual_attention_gate: block(
    z.object({ out_channels: count }),
    // The file of the plain network has another activation.
    ({ out_channels: maps }, source) => new PairGate(maps, source.includes('frame_transformer3.py') ? gelu : squaredRelu),
    (module, inputs) => ({ ...module.forward(given(inputs, 'prev_qk2'), given(inputs, 'skip_qk')) }),
  ),
  ft_encoder_et_app: encoderBlock(EvolvedEncoderBlock),
  ft_encoder_et_snap: encoderBlock(EvolvedEncoderBlock, 'linear-conv'),
  ft_encoder_plain_app: encoderBlock(PlainEncoderBlock),
  ft_decoder_et_app: decoderBlock(EvolvedDecoderBlock),
  ft_decoder_et_snap: decoderBlock(EvolvedDecoderBlock, 'linear-conv'),
  ft_decoder_plain_app: decoderBlock(PlainDecoderBlock),
  conv_transformer_et_app: bridgeBlock(EvolvedBridgeBlock),
  conv_transformer_plain_app: bridgeBlock(PlainBridgeBlock),
}
