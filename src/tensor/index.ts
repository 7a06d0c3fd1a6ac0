/** Symbolic tensors: shapes known, numbers promised; primitives, derivatives, and random keys. */
export { adjoint, grad, valueAndGrad } from './autodiff.ts'
export { type Complex, complex } from './complex.ts'
export { type DType, type ElementType, halfBits, halfValue, onnxElementType } from './dtype.ts'
export { interpret, topologicalOrder } from './graph.ts'
export * from './ops/along-axis.ts'
export { apart } from './ops/apart.ts'
export * from './ops/channel-layer-norm.ts'
export { checkpoint, customDerivative, type DerivativeContext, type DerivativeRule } from './ops/checkpoint.ts'
export * from './ops/conv.ts'
export { type CumsumOptions, cumsum } from './ops/cumulative.ts'
export * from './ops/einsum.ts'
export * from './ops/elementwise.ts'
export * from './ops/gather.ts'
export * from './ops/group-norm.ts'
export { arange, oneHot } from './ops/indices.ts'
export * from './ops/interpolate.ts'
export * from './ops/inverse.ts'
export { layerNorm, rmsNorm, standardize } from './ops/layer-norm.ts'
export * from './ops/matmul.ts'
export { expand, type ReduceOptions, reshape, sum, sumTo, transpose } from './ops/movement.ts'
export * from './ops/norm.ts'
export * from './ops/order.ts'
export * from './ops/padding.ts'
export * from './ops/pool.ts'
export * from './ops/random-draws.ts'
export * from './ops/random-keys.ts'
export { gru, gruGates, type LstmOptions, lstm, lstmGates, type RecurrentOptions, rnn } from './ops/recurrent.ts'
export { type GruGates, gruCell, type LstmGates, lstmCell, rnnCell } from './ops/recurrent-cells.ts'
export type { Nonlinearity, RecurrentWeights } from './ops/recurrent-weights.ts'
export * from './ops/reduce.ts'
export * from './ops/resize.ts'
export { type ScanOptions, type ScanStep, scan } from './ops/scan.ts'
export type { FusedScan } from './ops/scan-step.ts'
export { concat, flip, narrow, slice } from './ops/slicing.ts'
export * from './ops/softmax.ts'
export * from './ops/split.ts'
export { stopGradient } from './ops/stop.ts'
export { tile } from './ops/tile.ts'
export * from './ops/unfold.ts'
export { definePrimitive, type Primitive, primitiveNames } from './primitive.ts'
export { createRandom, foldKey, type Random, type RandomState, restoreRandom } from './random.ts'
export { broadcastShapes, formatShape, type Shape, sizeOf, stridesOf } from './shape.ts'
export {
  atPlace,
  type Body,
  constant,
  currentPlace,
  type Emitter,
  input,
  type NdArray,
  type Node,
  type OnnxAttribute,
  type OperationNode,
  ShapeError,
  type Subgraph,
  type Target,
  type Tensor,
  type TensorSpec,
  withPlace,
} from './tensor.ts'
