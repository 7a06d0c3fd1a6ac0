/** Layers: modules with PyTorch's names and state-dict layout. */
export { elu, gelu, identity, PReLU, silu, squaredRelu } from './activations.ts'
export {
  type Attended,
  type AttendOptions,
  type AttentionMasks,
  type AttentionOptions,
  additiveScores,
  attend,
  dotScores,
  generalScores,
  scaledDotProductAttention,
} from './attention.ts'
export { BahdanauAttention, type BahdanauCall, type BahdanauOptions } from './bahdanau-attention.ts'
export { BatchNorm, type BatchNormOptions } from './batch-norm.ts'
export { ClassToken, classState } from './class-token.ts'
export {
  addPerChannel,
  Conv1d,
  Conv2d,
  type Conv2dOptions,
  Conv3d,
  type ConvLayerOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeLayerOptions,
} from './conv.ts'
export { convByUnfold, UnfoldConv2d, type UnfoldConv2dOptions } from './conv-by-unfold.ts'
export { CumulativeLayerNorm, cumulativeLayerNorm } from './cumulative-norm.ts'
export { channelDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, dropout } from './dropout.ts'
export { Embedding, type EmbeddingOptions, embedding } from './embedding.ts'
export { Flatten, flatten } from './flatten.ts'
export { binEmbeddings, EmbeddingHead, MaskHead, type MaskHeadOptions, splitSources, unitNorm } from './heads.ts'
export {
  calculateGain,
  constantInit,
  defaultInit,
  fanIn,
  fanOut,
  type GainNonlinearity,
  type KaimingOptions,
  kaimingNormal,
  kaimingUniform,
  normalInit,
  onesInit,
  type TruncatedNormalOptions,
  truncatedNormalInit,
  uniformInit,
  xavierNormal,
  xavierUniform,
  zerosInit,
} from './init.ts'
export { diracInit, eyeInit, orthogonalInit } from './init-structured.ts'
export { InstanceNorm, type InstanceNormOptions } from './instance-norm.ts'
export { Linear, type LinearOptions, linear } from './linear.ts'
export { causalMask, type Lengths, maskedSoftmax, paddingMask } from './masking.ts'
export { isTraining, reportTerm, type TrainingTrace, type TrainingTraceOptions, traceTraining, trainingKey, updateRunning } from './mode.ts'
export { type Init, initialValues, type Layout, layoutOf, Module, type Parameter, parameter, type Slot } from './module.ts'
export { type AttendCall, type AttentionCall, MultiheadAttention, type MultiheadAttentionOptions } from './multihead-attention.ts'
export { GroupNorm, LayerNorm, type NormOptions } from './norm.ts'
export { heldPast, notedPast, type Past, silentPast } from './past.ts'
export { AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d } from './pooling.ts'
export { LearnedPositions, SinusoidalPositions, type SinusoidOptions, sinusoidalEncoding } from './positions.ts'
export {
  causalReach,
  chainReach,
  joinReach,
  pointwiseReach,
  type Reach,
  receptiveField,
  transposedWindowReach,
  wholeReach,
  windowReach,
} from './reach.ts'
export {
  type LstmCall,
  type LstmResult,
  type RecurrentCall,
  RecurrentLayer,
  type RecurrentLayerOptions,
  type RecurrentResult,
  topState,
} from './recurrent.ts'
export { type CellOptions, GRUCell, LSTMCell, RNNCell } from './recurrent-cells.ts'
export { type ChunkOptions, inChunks } from './recurrent-chunks.ts'
export { Elman, type ElmanOptions } from './recurrent-elman.ts'
export { type GatedOptions, GRU, LSTM, RNN, type RnnOptions } from './recurrent-layers.ts'
export { checkCausal, createLive, type Live, type LiveOptions, type LiveStep } from './recurrent-live.ts'
export { ManyToMany, ManyToOne } from './recurrent-roles.ts'
export { RecurrentState, VanillaRNN } from './recurrent-vanilla.ts'
export {
  alibiBias,
  type RelativeBiasOptions,
  RelativePositionBias,
  type RotaryOptions,
  relativeBucket,
  rotary,
} from './relative-positions.ts'
export { Apply, Sequential, type TensorFunction } from './sequential.ts'
export { type LoadStateOptions, loadStateDict, stateDict } from './state-dict.ts'
export { foldSummary, type Summary, type SummaryRow, summary } from './summary.ts'
export { LastTimePool, MaxTimePool, MeanTimePool, TimePool, type TimePoolOptions } from './time-pooling.ts'
export {
  buildVocabulary,
  createTokeniser,
  type EncodedBatch,
  type EncodeOptions,
  specialTokens,
  type Tokeniser,
  type TokenKind,
  type Vocabulary,
  type VocabularyOptions,
} from './tokeniser.ts'
export { type DecoderCall, TransformerDecoderLayer, TransformerEncoderLayer, type TransformerLayerOptions } from './transformer.ts'
export { TransformerDecoder, TransformerEncoder } from './transformer-stack.ts'
export { Upsample } from './upsample.ts'
export { type Warning, type WarningCode, warn, withWarnings } from './warning.ts'
export {
  AttentionTimePool,
  type AttentionTimePoolOptions,
  AutoPool,
  type AutoPoolOptions,
  AutoSplitTimePool,
  SplitTimePool,
  WeightedTimePool,
} from './weighted-pooling.ts'
export { windowCoverage } from './window-coverage.ts'
