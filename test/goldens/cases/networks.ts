/** Runners of FrameTransformer's networks (carperbr, 2023). */
import { z } from 'zod'
import { bodyConfig } from '../../../src/models/frame-transformer/body-config.ts'
import { ConvolutionalEmbedding } from '../../../src/models/frame-transformer/convolutional-embedding.ts'
import { FrameTransformerDiscriminator } from '../../../src/models/frame-transformer/discriminator.ts'
import { FrameTransformer } from '../../../src/models/frame-transformer/generator.ts'
import { FrameTransformerV1, v1Config } from '../../../src/models/frame-transformer/older/v1.ts'
import { FrameTransformerV2b, v2bConfig } from '../../../src/models/frame-transformer/older/v2b.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import { type NetworkOptions, network } from './network.ts'
import type { Runner } from './support.ts'

const count = z.number().int()
type Variant = z.output<typeof bodyConfig>['variant']

const sizes = z.object({
  in_channels: count,
  channels: count,
  n_fft: count,
  num_heads: count,
  expansion: count,
  latent_expansion: count.default(4),
  num_bridge_layers: count,
  num_attention_maps: count.default(1),
})

function bodyOf(variant: Variant, config: z.output<typeof sizes>, outputs: number) {
  return bodyConfig.parse({
    variant,
    inputs: config.in_channels,
    outputs,
    width: config.channels,
    nFft: config.n_fft,
    heads: config.num_heads,
    expansion: config.expansion,
    bridgeExpansion: config.latent_expansion,
    bridgeLayers: config.num_bridge_layers,
    maps: config.num_attention_maps,
  })
}

function generator(variant: Variant, options: NetworkOptions<FrameTransformer> = {}): Runner {
  const withOutputs = sizes.extend({ out_channels: count })
  return network(withOutputs, (config) => new FrameTransformer(bodyOf(variant, config, config.out_channels)), options)
}

function discriminator(variant: Variant): Runner {
  return network(sizes, (config) => new FrameTransformerDiscriminator(bodyOf(variant, config, config.in_channels)))
}

const variants = { et_app: 'et', et_snap: 'snap', plain_app: 'plain' } as const

const miniUnet = z.object({
  variant: z.enum(['et_app', 'et_snap', 'plain_app']),
  cin: count,
  cout: count,
  ch: count,
  f: count,
  maps: count,
  heads: count,
  expansion: count,
  bridge: count,
})

const older = z.object({ in_channels: count, out_channels: count, channels: count, n_fft: count, num_heads: count, expansion: count })

function olderOf({ in_channels, out_channels, channels, n_fft, num_heads, expansion }: z.output<typeof older>) {
  return { inputs: in_channels, outputs: out_channels, width: channels, nFft: n_fft, heads: num_heads, expansion }
}

/** The output, then the vocal head's. */
const withPresence = (module: FrameTransformer, x: Tensor) => {
  const { logits, presence } = module.generate(x)
  return [logits, presence!]
}

export const networkCases: Readonly<Record<string, Runner>> = {
  convolutional_embedding: network(
    z.object({ channels: count, features: count, max_seq_len: count.default(4096) }),
    ({ channels, features, max_seq_len: maxFrames }) => new ConvolutionalEmbedding(channels, features, { maxFrames }),
  ),
  // Three levels without the positional channel; its bridge has the bins as tokens in all variants.
  mini_unet: network(miniUnet, (config) => {
    const { cin: inputs, cout: outputs, ch: width, f, maps, heads, expansion, bridge: bridgeLayers } = config
    const own = { variant: variants[config.variant], multipliers: [1, 2, 4], bridgeExpansion: 2, bridgeTokens: 'bins', embeddingDepth: 0 }
    return new FrameTransformer(bodyConfig.parse({ inputs, outputs, width, nFft: 2 * f, maps, heads, expansion, bridgeLayers, ...own }))
  }),
  generator_et_app: generator('et'),
  generator_et_app_complex: generator('et'),
  generator_et_snap: generator('snap'),
  // The names of the vocal head's modules are known of a neighbouring commit of the original only.
  generator_et_vout_app: generator('et+v', { call: withPresence, renamed: true }),
  generator_plain_app: generator('plain'),
  discriminator_et_app: discriminator('et'),
  discriminator_et_snap: discriminator('snap'),
  discriminator_plain_app: discriminator('plain'),
  v1: network(older, (config) => new FrameTransformerV1(v1Config.parse(olderOf(config))), { prefix: 'net.' }),
  v2b: network(
    older.extend({ transformer_channels: z.array(count) }),
    (config) => new FrameTransformerV2b(v2bConfig.parse({ ...olderOf(config), maps: config.transformer_channels })),
  ),
}
