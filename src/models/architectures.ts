/** All networks by the names of their architectures: what recipes and model files may say under `model`. To add one, add its line. */
import { z } from 'zod'
import type { Module } from '../nn/index.ts'
import { bandUnetConfig } from './band-unet/config.ts'
import { BandUnet } from './band-unet/network.ts'
import { causalUnetConfig } from './causal-unet/config.ts'
import { CausalUnet } from './causal-unet/network.ts'
import { chimeraConfig } from './chimera/config.ts'
import { Chimera } from './chimera/network.ts'
import { convTasNetConfig } from './conv-tasnet/config.ts'
import { ConvTasNet } from './conv-tasnet/network.ts'
import { crnnConfig } from './crnn/config.ts'
import { Crnn } from './crnn/network.ts'
import { deepClusteringConfig } from './deep-clustering/config.ts'
import { DeepClustering } from './deep-clustering/network.ts'
import { frameTransformerConfig } from './frame-transformer/config.ts'
import { FrameTransformerSeparation } from './frame-transformer/separation.ts'
import { lenetConfig } from './lenet/config.ts'
import { LeNet } from './lenet/network.ts'
import { maskInferenceConfig } from './mask-inference/config.ts'
import { MaskInference } from './mask-inference/network.ts'
import { mmDenseConfig } from './mm-dense/config.ts'
import { MMDense } from './mm-dense/network.ts'
import { openUnmixConfig } from './open-unmix/config.ts'
import { OpenUnmix } from './open-unmix/network.ts'
import type { SeparationNetwork } from './separation-network.ts'
import { seq2seqConfig } from './seq2seq/config.ts'
import { Seq2Seq } from './seq2seq/network.ts'
import { sequenceClassifierConfig } from './sequence-classifier/config.ts'
import { SequenceClassifier } from './sequence-classifier/network.ts'
import { SpectrogramUNet } from './u-net/separation.ts'
import { spectrogramUNetConfig } from './u-net/separation-config.ts'
import { waveUNetConfig } from './wave-u-net/config.ts'
import { WaveUNet } from './wave-u-net/network.ts'

/** A network that a configuration describes: what a model file holds. */
export interface Network extends Module {
  readonly config: { readonly architecture: string }
}

/** Sizes of any network that separates. */
export const separationConfig = z.discriminatedUnion('architecture', [
  bandUnetConfig,
  causalUnetConfig,
  chimeraConfig,
  convTasNetConfig,
  deepClusteringConfig,
  frameTransformerConfig,
  maskInferenceConfig,
  mmDenseConfig,
  openUnmixConfig,
  spectrogramUNetConfig,
  waveUNetConfig,
])
export type SeparationConfig = z.output<typeof separationConfig>

/** Sizes of any network. */
export const networkConfig = z.discriminatedUnion('architecture', [
  separationConfig,
  crnnConfig,
  lenetConfig,
  seq2seqConfig,
  sequenceClassifierConfig,
])
export type NetworkConfig = z.output<typeof networkConfig>

type NetworkOf<Config extends NetworkConfig> = Config extends { architecture: 'band-unet' }
  ? BandUnet
  : Config extends SeparationConfig
    ? SeparationNetwork & Network
    : Network

type Builders = { readonly [Name in NetworkConfig['architecture']]: (config: Extract<NetworkConfig, { architecture: Name }>) => Network }

const builders: Builders = {
  'band-unet': (config) => new BandUnet(config),
  'causal-unet': (config) => new CausalUnet(config),
  chimera: (config) => new Chimera(config),
  'conv-tasnet': (config) => new ConvTasNet(config),
  crnn: (config) => new Crnn(config),
  'deep-clustering': (config) => new DeepClustering(config),
  'frame-transformer': (config) => new FrameTransformerSeparation(config),
  lenet: (config) => new LeNet(config),
  'mask-inference': (config) => new MaskInference(config),
  'mm-dense-lstm': (config) => new MMDense(config),
  'mm-dense-net': (config) => new MMDense(config),
  'open-unmix': (config) => new OpenUnmix(config),
  seq2seq: (config) => new Seq2Seq(config),
  'sequence-classifier': (config) => new SequenceClassifier(config),
  'spectrogram-u-net': (config) => new SpectrogramUNet(config),
  'wave-u-net': (config) => new WaveUNet(config),
}

/** The names that `architecture` may have. */
export const architectureNames = Object.keys(builders) as readonly NetworkConfig['architecture'][]

/** Builds the network that a configuration describes. */
export function createNetwork<Config extends NetworkConfig>(config: Config): NetworkOf<Config> {
  // The name of the configuration chose its own builder; TypeScript does not follow that.
  return (builders[config.architecture] as (config: NetworkConfig) => Network)(config) as NetworkOf<Config>
}
