/** File formats of graphs and weights. */
export { graphInterface, type Weights } from './graph-interface.ts'
export { type OnnxGraph, writeOnnx } from './onnx.ts'
export {
  readSafetensors,
  type Safetensors,
  type SafetensorsContent,
  type StoredHalves,
  type StoredIntegers,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.ts'
