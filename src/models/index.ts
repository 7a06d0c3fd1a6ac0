/** Networks, their files, and separators made of them. */
export {
  architectureNames,
  createNetwork,
  type Network,
  type NetworkConfig,
  networkConfig,
  type SeparationConfig,
  separationConfig,
} from './architectures.ts'
export { type BandUnetConfig, type BandUnetInput, bandUnetConfig } from './band-unet/config.ts'
export { BandUnet } from './band-unet/network.ts'
export { type CausalUnetConfig, type CausalUnetInput, causalUnetConfig } from './causal-unet/config.ts'
export { CausalUnet } from './causal-unet/network.ts'
export { type ChimeraConfig, type ChimeraInput, chimeraConfig } from './chimera/config.ts'
export { Chimera } from './chimera/network.ts'
export { type Classifier, type ClassProbability, createClassifier, type Picture } from './classifier.ts'
export { type ConvTasNetConfig, type ConvTasNetInput, convTasNetConfig } from './conv-tasnet/config.ts'
export { ConvTasNet } from './conv-tasnet/network.ts'
export { TcnBlock, TcnSeparator } from './conv-tasnet/separator.ts'
export { type CreateSeparatorOptions, createSeparator, type WindowOptions } from './create-separator.ts'
export { type CrnnConfig, type CrnnInput, crnnConfig, type HeadName, headNames } from './crnn/config.ts'
export type { Head, Sequence } from './crnn/heads.ts'
export { type VocabularyName, vocabularies } from './crnn/labels.ts'
export { Crnn } from './crnn/network.ts'
export { type DeepClusteringConfig, type DeepClusteringInput, deepClusteringConfig } from './deep-clustering/config.ts'
export { DeepClustering } from './deep-clustering/network.ts'
export { SeparationError } from './errors.ts'
export { type ExampleInput, type ExampleSizes, exampleInput } from './example-input.ts'
export { type AttentionWeights, attentionWeights } from './frame-transformer/attention-weights.ts'
export { type BodyConfig, bodyConfig } from './frame-transformer/body-config.ts'
export { type FrameTransformerConfig, type FrameTransformerInput, frameTransformerConfig } from './frame-transformer/config.ts'
export { FrameTransformerDiscriminator, valuesFromGenerator } from './frame-transformer/discriminator.ts'
export { FrameTransformer, type Generated } from './frame-transformer/generator.ts'
export { FrameTransformerV1, type V1Config, v1Config } from './frame-transformer/older/v1.ts'
export { FrameTransformerV2b, type V2bConfig, v2bConfig } from './frame-transformer/older/v2b.ts'
export { type FrameTransformerLevel, type FrameTransformerPart, type FrameTransformerPlan, planOf } from './frame-transformer/plan.ts'
export { type FrameTransformerPreset, frameTransformerPresets } from './frame-transformer/presets.ts'
export { type FrameScales, FrameTransformerSeparation } from './frame-transformer/separation.ts'
export { type LenetConfig, type LenetInput, type LenetOfData, lenetConfig, lenetOfData } from './lenet/config.ts'
export { LeNet } from './lenet/network.ts'
export { isLive, type LiveNetwork, latencyOf } from './live-network.ts'
export { loadClassifier } from './load-classifier.node.ts'
export { devices, type LoadOptions, loadSeparator, readNamedModel, shippedModels, verifyShippedModel } from './load-separator.node.ts'
export { type MaskInferenceConfig, type MaskInferenceInput, maskInferenceConfig } from './mask-inference/config.ts'
export { MaskInference } from './mask-inference/network.ts'
export { MaskingNetwork } from './masking-network.ts'
export { DenseBand } from './mm-dense/band.ts'
export { type MMDenseConfig, type MMDenseInput, mmDenseConfig } from './mm-dense/config.ts'
export { DenseBlock, FrameLstm } from './mm-dense/dense-block.ts'
export { MMDense } from './mm-dense/network.ts'
export { type LoadedModel, readModel, writeModel } from './model-file.ts'
export { type OpenUnmixConfig, type OpenUnmixInput, openUnmixConfig } from './open-unmix/config.ts'
export { OpenUnmix } from './open-unmix/network.ts'
export type { Prepass, SongTensors } from './prepass.ts'
export { readPytorchFile } from './pytorch-file.node.ts'
export { readModelAt } from './read-model.node.ts'
export { type Separates, SeparationNetwork, type StemEstimate, type StemEstimates } from './separation-network.ts'
export type { SeparationStream, Separator, SongFacts, SongListener, StereoWindow } from './separator.ts'
export type { ScoreName } from './seq2seq/attention.ts'
export { StateAttention } from './seq2seq/attention.ts'
export { type Seq2SeqConfig, type Seq2SeqInput, seq2seqConfig } from './seq2seq/config.ts'
export { type DecoderStep, type EmbeddingTables, type Encoded, Seq2Seq, type Seq2SeqBatch } from './seq2seq/network.ts'
export {
  createTranslator,
  type Hypothesis,
  type TranslateOptions,
  type Translation,
  type Translator,
  type TranslatorOptions,
  translate,
} from './seq2seq/translate.ts'
export { type SequenceClassifierConfig, type SequenceClassifierInput, sequenceClassifierConfig } from './sequence-classifier/config.ts'
export { SequenceClassifier } from './sequence-classifier/network.ts'
export { orderLike } from './stem-order.ts'
export { type UNetConfig, type UNetInput, uNetConfig } from './u-net/config.ts'
export { UNet } from './u-net/network.ts'
export { SpectrogramUNet } from './u-net/separation.ts'
export { type SpectrogramUNetConfig, type SpectrogramUNetInput, spectrogramUNetConfig } from './u-net/separation-config.ts'
export { Between } from './wave-u-net/between.ts'
export { type WaveUNetConfig, type WaveUNetInput, waveUNetConfig } from './wave-u-net/config.ts'
export { type WaveExtents, WaveUNet } from './wave-u-net/network.ts'
