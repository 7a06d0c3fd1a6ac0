/** File formats of graphs and weights. */
export type { ByteSource } from './byte-source.ts'
export { crc32 } from './crc32.ts'
export { graphInterface, type Weights } from './graph-interface.ts'
export { type OnnxGraph, writeOnnx } from './onnx.ts'
export { type PytorchCheckpoint, type PytorchOptions, readPytorch } from './pytorch/checkpoint.ts'
export type { PytorchArray, PytorchDType } from './pytorch/dtypes.ts'
export { type PytorchStateDict, type PytorchStateDictOptions, readPytorchStateDict } from './pytorch/state-dict.ts'
export { PytorchTensor } from './pytorch/tensor.ts'
export type { PytorchValue } from './pytorch/value.ts'
export {
  readSafetensors,
  type Safetensors,
  type SafetensorsContent,
  type StoredHalves,
  type StoredIntegers,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.ts'
export { type EventContent, type SummaryValue, tensorboardEvent } from './tensorboard/event.ts'
