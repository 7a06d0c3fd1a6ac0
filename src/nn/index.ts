/** Layers: modules with PyTorch's names and state-dict layout. */
export { elu, gelu, identity, PReLU, silu, squaredRelu } from './activations.ts'
export { constantInit, defaultInit, fanIn, kaimingNormal, normalInit, uniformInit } from './init.ts'
export { BatchNorm, Conv2d, type Conv2dOptions, ConvTranspose2d, Linear } from './layers.ts'
export { isTraining, type TrainingTraceOptions, traceTraining, trainingKey, updateRunning } from './mode.ts'
export { type Init, initialValues, type Layout, layoutOf, Module, type Parameter, parameter, type Slot } from './module.ts'
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
export { Apply, Sequential, type TensorFunction } from './sequential.ts'
export { type Summary, type SummaryRow, summary } from './summary.ts'
